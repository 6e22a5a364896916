# SPDX-License-Identifier: MIT
"""What a sender is told when its request could not be served: the cause for the log, a sentence without internals for it."""

from __future__ import annotations

import logging
import re

from fks_exec import AccountNotReady
from fks_exec_hub import HubClosed
from fks_exec_hub.journal import JournalError

from ..access.scopes import Caller
from ..telemetry.correlation import note_unmet
from . import answers
from .answers import Answer

logger: logging.Logger = logging.getLogger(__name__)

UNAVAILABLE = (AccountNotReady, HubClosed, JournalError)
"""What passes: the request was not taken."""

AGAIN = "send it again, it will not be executed twice"
ASK_AGAIN = "ask how the order stands, and ask for it again"

_REASONS = (
    ("the venue refused our credentials", ": the venue does not take the account's key, see /health/ready"),
    ("the journal cannot be written", ": its journal cannot be written at the moment"),
    ("it has not been opened yet", ": the connection to its venue has not been opened yet"),
    ("it gives no quote", ": its venue gives no quote of the instrument at the moment"),
)
_CLOSED = ": its venue could not be opened, or does not answer; /health/ready tells why"


_LONG = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")
"""Longer than any word that may stand in a request: a secret in the wrong place, or the beginning of one."""


def noted(account: str, client_order_id: str | None, answer: Answer) -> Answer:
    """The same answer. Where the order, or a part of it, did not come about, the log is told so, whatever the number of HTTP.

    Not of a test, nor of what comes again, nor of what the sender is told to send again.

    Args:
        client_order_id: where the answer names none.
    """
    if answer.code not in (None, "TEST") and not answer.again and answer.http < 500:
        note_unmet(account, answer.order or client_order_id or "", answer.code, answer.said)
    return answer


def refused(caller: Caller, http: int, code: str, error: Exception) -> Answer:
    """The request cannot be meant. Its sentence repeats what was sent, but nothing that could be a secret."""
    sentence = _LONG.sub("***", str(error))
    logger.warning("a request with the key %s was refused: %a", caller.name, sentence)
    return answers.refusal(http, code, sentence)


def unavailable(caller: Caller, error: Exception, unwritten: str, again: str = AGAIN) -> Answer:
    """Not now. The cause names files and hosts, so it goes into the log only.

    Args:
        unwritten: the sentence where it is the journal.
        again: the remedy.
    """
    failed(caller, error)
    if isinstance(error, AccountNotReady):
        return answers.refusal(503, "ACCOUNT_NOT_READY", f"account {error.account!r} is not ready{_why(error)}; {again}")
    if isinstance(error, HubClosed):
        return answers.refusal(503, "CLOSING", f"this host takes no orders: it is starting or stopping; {again}")
    return answers.refusal(503, "JOURNAL_UNAVAILABLE", unwritten)


def _why(error: AccountNotReady) -> str:
    """The reason, in words of our own: a venue's text may name hosts, a journal's names files."""
    return next((said for begins, said in _REASONS if error.reason.startswith(begins)), _CLOSED)


def failed(caller: Caller, error: Exception) -> None:
    """Tell the log why."""
    logger.error("a request with the key %s could not be served: %a", caller.name, str(error))
