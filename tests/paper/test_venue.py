# SPDX-License-Identifier: MIT
"""The hooks of the simulated venue: answers, updates, look-ups, health; from a thread, and behind an Account."""

from __future__ import annotations

import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

import fks_exec_paper
from fks_exec import InvalidOrder, NotSent, Order, OrderChange, OrderRef, Protection, Side, UnknownSymbol, VenueRejected
from fks_exec.account import Account
from fks_exec_paper import PaperInstrument, PaperVenue
from fks_exec_paper.declared import CAPABILITIES, narrowed

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


async def test_the_answer_names_the_order_and_its_fill(desk: Any) -> None:
    """And nothing is published of what the answer says."""
    result = await desk.send("buy", 2, client_order_id="mine")
    assert (result.status, result.client_order_id, result.filled_quantity, result.average_price) == (
        "filled",
        "mine",
        2,
        100,
    )
    assert [(fee.currency, fee.amount) for fee in result.fees] == [("USDT", Decimal("0.2"))]
    assert desk.published == []


async def test_a_fill_after_the_answer_is_published_with_every_name(desk: Any) -> None:
    """The order's whole state."""
    placed = await desk.send("buy", 1, order_type="limit", price=90, client_order_id="mine", id="v1")
    assert (placed.status, placed.fills) == ("accepted", ())
    desk.venue.set_quote("btcusdt", bid=89, ask=90)
    [update] = desk.published
    assert (update.ref.client_order_id, update.ref.venue_client_order_id, update.ref.order_id, update.ref.symbol) == (
        "mine",
        "v1",
        placed.order_id,
        SPOT,
    )
    assert (update.result.status, update.result.filled_quantity, update.leg) == ("filled", 1, "")


async def test_a_leg_is_published_as_its_entrys_whole_state(desk: Any) -> None:
    """One update for both legs: the one that filled gives its name."""
    entry = await desk.send("buy", 1, stop_loss=90, take_profit=120)
    desk.venue.set_quote(SPOT, bid=120, ask=121)
    [update] = desk.published
    assert (update.ref.order_id, update.leg, update.result.status) == (entry.order_id, "take_profit", "filled")
    assert [leg.status for leg in update.result.legs] == ["canceled", "filled"]
    assert [fill.leg for fill in update.result.fills] == ["", "take_profit"]


async def test_what_an_order_does_to_others_is_published(desk: Any) -> None:
    """The closing order is answered, the entry whose legs it cancelled is published."""
    entry = await desk.send("buy", 1, stop_loss=90)
    await desk.send("sell", 1)
    [update] = desk.published
    assert (update.ref.order_id, update.leg, update.result.legs[0].status) == (entry.order_id, "stop_loss", "canceled")


async def test_a_quote_that_reaches_nothing_publishes_nothing(desk: Any) -> None:
    """Also when something rests."""
    await desk.send("buy", 1, order_type="limit", price=90)
    desk.venue.set_quote(SPOT, bid=99, ask=101)
    assert desk.published == []


