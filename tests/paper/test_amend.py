# SPDX-License-Identifier: MIT
"""What rests is changed in place: quantity and prices of orders, triggers of legs; a refused change changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fks_exec import OrderRef, Status, VenueRejected, to_dict

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Make = Callable[..., Any]
Open = Callable[..., Awaitable[Any]]


def refused(bench: Any, entry: Any, leg: str = "", **change: Any) -> str | None:
    """The code of a change that is refused, and changes nothing."""
    before = to_dict(entry), bench.engine.ledger.reserved_cash, [item.price for item in bench.engine.book.open_items()]
    bench.engine.changes()
    with pytest.raises(VenueRejected) as caught:
        bench.amend(entry, leg, **change)
    after = to_dict(entry), bench.engine.ledger.reserved_cash, [item.price for item in bench.engine.book.open_items()]
    assert after == before
    assert not bench.engine.changes().orders
    return caught.value.code


def test_a_resting_limit_moves_to_its_new_price_and_size(bench: Any) -> None:
    """With what is set aside for it; it trades there and not where it was."""
    entry = bench.send("buy", 1, order_type="limit", price=90)
    bench.amend(entry, price=80, quantity=2)
    assert bench.engine.ledger.reserved_cash == Decimal("160.16")
    bench.quote(89, 90)
    assert entry.status == "accepted"
    bench.quote(79, 80)
    assert (entry.status, entry.fills[0].price, entry.fills[0].quantity) == ("filled", 80, 2)
    assert bench.engine.ledger.reserved_cash == 0


def test_a_limit_that_is_moved_into_the_market_trades_at_once(bench: Any) -> None:
    """At the quote."""
    entry = bench.send("buy", 1, order_type="limit", price=90)
    bench.amend(entry, price=105)
    assert (entry.status, entry.fills[0].price) == ("filled", 100)


def test_a_stop_order_moves_its_trigger(bench: Any) -> None:
    """Up and down."""
    entry = bench.send("buy", 1, order_type="stop", stop_price=110)
    bench.amend(entry, stop_price=105)
    bench.quote(104, 105)
    assert entry.status == "filled"


def test_a_triggered_stop_limit_is_changed_as_the_limit_that_it_is(bench: Any) -> None:
    """Its stop price is of the past."""
    entry = bench.send("buy", 1, order_type="stop_limit", stop_price=105, price=106)
    bench.quote(109, 110)
    assert refused(bench, entry, stop_price=107) == "AMEND"
    bench.amend(entry, price=108)
    bench.quote(107, 108)
    assert (entry.status, entry.fills[0].price) == ("filled", 108)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price": "90.3"}, "PRICE_TICK"),
        ({"quantity": "0.001"}, "MIN_QUANTITY"),
        ({"quantity": 2000}, "MAX_QUANTITY"),
        ({"quantity": "0.05"}, "MIN_NOTIONAL"),
        ({"quantity": 112}, "INSUFFICIENT_FUNDS"),
        ({"stop_price": 95}, "AMEND"),
        ({"stop_loss": 80}, "AMEND"),
        ({"take_profit": 120}, "AMEND"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(bench: Any, change: dict[str, Any], code: str) -> None:
    """The rules are those of a new order."""
    assert refused(bench, bench.send("buy", 1, order_type="limit", price=90), **change) == code


def test_a_change_is_measured_without_what_the_order_has_set_aside(bench: Any) -> None:
    """Else a large order could never be changed."""
    entry = bench.send("buy", 100, order_type="limit", price=90)
    bench.amend(entry, price=95)
    assert bench.engine.ledger.reserved_cash == Decimal("9509.5")


def test_a_post_only_order_is_not_moved_into_the_market(bench: Any) -> None:
    """It stays where it is."""
    entry = bench.send("buy", 1, order_type="limit", price=90, post_only=True)
    assert refused(bench, entry, price=100) == "POST_ONLY"


def test_what_has_ended_is_not_changed(bench: Any) -> None:
    """Filled or cancelled."""
    filled, rested = bench.send("buy", 1), bench.send("buy", 1, order_type="limit", price=90)
    bench.cancel(rested)
    assert refused(bench, filled, quantity=2) == "ORDER_ENDED"
    assert refused(bench, rested, price=80) == "ORDER_ENDED"


def test_the_legs_of_a_filled_entry_are_moved_through_it(bench: Any) -> None:
    """Both at once; its size is not changed any more."""
    entry = bench.send("buy", 2, stop_loss=90, take_profit=120)
    assert refused(bench, entry, quantity=3, stop_loss=95) == "ORDER_ENDED"
    bench.amend(entry, stop_loss=95, take_profit=110)
    assert [leg.trigger_price for leg in entry.legs] == [95, 110]
    bench.quote(95, 96)
    assert [str(leg.status) for leg in entry.legs] == ["filled", "canceled"]


def test_a_leg_that_was_moved_away_is_not_reached_where_it_was(bench: Any) -> None:
    """It waits at its new price alone."""
    entry = bench.send("buy", 2, stop_loss=90, take_profit=120)
    bench.amend(entry, stop_loss=80, take_profit=130)
    bench.quote(89, 90)
    bench.quote(121, 122)
    assert [str(leg.status) for leg in entry.legs] == ["accepted", "accepted"]
    bench.quote(80, 81)
    assert entry.fills[1].price == 80


def test_the_legs_of_a_resting_entry_follow_it(bench: Any) -> None:
    """Size and triggers; on the wrong side of the new price they are refused."""
    entry = bench.send("buy", 2, order_type="limit", price=95, stop_loss=90, take_profit=120)
    assert refused(bench, entry, price=90) == "STOP_LOSS_SIDE"
    bench.amend(entry, price=90, stop_loss=85, quantity=3)
    assert [(leg.trigger_price, leg.quantity, str(leg.status)) for leg in entry.legs] == [
        (85, 3, "pending"),
        (120, 3, "pending"),
    ]
    assert refused(bench, entry, "stop_loss", quantity=1) == "AMEND"
    bench.amend(entry, "stop_loss", stop_price=80)
    bench.quote(89, 90)
    bench.quote(81, 82)
    assert entry.legs[0].status is Status.ACCEPTED
    bench.quote(80, 81)
    assert bench.held() == 0


@pytest.mark.parametrize(
    ("leg", "change", "code"),
    [
        ("stop_loss", {"stop_price": 99}, "WOULD_TRIGGER"),
        ("take_profit", {"price": 99}, "WOULD_TRIGGER"),
        ("stop_loss", {"stop_price": "90.3"}, "PRICE_TICK"),
        ("stop_loss", {"quantity": "0.001"}, "MIN_QUANTITY"),
        ("stop_loss", {"price": 90}, "AMEND"),
        ("take_profit", {"price": 110, "stop_loss": 90}, "AMEND"),
        ("", {"stop_loss": 99}, "WOULD_TRIGGER"),
        ("", {"take_profit": 99}, "WOULD_TRIGGER"),
    ],
)
def test_a_leg_is_not_moved_to_where_it_cannot_be(bench: Any, leg: str, change: dict[str, Any], code: str) -> None:
    """A position is closed by an order, not by a stop that is hit when it is sent."""
    entry = bench.send("buy", 2, stop_loss=90, take_profit=120)
    assert refused(bench, entry, leg, **change) == code


def test_one_leg_is_changed_by_its_own_id(bench: Any) -> None:
    """Trigger and size."""
    entry = bench.send("buy", 2, stop_loss=90, take_profit=120)
    bench.amend(entry, "take_profit", price=110, quantity=1)
    bench.quote(110, 111)
    assert (entry.fills[1].price, entry.fills[1].quantity, bench.held()) == (110, 1, 1)
    assert refused(bench, entry, "take_profit", price=130) == "ORDER_ENDED"


@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair", "stop_only"])
def test_a_stop_that_was_placed_by_itself_is_moved_as_an_order(make_bench: Make, kind: str) -> None:
    """Beyond the market it is refused, and stands as it was."""
    bench = make_bench(protection=kind)
    bench.send("buy", 2)
    stop = bench.protect("stop_loss", 2, 90)
    assert refused(bench, stop, stop_price=99) == "WOULD_TRIGGER"
    bench.amend(stop, stop_price=95, quantity=1)
    bench.quote(95, 96)
    assert (stop.status, bench.held()) == ("filled", 1)


def test_what_is_linked_keeps_one_size(make_bench: Make) -> None:
    """Whichever of the two is changed; what is set aside follows."""
    bench = make_bench(protection="oco")
    bench.send("buy", 2)
    stop = bench.protect("stop_loss", 2, 90, target_price=120)
    bench.amend(stop, quantity=1, stop_price=95)
    assert (stop.legs[0].quantity, bench.engine.ledger.free_base(SPOT)) == (1, 1)
    bench.amend(stop, "take_profit", quantity="1.5", price=110)
    assert (stop.order.quantity, stop.legs[0].trigger_price, bench.engine.ledger.free_base(SPOT)) == (
        Decimal("1.5"),
        110,
        Decimal("0.5"),
    )
    assert refused(bench, stop, "take_profit", price=99) == "WOULD_TRIGGER"
    assert refused(bench, stop, quantity=3) == "INSUFFICIENT_FUNDS"
    bench.quote(110, 111)
    assert (stop.status, stop.fills[0].quantity, bench.held()) == ("canceled", Decimal("1.5"), Decimal("0.5"))


async def test_the_answer_is_the_changed_order_and_a_restart_knows_it(open_desk: Open, tmp_path: Path) -> None:
    """A leg that is changed by its id is published as its entry's state."""
    first = await open_desk(tmp_path)
    resting = await first.send("buy", 1, order_type="limit", price=90)
    entry = await first.send("buy", 2, stop_loss=90)
    assert (await first.amend(resting.order_id, price=80)).status == "accepted"
    assert first.published == []
    answer = await first.amend(entry.legs[0].order_id, stop_price=95)
    assert (answer.status, answer.order_id) == ("accepted", entry.legs[0].order_id)
    [update] = first.published
    assert (update.ref.order_id, update.leg, update.result.legs[0].trigger_price) == (entry.order_id, "stop_loss", 95)
    everything = await first.everything()
    await first.venue.close()
    second = await open_desk(tmp_path)
    assert await second.everything() == everything
    second.venue.set_quote(SPOT, bid=95, ask=96)
    found = await second.venue.fetch_order(ref=OrderRef(order_id=entry.order_id))
    assert found.legs[0].status == "filled"


async def test_changing_what_does_not_exist_is_refused(open_desk: Open) -> None:
    """With proof."""
    desk = await open_desk()
    with pytest.raises(VenueRejected) as caught:
        await desk.amend("nothing", price=1)
    assert caught.value.code == "UNKNOWN_ORDER"
