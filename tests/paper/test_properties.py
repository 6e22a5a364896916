# SPDX-License-Identifier: MIT
"""What holds whatever is done to an account: a random life of orders, legs, closes, changes, quotes, cancels and restarts.

Some quotes show as much as one likes, some little, some nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from fks_exec import (
    Fill,
    MarketData,
    Order,
    OrderChange,
    OrderRef,
    OrderType,
    Position,
    Protection,
    Side,
    Status,
    TimeInForce,
    VenueRejected,
    to_dict,
)
from fks_exec_paper import PaperConfig
from fks_exec_paper.book import Item, Wait
from fks_exec_paper.engine import Engine
from fks_exec_paper.records import Holding, PaperLeg, PaperOrder
from fks_exec_paper.store import Store, restored, step_text

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
CASH = Decimal(10_000)

symbols = st.sampled_from([SPOT, PERP])
sides = st.sampled_from(["buy", "sell"])
prices = st.integers(10, 30).map(lambda n: Decimal(n) / 2)  # 5 to 15 by half
quantities = st.integers(1, 80).map(lambda n: Decimal(n) / 10)
parts = st.sampled_from([Decimal(text) for text in ("1", "1", "1", "0.5", "2")])
distances = st.none() | st.tuples(st.integers(0, 4), st.integers(1, 4))
forces = st.sampled_from(["gtc", "gtc", "gtc", "gtc", "ioc", "fok"])
gaps = st.sampled_from([Decimal(0), Decimal("0.5")])
seldom = st.integers(0, 7).map(lambda n: n == 7)
often = st.integers(0, 7).map(lambda n: n < 6)
sizes = st.none() | st.integers(0, 80).map(lambda n: Decimal(n) / 20)  # whole steps are twice as large
STEP = Decimal("0.1")


class AccountLife(RuleBasedStateMachine):
    """One account from its first order on; the model is the list of its fills."""

    config: PaperConfig

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.number = 0
        self.ids: list[str] = []
        self.ended: dict[str, object] = {}
        self.finished: dict[str, PaperOrder] = {}
        self.shown: dict[str, tuple[MarketData, int]] = {}
        self.engine = self.open()
        for symbol in (SPOT, PERP):
            self.quote(symbol, Decimal(10), Decimal("0.5"), None, None)

    def open(self) -> Engine:
        """As a venue does at its start."""
        self.finished.clear()
        self.store = Store(self.folder, currency="USDT", series="p1")
        return restored(self.config, self.store)

    def keep(self) -> None:
        """As a venue does after each step."""
        changes = self.engine.changes()
        if changes.orders:
            self.store.orders.append(step_text(changes, self.engine.ledger.cash, self.engine.counter))

    def entry(self, order_id: str) -> PaperOrder:
        """An order by its id; one that nothing can change any more is looked up once per run."""
        if order_id not in self.finished:
            item = self.engine.book.find(OrderRef(order_id=order_id))
            assert item is not None
            if not item.entry.status.terminal or not all(leg.status.terminal for leg in item.entry.legs):
                return item.entry
            self.finished[order_id] = item.entry
        return self.finished[order_id]

    def entries(self) -> list[PaperOrder]:
        """All orders that were taken."""
        return [self.entry(order_id) for order_id in self.ids]

    def place(self, **words: Any) -> None:
        """Send an order."""
        self.take(lambda: self.engine.place(Order(**words), f"id-{self.number}", self.number))

    def take(self, place: Callable[[], PaperOrder]) -> None:
        """Place something; a refusal changes nothing, and no leg ends that knows nothing of it."""
        self.number += 1
        alone = [entry for entry in self.entries() if entry.stays and not entry.status.terminal and not entry.at_market]
        before, apart = self.seen(), [(entry, entry.status) for entry in alone]
        try:
            entry = place()
        except VenueRejected:
            assert not self.engine.changes().orders
            assert self.seen() == before
        else:
            self.ids.append(entry.order_id)
            assert all(leg.status is status for leg, status in apart)
            self.keep()

    @rule(symbol=symbols, side=sides, quantity=quantities, reduce_only=seldom, legs=distances, time_in_force=forces)
    def market(self, **words: Any) -> None:
        """A market order."""
        self.enter(self.price(words["symbol"], words["side"]), **words)

    @rule(
        symbol=symbols,
        side=sides,
        quantity=quantities,
        order_type=st.sampled_from(["limit", "limit", "stop", "stop_limit"]),
        away=st.integers(-2, 6),
        reduce_only=seldom,
        legs=distances,
        time_in_force=forces,
    )
    def waiting(self, order_type: str, away: int, **words: Any) -> None:
        """An order with a price near the market."""
        distance = Decimal(away) / 2 * (1 if words["side"] == "sell" else -1)
        price = self.price(words["symbol"], words["side"]) + distance * (1 if order_type == "limit" else -1)
        if order_type != "stop":
            words["price"] = price
        if order_type != "limit":
            words["stop_price"] = price
        if price > 0:
            self.enter(price, order_type=order_type, **words)

    def price(self, symbol: str, side: str) -> Decimal:
        """What one pays or gets now."""
        return self.engine.mark(symbol, Side(side)) or Decimal(10)

    def enter(self, about: Decimal, legs: tuple[int, int] | None, **words: Any) -> None:
        """Send an order, often with a stop and a target so far from its price; a sell on spot has none."""
        opens = not words["reduce_only"] and (words["side"], words["symbol"]) != ("sell", SPOT)
        if legs is not None and opens and self.config.protection == "attached":
            sign = Side(words["side"]).sign
            stop, target = (Decimal(n) / 2 * sign for n in legs)
            prices = {"stop_loss": about - stop - sign, "take_profit": about + target}
            words.update({name: value for name, value in prices.items() if value > 0})
        self.place(**words)

    @precondition(lambda self: self.held())
    @rule(
        data=st.data(),
        part=parts,
        role=st.sampled_from(["stop_loss", "stop_loss", "take_profit"]),
        distance=st.integers(1, 4),
        linked=often,
        limited=seldom,
        wrong=seldom,
    )
    def protect(
        self, data: st.DataObject, part: Decimal, role: Any, distance: int, linked: bool, limited: bool, wrong: bool
    ) -> None:
        """A stop or a target by itself, near the market; often of all that is held, and seldom of what is not."""
        holding = data.draw(st.sampled_from(self.held()))
        side = Side.SELL if (holding.quantity > 0) is not wrong else Side.BUY
        away = Decimal(distance) / 2 * -side.sign * (1 if role == "take_profit" else -1)
        price = self.price(holding.symbol, side.value) + away
        target = price + 3 * -side.sign
        if price > 0 and target > 0:
            protection = Protection(
                symbol=holding.symbol,
                side=side,
                role=role,
                quantity=max(STEP, abs(holding.quantity) * part // STEP * STEP),
                trigger_price=price,
                limit_price=price if limited else None,
                target_price=target if linked and role == "stop_loss" and self.config.protection == "oco" else None,
            )
            self.take(lambda: self.engine.protect(protection, f"id-{self.number}", self.number))

    @precondition(lambda self: self.held())
    @rule(data=st.data(), part=parts, wrong=seldom)
    def close(self, data: st.DataObject, part: Decimal, wrong: bool) -> None:
        """Close a position, or what is taken for one."""
        holding = data.draw(st.sampled_from(self.held()))
        told = holding.quantity * part * (-1 if wrong else 1)
        position = Position(symbol=holding.symbol, quantity=told, position_id=holding.ticket or None)
        self.take(lambda: self.engine.close(position, f"id-{self.number}", self.number))

    def held(self) -> list[Holding]:
        """What is held."""
        return [holding for holding in self.engine.ledger.holdings.values() if holding.quantity]

    @precondition(lambda self: self.engine.book.open_items())
    @rule(data=st.data(), gap=gaps, size=sizes)
    def touch(self, data: st.DataObject, gap: Decimal, size: Decimal | None) -> None:
        """Move the market to where something waits, or a step further."""
        self.reach(data.draw(st.sampled_from(self.engine.book.open_items())), gap, size)

    @precondition(lambda self: self.legs())
    @rule(data=st.data(), gap=gaps, size=sizes)
    def touch_leg(self, data: st.DataObject, gap: Decimal, size: Decimal | None) -> None:
        """The same for what protects a position."""
        self.reach(data.draw(st.sampled_from(self.legs())), gap, size)

    def legs(self) -> list[Item]:
        """What protects a position and rests."""
        return [item for item in self.engine.book.open_items() if item.leg is not None or item.entry.role]

    def reach(self, item: Item, gap: Decimal, size: Decimal | None) -> None:
        """Move the market to where it waits, or so far beyond."""
        price = item.price + gap * item.side.sign * (1 if item.wait is Wait.STOP else -1)
        if price > 1:
            bid, ask = (price, price + 1) if item.side is Side.SELL else (price - 1, price)
            self.move(MarketData(symbol=item.entry.order.symbol, bid=bid, ask=ask, bid_size=size, ask_size=size))

    @precondition(lambda self: self.ids)
    @rule(
        data=st.data(),
        leg=st.booleans(),
        change=st.fixed_dictionaries(
            {},
            optional={
                "quantity": quantities,
                "price": prices,
                "stop_price": prices,
                "stop_loss": prices,
                "take_profit": prices,
            },
        ),
    )
    def amend(self, data: st.DataObject, leg: bool, change: dict[str, Decimal]) -> None:
        """Change any order, or a leg of it; a refusal changes nothing."""
        item, before = self.drawn(data, leg), self.seen()
        try:
            self.engine.amend(item, OrderChange(**change), self.number)
        except VenueRejected:
            assert not self.engine.changes().orders
            assert self.seen() == before
        else:
            self.keep()

    def drawn(self, data: st.DataObject, leg: bool) -> Item:
        """Any order, or its first leg."""
        entry = self.entry(data.draw(st.sampled_from(self.ids)))
        item = self.engine.book.find(OrderRef(order_id=entry.legs[0].order_id if leg and entry.legs else entry.order_id))
        assert item is not None
        return item

    @rule(
        symbol=symbols,
        bid=prices,
        spread=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(2)]),
        bid_size=sizes,
        ask_size=sizes,
    )
    def quote(self, symbol: str, bid: Decimal, spread: Decimal, bid_size: Decimal | None, ask_size: Decimal | None) -> None:
        """Move the market."""
        self.move(MarketData(symbol=symbol, bid=bid, ask=bid + spread, bid_size=bid_size, ask_size=ask_size))

    def move(self, quote: MarketData) -> None:
        """As a venue does."""
        self.shown[quote.symbol] = quote, len(self.trades())
        self.store.write_quote(self.engine.set_quote(quote, self.number))
        self.keep()

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), leg=st.booleans())
    def cancel(self, data: st.DataObject, leg: bool) -> None:
        """Cancel any order, or a leg of it."""
        self.engine.cancel(self.drawn(data, leg))
        self.keep()

    @rule()
    def restart(self) -> None:
        """The same account, by whatever it is looked at, from the files alone."""
        before = self.seen()
        self.store.close()
        self.engine = self.open()
        assert self.seen() == before
        self.engine.follow_all(self.number)
        assert not self.engine.changes().orders

    def seen(self) -> object:
        """Everything that can be known of the account."""
        ledger = self.engine.ledger
        return (
            ledger.cash,
            ledger.reserved_cash,
            ledger.reserved_base,
            {key: to_dict(holding) for key, holding in ledger.holdings.items() if holding.quantity},
            [to_dict(entry) for entry in self.entries()],
            [item.key for item in self.engine.book.open_items()],
            {symbol: to_dict(quote) for symbol, quote in self.engine.quotes.items()},
            self.engine.counter,
            self.engine.equity(),
            self.engine.free_cash(),
        )

    def trades(self) -> list[tuple[PaperOrder, Any]]:
        """All fills in the order in which they happened."""
        fills = [(entry, fill) for entry in self.entries() for fill in entry.fills]
        return sorted(fills, key=lambda pair: int(pair[1].trade_id.rpartition("t")[2]))

    def key(self, entry: PaperOrder, fill: Fill) -> str:
        """Which holding an execution changes."""
        if entry.order.symbol == SPOT or not self.config.hedging:
            return entry.order.symbol
        long = (fill.side is Side.BUY) is not reduces(entry, fill)
        return f"{PERP} {'long' if long else 'short'}"

    @invariant()
    def no_money_appears_or_vanishes(self) -> None:
        """Cash is what the fills left of it; contracts move it only by what they made, and fees leave."""
        ledger = self.engine.ledger
        cash, held = CASH, dict.fromkeys(ledger.holdings, Decimal(0))
        for entry, fill in self.trades():
            signed = Side(fill.side).sign * fill.quantity
            in_base = fill.fee_currency != "USDT"
            assert not in_base or (entry.order.symbol == SPOT and self.config.fee_in == "base")
            cash -= signed * fill.price + (0 if in_base else fill.fee)
            held[self.key(entry, fill)] += signed - (fill.fee if in_base else 0)
        assert ledger.cash == cash + sum(holding.cost for holding in ledger.holdings.values() if holding.symbol == PERP)
        assert held == {key: holding.quantity for key, holding in ledger.holdings.items()}

    @invariant()
    def what_only_reduces_never_opens_enlarges_or_turns(self) -> None:
        """Legs and reduce-only orders; spot is never sold short, and each of two sides stays on its side."""
        held = dict.fromkeys(self.engine.ledger.holdings, Decimal(0))
        for entry, fill in self.trades():
            key, paid = self.key(entry, fill), fill.fee if fill.fee_currency != "USDT" else Decimal(0)
            before, after = held[key], held[key] + Side(fill.side).sign * fill.quantity - paid
            if reduces(entry, fill):
                assert abs(after) < abs(before)
                assert after * before >= 0
            assert key == PERP or (after <= 0 if key.endswith("short") else after >= 0)
            held[key] = after

    @invariant()
    def no_more_is_traded_than_was_shown(self) -> None:
        """What was taken is gone until another quote is set, also over a restart; the rest of it is told."""
        trades = self.trades()
        for symbol, (quote, count) in self.shown.items():
            for side in Side:
                since = [fill for entry, fill in trades[count:] if entry.order.symbol == symbol and fill.side is side]
                size, taken = quote.size_for(side), sum((fill.quantity for fill in since), Decimal(0))
                left = self.engine.quotes[symbol].size_for(side)
                assert left is None if size is None else left == size - taken >= 0

    @invariant()
    def a_status_says_what_was_filled(self) -> None:
        """Of orders and of legs; whole steps; what trades whole or not at all does."""
        for entry in self.entries():
            check_status(entry, entry.status, entry.filled(), entry.order.quantity)
            for leg in entry.legs:
                check_status(entry, leg.status, entry.filled(leg.role), leg.quantity)
            if entry.order.time_in_force is TimeInForce.FOK and entry.status is Status.EXPIRED:
                assert not entry.filled()

    @invariant()
    def the_legs_of_an_order_close_it_once(self) -> None:
        """One gives way to the other, and none rests where there is nothing for it to close."""
        for entry in self.entries():
            filled = [leg for leg in entry.legs if leg.status is Status.FILLED]
            assert len(filled) <= 1
            assert not (filled and any(leg.rests for leg in entry.legs))
            assert entry.role or not any(fill.leg for fill in entry.fills) or entry.status.terminal
            for leg in entry.legs:
                (self.check_linked if entry.role else self.check_leg)(entry, leg)

    def check_leg(self, entry: PaperOrder, leg: PaperLeg) -> None:
        """Pending only while the entry may still fill; resting only with something to close."""
        assert leg.status is not Status.PENDING or not entry.status.terminal
        if leg.rests:
            assert entry.filled()
            assert self.engine.ledger.reducible(entry.order.symbol, entry.order.side.opposite) > 0
        if leg.rests and not entry.status.terminal:
            assert leg.quantity == entry.covered // STEP * STEP > 0

    def check_linked(self, entry: PaperOrder, leg: PaperLeg) -> None:
        """It rests for as long as its stop waits, and is as large; when the stop is reached it goes."""
        assert leg.rests == (entry.status is Status.ACCEPTED and not entry.triggered)
        if leg.rests:
            assert leg.quantity - entry.filled(leg.role) == entry.order.quantity
        if leg.status is Status.FILLED:
            assert {fill.leg for fill in entry.fills} == {"take_profit"}

    @invariant()
    def what_goes_with_a_position_does_not_outlive_it(self) -> None:
        """Reduce-only orders and legs of a kind that the venue clears up."""
        for entry in self.entries():
            if entry.order.reduce_only and not entry.status.terminal and (entry.at_market or not entry.stays):
                assert self.engine.ledger.reducible(entry.order.symbol, entry.order.side) > 0

    @invariant()
    def what_is_bound_is_there(self) -> None:
        """Only attached legs, which bind nothing, come before what has set things aside."""
        ledger = self.engine.ledger
        assert self.config.protection == "attached" or ledger.reserved_base[SPOT] <= ledger.quantity(SPOT)

    @invariant()
    def what_is_set_aside_is_that_of_resting_orders(self) -> None:
        """No reservation outlives its order."""
        ledger = self.engine.ledger
        assert ledger.reserved_cash == sum(entry.reserved_cash for entry in self.entries())
        assert sum(ledger.reserved_base.values()) == sum(entry.reserved_base for entry in self.entries())
        assert not [e for e in self.entries() if e.status.terminal and (e.reserved_cash or e.reserved_base)]
        for entry in self.entries():
            if entry.order.symbol == SPOT and entry.order.side is Side.SELL and not entry.order.reduce_only:
                assert entry.reserved_base == (0 if entry.status.terminal else entry.remaining)

    @invariant()
    def nothing_rests_that_the_quote_has_reached(self) -> None:
        """The market is at rest between two steps, where it shows something."""
        for symbol, resting in self.engine.book.resting.items():
            assert resting.reached(self.engine.quotes[symbol], partial(self.engine.display.empty, symbol)) is None
        expected = sum((not e.status.terminal) + sum(leg.rests for leg in e.legs) for e in self.entries())
        assert len(self.engine.book.open_items()) == expected
        assert not [e for e in self.entries() if e.order.order_type is OrderType.MARKET and not e.status.terminal]

    @invariant()
    def the_end_of_an_order_is_its_end(self) -> None:
        """A terminal status and what was filled until then never change."""
        for entry in self.entries():
            if entry.status.terminal:
                own = (entry.status, entry.code, [fill for fill in entry.fills if not fill.leg])
                assert self.ended.setdefault(entry.order_id, own) == own

    def teardown(self) -> None:
        """Remove the files."""
        self.store.close()
        shutil.rmtree(self.folder)


def check_status(entry: PaperOrder, status: Status, filled: Decimal, quantity: Decimal) -> None:
    """One status, by what was filled of a quantity."""
    assert 0 <= filled <= quantity
    assert filled % STEP == 0
    assert (status is Status.FILLED) == (filled == quantity)
    assert status is not Status.PARTIALLY_FILLED or filled > 0
    assert status not in (Status.ACCEPTED, Status.PENDING) or not filled


def reduces(entry: PaperOrder, fill: Fill) -> bool:
    """Whether an execution must not open anything."""
    return bool(fill.leg or entry.role or entry.order.reduce_only)


@pytest.mark.parametrize(
    ("protection", "hedging", "fee_in", "leverage"),
    [
        ("attached", False, "quote", 1),
        ("attached", True, "base", 5),
        ("oco", False, "quote", 5),
        ("oco", True, "base", 1),
        ("reduce_only_pair", False, "base", 5),
        ("reduce_only_pair", True, "quote", 5),
        ("stop_only", False, "base", 5),
        ("none", False, "quote", 5),
    ],
)
def test_the_life_of_an_account_keeps_its_rules(
    make_config: Callable[..., PaperConfig], protection: str, hedging: bool, fee_in: str, leverage: int
) -> None:
    """All of the invariants of AccountLife, after each of its steps."""
    config = make_config(
        maker_fee_percent="0.03", slippage_ticks=1, protection=protection, hedging=hedging, fee_in=fee_in, leverage=leverage
    )
    AccountLife.config = evolve(
        config, instruments=[evolve(i, min_notional=None, quantity_step="0.1", min_quantity=None) for i in config.instruments]
    )
    run_state_machine_as_test(
        AccountLife,
        settings=settings(max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)),
    )
