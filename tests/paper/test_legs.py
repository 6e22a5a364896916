# SPDX-License-Identifier: MIT
"""Stops and targets that are placed by themselves: linked, in a pair, alone; and what the venue refuses of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import OrderRef, Side, Status, VenueRejected

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
KINDS = ["attached", "oco", "reduce_only_pair", "stop_only"]
Make = Callable[..., Any]
Open = Callable[..., Awaitable[Any]]


def code_of(call: Callable[..., Any], *args: Any, **more: Any) -> str | None:
    """Why it was refused."""
    with pytest.raises(VenueRejected) as caught:
        call(*args, **more)
    return caught.value.code


def longer(make_bench: Make, kind: str, symbol: str = SPOT, **changes: Any) -> Any:
    """A bench that holds two of an instrument, without protection."""
    bench = make_bench(protection=kind, **changes)
    bench.send("buy", 2, symbol)
    return bench


@pytest.mark.parametrize("symbol", [SPOT, PERP])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_that_is_placed_by_itself_closes_the_position(make_bench: Make, kind: str, symbol: str) -> None:
    """It is an order of its own, and sells at the bid when it is touched."""
    bench = longer(make_bench, kind, symbol)
    low = 90 if symbol == SPOT else 8
    stop = bench.protect("stop_loss", 2, low, symbol)
    bench.quote(low + 1, low + 2, symbol)
    assert (stop.status, bench.held(symbol)) == ("accepted", 2)
    bench.quote(low - 1, low, symbol)
    assert (stop.status, stop.fills[0].price, bench.held(symbol)) == ("filled", low - 1, 0)


@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair"])
def test_a_target_that_is_placed_by_itself_rests_as_a_limit(make_bench: Make, kind: str) -> None:
    """It trades at its own price."""
    bench = longer(make_bench, kind)
    target = bench.protect("take_profit", 2, 120)
    bench.quote(125, 126)
    assert (target.status, target.fills[0].price, bench.held()) == ("filled", 120, 0)


def test_a_target_keeps_its_trigger_and_its_limit(make_bench: Make) -> None:
    """The better of the two is where it rests."""
    bench = longer(make_bench, "reduce_only_pair")
    assert bench.protect("take_profit", 1, 120, limit_price=118).order.price == 120
    assert bench.protect("take_profit", 1, 120, limit_price=122).order.price == 122


def test_a_stop_with_a_limit_becomes_a_limit_order(make_bench: Make) -> None:
    """After a gap it rests beyond the market."""
    bench = longer(make_bench, "reduce_only_pair")
    stop = bench.protect("stop_loss", 2, 90, limit_price=89)
    bench.quote(80, 81)
    assert (stop.status, stop.triggered) == ("accepted", True)
    bench.quote(89, 90)
    assert (stop.status, stop.fills[0].price) == ("filled", 89)


@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_a_stop_that_is_reached_takes_its_linked_target_along(make_bench: Make, symbol: str) -> None:
    """In the same step."""
    bench = longer(make_bench, "oco", symbol)
    low, high = (90, 120) if symbol == SPOT else (8, 15)
    stop = bench.protect("stop_loss", 2, low, symbol, target_price=high)
    [target] = stop.legs
    assert (stop.status, target.role, target.status, target.trigger_price) == ("accepted", "take_profit", "accepted", high)
    bench.quote(low, low + 1, symbol)
    assert (stop.status, target.status, bench.held(symbol)) == ("filled", "canceled", 0)


@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_a_linked_target_that_is_reached_takes_the_stop_along(make_bench: Make, symbol: str) -> None:
    """Its fill is told with the leg and the side, and is none of the stop's own."""
    from fks_exec_paper.results import result_of

    bench = longer(make_bench, "oco", symbol)
    low, high = (90, 120) if symbol == SPOT else (8, 15)
    stop = bench.protect("stop_loss", 2, low, symbol, target_price=high)
    bench.quote(high, high + 1, symbol)
    result = result_of(stop)
    assert (result.status, result.filled_quantity, result.legs[0].status) == ("canceled", 0, "filled")
    assert [(f.leg, f.side, f.price, f.quantity) for f in result.fills] == [("take_profit", "sell", high, 2)]
    assert (bench.held(symbol), list(bench.engine.book.open_items())) == (0, [])


