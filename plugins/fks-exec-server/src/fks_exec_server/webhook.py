# SPDX-License-Identifier: MIT
"""One alert from its bytes to its answer; an order is looked up, cancelled, changed. The sender's key is known by then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.types import Receive, Scope

from fks_exec import AccountNotReady, ExecutionResult, InvalidOrder, NotSupported, OrderChange, UnknownSymbol
from fks_exec.convert import from_dict, parse_json
from fks_exec_hub import HubClosed
from fks_exec_hub.errors import UnknownOrder
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
_ASK_AGAIN = "ask how the order stands, and ask for it again"
_UNAVAILABLE = (AccountNotReady, HubClosed, JournalError)
_WAIT = 2.0
"""Seconds that a cancel is waited for where the key does not wait for outcomes."""


_Found: TypeAlias = tuple[str, ExecutionResult]
_Ask: TypeAlias = Callable[[str], Coroutine[Any, Any, Answer]]


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
        self._under_way: set[asyncio.Task[Answer]] = set()

    async def alert(self, key: Key, scope: Scope, receive: Receive) -> Answer:
        """Take an alert. 200, 202, 409 and 422 come after the order is durable, 503 says that it is not."""
        raw = await self._body(scope, receive, "an alert")
        if isinstance(raw, Answer):
            return raw
        try:
            alert = read_alert(raw, key=key.name, accounts=key.accounts)
            return await self._submit(key, alert, raw)
        except NoDedupKey as error:
            return _refused(key, 422, "NO_DEDUP_KEY", error)
        except UnknownSymbol as error:
            return _refused(key, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return _refused(key, 400, "INVALID_ALERT", error)
        except _UNAVAILABLE as error:
            return _unavailable(key, error, f"the order could not be written down for certain; {_AGAIN}")

    async def order(self, key: Key, scope: Scope, receive: Receive) -> Answer | None:
        """How an order of the key's accounts stands; None if there is none of that id."""
        try:
            found = await self._found(key, scope["path_params"]["client_order_id"])
        except (HubClosed, JournalError) as error:
            _log(key, error)
            return answers.refusal(503, "JOURNAL_UNAVAILABLE", "the journal cannot be read at the moment")
        return answers.state(found[0][1]) if found else None

    async def cancel(self, key: Key, scope: Scope, receive: Receive) -> Answer | None:
        """Cancel an order of the key's accounts; None if there is none of that id."""
        return await self._answered(key, "cancel", self._cancel(key, scope["path_params"]["client_order_id"]))

    async def amend(self, key: Key, scope: Scope, receive: Receive) -> Answer | None:
        """Change an order of the key's accounts that rests; None if there is none of that id."""
        return await self._answered(key, "change", self._amend(key, scope, receive))

    async def _cancel(self, key: Key, name: str) -> Answer | None:
        found = await self._found(key, name)

        async def ask(account: str) -> Answer:
            return answers.after_cancel(await self._hub.cancel_order(account, name))

        return await self._at_most(key, name, "cancel", found, ask) if found else None

    async def _amend(self, key: Key, scope: Scope, receive: Receive) -> Answer | None:
        name = scope["path_params"]["client_order_id"]
        found = await self._found(key, name)
        if not found:
            return None
        raw = await self._body(scope, receive, "a change")
        if isinstance(raw, Answer):
            return raw
        change = from_dict(OrderChange, parse_json(raw))

        async def ask(account: str) -> Answer:
            return answers.after_amend(await self._hub.amend_order(account, name, change))

        return await self._at_most(key, name, "change", found, ask)

    async def _answered(self, key: Key, what: str, work: Coroutine[Any, Any, Answer | None]) -> Answer | None:
        try:
            return await work
        except UnknownOrder:
            return None
        except NotSupported as error:
            return _refused(key, 422, "NOT_SUPPORTED", error)
        except InvalidOrder as error:
            return _refused(key, 400, "INVALID_CHANGE", error)
        except _UNAVAILABLE as error:
            return _unavailable(key, error, f"the {what} could not be written down for certain; {_ASK_AGAIN}", _ASK_AGAIN)

    async def _at_most(self, key: Key, name: str, what: str, found: Sequence[_Found], ask: _Ask) -> Answer:
        """Ask for it, and wait as long as the key says; it goes on whatever becomes of the sender."""
        if len(found) > 1:
            several = f"the accounts {' and '.join(account for account, _ in found)} both have an order of this id"
            return answers.refusal(409, "AMBIGUOUS", f"{several}; use a key that may trade one of them")
        [(account, _)] = found
        logger.info("the key %s asks for a %s of %s/%a", key.name, what, account, name)
        task = asyncio.get_running_loop().create_task(ask(account))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait({task}, timeout=_WAIT if key.wait is None else key.wait)
        if done:
            return task.result()
        task.add_done_callback(lambda task: _log_late(key, task))
        return answers.under_way(name, what)

    async def _found(self, key: Key, name: str) -> list[_Found]:
        """The orders of an id in the key's accounts."""
        known = [(account, await self._hub.order(account, name)) for account in key.accounts]
        return [(account, result) for account, result in known if result is not None]

    async def _body(self, scope: Scope, receive: Receive, what: str) -> bytes | Answer:
        try:
            return await read_body(scope, receive, limit=self._limit, seconds=self._seconds)
        except BodyTooLarge:
            await drain(receive)
            return answers.refusal(413, "TOO_LARGE", f"{what} has at most {self._limit} bytes", headers=_CLOSE)
        except BodyTooSlow:
            problem = f"{what} was not complete after {self._seconds:g} seconds"
            return answers.refusal(408, "TOO_SLOW", problem, headers=_CLOSE)

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


def _unavailable(key: Key, error: Exception, unwritten: str, again: str = _AGAIN) -> Answer:
    """The cause names files and hosts, so it goes into the log only.

    Args:
        unwritten: the sentence where it is the journal.
        again: the remedy.
    """
    _log(key, error)
    if isinstance(error, AccountNotReady):
        return answers.refusal(503, "ACCOUNT_NOT_READY", f"account {error.account!r} is not ready; {again}")
    if isinstance(error, HubClosed):
        return answers.refusal(503, "CLOSING", f"this host takes no orders: it is starting or stopping; {again}")
    return answers.refusal(503, "JOURNAL_UNAVAILABLE", unwritten)


def _log(key: Key, error: Exception) -> None:
    logger.error("a request with the key %s could not be served: %a", key.name, str(error))


def _log_late(key: Key, task: asyncio.Task[Answer]) -> None:
    """Its sender was told that it goes on."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a request with the key %s that went on has failed: %a", key.name, str(error))
