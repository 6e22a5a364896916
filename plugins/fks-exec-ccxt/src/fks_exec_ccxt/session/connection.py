# SPDX-License-Identifier: MIT
"""Connection: one account's exchange, opened; every call of ours goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fks_exec.clock import Clock
from fks_exec.errors import VenueAuthError, VenueError
from fks_exec.model.account import Capabilities
from fks_exec.model.events import RateBudget
from fks_exec.model.extension import VenueContext

from ..config import CCXTConfig
from ..knowledge.symbols import SymbolTable
from ..wire.calls import Call, calling
from ..wire.limits import Budget, Turns
from ..wire.outcomes import Unsettled, judged, unread, without_id
from ..wire.unproved import listed
from .markets import Listing
from .starting import secrets_of

if TYPE_CHECKING:
    from ..knowledge.traits import Traits
    from ..requests.probed import Probed
    from ..requests.probing import Probes

T = TypeVar("T")

REFUSED_FOR = 30.0
"""Seconds for which a key counts as refused whose orders were, though it may look: it may have been a fault of the moment."""


class Connection:
    """One account's ccxt instance with what is known of it.

    Attributes:
        account: its name.
        exchange: the instance of ``ccxt.async_support``; ask it through :meth:`call` only.
        config, traits: the configuration, and what documentation says of the exchange.
        probes: what its order requests really say, by market.
        capabilities: of the account.
        symbols: spellings and canonical symbols; another table after the markets were loaded anew.
        clock: wall and monotonic time of the host.
        live: real money is meant.
        heard: epoch milliseconds of the latest answer.
        refused: the sentence with which the key was refused, until it is taken again.
        offset: milliseconds that the exchange's clock is ahead of ours; None where it tells no time.
        compared: symbols whose leverage and margin mode are as the configuration says.
        turns: the queue before the exchange's rate limit.
    """

    def __init__(
        self, exchange: Any, config: CCXTConfig, traits: Traits, context: VenueContext, *, injected: bool = False
    ) -> None:
        self.account: str = context.account
        self.exchange: Any = exchange
        self.config: CCXTConfig = config
        self.traits: Traits = traits
        self.clock: Clock = context.clock
        self.live: bool = context.live
        self.injected: bool = injected
        self.offset: int | None = None
        self.heard: int | None = None
        self.refused: str = ""
        self._refused_reading = False
        self._refused_at = 0.0
        self.closed: bool = False
        self.capabilities: Capabilities = Capabilities()
        self.compared: set[str] = set()
        self.probes: Probes
        self.listing: Listing | None = None
        self.turns: Turns = Turns(most=config.max_waiting, tell=self._tell)
        self._context = context
        self._secrets = secrets_of(config)
        self._listed = listed(getattr(exchange, "exceptions", None))
        self._table: SymbolTable | None = None
        self._later: set[asyncio.Task[None]] = set()
        exchange.fks_turns = self.turns

    @property
    def symbols(self) -> SymbolTable:
        """From memory; built on first use after a change of the markets, once for all accounts that share them."""
        if self._table is None:
            self._table = self._make_table()
        return self._table

    @property
    def markets(self) -> dict[str, Any]:
        """ccxt's market by canonical symbol."""
        found: dict[str, Any] = self.exchange.markets
        return found

    def probed(self, symbol: str) -> Probed:
        """What the order requests of one market really say."""
        return self.probes.of(self.markets[symbol])

    async def call(
        self, make: Callable[[], Awaitable[T]], *, urgent: bool = False, deadline: float | None = None, reading: bool = False
    ) -> T:
        """Run one call of ccxt's. One call is one attempt: a write is handed over once.

        Args:
            make: makes the coroutine, e.g. ``lambda: exchange.create_order(...)``.
            urgent: an exit, a cancel, a protective order, a look-up of one: before others.
            deadline: on the clock's monotonic time, seconds; nothing is sent after it.
            reading: it changes nothing at the exchange.

        Raises:
            NotSent, VenueRateLimited: proof that nothing came to be.
            VenueRejected, VenueAuthError, VenueClosed: proof of a refusal.
            Duplicate: the exchange has this client id already.
            Unsettled: nothing is proved. For a reading call: VenueError.
        """
        answer, _ = await self.call_noted(make, urgent=urgent, deadline=deadline, reading=reading)
        return answer

    async def call_noted(
        self, make: Callable[[], Awaitable[T]], *, urgent: bool = False, deadline: float | None = None, reading: bool = False
    ) -> tuple[T, Call]:
        """:meth:`call`, with what was handed to the network beside the answer."""
        if self.closed:
            raise VenueError(f"the account {self.account} is closed", code="CLOSED")
        with self._calling(urgent, deadline, reading) as call:
            try:
                answer = await make()
            except Exception as error:
                self._learn(error, call)
                raise self._judged(error, call) from None
        self.heard = self.clock.now()
        if (wrong := unread(call)) is not None:
            raise wrong
        if call.sent:
            self.key_taken(reading=False)
        return answer, call

    def key_taken(self, *, reading: bool) -> None:
        """A private request was answered: what was refused for the key before is of the past.

        Where orders are refused and looks are not, that is so for :data:`REFUSED_FOR` seconds: then an order may try again.
        """
        if not reading or self._refused_reading or self.clock.monotonic() - self._refused_at >= REFUSED_FOR:
            self.refused = ""

    def without_id(self) -> Unsettled:
        """For an answer that names no order."""
        return without_id(Call(exchange=self.exchange.id))

    def doubt_markets(self) -> None:
        """A symbol is not what we thought: have the markets loaded anew in the background."""
        if self.listing is not None:
            self.listing.doubt()

    def markets_changed(self) -> None:
        """The tables are others now."""
        self._table = None

    async def sync_clock(self) -> None:
        """Ask the exchange for its time, and have ccxt sign with it where it can.

        Raises:
            VenueError: it could not be asked.
        """
        if not self.exchange.has.get("fetchTime"):
            return
        theirs, call = await self.call_noted(lambda: self.exchange.fetch_time(), urgent=True, reading=True)
        if not isinstance(theirs, int | float) or call.last is None:
            raise VenueError(f"{self.exchange.id} told no time", code="NO_ANSWER")
        self.offset = int(theirs) - (call.last.begun + call.last.ended) // 2
        if "timeDifference" in self.exchange.options:
            self.exchange.options["timeDifference"] = -self.offset

    async def close(self) -> None:
        """Let go of everything; a second time does nothing."""
        if self.closed:
            return
        self.closed = True
        self.turns.close()
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        if self.listing is not None:
            await self.listing.leave(self.exchange)
        if self.injected:
            self.exchange.fks_turns = None
            return
        await self.exchange.close()

    def _calling(self, urgent: bool, deadline: float | None, reading: bool) -> Any:
        return calling(
            urgent=urgent,
            deadline=deadline,
            reading=reading,
            exchange=self.exchange.id,
            secrets=self._secrets,
            listed=self._listed,
            clock=self.clock,
        )

    def _learn(self, error: Exception, call: Call) -> None:
        """What an error says beyond its own call."""
        names = {kind.__name__ for kind in type(error).__mro__}
        if "BadSymbol" in names:
            self.doubt_markets()
        if "InvalidNonce" in names and not self._later:
            task = asyncio.get_running_loop().create_task(self._sync_again())
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        if call.last is not None and call.last.status is not None:
            self.heard = self.clock.now()

    def _judged(self, error: Exception, call: Call) -> Exception:
        verdict = judged(error, call)
        if isinstance(verdict, VenueAuthError):
            self.refused, self._refused_reading, self._refused_at = str(verdict), call.reading, self.clock.monotonic()
        return verdict

    async def _sync_again(self) -> None:
        try:
            await self.sync_clock()
        except VenueError:
            return  # the next refusal asks again

    def _make_table(self) -> SymbolTable:
        config = self.config

        def make(source: Any) -> SymbolTable:
            return SymbolTable(
                source.markets,
                exchange_id=self.exchange.id,
                market_type=config.market_type,
                settle=config.settle,
                aliases=config.quote_aliases,
            )

        if self.listing is None:
            return make(self.exchange)
        name = (config.market_type, config.settle, tuple(sorted(config.quote_aliases.items())))
        table: SymbolTable = self.listing.shared(name, make)
        return table

    def _tell(self, budget: Budget) -> None:
        self._context.tell(
            RateBudget(
                account=self.account,
                time=self.clock.now(),
                used=budget.used,
                waiting=budget.waiting,
                seconds=budget.seconds,
            )
        )