@pytest.mark.parametrize("by_leg", [False, True])
def test_what_is_linked_is_cancelled_together(make_bench: Make, by_leg: bool) -> None:
    """By either id, once; what was set aside is free again."""
    bench = longer(make_bench, "oco")
    stop = bench.protect("stop_loss", 2, 90, target_price=120)
    item = bench.engine.book.find(OrderRef(order_id=stop.legs[0].order_id if by_leg else stop.order_id))
    for _ in range(2):
        bench.engine.cancel(item)
    assert (stop.status, stop.legs[0].status) == ("canceled", "canceled")
    assert bench.engine.ledger.free_base(SPOT) == 2


def test_linked_legs_of_a_contract_go_with_the_position(make_bench: Make) -> None:
    """There is nothing left that they could close."""
    bench = longer(make_bench, "oco", PERP)
    stop = bench.protect("stop_loss", 2, 8, PERP, target_price=15)
    bench.send("sell", 2, PERP)
    assert (stop.status, stop.code, stop.legs[0].status) == ("canceled", "REDUCE_ONLY", "canceled")


@pytest.mark.parametrize("kind", ["oco", "stop_only"])
def test_a_leg_on_spot_binds_what_it_is_to_sell(make_bench: Make, kind: str) -> None:
    """An exit finds nothing free until the leg is cancelled; a linked target binds nothing more."""
    bench = longer(make_bench, kind)
    stop = bench.protect("stop_loss", "1.5", 90, **({"target_price": 120} if kind == "oco" else {}))
    assert bench.engine.ledger.free_base(SPOT) == Decimal("0.5")
    assert code_of(bench.send, "sell", 2) == "INSUFFICIENT_FUNDS"
    assert code_of(bench.protect, "stop_loss", 1, 80) == "INSUFFICIENT_FUNDS"
    assert bench.engine.instruments[SPOT].reduce_only is False
    bench.cancel(stop)
    assert bench.send("sell", 2).status == "filled"


@pytest.mark.parametrize("kind", KINDS)
def test_a_leg_of_a_contract_is_reduce_only_and_binds_nothing(make_bench: Make, kind: str) -> None:
    """An exit passes beside it; with no position it is refused."""
    bench = make_bench(protection=kind)
    assert bench.engine.instruments[PERP].reduce_only is None  # as the account declares: enforced
    assert code_of(bench.protect, "stop_loss", 2, 8, PERP) == "REDUCE_ONLY"
    bench.send("buy", 2, PERP)
    stop = bench.protect("stop_loss", 2, 8, PERP)
    assert bench.send("sell", 2, PERP, reduce_only=True).status == "filled"
    bench.quote(8, 9, PERP)
    assert (stop.status, stop.code, bench.held(PERP)) == ("canceled", "REDUCE_ONLY", 0)


def test_a_reduce_only_pair_binds_nothing(make_bench: Make) -> None:
    """Both legs are as large as the position, and an exit passes beside them."""
    bench = longer(make_bench, "reduce_only_pair", PERP)
    bench.protect("stop_loss", 2, 8, PERP)
    bench.protect("take_profit", 2, 15, PERP)
    assert bench.send("sell", 2, PERP, reduce_only=True).status == "filled"


