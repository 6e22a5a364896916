# SPDX-License-Identifier: MIT
"""``Desk``: one opened account on trial, with what a test needs to trade and to look at what became of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload

import pytest
from attrs import define

from ...account import Account
from ...model.account import Capabilities
from ...model.events import OrderUpdate
from ...model.extension import VenueType
from ...model.market import Instrument, Kind
from ...model.numbers import ZERO
from ...model.orders import Order, OrderRef, Side, Submission
from ...model.results import ExecutionResult, Status
from ...support import narrowed
from ..trial import Counterpart, Placed, Trial
from .tidying import Tidier, amounts, told_problems

T = TypeVar("T")

MADE: ContextVar[list[Desk] | None] = ContextVar("MADE", default=None)
"""Takes each desk that a test makes, in a run that wants to know what the tests asked for and sent."""

NOT_DECLARED = "not declared: "
NOT_TRIED = "not tried: "


def not_declared(word: str) -> NoReturn:
    """End a test of something that the venue does not declare."""
    pytest.skip(NOT_DECLARED + word)


def not_tried(word: str) -> NoReturn:
    """End a test that the trial gives no means for."""
    pytest.skip(NOT_TRIED + word)


@define(kw_only=True, eq=False)
class Sent:
    """One order that the suite sent.

    Args:
        order: as it was sent.
        submission: its id and deadline.
        result: what the account answered.
    """

    order: Order
    submission: Submission
    result: ExecutionResult

    @property
    def ref(self) -> OrderRef:
        """Its names."""
        return OrderRef(
            client_order_id=self.order.client_order_id,
            venue_client_order_id=self.submission.venue_client_order_id,
            order_id=self.result.order_id,
            symbol=self.order.symbol,
            submitted_at=self.submission.clock.now(),
        )

    @property
    def signed(self) -> Decimal:
        """What its answer says was filled; negative when sold."""
        return self.order.side.sign * self.result.filled_quantity


class Desk:
    """An account on trial.

    Args:
        trial: the venue.
        counterpart: its own side; None: there is none.
        folder: where it may keep files.
        name: the account's.
        config: None: the trial's.
        plugins: wrappers and guards beside it.

    ``asked`` has the words for which the test asked with :meth:`needs`, and ``ordered`` the orders that went through
    :meth:`send`, no legs: what a test that passes proves, for the record. ``sent`` is what has to be cleared away.
    """

    def __init__(
        self,
        trial: Trial,
        counterpart: Counterpart | None,
        folder: Path,
        name: str = "trial",
        config: object = None,
        plugins: tuple[object, ...] = (),
    ) -> None:
        self.trial: Trial = trial
        self.counterpart: Counterpart | None = counterpart
        self.updates: list[OrderUpdate] = []
        self.sent: list[Sent] = []
        self.asked: set[str] = set()
        self.ordered: list[Sent] = []
        if (made := MADE.get()) is not None:
            made.append(self)
        self.account: Account = Account(
            name,
            trial.make(),
            trial.config if config is None else config,
            plugins=plugins,
            capabilities=None if isinstance(trial.venue, VenueType) else trial.capabilities,
            state_dir=folder / name,
            on_update=self.updates.append,
            timeout=trial.seconds,
            live=trial.level == "live",
        )
        self.instrument: Instrument = Instrument(symbol=trial.symbol)
        self._least: Decimal = ZERO

    async def open(self) -> Desk:
        """Open the account and learn the rules of the instrument."""
        await self.account.open()
        if "fetch_instrument" in self.account.capabilities.abilities:
            known = await self.account.fetch_instrument(self.symbol)
            assert known is not None, f"fetch_instrument({self.symbol!r}) answers None; the suite cannot trade without rules"
            self.instrument = known
            await self.weigh()
        return self

    async def weigh(self) -> None:
        """Learn what quantity is worth the instrument's ``min_notional`` now; no order is smaller."""
        least = self.instrument.min_notional
        if self.trial.quantity is None and least:
            price = Decimal(1) if self.instrument.kind is Kind.INVERSE else await self.price(Side.SELL)
            self._least = least / (self.instrument.contract_size * price)

    async def close(self) -> None:
        """Leave nothing behind where it would cost something, and close the account."""
        try:
            if self.trial.level in ("sandbox", "live") and self.account.ready:
                await self._clean()
        finally:
            await self.account.close()

    # What the venue can do.

    @property
    def symbol(self) -> str:
        """Canonical, of the instrument that is traded."""
        return self.trial.symbol

    @property
    def declared(self) -> Capabilities:
        """What the account declares, narrowed by its instrument's own rules."""
        return narrowed(self.account.capabilities, self.instrument)

    def needs(self, *words: str) -> None:
        """End the test as *not declared* unless the account declares all of these.

        Args:
            words: abilities (``cancel_order``), order types (``limit``), times in force (``ioc``), kinds of protection
                (``oco``), or ``reduce_only``, ``post_only``, ``hedging``, ``publishes``, ``look_up``.
        """
        can = self.declared
        known = can.abilities | {*can.order_types, *can.time_in_force, *can.protection}
        known |= {name for name in ("reduce_only", "post_only", "hedging", "publishes") if getattr(can, name)}
        known |= {"look_up"} if can.resolution != "none" and "fetch_order" in can.abilities else set()
        for word in words:
            if word not in known:
                not_declared(word)
        self.asked.update(words)

    def tries(self, *words: str) -> Counterpart:
        """The counterpart; ends the test as *not tried* unless it can do all of these.

        Args:
            words: of ``FAULTS`` and ``CONTROLS``.
        """
        if self.counterpart is None:
            not_tried(f"{words[0] if words else 'faults'} (there is no counterpart)")
        for word in words:
            if word not in self.counterpart.can:
                not_tried(f"{word} (the counterpart cannot)")
        return self.counterpart

    # Trading.

    @property
    def quantity(self) -> Decimal:
        """Of one order, base units or contracts."""
        if self.trial.quantity is not None:
            return self.trial.quantity
        rules = self.instrument
        least = max(rules.min_quantity or ZERO, rules.quantity_step or ZERO, self._least) or Decimal(1)
        return rules.quantity_up(least * 2)

    async def price(self, side: Side) -> Decimal:
        """What one pays or gets now, quote currency; where the venue does not tell it, the last price or the other side's."""
        quote = await self.account.fetch_data(self.symbol)
        price = quote.price_for(side) or quote.last or quote.price_for(side.opposite)
        assert price, f"fetch_data({self.symbol!r}) tells no price to {side}; the suite cannot trade without one"
        return price

    async def away(self, side: Side, percent: int = 10) -> Decimal:
        """A price on the grid that the market has not reached: below it for a buy, above it for a sale.

        Args:
            percent: of the market's price; negative: on the other side, where a stop waits.
        """
        price = await self.price(side) * (100 - side.sign * percent) / 100
        tick = self.instrument.price_tick
        if tick is None:
            return Decimal(f"{price:.{2 if price > 10 else 6}f}" if price * 100 > 1 else f"{price:.3g}").normalize()
        return (price / tick).to_integral_value() * tick

    def order(self, side: Side | str = "buy", **changes: Any) -> Order:
        """A market order of the trial's symbol and quantity, or what the changes make of it."""
        return Order(**{"symbol": self.symbol, "side": side, "quantity": self.quantity, **changes})

    async def resting(self, side: Side = Side.BUY, **changes: Any) -> Order:
        """A limit order that rests, since its price is away from the market."""
        self.needs("limit")
        return self.order(side, order_type="limit", price=await self.away(side), **changes)

    async def send(self, order: Order | None = None, *, seconds: float | None = None, name: str | None = None) -> Sent:
        """Send an order, once, through the account.

        Args:
            seconds: to its deadline; None: the trial's.
            name: the id that the venue gets; None: a new one.
        """
        order = order or self.order()
        submission = self.account.submission(name, seconds=self.trial.seconds if seconds is None else seconds)
        sent = Sent(order=order, submission=submission, result=ExecutionResult(status=Status.UNKNOWN))
        self.sent.append(sent)
        self.ordered.append(sent)
        sent.result = await self.account.execute_order(order, submission)
        return sent

    async def filled(self, order: Order | None = None) -> Sent:
        """Send an order that the market takes, and wait until all of it has filled."""
        sent = await self.send(order)
        sent.result = await self.ended(sent)
        assert sent.result.status is Status.FILLED, f"{told(sent)}; an order that the market takes should fill"
        return sent

    async def state(self, sent: Sent) -> ExecutionResult:
        """Where an order stands: by a look-up if there is one, else by the last push or the answer."""
        if "fetch_order" in self.account.capabilities.abilities:
            looked = await self.account.fetch_order(sent.ref)
            if looked is not None:
                return looked
        heard = [update.result for update in self.heard(sent) if not update.leg]
        return heard[-1] if heard else sent.result

    def heard(self, sent: Sent) -> list[OrderUpdate]:
        """What was pushed of an order, by any of its names."""
        ref = sent.ref
        names = {name for name in (ref.venue_client_order_id, ref.order_id) if name}
        return [update for update in self.updates if names & {update.ref.venue_client_order_id, update.ref.order_id}]

    async def ended(self, sent: Sent) -> ExecutionResult:
        """Wait until an order has ended."""
        if sent.result.status.terminal:
            return sent.result
        return await self.until(lambda: self.state(sent), lambda result: result.status.terminal, f"the end of {told(sent)}")

    async def position(self) -> Decimal:
        """What is held of the instrument, signed, base units or contracts: spot counts the balance of the base."""
        abilities = self.account.capabilities.abilities
        if "fetch_positions" in abilities and not (self.spot and "fetch_balance" in abilities):
            every = await self.account.fetch_positions()
            return sum((each.quantity for each in every if each.symbol == self.symbol), ZERO)
        if not (self.spot and "fetch_balance" in abilities):
            not_declared("fetch_positions")
        every_balance = await self.account.fetch_balance()
        return sum((each.total for each in every_balance if each.currency == self.instrument.base), ZERO)

    @property
    def spot(self) -> bool:
        """Whether what is bought is the thing itself."""
        return self.instrument.kind is Kind.SPOT and self.instrument.base is not None

    async def placed(self, sent: Sent | None = None) -> list[Placed]:
        """The orders of the venue's own book, of one sending only if given; needs a counterpart that tells."""
        every = await self.tries("placed").placed()
        return [each for each in every if sent is None or each.venue_client_order_id == sent.submission.venue_client_order_id]

    @overload
    async def until(self, ask: Callable[[], Awaitable[T]], holds: Callable[[T], object], what: str) -> T: ...

    @overload
    async def until(self, ask: Callable[[], T], holds: Callable[[T], object], what: str) -> T: ...

    async def until(self, ask: Callable[[], Any], holds: Callable[[Any], object], what: str) -> Any:
        """Ask again and again until the answer holds.

        Args:
            what: is waited for, as in "waited 5 s for WHAT".
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.trial.seconds
        pause = 0.002
        while True:
            asked = ask()
            answer = await asked if inspect.isawaitable(asked) else asked
            if holds(answer):
                return answer
            if loop.time() > end:
                pytest.fail(f"waited {self.trial.seconds:g} s for {what}; the last answer was {_short(answer)}", pytrace=False)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25 if self.trial.level in ("sandbox", "live") else 0.02)

    async def _clean(self) -> None:
        """End what rests of ours, and trade back what was filled; what could not be cleared away is told."""
        tidier = Tidier(self.account, self._back, self.trial.seconds)
        states = []
        for sent in self.sent:
            closes = sent.order.reduce_only or sent not in self.ordered  # a leg closes
            states.append((sent.order, closes, await tidier.end(sent)))
        for side, quantity in amounts(states, hedging=self.declared.hedging).items():
            if side is Side.BUY and self.spot and "fetch_balance" in self.account.capabilities.abilities:
                quantity = min(quantity, self.instrument.quantity_down(await self.position()))  # fees may be taken of it
            if quantity > 0:
                await tidier.give_back(side.opposite, quantity)
        assert not tidier.problems, " ".join(told_problems(tidier.problems))

    def _back(self, side: Side, quantity: Decimal) -> Order:
        """It can open nothing where the venue sees to that."""
        return self.order(side, quantity=quantity, reduce_only=self.declared.reduce_only)


def _short(answer: object) -> str:
    """An answer, for a failure's sentence."""
    if not isinstance(answer, ExecutionResult):
        return str(answer)
    why = f" ({answer.code}: {answer.error})" if answer.error else ""
    return f"{answer.status}, filled {answer.filled_quantity}{why}"


def told(sent: Sent) -> str:
    """An order and its answer, for a failure's sentence."""
    order, result = sent.order, sent.result
    terms = "".join(f" {name} {value}" for name in ("price", "stop_price") if (value := getattr(order, name)) is not None)
    answer = f"{result.status}" + (f" ({result.code}: {result.error})" if result.error else "")
    return f"the {order.order_type} order to {order.side} {order.quantity} {order.symbol}{terms} was answered {answer}"
