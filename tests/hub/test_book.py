# SPDX-License-Identifier: MIT
"""The book: reservations are tokens, positions come from our own fills, each fill once."""

import asyncio
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fks_exec import ExecutionResult, Fill, Instrument, Leg, Order, Position, Side, Status, Submission
from fks_exec.convert import from_json, to_json
from fks_exec.model.copying import changed
from fks_exec_hub.accounts.book import Book, Token
from fks_exec_hub.accounts.booking import book
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.accounts.merging import ENDS, merge, merge_legs
from fks_exec_hub.accounts.profit import after_fees, after_fill
from fks_exec_hub.exits.family import EXIT, STOP, TARGET
from fks_exec_hub.journal import Key
from fks_exec_hub.money import EXACT
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, filled, hub_on, sell

QUANTITIES = st.decimals(min_value="0.01", max_value="100", places=2)
PRICES = st.decimals(min_value="0.00000001", max_value="1000000", places=8)
SIDES = st.sampled_from(Side)
ROLES = st.sampled_from(["", EXIT, STOP, TARGET])


class BookMachine(RuleBasedStateMachine):
    """Against a reference that adds everything up anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.open: list[tuple[Token, Decimal]] = []
        self.claims: dict[str, tuple[Side, Decimal]] = {}
        self.position = Decimal(0)

    def sum_of(self, side: Side, *roles: str) -> Decimal:
        return sum((left for token, left in self.open if token.side is side and token.role in roles), Decimal(0))

    @rule(side=SIDES, quantity=QUANTITIES, role=ROLES, price=st.none() | PRICES)
    def reserve(self, side: Side, quantity: Decimal, role: str, price: Decimal | None) -> None:
        with localcontext(EXACT):
            token = self.book.reserve("X", side, quantity, reducing=False, role=role, price=price)
        self.open.append((token, quantity))

    @rule(name=st.sampled_from("abc"), side=SIDES, quantity=QUANTITIES)
    def claim(self, name: str, side: Side, quantity: Decimal) -> None:
        self.book.claim(name, "X", side, quantity)
        self.claims[name] = side, quantity

    @rule(name=st.sampled_from("abc"))
    def unclaim(self, name: str) -> None:
        self.book.unclaim(name)
        self.claims.pop(name, None)

    @rule(index=st.integers(min_value=0), part=st.decimals(min_value="0.1", max_value="1.5", places=1))
    def fill(self, index: int, part: Decimal) -> None:
        if self.open:
            token, left = self.open.pop(index % len(self.open))
            quantity = left * part
            if not quantity:
                self.open.append((token, left))
                return
            self.book.fill(token, quantity)
            fill = Fill(trade_id="t", quantity=quantity, price="1", side=token.side)
            self.book.store(after_fill(self.book.position("X", None), fill))
            self.position += quantity * token.side.sign
            self.open.append((token, max(left - quantity, Decimal(0))))

    @rule(index=st.integers(min_value=0), times=st.integers(1, 2))
    def release(self, index: int, times: int) -> None:
        if self.open:
            token, _ = self.open.pop(index % len(self.open))
            for _ in range(times):
                self.book.release(token)

    @invariant()
    def totals_are_what_they_add_up_to(self) -> None:
        totals = self.book.totals("X")
        assert totals.position == self.position
        assert (totals.working_buy, totals.working_sell) == (self.sum_of(Side.BUY, "", EXIT), self.sum_of(Side.SELL, "", EXIT))
        assert (totals.stops_buy, totals.stops_sell) == (self.sum_of(Side.BUY, STOP), self.sum_of(Side.SELL, STOP))
        assert (totals.targets_buy, totals.targets_sell) == (self.sum_of(Side.BUY, TARGET), self.sum_of(Side.SELL, TARGET))
        claimed = {side: sum(quantity for of, quantity in self.claims.values() if of is side) for side in Side}
        assert (totals.claimed_buy, totals.claimed_sell) == (claimed[Side.BUY], claimed[Side.SELL])
        assert totals.open_orders == sum(token.role in ("", EXIT) for token, _ in self.open)

    @invariant()
    def what_orders_are_worth_is_what_they_add_up_to(self) -> None:
        for side in Side:
            row = self.book.working("X", side)
            mine = [(token, left) for token, left in self.open if token.side is side and token.role in ("", EXIT)]
            with localcontext(EXACT):
                assert row.at_market == sum(left for token, left in mine if token.price is None)
                assert row.product == sum(left * token.price for token, left in mine if token.price is not None)
                worth = sum(left / token.price for token, left in mine if token.price is not None)
                assert abs(row.quotient - worth) < Decimal("1e-30")

    @invariant()
    def what_reduces_can_never_flip_whatever_fills_first(self) -> None:
        totals = self.book.totals("X")
        for side in Side:
            working = totals.working_buy if side is Side.BUY else totals.working_sell
            for quantity in (Decimal("0.01"), abs(totals.position)):
                if quantity and self.book.reduces("X", side, quantity):
                    after = totals.position + side.sign * (quantity + working)
                    assert totals.position * after >= 0
                    assert abs(after) < abs(totals.position)


BookMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBook = BookMachine.TestCase


def test_a_flat_account_reduces_nothing() -> None:
    assert not Book().reduces("X", Side.SELL, Decimal(1))
    assert not Book().reduces("X", Side.BUY, Decimal(1))


@pytest.mark.parametrize(
    ("before", "side", "quantity", "price", "after", "average"),
    [
        ("0", "buy", "2", "100", "2", "100"),
        ("2", "buy", "2", "110", "4", "105"),
        ("4", "sell", "1", "200", "3", "100"),
        ("4", "sell", "4", "200", "0", None),
        ("2", "sell", "5", "90", "-3", "90"),
        ("-2", "sell", "2", "80", "-4", "90"),
        ("-2", "buy", "1", "50", "-1", "100"),
    ],
)
def test_a_position_after_one_fill(before: str, side: str, quantity: str, price: str, after: str, average: str | None) -> None:
    start = Position(symbol="X", quantity=before, average_price="100" if before != "0" else None)
    end = after_fill(start, Fill(trade_id="t", quantity=quantity, price=price, side=side))
    assert (end.quantity, end.average_price) == (Decimal(after), None if average is None else Decimal(average))


@pytest.mark.parametrize("last", ["0.5", "1"])
async def test_a_restart_finds_positions_and_what_they_have_brought_as_they_were(tmp_path: Path, last: str) -> None:
    """Also of a position that is flat."""
    stage = Stage(bought(100), bought(100), bought(110), bought(90))
    async with hub_on(stage, configure(tmp_path)) as hub:
        for order in (buy("1", strategy="s"), buy("2"), sell(last, strategy="s"), sell("0.5")):
            await hub.execute_order(ACCOUNT, order)
        before = hub._desks[ACCOUNT].book.results()
        assert [p.strategy for p in await hub.positions(ACCOUNT)] == ([None, "s"] if last == "0.5" else [None])
    assert [(p.strategy, p.quantity, p.realized_pnl) for p in before] == [
        (None, Decimal("1.5"), -5),
        ("s", 1 - Decimal(last), Decimal(last) * 10),
    ]
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        assert hub._desks[ACCOUNT].book.results() == before


def bought(price: int) -> Callable[[Order, Submission], ExecutionResult]:
    """All of it, at a price."""
    return lambda order, submission: changed(filled(order, submission), average_price=Decimal(price))


def test_a_fee_in_the_base_currency_makes_a_spot_position_smaller_and_another_fee_does_not() -> None:
    spot = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT")
    linear = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT", kind="linear")
    held = Position(symbol="BTC/USDT", quantity=1)
    assert after_fees(held, {"BTC": Decimal("0.001")}, spot).quantity == Decimal("0.999")
    assert after_fees(held, {"USDT": Decimal("0.1")}, spot).quantity == 1
    assert after_fees(held, {"BTC": Decimal("0.001")}, linear).quantity == 1


@given(st.lists(st.tuples(QUANTITIES, PRICES), min_size=2, max_size=6))
@settings(max_examples=200, deadline=None)
def test_an_average_price_can_be_read_back_from_the_journal(trades: list[tuple[Decimal, Decimal]]) -> None:
    position = Position(symbol="X", quantity=0)
    with localcontext(EXACT):
        for number, (quantity, price) in enumerate(trades):
            position = after_fill(position, Fill(trade_id=str(number), quantity=quantity, price=price, side="buy"))
    again = from_json(Position, to_json(position))
    assert again == position
    spent, held = sum(q * p for q, p in trades), sum(q for q, _ in trades)
    assert again.average_price is not None
    assert abs(again.average_price - spent / held) <= spent / held / 10**20


TRADES = st.lists(QUANTITIES, min_size=1, max_size=5)


@given(trades=TRADES, tells=st.lists(st.booleans(), min_size=5, max_size=5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_a_venue_tells_and_in_whatever_order_each_trade_is_booked_once(
    trades: list[Decimal], tells: list[bool], data: st.DataObject
) -> None:
    """Each update tells a cumulative quantity and some of the trades up to it; they come reordered and repeated."""
    updates = []
    for count in range(1, len(trades) + 1):
        known = [Fill(trade_id=f"t{n}", quantity=trades[n], price=100) for n in range(count) if tells[n]]
        updates.append(ExecutionResult(status="partially_filled", filled_quantity=sum(trades[:count]), fills=known))
    sequence = [*data.draw(st.lists(st.sampled_from(updates), max_size=8)), updates[-1]]
    asyncio.run(_check(sequence, sum(trades, Decimal(0))))


async def _check(updates: list[ExecutionResult], total: Decimal) -> None:
    order = Order(symbol="X", side="buy", quantity=total)
    live = Live(key=Key("a", "b"), lane="X", instruction=order, digest="", accepted_at=0, order=order)
    moved = told = Decimal(0)
    for update in updates:
        told = max(told, update.filled_quantity)
        result = merge(live.result, update)
        booking = book(live, result)
        moved += sum((fill.quantity for fill in booking.moves), Decimal(0))
        live.result = result
        live.fills.update({fill.trade_id: fill for fill in booking.fills})
        live.booked += booking.filled
        assert moved == live.booked == told
    assert moved == total


@given(st.lists(st.tuples(st.sampled_from(sorted(set(Status) - {Status.PENDING, Status.DENIED})), QUANTITIES), min_size=1))
@settings(max_examples=200, deadline=None)
def test_news_never_take_back_a_fill_and_never_reopen_an_ended_order(news: list[tuple[Status, Decimal]]) -> None:
    known = ExecutionResult(status="pending")
    for status, part in news:
        after = merge(known, ExecutionResult(status=status, filled_quantity=part))
        assert after.filled_quantity >= known.filled_quantity
        assert after.status.terminal or known.status not in ENDS
        assert (known.status is Status.FILLED) <= (after.status is Status.FILLED)
        if known.status not in (Status.PENDING, Status.UNKNOWN):
            assert after.status is not Status.UNKNOWN
        known = after


@given(st.lists(st.tuples(st.sampled_from(sorted(set(Status) - {Status.PENDING, Status.DENIED})), QUANTITIES), min_size=1))
@settings(max_examples=200, deadline=None)
def test_news_never_take_back_what_a_leg_filled_and_never_reopen_one(news: list[tuple[Status, Decimal]]) -> None:
    """The answer to a change of a linked pair may come after its target has filled: the target does not rest again."""
    known = ExecutionResult(status="accepted", legs=(Leg(role="take_profit", status="accepted", order_id="2"),))
    for status, part in news:
        told = Leg(role="take_profit", status=status, order_id="2", filled_quantity=part)
        after = merge(known, ExecutionResult(status="accepted", legs=(told,)))
        [before], [now] = known.legs, after.legs
        assert now.filled_quantity >= before.filled_quantity
        assert now.status.terminal or before.status not in ENDS
        assert (before.status is Status.FILLED) <= (now.status is Status.FILLED)
        assert merge(after, ExecutionResult(status="accepted")).legs == after.legs
        known = after


@pytest.mark.parametrize(
    ("known", "news", "same"),
    [
        ({"order_id": "1"}, {"order_id": "1"}, True),
        ({"order_id": "1", "client_order_id": "a"}, {"order_id": "2", "client_order_id": "a"}, False),
        ({"client_order_id": "a"}, {"order_id": "2", "client_order_id": "a"}, True),
        ({"order_id": "2", "venue_client_order_id": "v"}, {"venue_client_order_id": "v"}, True),
        ({"order_id": "1"}, {"client_order_id": "a"}, False),
        ({}, {}, False),
    ],
)
def test_a_leg_is_known_by_the_venues_id_else_by_a_name(known: dict[str, str], news: dict[str, str], *, same: bool) -> None:
    """One that was moved is another order, with an id of its own."""
    ended, stands = Leg(role="stop_loss", status="canceled", **known), Leg(role="stop_loss", status="accepted", **news)
    assert [leg.status for leg in merge_legs([ended], [stands])] == ["canceled" if same else "accepted"]
    assert merge_legs([changed(ended, role="take_profit")], [stands]) == (stands,)