@pytest.mark.parametrize("touched", ["stop", "target", "exit"])
def test_a_sibling_survives_until_it_is_cancelled(make_bench: Make, touched: str) -> None:
    """The two know nothing of each other, and the venue clears nothing up."""
    bench = longer(make_bench, "reduce_only_pair", PERP)
    stop, target = bench.protect("stop_loss", 2, 8, PERP), bench.protect("take_profit", 2, 15, PERP)
    if touched == "exit":
        bench.send("sell", 2, PERP, reduce_only=True)
    else:
        bench.quote(*((8, 9) if touched == "stop" else (15, 16)), PERP)
    left = [leg for leg in (stop, target) if leg.status is Status.ACCEPTED]
    assert [leg.role for leg in left] == {
        "stop": ["take_profit"],
        "target": ["stop_loss"],
        "exit": ["stop_loss", "take_profit"],
    }[touched]
    for leg in left:
        bench.cancel(leg)
        assert leg.status == "canceled"


def test_a_sibling_that_is_reached_with_no_position_ends_without_a_trade(make_bench: Make) -> None:
    """Reduce-only never opens."""
    bench = longer(make_bench, "reduce_only_pair", PERP)
    target = bench.protect("take_profit", 2, 15, PERP)
    bench.send("sell", 2, PERP)
    bench.quote(15, 16, PERP)
    assert (target.status, target.code, target.fills, bench.held(PERP)) == ("canceled", "REDUCE_ONLY", (), 0)


def test_a_sibling_that_survives_closes_a_later_position(make_bench: Make) -> None:
    """What is forgotten at the venue is dangerous there too."""
    bench = longer(make_bench, "reduce_only_pair", PERP)
    bench.protect("stop_loss", 2, 8, PERP)
    bench.send("sell", 2, PERP)
    bench.send("buy", 5, PERP)
    bench.quote(8, 9, PERP)
    assert bench.held(PERP) == 3


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [
        ("reduce_only_pair", {"trigger": 99}, "WOULD_TRIGGER"),
        ("oco", {"trigger": 100}, "WOULD_TRIGGER"),
        ("oco", {"target_price": 99}, "WOULD_TRIGGER"),
        ("oco", {"target_price": "120.3"}, "PRICE_TICK"),
        ("oco", {"quantity": 3}, "INSUFFICIENT_FUNDS"),
        ("stop_only", {"quantity": "0.001"}, "MIN_QUANTITY"),
        ("stop_only", {"quantity": "0.01"}, "MIN_NOTIONAL"),
        ("reduce_only_pair", {"quantity": "0.0025"}, "LOT_SIZE"),
        ("reduce_only_pair", {"quantity": 0}, "PROTECTION"),
        ("reduce_only_pair", {"trigger": "90.3"}, "PRICE_TICK"),
        ("reduce_only_pair", {"symbol": PERP, "trigger": 8}, "REDUCE_ONLY"),
        ("oco", {"side": Side.BUY, "trigger": 110}, "REDUCE_ONLY"),
        ("stop_only", {"side": Side.BUY, "trigger": 110}, "REDUCE_ONLY"),
        ("reduce_only_pair", {"target_price": 120}, "PROTECTION_KIND"),
        ("stop_only", {"target_price": 120}, "PROTECTION_KIND"),
        ("attached", {"target_price": 120}, "PROTECTION_KIND"),
        ("stop_only", {"role": "take_profit", "trigger": 120}, "PROTECTION_KIND"),
        ("oco", {"role": "take_profit", "trigger": 120, "target_price": 130}, "PROTECTION_KIND"),
        ("none", {}, "PROTECTION_KIND"),
        ("reduce_only_pair", {"position_id": "long"}, "UNKNOWN_POSITION"),
        ("oco", {"symbol": "SOL/USDT"}, "UNKNOWN_SYMBOL"),
    ],
)
def test_a_leg_that_cannot_be_is_refused(make_bench: Make, kind: str, words: dict[str, Any], code: str) -> None:
    """Nothing has changed, and the code says why."""
    bench = longer(make_bench, kind)
    before = bench.engine.counter, bench.engine.ledger.reserved_base[SPOT], len(bench.engine.book.open_items())
    bench.engine.changes()
    assert code_of(bench.protect, **{"role": "stop_loss", "quantity": 2, "trigger": 90, **words}) == code
    assert (bench.engine.counter, bench.engine.ledger.reserved_base[SPOT], len(bench.engine.book.open_items())) == before
    assert not bench.engine.changes().orders


