# SPDX-License-Identifier: MIT
"""``POST /halt``, ``/resume`` and ``/close``: what an operator says to accounts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from attrs import field, frozen

from fks_exec import ClosePosition, Denial, ExecutionResult, InvalidOrder, Status, UnknownSymbol, to_dict
from fks_exec.convert import from_dict, parse_json
from fks_exec.model.fields import to_symbol
from fks_exec_hub import HaltAnswer, HubClosed
from fks_exec_hub.accounts.halting import together
from fks_exec_hub.journal import JournalError

from ..access.gate import Gate
from ..access.proof import Proof
from ..access.scopes import Caller
from ..http import answers
from ..http.answers import Answer
from ..http.failures import UNAVAILABLE, refused, unavailable
from ..http.request import Request
from ..telemetry.correlation import note_order

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub, Receipt

_AGAIN = "say it again"
_UNCONFIRMED = "the accounts do nothing more, but entries that were sent may still fill; they are in result.unconfirmed"
T = TypeVar("T", bound="Halt | Resume | Close")


def _because(value: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        raise InvalidOrder("because", "is not a text of 1 to 200 printable characters; the reason is recorded")
    return value


def _accounts(value: Iterable[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    named = tuple(value)
    if not named or len(set(named)) < len(named):
        raise InvalidOrder("accounts", "is empty, or names an account twice; leave it out for all that you may")
    return named


def _symbol(value: str | None) -> str | None:
    return None if value is None else to_symbol(value)


@frozen(kw_only=True)
class Halt:
    """Body of ``POST /halt``.

    Args:
        because: kept in the journal, and told with every denial.
        accounts: left out: all that the sender may halt.
        state: ``halted``: nothing but cancels; ``reducing``: orders that only reduce a position still pass.
        cancel_entries: entries that rest are cancelled; left out: as each account's ``cancel_on_halt`` says.
    """

    because: str = field(converter=_because)
    accounts: tuple[str, ...] | None = field(default=None, converter=_accounts)
    state: Literal["halted", "reducing"] = "halted"
    cancel_entries: bool | None = None


@frozen(kw_only=True)
class Resume:
    """Body of ``POST /resume``; the words are those of a halt."""

    because: str = field(converter=_because)
    accounts: tuple[str, ...] | None = field(default=None, converter=_accounts)


@frozen(kw_only=True)
class Close:
    """Body of ``POST /close``: closes, at the market, what orders of this host hold.

    Args:
        because: for the log.
        accounts: left out: all that the sender may close.
        symbol: this instrument only, in any spelling; left out: all that is held.
    """

    because: str = field(converter=_because)
    accounts: tuple[str, ...] | None = field(default=None, converter=_accounts)
    symbol: str | None = field(default=None, converter=_symbol)


class Operations:
    """What operators may say."""

    def __init__(self, hub: ExecutionHub, access: Gate) -> None:
        self._hub = hub
        self._access = access

    async def halt(self, caller: Caller, request: Request) -> Answer:
        """Let accounts do nothing but cancel, or nothing but reduce, from here on and after a restart."""
        return await self._said(caller, request, Halt, "halt")

    async def resume(self, caller: Caller, request: Request) -> Answer:
        """Let accounts trade again."""
        return await self._said(caller, request, Resume, "resume")

    async def close(self, caller: Caller, request: Request) -> Answer:
        """Close what accounts hold; each instrument is an order with an id and a result of its own."""
        return await self._said(caller, request, Close, "close")

    async def _said(self, caller: Caller, request: Request, kind: type[T], action: str) -> Answer:
        try:
            words = from_dict(kind, parse_json(request.body))
            accounts = _named(caller, words.accounts, action)
            if isinstance(accounts, Denial):
                return answers.forbidden(accounts)
            await self._access.admit(self._hub, request.proof, "operate")
            if isinstance(words, Close):
                return await self._close(caller, request.proof, accounts, words)
            return await self._halt(accounts, words)
        except UnknownSymbol as error:
            return refused(caller, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_REQUEST", error)
        except UNAVAILABLE as error:
            return unavailable(caller, error, f"it could not be written down for certain; {_AGAIN}", _AGAIN)

    async def _halt(self, accounts: tuple[str, ...], words: Halt | Resume) -> Answer:
        state = words.state if isinstance(words, Halt) else "active"
        cancel = words.cancel_entries if isinstance(words, Halt) else None
        every = [self._hub.halt(name, state, words.because, cancel_entries=cancel) for name in accounts]
        told = await asyncio.gather(*every, return_exceptions=True)
        for each in told:
            if isinstance(each, BaseException) and not isinstance(each, JournalError):
                raise each
        return _of_halt(together(zip(accounts, told, strict=True)))

    async def _close(self, caller: Caller, proof: Proof, accounts: tuple[str, ...], words: Close) -> Answer:
        receipts: list[tuple[str, Receipt]] = []
        for account in accounts:
            for symbol in await self._held(account, words.symbol):
                order = ClosePosition(symbol=symbol, scope="account", client_order_id=_id(proof, account, symbol))
                note_order(account, order.client_order_id or "")
                receipts.append((account, await self._hub.submit(account, order)))
        results = await asyncio.gather(*(_result(receipt, caller.wait) for _, receipt in receipts))
        return answers.of_children([(account, result) for (account, _), result in zip(receipts, results, strict=True)])

    async def _held(self, account: str, symbol: str | None) -> list[str]:
        """The instruments that an account holds."""
        wanted = None if symbol is None else self._hub.resolve_symbol(account, symbol)
        held = dict.fromkeys(position.symbol for position in await self._hub.positions(account))
        return [each for each in held if wanted in (None, each)]


def _named(caller: Caller, given: tuple[str, ...] | None, action: str) -> tuple[str, ...] | Denial:
    """The accounts that are meant; or why the caller may not."""
    accounts = caller.scope.accounts if given is None else given
    denials = [caller.scope.permits(action, account) for account in accounts]
    return next((denial for denial in denials if denial is not None), None) or accounts


def _of_halt(answer: HaltAnswer) -> Answer:
    content = to_dict(answer)
    if answer.failed:  # the cause names files
        content["failed"] = dict.fromkeys(answer.failed, "it could not be written down for certain")
        names = ", ".join(answer.failed)
        return answers.told(
            503, "failed", f"not known to be written down for: {names}; {_AGAIN}", "JOURNAL_UNAVAILABLE", content
        )
    if answer.unconfirmed:
        return answers.told(202, "pending", _UNCONFIRMED, None, content)
    states = ", ".join(f"{name} is {state.value}" for name, state in answer.states.items())
    return answers.told(200, "success", states, None, content)


async def _result(receipt: Receipt, wait: float | None) -> ExecutionResult:
    if wait is not None or receipt.concluded.done():
        try:
            return await receipt.result(timeout=wait)
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            pass
    return ExecutionResult(status=Status.PENDING, client_order_id=receipt.client_order_id)


def _id(proof: Proof, account: str, symbol: str) -> str:
    """The same for the same request."""
    once = "" if proof.once is None else proof.once.name
    return "close-" + hashlib.sha256(f"{once}\0{account}\0{symbol}".encode()).hexdigest()[:32]
