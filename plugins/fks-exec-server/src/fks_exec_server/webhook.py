# SPDX-License-Identifier: MIT
"""One alert from its bytes to its answer, and how an order is looked up; the sender's key is known by then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope

from fks_exec import AccountNotReady, InvalidOrder, UnknownSymbol
from fks_exec_hub import HubClosed
from fks_exec_hub.journal import JournalError

from . import answers
from .alert import Alert, NoDedupKey, read_alert
from .answers import Answer
from .body import BodyTooLarge, BodyTooSlow, drain, read_body
from .keys import Key

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

_CLOSE = ((b"connection", b"close"),)
_AGAIN = "send it again, it will not be executed twice"


class Webhook:
    """What can be asked with a key.

    Args:
        body_limit: bytes.
        body_timeout: seconds.
    """

    def __init__(self, hub: ExecutionHub, *, body_limit: int, body_timeout: float) -> None:
        self._hub = hub
        self._limit = body_limit
        self._seconds = body_timeout

    async def alert(self, key: Key, scope: Scope, receive: Receive) -> Answer:
        """Take an alert. 200, 202, 409 and 422 come after the order is durable, 503 says that it is not."""
        try:
            raw = await read_body(scope, receive, limit=self._limit, seconds=self._seconds)
        except BodyTooLarge:
            await drain(receive)
            problem = f"an alert has at most {self._limit} bytes"
            return answers.refusal(413, "TOO_LARGE", problem, headers=_CLOSE)
        except BodyTooSlow:
            problem = f"the alert was not complete after {self._seconds:g} seconds"
            return answers.refusal(408, "TOO_SLOW", problem, headers=_CLOSE)
        try:
            alert = read_alert(raw, key=key.name, accounts=key.accounts)
            return await self._submit(key, alert, raw)
        except NoDedupKey as error:
            return _refused(key, 422, "NO_DEDUP_KEY", error)
        except UnknownSymbol as error:
            return _refused(key, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return _refused(key, 400, "INVALID_ALERT", error)
        except AccountNotReady as error:
            return _unavailable(key, "ACCOUNT_NOT_READY", f"account {error.account!r} is not ready; {_AGAIN}", error)
        except HubClosed as error:
            return _unavailable(key, "CLOSING", f"this host takes no orders: it is starting or stopping; {_AGAIN}", error)
        except JournalError as error:
            problem = f"the order could not be written down for certain; {_AGAIN}"
            return _unavailable(key, "JOURNAL_UNAVAILABLE", problem, error)

    async def order(self, key: Key, scope: Scope, receive: Receive) -> Answer | None:
        """How an order of the key's accounts stands; None if there is none of that id."""
        client_order_id = scope["path_params"]["client_order_id"]
        try:
            for account in key.accounts:
                result = await self._hub.order(account, client_order_id)
                if result is not None:
                    return answers.state(result)
        except (HubClosed, JournalError) as error:
            return _unavailable(key, "JOURNAL_UNAVAILABLE", "the journal cannot be read at the moment", error)
        return None

    async def _submit(self, key: Key, alert: Alert, raw: bytes) -> Answer:
        receipt = await self._hub.submit(alert.account, alert.instruction, raw=raw)
        if key.wait is None and not receipt.concluded.done():
            return answers.still_working(receipt.client_order_id)
        try:
            return answers.outcome(await receipt.result(timeout=key.wait))
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            return answers.still_working(receipt.client_order_id)


def _refused(key: Key, http: int, code: str, error: Exception) -> Answer:
    logger.warning("an alert with the key %s was refused: %a", key.name, str(error))
    return answers.refusal(http, code, str(error))


def _unavailable(key: Key, code: str, problem: str, error: Exception) -> Answer:
    """The cause names files and hosts, so it goes into the log only."""
    logger.error("a request with the key %s could not be served: %a", key.name, str(error))
    return answers.refusal(503, code, problem)