@pytest.mark.parametrize("kind", ["oco", "reduce_only_pair", "stop_only", "none"])
@pytest.mark.parametrize("leg", [{"stop_loss": 90}, {"take_profit": 120}])
def test_an_entry_with_legs_is_refused_where_they_are_not_attached(make_bench: Make, kind: str, leg: dict[str, int]) -> None:
    """It would be taken naked."""
    assert code_of(make_bench(protection=kind).send, "buy", 1, **leg) == "PROTECTION_KIND"


def test_without_a_quote_no_leg_is_taken(make_bench: Make) -> None:
    """Whether it would trade at once cannot be said."""
    bench = longer(make_bench, "oco")
    bench.quote(None, None)
    assert code_of(bench.protect, "stop_loss", 2, 90) == "NO_QUOTE"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_leg_is_an_order_of_its_own(open_desk: Open, kind: str) -> None:
    """Found, listed and cancelled by its names, and its id is never taken again."""
    desk = await open_desk(protection=kind)
    await desk.send("buy", 2)
    placed = await desk.protect("stop_loss", 2, 90, id="leg")
    for names in ({"order_id": placed.order_id}, {"venue_client_order_id": "leg"}):
        assert await desk.venue.fetch_order(ref=OrderRef(**names)) == placed
    [listed] = await desk.venue.fetch_open_orders()
    assert (listed.ref.venue_client_order_id, listed.ref.order_id, listed.leg) == ("leg", placed.order_id, "")
    with pytest.raises(VenueRejected, match="was used before"):
        await desk.protect("stop_loss", 2, 90, id="leg")
    assert (await desk.cancel(placed.order_id)).status == "canceled"
    assert await desk.venue.fetch_open_orders() == []
    assert desk.published == []


async def test_the_fill_of_a_leg_is_published_under_its_own_names(open_desk: Open) -> None:
    """As that of any order."""
    desk = await open_desk(protection="reduce_only_pair")
    await desk.send("buy", 2)
    placed = await desk.protect("stop_loss", 2, 90, id="leg")
    desk.venue.set_quote(SPOT, bid=89, ask=90)
    [update] = desk.published
    assert (update.ref.venue_client_order_id, update.ref.order_id, update.leg) == ("leg", placed.order_id, "")
    assert (update.result.status, update.result.filled_quantity, update.result.fills[0].leg) == ("filled", 2, "")


async def test_a_linked_target_is_published_as_the_stops_whole_state(open_desk: Open) -> None:
    """With the leg's role; by its own id it is found as an order."""
    desk = await open_desk(protection="oco")
    await desk.send("buy", 2)
    placed = await desk.protect("stop_loss", 2, 90, target_price=120, id="leg")
    assert [(update.leg, update.ref.order_id) for update in await desk.venue.fetch_open_orders()] == [
        ("", placed.order_id),
        ("take_profit", placed.order_id),
    ]
    desk.venue.set_quote(SPOT, bid=120, ask=121)
    [update] = desk.published
    assert (update.ref.venue_client_order_id, update.leg, update.result.status) == ("leg", "take_profit", "canceled")
    target = await desk.venue.fetch_order(ref=OrderRef(order_id=placed.legs[0].order_id))
    assert (target.status, target.filled_quantity, target.average_price) == ("filled", 2, 120)


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("kind", ["oco", "reduce_only_pair", "stop_only"])
async def test_legs_survive_a_restart(open_desk: Open, tmp_path: Path, kind: str, durable: bool) -> None:
    """With what they set aside, what they are linked with, and their ids."""
    first = await open_desk(tmp_path, protection=kind, durable=durable)
    await first.send("buy", 2)
    placed = await first.protect("stop_loss", 2, 90, id="leg", **({"target_price": 120} if kind == "oco" else {}))
    everything = await first.everything()
    await first.venue.close()
    second = await open_desk(tmp_path, protection=kind, durable=durable)
    assert await second.everything() == everything
    assert await second.venue.fetch_order(ref=OrderRef(venue_client_order_id="leg")) == placed
    second.venue.set_quote(SPOT, bid=89, ask=90)
    found = await second.venue.fetch_order(ref=OrderRef(venue_client_order_id="leg"))
    assert (found.status, found.filled_quantity) == ("filled", 2)
    assert all(leg.status == "canceled" for leg in found.legs)
    with pytest.raises(VenueRejected, match="was used before"):
        await second.protect("stop_loss", 2, 80, id="leg")


