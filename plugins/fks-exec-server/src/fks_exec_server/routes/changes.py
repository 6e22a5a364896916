# SPDX-License-Identifier: MIT
"""An order that is there: looked up, cancelled, changed; by its sender, or by another with the same account."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias

from fks_exec import ExecutionResult, InvalidOrder, NotSupported, OrderChange
from fks_exec.convert import from_dict, parse_json
from fks_exec_hub import HubClosed
from fks_exec_hub.errors import UnknownOrder
from fks_exec_hub.journal import JournalError

from ..access.gate import Gate
from ..access.judging import Judge, permits
from ..access.scopes import Caller
from ..http import answers
from ..http.answers import Answer
from ..http.failures import ASK_AGAIN, UNAVAILABLE, failed, refused, unavailable
from ..http.request import Request
from ..telemetry.correlation import note_order

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

_WAIT = 2.0
"""Seconds that a cancel is waited for where the sender does not wait for outcomes."""

_Found: TypeAlias = tuple[str, ExecutionResult]
_Ask: TypeAlias = Callable[[str], Coroutine[Any, Any, Answer]]


class Changes:
    """What can be asked about an order, by its id in the path."""

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge) -> None:
        self._hub = hub
        self._judge = judge
        self._access = access
        self._under_way: set[asyncio.Task[Answer]] = set()

    async def look(self, caller: Caller, request: Request) -> Answer | None:
        """How an order of the caller's accounts stands; None if there is none of that id."""
        try:
            found = await self._found(caller, request, "read")
            if not isinstance(found, Answer):
                await self._access.admit(self._hub, request.proof, "read")
        except (HubClosed, JournalError) as error:
            failed(caller, error)
            return answers.refusal(503, "JOURNAL_UNAVAILABLE", "the journal cannot be read at the moment")
        if isinstance(found, Answer):
            return found
        return answers.state(found[0][1]) if found else None

    async def cancel(self, caller: Caller, request: Request) -> Answer | None:
        """Cancel an order of the caller's accounts; None if there is none of that id."""
        return await self._answered(caller, "cancel", self._cancel(caller, request))

    async def amend(self, caller: Caller, request: Request) -> Answer | None:
        """Change an order of the caller's accounts that rests; None if there is none of that id."""
        return await self._answered(caller, "change", self._amend(caller, request))

    async def _cancel(self, caller: Caller, request: Request) -> Answer | None:
        name = request.params["client_order_id"]

        async def ask(account: str) -> Answer:
            return answers.after_cancel(await self._hub.cancel_order(account, name))

        return await self._at_most(caller, request, "cancel", ask)

    async def _amend(self, caller: Caller, request: Request) -> Answer | None:
        name = request.params["client_order_id"]

        async def ask(account: str) -> Answer:
            return answers.after_amend(await self._hub.amend_order(account, name, change))

        if not await self._found(caller, request, "trade"):  # an order that is not there is said to be so, whatever is sent
            return None
        change = from_dict(OrderChange, parse_json(request.body))
        return await self._at_most(caller, request, "change", ask, change)

    async def _answered(self, caller: Caller, what: str, work: Coroutine[Any, Any, Answer | None]) -> Answer | None:
        try:
            return await work
        except UnknownOrder:
            return None
        except NotSupported as error:
            return refused(caller, 422, "NOT_SUPPORTED", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_CHANGE", error)
        except UNAVAILABLE as error:
            return unavailable(caller, error, f"the {what} could not be written down for certain; {ASK_AGAIN}", ASK_AGAIN)

    async def _at_most(
        self, caller: Caller, request: Request, what: str, ask: _Ask, change: OrderChange | None = None
    ) -> Answer | None:
        """Ask for it, and wait as long as the sender does; it goes on whatever becomes of the sender."""
        name = request.params["client_order_id"]
        found = await self._found(caller, request, "trade")
        if isinstance(found, Answer):
            return found
        if not found:
            return None
        if len(found) > 1:
            several = f"the accounts {' and '.join(account for account, _ in found)} both have an order of this id"
            return answers.refusal(409, "AMBIGUOUS", f"{several}; use a key that may trade one of them")
        [(account, _)] = found
        if denial := await self._judge.may_touch(caller, account, name, change):
            return answers.forbidden(denial)
        await self._access.admit(self._hub, request.proof, "change")
        note_order(account, name)
        logger.info("the key %s asks for a %s of %s/%a", caller.name, what, account, name)
        return await self._waited(caller, name, what, ask(account))

    async def _waited(self, caller: Caller, name: str, what: str, asked: Coroutine[Any, Any, Answer]) -> Answer:
        task = asyncio.get_running_loop().create_task(asked)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait({task}, timeout=_WAIT if caller.wait is None else caller.wait)
        if done:
            return task.result()
        task.add_done_callback(lambda task: _log_late(caller, task))
        return answers.under_way(name, what)

    async def _found(self, caller: Caller, request: Request, action: str) -> list[_Found] | Answer:
        """The orders of an id in the caller's accounts; or why it may not ask."""
        name = request.params["client_order_id"]
        denials = {account: permits(self._hub, caller.scope, action, account) for account in caller.accounts}
        if denials and all(denials.values()):
            return answers.forbidden(next(filter(None, denials.values())))
        known = [(account, await self._hub.order(account, name)) for account, denial in denials.items() if denial is None]
        return [(account, result) for account, result in known if result is not None]


def _log_late(caller: Caller, task: asyncio.Task[Answer]) -> None:
    """Its sender was told that it goes on."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a request with the key %s that went on has failed: %a", caller.name, str(error))
