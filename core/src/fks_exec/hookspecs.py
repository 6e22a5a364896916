# SPDX-License-Identifier: MIT
"""Every hook, documentation first.

Two levels. **Registration** hooks are implemented by a module that an entry point of the group ``fks_exec`` names; they
are plain functions and import no SDK. **Execution** hooks are implemented by the object that a type's ``create`` makes; one
hook manager per opened account calls them, by keyword. Mark each implementation with :data:`hookimpl`. The arguments are
final for ever: they are records, and records grow by fields.

A hook that may be ``async`` may also be plain: a plain one runs in the account's own single thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import pluggy

from .model.account import AccountState, Balance, Capabilities, Health, Position, Protection
from .model.events import Event, OrderUpdate
from .model.extension import Answer, GuardType, ObserverType, VenueContext, VenueType
from .model.market import Instrument, MarketData
from .model.orders import Order, OrderChange, OrderRef, Submission
from .model.results import ExecutionResult

PROJECT = "fks_exec"
hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)


class RegistrationSpec:
    """What a plugin's module yields; found through the entry-point group ``fks_exec``."""

    @hookspec
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """The venue types that this plugin brings.

        Example:
            >>> from fks_exec import VenueType, hookimpl
            >>> @hookimpl
            ... def fks_exec_venues():
            ...     return [VenueType(name="acme", create=object, summary="The Acme exchange")]
            >>> [venue.name for venue in fks_exec_venues()]
            ['acme']
        """
        raise NotImplementedError

    @hookspec
    def fks_exec_guards(self) -> Sequence[GuardType]:
        """The guard types that this plugin brings; one touches no order until an account lists it.

        Example:
            >>> from fks_exec import GuardType, hookimpl
            >>> @hookimpl
            ... def fks_exec_guards():
            ...     return [GuardType(name="weekend", create=lambda config: object())]
            >>> [guard.applies_to for guard in fks_exec_guards()]
            ['entries']
        """
        raise NotImplementedError

    @hookspec
    def fks_exec_observers(self) -> Sequence[ObserverType]:
        """The observer types that this plugin brings.

        Example:
            >>> from fks_exec import ObserverType, hookimpl
            >>> @hookimpl
            ... def fks_exec_observers():
            ...     return [ObserverType(name="tape", create=lambda config: object())]
            >>> [observer.name for observer in fks_exec_observers()]
            ['tape']
        """
        raise NotImplementedError