async def test_a_leg_keeps_its_kind_when_the_configuration_is_edited(open_desk: Open, tmp_path: Path) -> None:
    """An edited configuration changes no past."""
    first = await open_desk(tmp_path, protection="oco")
    await first.send("buy", 2)
    placed = await first.protect("stop_loss", 2, 90, target_price=120)
    await first.venue.close()
    second = await open_desk(tmp_path, protection="reduce_only_pair")
    second.venue.set_quote(SPOT, bid=120, ask=121)
    found = await second.venue.fetch_order(ref=OrderRef(order_id=placed.order_id))
    assert (found.status, found.legs) == ("canceled", (evolve(placed.legs[0], status=Status.FILLED, filled_quantity=2),))


moves = st.tuples(st.sampled_from(["quote", "quote", "sell", "buy", "move"]), st.integers(12, 30))


@given(
    kind=st.sampled_from(["oco", "reduce_only_pair", "stop_only"]),
    symbol=st.sampled_from([SPOT, PERP]),
    steps=st.lists(moves, min_size=1, max_size=8),
)
def test_whatever_happens_the_linked_end_together_and_the_others_only_by_themselves(
    make_bench: Make, kind: str, symbol: str, steps: list[tuple[str, int]]
) -> None:
    """A leg that knows nothing of another ends when its own price is touched; nothing is ever sold that is not held."""
    unit = Decimal(5) if symbol == SPOT else Decimal("0.5")  # 12 to 30 of them are 60 to 150, 6 to 15
    bench = longer(make_bench, kind, symbol)
    legs = [bench.protect("stop_loss", 2, 16 * unit, symbol, **({"target_price": 24 * unit} if kind == "oco" else {}))]
    if kind == "reduce_only_pair":
        legs.append(bench.protect("take_profit", 2, 24 * unit, symbol))
    touched = [False for _ in legs]
    for what, number in steps:
        if what == "quote":
            bench.quote(number * unit, number * unit + unit, symbol)
        else:
            with suppress(VenueRejected):
                trade(bench, what, number, unit, symbol, legs[0])
        now = bench.engine.quotes[symbol].bid
        for index, leg in enumerate(legs):
            price = leg.order.stop_price or leg.order.price
            touched[index] |= now <= price if leg.role == "stop_loss" else now >= price
        if kind == "oco":
            assert (legs[0].status is Status.ACCEPTED) == (legs[0].legs[0].status is Status.ACCEPTED)
            assert sum(fill.quantity for fill in legs[0].fills) <= legs[0].order.quantity
        else:
            assert [leg.status is Status.ACCEPTED for leg in legs] == [not each for each in touched]
        assert bench.held(symbol) >= 0
        assert bench.engine.ledger.reserved_base[SPOT] <= bench.held(SPOT)


def trade(bench: Any, what: str, number: int, unit: Decimal, symbol: str, stop: Any) -> None:
    """A buy, a sell of what is held, or a stop that is moved."""
    if what == "move":
        bench.amend(stop, stop_price=number * unit)
    else:
        bench.send(what, Decimal(number) / 10, symbol, reduce_only=what == "sell" and symbol == PERP)
