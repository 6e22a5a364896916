# SPDX-License-Identifier: MIT
"""What can be asked of an open account: prices, orders, positions, balances, instruments, health."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import evolve

from .calls import CallThread, within
from .discretion import Discretion
from .errors import AccountNotReady, FksExecError, NotSupported, PluginError, UnknownSymbol
from .manager import HookManager
from .model.account import Balance, Capabilities, Check, Health, Position
from .model.events import OrderUpdate
from .model.market import Instrument, MarketData
from .model.orders import OrderRef
from .model.results import ExecutionResult

T = TypeVar("T")


class Reads:
    """The reading half of an Account.

    Args:
        name: the account's.
        thread: where plain methods of the venue run.
        timeout: seconds for one call.
        grace: seconds for a call to end after that.

    ``on_refused`` is told, on the loop, why the venue does not take the account's key any more.

    Each method raises AccountNotReady when the venue does not answer in time, NotSupported for what is not declared,
    PluginError for an answer of the wrong type, and whatever the venue raises.
    """

    def __init__(self, name: str, thread: CallThread, timeout: float, grace: float) -> None:
        self.name = name
        self._thread = thread
        self._timeout = timeout
        self._grace = grace
        self._reason = "it was not opened"
        self._refused = ""
        self.on_refused: Callable[[str], None] | None = None
        self._manager: HookManager | None = None
        self._capabilities = Capabilities()
        self._instruments: dict[str, Instrument] = {}
        self._discreet = Discretion()
        self._calls: dict[asyncio.Future[Any], str] = {}

    @property
    def reason(self) -> str:
        """Why the account is not ready; empty when it is."""
        if not self._reason and self._thread.stuck:
            return "a call to the venue has not come back and the account's thread is stuck; restart if it stays so"
        return self._reason

    def _refuse(self, reason: str) -> None:
        """The venue does not take our key: no orders are sent until :meth:`trust`."""
        self._refused = self._reason = reason
        if self.on_refused is not None:
            self.on_refused(reason)

    def trust(self) -> None:
        """A read that needs the account's key was answered: an earlier refusal of the key keeps no order back any more."""
        if self._refused and self._reason == self._refused:
            self._reason = ""
        self._refused = ""

    @property
    def ready(self) -> bool:
        """Whether orders can be sent."""
        return not self.reason

    @property
    def running(self) -> frozenset[str]:
        """The ``venue_client_order_id`` of every submission whose call has not ended, also of one that was given up.

        Such a call may still place its order, however long after its deadline.
        """
        return frozenset(self._calls.values())

    def _keep(self, answer: object, venue_client_order_id: str) -> object:
        if not inspect.isawaitable(answer):
            return answer
        call = asyncio.ensure_future(answer)
        self._calls[call] = venue_client_order_id
        call.add_done_callback(self._calls.pop)
        return call

    @property
    def capabilities(self) -> Capabilities:
        """What the account can do, fixed at opening."""
        return self._capabilities

    @property
    def needs(self) -> frozenset[str]:
        """The fields of AccountState that cost something and that a listed guard looks at, as it says in its ``needs``."""
        return frozenset() if self._manager is None else self._manager.needs

    @property
    def display_name(self) -> str:
        """What the venue calls itself."""
        return str(self._hooks.hook.name())

    @property
    def _hooks(self) -> HookManager:
        if self._manager is None:
            raise AccountNotReady(self.name, self._reason)
        return self._manager

    def resolve_symbol(self, text: str) -> str:
        """The canonical symbol of any spelling.

        Raises:
            UnknownSymbol: it names no instrument, or several.
            AccountNotReady: the venue has not opened.
        """
        hooks = self._hooks
        if not hooks.implements("resolve_symbol"):
            return text
        try:
            symbol = hooks.hook.resolve_symbol(text=text)
        except FksExecError:
            raise
        except Exception as error:
            raise PluginError(f"account {self.name!r}: resolve_symbol raised {type(error).__name__}") from error
        if symbol is None:
            raise UnknownSymbol(text, reason=f"account {self.name!r} has no such instrument")
        if not isinstance(symbol, str):
            raise PluginError(f"account {self.name!r}: resolve_symbol answers a {type(symbol).__name__}, not a text")
        return symbol

    async def fetch_data(self, symbol: str, *, seconds: float | None = None) -> MarketData:
        """One look at the market; ``seconds`` to wait at most."""
        return await self._fetch(lambda: self._hooks.hook.fetch_data(symbol=symbol), MarketData, "fetch_data", seconds)

    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """Look an order up; None only for a clean "no such order"."""
        hook = self._ability("fetch_order", ready=False)
        answer = await self._wait(lambda: hook(ref=ref), "fetch_order", None)
        return answer if answer is None else self._discreet.result(_expect(answer, ExecutionResult, "fetch_order", self.name))

    async def fetch_open_orders(self) -> list[OrderUpdate]:
        """All resting orders of the account."""
        found = await self._fetch_list("fetch_open_orders", OrderUpdate)
        return [self._discreet.update(each) for each in found]

    async def fetch_positions(self) -> list[Position]:
        """All positions of the account."""
        return await self._fetch_list("fetch_positions", Position)

    async def fetch_balance(self) -> list[Balance]:
        """All balances of the account."""
        return await self._fetch_list("fetch_balance", Balance)

    async def fetch_instrument(self, symbol: str) -> Instrument | None:
        """The rules of an instrument, asked once; None where the venue does not tell them."""
        known = self._instruments.get(symbol)
        if known is None and "fetch_instrument" in self._capabilities.abilities:
            hook = self._ability("fetch_instrument", ready=False)
            known = await self._fetch(lambda: hook(symbol=symbol), Instrument, "fetch_instrument", None)
            self._instruments[symbol] = known
        return known

    def require(self, ability: str) -> None:
        """Raise NotSupported unless the account declares a hook."""
        self._ability(ability, ready=False)

    def known_instrument(self, symbol: str) -> Instrument | None:
        """The rules of an instrument that were asked for before."""
        return self._instruments.get(symbol)

    async def health_check(self) -> Health:
        """The venue's own checks and ours; never raises."""
        ours = Check(name="account", ok=self.ready, message=self.reason or "open")
        if self._manager is None:
            return Health([ours])
        try:
            hook = self._manager.hook.health_check
            health = await self._fetch(lambda: hook(), Health, "health_check", None)
        except Exception as error:  # a health check that fails is an answer
            text = str(error) if isinstance(error, FksExecError) else f"health_check raised {type(error).__name__}"
            health = Health([Check(name="venue", ok=False, message=text)])
        say = self._discreet.text
        return Health([ours, *(evolve(each, message=say(each.message), remedy=say(each.remedy)) for each in health.checks)])

    async def _fetch_list(self, name: str, kind: type[T]) -> list[T]:
        hook = self._ability(name, ready=False)
        answer = await self._wait(lambda: hook(), name, None)
        if isinstance(answer, str) or not isinstance(answer, Sequence):
            raise PluginError(f"account {self.name!r}: {name} answers a {type(answer).__name__}, not a list")
        return [_expect(item, kind, name, self.name) for item in answer]

    async def _fetch(self, call: Callable[[], object], kind: type[T], name: str, seconds: float | None) -> T:
        return _expect(await self._wait(call, name, seconds), kind, name, self.name)

    async def _wait(self, call: Callable[[], object], name: str, seconds: float | None) -> Any:
        limit = self._timeout if seconds is None else seconds
        try:
            return await within(call(), limit, self._grace)
        except TimeoutError:
            raise AccountNotReady(self.name, f"{name} had no answer within {limit:g} s") from None
        except FksExecError as error:
            self._discreet.error(error)
            raise

    def _ready_hooks(self) -> HookManager:
        if self.reason:
            raise AccountNotReady(self.name, self.reason)
        return self._hooks

    def _ability(self, name: str, *, ready: bool = True) -> Callable[..., Any]:
        hooks = self._ready_hooks() if ready else self._hooks
        if name not in self._capabilities.abilities:
            raise NotSupported(f"account {self.name!r} does not declare {name}; its venue cannot do that")
        hook: Callable[..., Any] = getattr(hooks.hook, name)
        return hook


def _expect(answer: object, kind: type[T], name: str, account: str) -> T:
    if not isinstance(answer, kind):
        raise PluginError(f"account {account!r}: {name} answers a {type(answer).__name__}, not a {kind.__name__}")
    return answer