async def test_a_host_that_fails_to_listen_fails_no_order(open_desk: Open, caplog: pytest.LogCaptureFixture) -> None:
    """The order is as it is; the failure is logged."""

    def deaf(update: object) -> None:
        raise RuntimeError("deaf")

    desk = await open_desk(publish=deaf)
    entry = await desk.send("buy", 1, stop_loss=90)
    assert (await desk.send("sell", 1)).status == "filled"
    assert f"publish failed for order {entry.order_id}" in caplog.text


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads give way to each other at almost every step."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("durable", [True, False])
async def test_quotes_may_come_from_many_threads(
    open_desk: Open, tmp_path: Path, durable: bool, restless_threads: None
) -> None:
    """Each of the orders trades once, and is published once."""
    desk = await open_desk(tmp_path, durable=durable)
    for price in range(60, 90):
        await desk.send("buy", "0.1", order_type="limit", price=price)

    start = threading.Barrier(4)

    def fall() -> None:
        start.wait()
        for price in range(95, 50, -1):
            desk.venue.set_quote(SPOT, bid=price, ask=price)

    threads = [threading.Thread(target=fall) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert await desk.venue.fetch_open_orders() == []
    assert len({update.ref.order_id for update in desk.published}) == len(desk.published) == 30


@pytest.mark.parametrize(
    ("prices", "sentence"),
    [
        ({"bid": 2, "ask": 1}, "2 is above the ask of 1"),
        ({"bid": 0, "ask": 1}, "not greater than zero"),
        ({"bid": 1, "ask": -1}, "not greater than zero"),
        ({"bid": 1, "ask": 1.5}, "float"),
    ],
)
async def test_a_quote_that_cannot_be_is_refused(desk: Any, prices: dict[str, Any], sentence: str) -> None:
    """And the old one stands."""
    with pytest.raises(InvalidOrder, match=sentence):
        desk.venue.set_quote(SPOT, **prices)
    assert desk.venue.quotes[SPOT].bid == 99


async def test_a_quote_of_nothing_that_is_listed_is_refused(desk: Any) -> None:
    """With what is."""
    with pytest.raises(UnknownSymbol, match="did you mean BTC/USDT or ETH/USDT:USDT"):
        desk.venue.set_quote("DOGE/USDT", bid=1, ask=2)


async def test_a_look_at_the_market_is_of_now(desk: Any) -> None:
    """A quote stands until another is set: it does not age."""
    desk.venue.set_quote(SPOT, bid=98, ask="98.5", last="98.5")
    first = await desk.venue.fetch_data(symbol=SPOT)
    assert (first.bid, first.ask, first.last) == (98, Decimal("98.5"), Decimal("98.5"))
    assert first.timestamp >= desk.venue.quotes[SPOT].timestamp
    with pytest.raises(UnknownSymbol):
        await desk.venue.fetch_data(symbol="BTCUSDT")


async def test_an_order_is_found_by_any_of_its_names(desk: Any) -> None:
    """And not by another's."""
    result = await desk.send("buy", 1, client_order_id="mine", id="v1")
    for names in ({"order_id": result.order_id}, {"venue_client_order_id": "v1"}, {"client_order_id": "mine"}):
        assert await desk.venue.fetch_order(ref=OrderRef(**names)) == result
    assert await desk.venue.fetch_order(ref=OrderRef(order_id="unknown", venue_client_order_id="v1")) == result
    for names in ({"order_id": "v1"}, {"venue_client_order_id": "mine"}, {"client_order_id": result.order_id}, {}):
        assert await desk.venue.fetch_order(ref=OrderRef(**names)) is None


async def test_a_leg_is_found_and_cancelled_by_its_order_id(desk: Any) -> None:
    """As an order of its own; what became of the entry is published."""
    entry = await desk.send("buy", 1, stop_loss=90, take_profit=120)
    stop, target = entry.legs
    assert (await desk.venue.fetch_order(ref=OrderRef(order_id=stop.order_id))).status == "accepted"
    answer = await desk.cancel(stop.order_id)
    assert (answer.status, answer.order_id) == ("canceled", stop.order_id)
    [update] = desk.published
    assert (update.ref.order_id, update.leg, update.result.protected) == (entry.order_id, "stop_loss", False)
    desk.venue.set_quote(SPOT, bid=120, ask=121)
    found = await desk.venue.fetch_order(ref=OrderRef(order_id=target.order_id))
    assert (found.status, found.filled_quantity, found.average_price, len(found.fills)) == ("filled", 1, 120, 1)


async def test_cancelling_answers_with_the_orders_state(desk: Any) -> None:
    """Cancelled, cancelled already, or filled; the answer is not published as well."""
    resting = await desk.send("buy", 1, order_type="limit", price=90)
    filled = await desk.send("buy", 1)
    assert [(await desk.cancel(resting.order_id)).status for _ in range(2)] == ["canceled", "canceled"]
    assert (await desk.cancel(filled.order_id)).status == "filled"
    assert desk.published == []


async def test_cancelling_what_does_not_exist_is_refused(desk: Any) -> None:
    """With proof."""
    with pytest.raises(VenueRejected) as caught:
        await desk.cancel("nothing")
    assert caught.value.code == "UNKNOWN_ORDER"


async def test_open_orders_are_listed_with_resting_legs_as_their_entrys_state(desk: Any) -> None:
    """Oldest first, with the names that the hub gave."""
    await desk.send("buy", 1, stop_loss=90, take_profit=120, client_order_id="entry")
    await desk.send("sell", 1, PERP, order_type="limit", price=20, client_order_id="limit")
    await desk.send("buy", 1, order_type="limit", price=90, stop_loss=80)
    listed = await desk.venue.fetch_open_orders()
    assert [(u.ref.client_order_id, u.leg, str(u.result.status)) for u in listed] == [
        ("entry", "stop_loss", "filled"),
        ("entry", "take_profit", "filled"),
        ("limit", "", "accepted"),
        (None, "", "accepted"),
    ]


async def test_positions_are_contracts_and_spot_is_a_balance(desk: Any) -> None:
    """As at a real venue."""
    await desk.send("buy", 2)
    await desk.send("sell", 3, PERP)
    [position] = await desk.venue.fetch_positions()
    assert (position.symbol, position.quantity, position.average_price, position.unrealized_pnl) == (PERP, -3, 9, -3)
    usdt, btc = await desk.venue.fetch_balance()
    assert (usdt.currency, usdt.total, usdt.equity) == ("USDT", Decimal("9799.773"), Decimal("9994.773"))
    assert usdt.free == usdt.total - 27 - 3
    assert (btc.currency, btc.total, btc.free) == ("BTC", 2, 2)


async def test_without_a_quote_equity_and_profit_are_unknown_not_wrong(desk: Any) -> None:
    """The rest is still told."""
    await desk.send("buy", 1, PERP)
    desk.venue.set_quote(PERP, bid=None, ask=None)
    [position] = await desk.venue.fetch_positions()
    assert (position.quantity, position.unrealized_pnl) == (1, None)
    assert (await desk.money()).equity is None


async def test_a_debt_is_told_but_nothing_of_it_is_free(desk: Any) -> None:
    """Contracts can lose more than there is: nobody liquidates here."""
    await desk.send("sell", 900, PERP)
    desk.venue.set_quote(PERP, bid=99, ask=100)
    assert (await desk.money()).equity < 0
    assert (await desk.money()).free == 0


async def test_instruments_have_the_configured_rules(desk: Any) -> None:
    """In the record that hosts know."""
    instrument = await desk.venue.fetch_instrument(symbol=SPOT)
    assert (instrument.min_notional, instrument.price_tick, instrument.base) == (5, Decimal("0.5"), "BTC")
    with pytest.raises(UnknownSymbol):
        await desk.venue.fetch_instrument(symbol="DOGE/USDT")


async def test_health_names_the_instruments_without_a_quote(open_desk: Open) -> None:
    """With the remedy; a venue that keeps nothing says so."""
    desk = await open_desk(instruments=[PaperInstrument(symbol=SPOT, bid=1, ask=2), PaperInstrument(symbol="X/USDT", bid=1)])
    quotes, state = (await desk.venue.health_check()).checks
    assert (quotes.ok, quotes.message) == (False, "no bid or no ask of X/USDT")
    assert "set_quote" in quotes.remedy
    assert (state.ok, state.message) == (True, "nothing is kept: the account has no folder")
    desk.venue.set_quote("X/USDT", bid=1, ask=2)
    assert await desk.venue.health_check()


async def test_the_quotes_that_are_handed_out_change_nothing(desk: Any) -> None:
    """They are a copy."""
    dict.clear(desk.venue.quotes)
    assert (await desk.send("buy", 1)).status == "filled"


async def test_before_it_is_opened_and_after_it_is_closed_nothing_is_taken(desk: Any) -> None:
    """Closing twice is fine."""
    await desk.venue.close()
    await desk.venue.close()
    for venue in (PaperVenue(), desk.venue):
        desk.venue = venue
        with pytest.raises(NotSent, match="is not open"):
            await desk.send("buy", 1)
        with pytest.raises(NotSent, match="is not open"):
            desk.venue.set_quote(SPOT, bid=1, ask=2)


@pytest.mark.parametrize("durable", [True, False])
async def test_nothing_blocks_the_event_loop(open_desk: Open, tmp_path: Path, durable: bool) -> None:
    """What waits for a disk does so in a thread."""
    with blockbuster_ctx():
        desk = await open_desk(tmp_path, durable=durable)
        resting = await desk.send("buy", 1, order_type="limit", price=90, stop_loss=80)
        desk.venue.set_quote(SPOT, bid=89, ask=90)
        await desk.cancel(resting.legs[0].order_id)
        await desk.everything()
        assert await desk.venue.health_check()
        await desk.venue.close()


async def test_what_concerns_only_the_caller_does_not_reach_the_venue(desk: Any) -> None:
    """Strategy, confidence, time of the signal: a real venue never hears of them."""
    words = {"strategy": "s", "confidence": "0.9", "signal_time": 1, "options": {"a": 1}}
    placed = await desk.send("buy", 1, client_order_id="mine", **words)
    kept = desk.venue._account._engine.book.find(OrderRef(order_id=placed.order_id)).entry.order
    assert (kept.strategy, kept.confidence, kept.signal_time, dict(kept.options)) == (None, None, None, {})
    assert kept.client_order_id == "mine"


async def test_behind_an_account_it_keeps_the_contract(make_config: Callable[..., Any], tmp_path: Path) -> None:
    """Core verifies hooks and capabilities at the opening; an update arrives on the loop."""
    updates: list[Any] = []
    [kind] = fks_exec_paper.fks_exec_venues()
    async with Account("p", kind, make_config(), state_dir=tmp_path, on_update=updates.append) as account:
        assert account.display_name == "Paper"
        assert account.resolve_symbol("BINANCE:BTCUSDT") == SPOT
        assert account.capabilities == narrowed(make_config())
        filled = await account.execute_order(Order(symbol=SPOT, side="buy", quantity=1, stop_loss=90))
        assert (filled.status, filled.protected) == ("filled", True)
        refused = await account.execute_order(Order(symbol=SPOT, side="buy", quantity="0.0005"))
        assert (refused.status, refused.code) == ("rejected", "MIN_QUANTITY")
        await account.execute_order(Order(symbol=SPOT, side="sell", quantity=1))
        assert [update.leg for update in updates] == ["stop_loss"]
        assert await account.health_check()


async def test_behind_an_account_a_position_is_protected_and_the_stop_is_moved(
    make_config: Callable[..., Any], tmp_path: Path
) -> None:
    """What is declared is what core calls."""
    updates: list[Any] = []
    [kind] = fks_exec_paper.fks_exec_venues()
    config = make_config(protection="oco")
    async with Account("p", kind, config, state_dir=tmp_path, on_update=updates.append) as account:
        await account.execute_order(Order(symbol=SPOT, side="buy", quantity=1))
        leg = Protection(
            role="stop_loss", symbol=SPOT, side=Side.SELL, quantity=1, trigger_price=Decimal(90), target_price=Decimal(120)
        )
        placed = await account.protect_position(leg)
        assert (placed.status, [each.role for each in placed.legs]) == ("accepted", ["take_profit"])
        again = await account.protect_position(leg)
        assert (again.status, again.code) == ("rejected", "INSUFFICIENT_FUNDS")
        moved = await account.amend_order(OrderRef(order_id=placed.order_id), OrderChange(stop_price=Decimal(95)))
        assert (moved.status, moved.order_id) == ("accepted", placed.order_id)
        refused = await account.amend_order(OrderRef(order_id=placed.order_id), OrderChange(stop_price=Decimal(99)))
        assert (refused.status, refused.code) == ("rejected", "WOULD_TRIGGER")
        assert (await account.fetch_instrument(SPOT)).reduce_only is False
        assert updates == []


@pytest.mark.parametrize("change", [{"protection": "none"}, {"amend": False}])
async def test_an_object_that_can_less_is_opened_with_the_upper_bound(
    make_config: Callable[..., Any], change: dict[str, Any]
) -> None:
    """A venue that is handed over as an object has its hooks before it has its configuration."""
    async with Account("p", PaperVenue(), make_config(**change), capabilities=CAPABILITIES) as account:
        assert account.capabilities == narrowed(make_config(**change))
