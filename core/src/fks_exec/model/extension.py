# SPDX-License-Identifier: MIT
"""What a plugin hands to a host and gets from it: the records of the registration hooks, the context, the Protocols.

Records grow by fields with defaults; the arguments of a hook never change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from attrs import field, frozen

from ..clock import Clock, SystemClock
from .account import AccountState, Balance, Capabilities, Health, Position, Protection
from .events import Event, OrderUpdate
from .market import Instrument, MarketData
from .orders import Order, OrderChange, OrderRef, Submission
from .results import Denial, ExecutionResult

API = 1
"""The version of the contract that this core speaks."""

Answer: TypeAlias = Denial | Iterable[Denial] | None
"""What a guard answers: None or nothing when it has no objection."""


@frozen
class NoConfig:
    """The configuration of a plugin that has none: an empty table."""


def _tell_nobody(event: Event) -> None:
    """A host without observers."""


@frozen(kw_only=True)
class VenueContext:
    """What core gives to a venue at ``init``.

    Args:
        account: the account's name.
        state_dir: a folder of the account's own, made when first asked for; None: nothing may be kept.
        publish: takes an :class:`OrderUpdate`; may be called from any thread, never blocks. It raises InvalidOrder for
            ``pending``, ``denied`` and ``unknown``, and for ``filled`` or ``partially_filled`` without quantity and fills.
        quote: awaitable ``quote(account, symbol)``: another account's MarketData.
        clock: wall and monotonic time.
        live: the configuration says that real money is at stake; without it a venue takes its sandbox or refuses.
        tell: takes an event that is no order's news, such as :class:`~fks_exec.model.events.RateBudget`, for the observers;
            may be called from any thread, never blocks. It raises InvalidOrder for what is no kind of Event, and for one of
            another account.
    """

    account: str
    state_dir: Path | None = None
    publish: Callable[[OrderUpdate], None]
    quote: Callable[[str, str], Awaitable[MarketData]]
    clock: Clock = field(factory=SystemClock)
    live: bool = False
    tell: Callable[[Event], None] = _tell_nobody


@frozen(kw_only=True)
class VenueType:
    """A kind of venue that can be opened.

    Args:
        name: unique within the entry point; the entry point's own name for its first type.
        create: takes nothing, connects to nothing, makes no loop object; called in a worker thread.
        config: attrs class of the account's ``config`` table.
        summary: one line.
        capabilities: the upper bound; after ``init`` the hook of that name may only narrow it.
        exclusive: at most one account of this type per process.
        api: the contract's version that the plugin speaks.
        simulated: no order ever leaves for a real venue; what is proved there is evidence of the level ``simulator``. Where it
            depends on the account, its configuration object has an attribute ``simulated`` that is true.
        check: takes the configuration object and whether the account is live: what can be known without a connection, at once;
            raises ConfigError with the field's name alone, ``live`` for the account's own.
    """

    name: str
    create: Callable[[], object]
    config: type[Any] = NoConfig
    summary: str = ""
    capabilities: Capabilities = field(factory=Capabilities)
    exclusive: bool = False
    api: int = API
    simulated: bool = False
    check: Callable[[Any, bool], None] | None = None


@frozen(kw_only=True)
class GuardType:
    """A kind of guard that can be listed by an account.

    Args:
        create: takes the configuration object.
        config: attrs class of the ``[guards.NAME]`` table.
        applies_to: ``entries`` (orders that can open or enlarge a position), ``exits`` or ``all``.
    """

    name: str
    create: Callable[[Any], object]
    config: type[Any] = NoConfig
    summary: str = ""
    applies_to: Literal["entries", "exits", "all"] = "entries"
    api: int = API


@frozen(kw_only=True)
class ObserverType:
    """A kind of observer that ``[observers.NAME]`` can list.

    Args:
        create: takes the configuration object.
        config: attrs class of the table.
    """

    name: str
    create: Callable[[Any], object]
    config: type[Any] = NoConfig
    summary: str = ""
    api: int = API


class ExecutionPlugin(Protocol):
    """The five that every venue has. Each may be ``async`` but ``name``; a plain one runs in the account's own thread."""

    def init(self, config: Any, context: VenueContext) -> Awaitable[None] | None:
        """Connect and authenticate; once per object."""

    def execute_order(self, order: Order, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult:
        """Send one order, once."""

    def fetch_data(self, symbol: str) -> Awaitable[MarketData] | MarketData:
        """One look at the market."""

    def name(self) -> str:
        """Display name."""

    def health_check(self) -> Awaitable[Health] | Health:
        """Named checks."""


class Closes(Protocol):
    """Lets go of connections and threads."""

    def close(self) -> Awaitable[None] | None:
        """Called once, after the last order."""


class DeclaresCapabilities(Protocol):
    """Narrows, after ``init``, what the type declared."""

    def capabilities(self) -> Capabilities:
        """What this account can do."""


class ResolvesSymbols(Protocol):
    """Knows more than one spelling of an instrument."""

    def resolve_symbol(self, text: str) -> str | None:
        """The canonical symbol, from memory."""


class CancelsOrders(Protocol):
    """Can cancel."""

    def cancel_order(self, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult:
        """Cancel a resting order."""


class AmendsOrders(Protocol):
    """Can change a resting order in place."""

    def amend_order(
        self, ref: OrderRef, change: OrderChange, submission: Submission
    ) -> Awaitable[ExecutionResult] | ExecutionResult:
        """Change a resting order."""


class FetchesOrders(Protocol):
    """Can look an order up."""

    def fetch_order(self, ref: OrderRef) -> Awaitable[ExecutionResult | None] | ExecutionResult | None:
        """The order's state; None only for a clean "no such order"."""


class FetchesOpenOrders(Protocol):
    """Can list what rests."""

    def fetch_open_orders(self) -> Awaitable[Sequence[OrderUpdate]] | Sequence[OrderUpdate]:
        """All resting orders of the account."""


class FetchesPositions(Protocol):
    """Can list positions."""

    def fetch_positions(self) -> Awaitable[Sequence[Position]] | Sequence[Position]:
        """All positions of the account."""


class FetchesBalance(Protocol):
    """Can list balances."""

    def fetch_balance(self) -> Awaitable[Sequence[Balance]] | Sequence[Balance]:
        """All balances of the account."""


class FetchesInstruments(Protocol):
    """Knows the rules of its instruments."""

    def fetch_instrument(self, symbol: str) -> Awaitable[Instrument] | Instrument:
        """The rules of one instrument."""


class ProtectsPositions(Protocol):
    """Can place a protective order."""

    def protect_position(self, protection: Protection, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult:
        """Place one leg."""


class ClosesPositions(Protocol):
    """Can close a position in one call."""

    def close_position(self, position: Position, submission: Submission) -> Awaitable[ExecutionResult] | ExecutionResult:
        """Close one position."""


class ValidatesOrders(Protocol):
    """A guard that looks at the order alone. Plain and pure: no I/O, no clock, no state."""

    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """Denials, or None."""


class ChecksRisk(Protocol):
    """A guard that looks at the order and the account. Plain and pure."""

    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """Denials, or None."""


Guard: TypeAlias = ValidatesOrders | ChecksRisk
"""An object with at least one of the two."""


class Observer(Protocol):
    """Hears every event, from a bounded queue in a thread of its own; never in the path of an order."""

    def observe(self, event: Event) -> None:
        """One event."""