class ExecutionSpec:
    """What one opened account is made of: a venue, its guards, its observers."""

    @hookspec(firstresult=True)
    def init(self, config: Any, context: VenueContext) -> Awaitable[None] | None:
        """Connect and authenticate. Exactly one; may be async; called once per object.

        Args:
            config: the object made by the type's ``config`` class.
            context: account name, folder, publish, quote, clock. ``context.publish(OrderUpdate(...))`` tells of each later
                change: the order's whole state, with what was filled so far; what tells nothing raises InvalidOrder.

        Raises:
            VenueAuthError, VenueError: the account is *not ready* with this sentence, and is tried again with a new object.

        Example:
            >>> class Acme:
            ...     @hookimpl
            ...     async def init(self, config, context):
            ...         self.publish = context.publish
        """

    @hookspec(firstresult=True)
    def execute_order(self, order: Order, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult | None:
        """Send one order, once. Exactly one; may be async.

        Args:
            order: with its canonical symbol; quantities and prices are on the instrument's grid where it has one.
            submission: the id to give to the venue, and the deadline.

        Returns:
            What the venue answered. None, anything that is no ExecutionResult, and ``filled`` without a filled quantity
            or fills are ``unknown``.

        Raises:
            VenueRejected, VenueAuthError, VenueClosed: proof of a refusal.
            NotSent, VenueRateLimited: proof that no order came to be.
            Exception: anything else means that the order may exist: ``unknown``. Never retry in here.

        Example:
            >>> from fks_exec import ExecutionResult
            >>> class Acme:
            ...     @hookimpl
            ...     async def execute_order(self, order, submission):
            ...         return ExecutionResult(status="accepted", order_id="1")
        """

    @hookspec(firstresult=True)
    def fetch_data(self, symbol: str) -> Awaitable[MarketData] | MarketData | None:
        """One look at the market. Exactly one; may be async.

        Args:
            symbol: canonical.

        Example:
            >>> from fks_exec import MarketData
            >>> class Acme:
            ...     @hookimpl
            ...     async def fetch_data(self, symbol):
            ...         return MarketData(symbol=symbol, bid="67499", ask="67500")
        """

    @hookspec(firstresult=True)
    def name(self) -> str | None:
        """The display name. Exactly one; plain.

        Example:
            >>> class Acme:
            ...     @hookimpl
            ...     def name(self):
            ...         return "Acme"
        """

    @hookspec(firstresult=True)
    def health_check(self) -> Awaitable[Health] | Health | None:
        """Named checks with message and remedy; truthy when all are well. Exactly one; may be async; sends no order.

        Example:
            >>> from fks_exec import Check, Health
            >>> bool(Health([Check(name="session", ok=False, message="logged out", remedy="renew the key")]))
            False
        """

    @hookspec(firstresult=True)
    def close(self) -> Awaitable[None] | None:
        """Let go of connections and threads. At most one per object (guards and observers too); may be async for a venue.

        Example:
            >>> class Acme:
            ...     @hookimpl
            ...     async def close(self):
            ...         ...
        """

    @hookspec(firstresult=True)
    def capabilities(self) -> Capabilities | None:
        """What this account can do, after ``init``. At most one; plain. It may only narrow what the type declared.

        Example:
            >>> from fks_exec import Capabilities
            >>> "limit" in Capabilities(order_types=["market", "limit"]).order_types
            True
        """

    @hookspec(firstresult=True)
    def resolve_symbol(self, text: str) -> str | None:
        """The canonical symbol of any spelling, from memory. At most one; plain.

        Returns:
            None when the text names no instrument.

        Raises:
            UnknownSymbol: with the candidates, when it names several, or another venue's.

        Example:
            >>> class Acme:
            ...     @hookimpl
            ...     def resolve_symbol(self, text):
            ...         return {"BTCUSDT": "BTC/USDT", "BTC/USDT": "BTC/USDT"}.get(text.upper())
        """

    @hookspec(firstresult=True)
    def cancel_order(self, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult | None:
        """Cancel a resting order. At most one; may be async.

        The answer is the order's state after the request: ``canceled``, or ``filled`` when the fill was faster. What is
        raised proves, as for execute_order, what became of the request.

        Example:
            >>> from fks_exec import ExecutionResult
            >>> class Acme:
            ...     @hookimpl
            ...     async def cancel_order(self, ref, submission):
            ...         return ExecutionResult(status="canceled", order_id=ref.order_id)
        """

    @hookspec(firstresult=True)
    def amend_order(
        self, ref: OrderRef, change: OrderChange, submission: Submission
    ) -> Awaitable[ExecutionResult] | ExecutionResult | None:
        """Change a resting order in place. At most one; may be async; never a cancel and a new order in disguise.

        Example:
            >>> from fks_exec import OrderChange
            >>> OrderChange(price="67000").quantity is None
            True
        """

    @hookspec(firstresult=True)
    def fetch_order(self, ref: OrderRef) -> Awaitable[ExecutionResult | None] | ExecutionResult | None:
        """Look an order up, by any of its names. At most one; may be async.

        Returns:
            Its state; None only for a clean "no such order". A look-up that failed raises.

        Example:
            >>> class Acme:
            ...     @hookimpl
            ...     async def fetch_order(self, ref):
            ...         return self.orders.get(ref.venue_client_order_id)
        """

    @hookspec(firstresult=True)
    def fetch_open_orders(self) -> Awaitable[Sequence[OrderUpdate]] | Sequence[OrderUpdate] | None:
        """All resting orders of the account, ours or not. At most one; may be async; all pages or an exception.

        Example:
            >>> from fks_exec import ExecutionResult, OrderRef, OrderUpdate
            >>> OrderUpdate(ref=OrderRef(order_id="7"), result=ExecutionResult(status="accepted")).result.success
            True
        """

    @hookspec(firstresult=True)
    def fetch_positions(self) -> Awaitable[Sequence[Position]] | Sequence[Position] | None:
        """All positions of the account. At most one; may be async. A lost connection raises: it is not "flat".

        Example:
            >>> from fks_exec import Position
            >>> Position(symbol="BTC/USDT", quantity="-0.5").quantity < 0
            True
        """

    @hookspec(firstresult=True)
    def fetch_balance(self) -> Awaitable[Sequence[Balance]] | Sequence[Balance] | None:
        """All balances of the account. At most one; may be async.

        Example:
            >>> from fks_exec import Balance
            >>> Balance(currency="USDT", total="100000", equity="100250").equity > 100000
            True
        """

    @hookspec(firstresult=True)
    def fetch_instrument(self, symbol: str) -> Awaitable[Instrument] | Instrument | None:
        """The rules of one instrument. At most one; may be async.

        Example:
            >>> from decimal import Decimal
            >>> from fks_exec import Instrument
            >>> Instrument(symbol="BTC/USDT", quantity_step="0.001").quantity_down(Decimal("0.0125"))
            Decimal('0.012')
        """

    @hookspec(firstresult=True)
    def protect_position(
        self, protection: Protection, submission: Submission
    ) -> Awaitable[ExecutionResult] | ExecutionResult | None:
        """Place one protective leg. At most one; may be async; outcomes as execute_order.

        Example:
            >>> from fks_exec import Protection, Side
            >>> leg = Protection(role="stop_loss", symbol="BTC/USDT", side=Side.SELL, quantity=1, trigger_price=67000)
            >>> leg.limit_price is None
            True
        """

    @hookspec(firstresult=True)
    def close_position(self, position: Position, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult | None:
        """Close one position in one call of the venue's own. At most one; may be async; outcomes as execute_order.

        Example:
            >>> from fks_exec import Position
            >>> Position(symbol="EURUSD", quantity="0.1", position_id="4711").position_id
            '4711'
        """

    @hookspec
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """A guard's look at the order alone. Every guard; plain and pure.

        Returns:
            Denials, or None. An exception is this guard's denial and hides no other's.

        Example:
            >>> from fks_exec import Denial
            >>> class NoOptions:
            ...     @hookimpl
            ...     def validate_order(self, order, instrument):
            ...         if order.options:
            ...             return Denial(code="OPTIONS", message="options are not allowed here; leave them out")
        """

    @hookspec
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """A guard's look at the order and the account. Every guard; plain and pure.

        Args:
            account: a frozen snapshot that already contains the reservations of other lanes.

        Example:
            >>> from fks_exec import Denial
            >>> class OneAtATime:
            ...     @hookimpl
            ...     def check_risk(self, order, account):
            ...         if account.open_orders:
            ...             return Denial(code="BUSY", message="another order is open; wait for it")
        """

    @hookspec
    def observe(self, event: Event) -> None:
        """One event. Every observer; plain; called from a bounded queue in a thread of its own, never in the path.

        Example:
            >>> class Printer:
            ...     @hookimpl
            ...     def observe(self, event):
            ...         print(event)
        """


VENUE_FIVE = ("init", "execute_order", "fetch_data", "name", "health_check")
VENUE_PLAIN = frozenset({"name", "capabilities", "resolve_symbol"})
GUARD_HOOKS = frozenset({"validate_order", "check_risk"})
OBSERVER_HOOKS = frozenset({"observe"})
EXECUTION_HOOKS = frozenset(name for name in vars(ExecutionSpec) if not name.startswith("_"))
VENUE_HOOKS = EXECUTION_HOOKS - GUARD_HOOKS - OBSERVER_HOOKS
REGISTRATION_HOOKS = frozenset(name for name in vars(RegistrationSpec) if not name.startswith("_"))
