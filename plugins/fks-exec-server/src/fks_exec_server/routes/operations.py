# SPDX-License-Identifier: MIT
"""``POST /halt``, ``/resume`` and ``/close``: what an operator says to accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from attrs import field, frozen

from fks_exec import Denial, InvalidOrder, UnknownSymbol, to_dict
from fks_exec.convert import from_dict, parse_json
from fks_exec.model.fields import to_symbol
from fks_exec_hub import HaltAnswer
from fks_exec_hub.accounts.halting import together
from fks_exec_hub.journal import JournalError

from ..access.gate import Gate
from ..access.judging import permits
from ..access.scopes import Caller
from ..http import answers
from ..http.answers import Answer
from ..http.failures import UNAVAILABLE, refused, unavailable
from ..http.request import Request
from .closing import Closing

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

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
        symbol: this instrument only, in any spelling; left out: all that is held and that the sender may close.
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
            accounts = _named(self._hub, caller, words.accounts, action)
            if isinstance(accounts, Denial):
                return answers.forbidden(accounts)
            await self._access.admit(self._hub, request.proof, "halt" if isinstance(words, Halt) else "operate")
            if isinstance(words, Close):
                return await Closing(self._hub, caller, request.proof, words.symbol).close(accounts)
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


def _named(hub: ExecutionHub, caller: Caller, given: tuple[str, ...] | None, action: str) -> tuple[str, ...] | Denial:
    """The accounts that are meant, none named: all that the caller may; or why it may not."""
    denials = {name: permits(hub, caller.scope, action, name) for name in given or caller.accounts}
    allowed = tuple(name for name, denial in denials.items() if denial is None)
    if allowed and (given is None or len(allowed) == len(given)):
        return allowed
    return next((denial for denial in denials.values() if denial), None) or _nowhere(caller)


def _nowhere(caller: Caller) -> Denial:
    """A token may be narrowed to nothing."""
    return caller.scope.permits("read", "") or Denial(code="SCOPE_ACCOUNT", message="the key may use no account")


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
