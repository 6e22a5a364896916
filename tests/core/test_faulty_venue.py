# SPDX-License-Identifier: MIT
"""The simulated venue without faults: its market, its rules, its controls, its record; and the script's choosing."""

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec import Account, InvalidOrder, NotSupported, Order, OrderChange, OrderRef, OrderUpdate, VenueRejected
from fks_exec.testing import (
    CAPABILITIES,
    FAULTS,
    AcceptThenDrop,
    AcceptThenHang,
    ByChance,
    Fault,
    FaultyVenue,
    Lost,
    Match,
    Refuse,
    Request,
    Rest,
    fault_from_dict,
    fault_to_dict,
    read_requests,
)
from fks_exec_simulators.stage import ACCOUNT, buy, configure, hub_on, sell, until

BTC = "BTC/USDT"


def ref(name: str | None) -> OrderRef:
    """By the venue's id."""
    return OrderRef(order_id=name)


async def test_limits_fill_at_the_market_they_cross_and_stops_when_it_reaches_them() -> None:
    venue, heard = FaultyVenue(), list[OrderUpdate]()
    async with Account("mine", venue, on_update=heard.append) as account:
        limit = await account.execute_order(buy(order_type="limit", price="95"))
        stop = await account.execute_order(buy(order_type="stop", stop_price="110"))
        assert (limit.status, stop.status) == ("accepted", "accepted")
        venue.set_price(BTC, "94", "94.5")
        venue.set_price(BTC, "111", "112")
        await until(lambda: len(heard) == 2)
        assert [update.result.average_price for update in heard] == [Decimal("94.5"), Decimal(112)]
        assert (await account.fetch_data(BTC)).ask == 112


async def test_positions_and_cash_follow_the_trades() -> None:
    venue = FaultyVenue(fee_rate="0.01", balance=1000)
    async with Account("mine", venue) as account:
        await account.execute_order(buy("2"))
        venue.set_price(BTC, 120)
        await account.execute_order(buy("2"))
        [position] = await account.fetch_positions()
        assert (position.quantity, position.average_price) == (4, 110)
        venue.set_price(BTC, 130)
        [balance] = await account.fetch_balance()
        assert (balance.total, balance.equity) == (1000 - Decimal("4.4"), 1000 - Decimal("4.4") + 80)
        result = await account.execute_order(sell("6"))
        [position] = await account.fetch_positions()
        assert (position.quantity, position.average_price, position.realized_pnl) == (-2, 130, 80)
        assert (result.fills[0].fee, result.fills[0].fee_currency) == (Decimal("7.8"), "USDT")
        await account.execute_order(buy("2"))
        assert await account.fetch_positions() == []


async def test_reduce_only_is_enforced() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        refused = await account.execute_order(sell(reduce_only=True))
        assert (refused.status, refused.code, venue.placed) == ("rejected", "REDUCE_ONLY", [])
        await account.execute_order(buy("1"))
        cut = await account.execute_order(sell("3", reduce_only=True))
        assert (cut.status, cut.filled_quantity, venue.position(BTC)) == ("canceled", 1, 0)


async def test_a_venue_may_declare_reduce_only_and_not_keep_it() -> None:
    venue = FaultyVenue(enforce_reduce_only=False)
    async with Account("mine", venue) as account:
        await account.execute_order(sell(reduce_only=True))
        assert venue.position(BTC) == -1


async def test_post_only_and_fill_or_kill_are_kept() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        taking = await account.execute_order(buy(order_type="limit", price="100", post_only=True))
        missing = await account.execute_order(buy(order_type="limit", price="90", time_in_force="fok"))
        assert (taking.code, missing.status) == ("POST_ONLY", "canceled")


async def test_an_order_is_amended_in_place() -> None:
    venue = FaultyVenue([Rest()])
    async with Account("mine", venue) as account:
        resting = await account.execute_order(buy("2", order_type="limit", price="90"))
        venue.fill(venue.placed[0], 1)
        refused = await account.amend_order(ref(resting.order_id), OrderChange(quantity=1))
        assert refused.code == "TOO_SMALL"
        await account.amend_order(ref(resting.order_id), OrderChange(quantity=3, price="91"))
        assert (venue.placed[0].remaining, venue.placed[0].order.price) == (2, 91)
        await account.cancel_order(ref(resting.order_id))
        assert (await account.amend_order(ref(resting.order_id), OrderChange(price="92"))).code == "NOT_OPEN"
        assert (await account.cancel_order(ref("none"))).code == "UNKNOWN_ORDER"


async def test_the_venue_cancels_and_expires_of_its_own_accord() -> None:
    venue, heard = FaultyVenue([Rest(), Rest()]), list[OrderUpdate]()
    async with Account("mine", venue, on_update=heard.append) as account:
        first, second = [await account.execute_order(buy()) for _ in range(2)]
        venue.cancel_by_venue(first.order_id or "")
        venue.expire(venue.placed[1])
        venue.expire(venue.placed[1])
        await until(lambda: len(heard) == 2)
        assert [update.result.status for update in heard] == ["canceled", "expired"]
        assert [update.ref.order_id for update in heard] == [first.order_id, second.order_id]


async def test_a_canceled_order_can_still_fill() -> None:
    venue = FaultyVenue([Rest()])
    async with Account("mine", venue) as account:
        await account.execute_order(buy())
        venue.cancel_by_venue(venue.placed[0])
        venue.fill(venue.placed[0])
        assert (venue.placed[0].status, venue.position(BTC)) == ("filled", 1)


async def test_foreign_orders_and_hands_are_seen_and_not_published() -> None:
    venue, heard = FaultyVenue(), list[OrderUpdate]()
    async with Account("mine", venue, on_update=heard.append) as account:
        foreign = venue.place_foreign(buy(order_type="limit", price="90"))
        venue.adjust_position(BTC, "-0.5")
        [found] = await account.fetch_open_orders()
        assert (found.ref.order_id, found.ref.venue_client_order_id, foreign.foreign) == (foreign.order_id, None, True)
        venue.fill(foreign)
        assert venue.position(BTC) == Decimal("-0.5")
        await asyncio.sleep(0)
        assert heard == []


async def test_what_is_not_published_is_lost() -> None:
    venue, heard = FaultyVenue([Rest()]), list[OrderUpdate]()
    async with Account("mine", venue, on_update=heard.append) as account:
        await account.execute_order(buy())
        venue.publishing = False
        venue.fill(venue.placed[0])
        venue.publishing = True
        await asyncio.sleep(0)
        assert (heard, venue.placed[0].status, venue.publishing) == ([], "filled", True)


@pytest.mark.parametrize("resolution", ["by_id", "by_scan", "none"])
async def test_capabilities_are_as_the_venue_is_made(resolution: str) -> None:
    abilities = CAPABILITIES.abilities - {"fetch_order"}
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, resolution=resolution, abilities=abilities, publishes=False))
    async with Account("mine", venue) as account:
        assert (account.capabilities.resolution, venue.publishing) == (resolution, False)
        with pytest.raises(NotSupported):
            await account.fetch_order(ref("1"))


async def test_a_hub_opens_it_as_the_venue_faulty_and_it_outlives_the_hub(tmp_path: Path) -> None:
    venue = FaultyVenue([Rest()])
    config = configure(tmp_path, account={"venue": "faulty"})
    for _ in range(2):
        async with hub_on(venue.plugin, config) as hub:  # type: ignore[arg-type]
            await hub.execute_order(ACCOUNT, buy())
    assert (venue.count(), venue.count("open"), len(venue.placed)) == (2, 2, 2)
    assert all(request.account == ACCOUNT and request.client_order_id for request in venue.requests if request.kind == "place")


async def test_requests_are_recorded_as_they_arrive(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    assert read_requests(path) == []
    venue = FaultyVenue([Refuse(), AcceptThenDrop()], record=path)
    async with Account("mine", venue) as account:
        await account.execute_order(buy("0.5", client_order_id="a"))
        await account.execute_order(buy("0.5"), account.submission("NAME"))
        await account.cancel_order(OrderRef(venue_client_order_id="NAME", symbol=BTC))
    venue.exchange.close()
    written = read_requests(path)
    assert written == venue.requests
    assert [(r.kind, r.fault, r.fate) for r in written] == [
        ("open", "Match", "done"),
        ("place", "Refuse", "refused"),
        ("place", "AcceptThenDrop", "placed"),
        ("cancel", "Match", "done"),
    ]
    assert (written[1].client_order_id, written[2].order_id, written[3].venue_client_order_id) == ("a", "V1", "NAME")
    assert (written[2].quantity, written[2].side, written[2].arrival) == (Decimal("0.5"), "buy", 3)
    path.write_text(path.read_text("utf-8") + '{"arrival": 5, "ki', "utf-8")
    assert read_requests(path) == written


def test_a_fault_waits_for_its_own_kind_of_request() -> None:
    async def trade() -> list[str]:
        venue = FaultyVenue([Refuse(on="cancel"), Refuse()])
        async with Account("mine", venue) as account:
            refused, taken = await account.execute_order(buy()), await account.execute_order(buy())
            canceled = await account.cancel_order(ref(taken.order_id))
        return [refused.status, taken.status, canceled.status]

    assert asyncio.run(trade()) == ["rejected", "filled", "rejected"]


async def test_faults_are_chosen_by_the_request() -> None:
    venue = FaultyVenue([Match()], otherwise=lambda request: Refuse() if request.symbol == BTC else None)
    async with Account("mine", venue) as account:
        results = [await account.execute_order(buy(symbol=symbol)) for symbol in (BTC, BTC, "ETH/USDT")]
        assert [result.status for result in results] == ["filled", "rejected", "filled"]
        venue.choose(None)
        venue.follow(Lost())
        assert [(await account.execute_order(buy())).status for _ in range(2)] == ["unknown", "filled"]
        assert (venue.count(), venue.count(symbol=BTC), venue.count(fate="placed")) == (5, 4, 3)


def request(arrival: int) -> Request:
    return Request(arrival=arrival, kind="place", time=0)


def test_chance_gives_the_same_faults_for_the_same_seed_and_about_its_share() -> None:
    shares: dict[Fault, float] = {Lost(): 0.2, Refuse(): 0.1, Refuse(on="cancel"): 0.7}
    first, again, other = (
        [chance(request(n)) for n in range(1000)] for chance in (ByChance(shares, 7), ByChance(shares, 7), ByChance(shares, 8))
    )
    assert first == again != other
    assert 150 < first.count(Lost()) < 250
    assert 60 < first.count(Refuse()) < 140
    assert Refuse(on="cancel") not in first


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_plain_data_and_back(name: str) -> None:
    fault = FAULTS[name](on="scan")
    assert fault_from_dict(json.loads(json.dumps(fault_to_dict(fault)))) == fault


def test_plain_data_names_what_differs_and_is_read_strictly() -> None:
    assert fault_to_dict(Refuse("no margin")) == {"fault": "Refuse", "message": "no margin"}
    with pytest.raises(InvalidOrder, match="'Nothing' is not one of Match"):
        fault_from_dict({"fault": "Nothing"})
    with pytest.raises(InvalidOrder, match="did you mean retryable"):
        fault_from_dict({"fault": "Refuse", "retriable": True})


async def test_what_the_venue_does_not_know_it_says() -> None:
    venue = FaultyVenue()
    with pytest.raises(VenueRejected):
        venue.fill("V9")
    with pytest.raises(InvalidOrder):
        FaultyVenue(price=0.1)  # type: ignore[arg-type]


async def test_a_fault_of_orders_cannot_meet_another_request() -> None:
    venue = FaultyVenue([Rest(on="quote")])
    async with Account("mine", venue) as account:
        with pytest.raises(TypeError, match="'quote' has none"):
            await account.fetch_data(BTC)


async def test_arrived_waits_for_requests_that_are_still_to_come() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        waiting = asyncio.ensure_future(venue.arrived("place", 2))
        order: Order = buy()
        await account.execute_order(order)
        assert not waiting.done()
        await account.execute_order(order)
        await asyncio.wait_for(waiting, 5)
        await venue.arrived("place", 2)


def test_it_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, fks_exec; assert not [name for name in sys.modules if name.startswith('fks_exec.testing')]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.usefixtures("nonblocking")
async def test_it_does_not_block_the_loop() -> None:
    venue = FaultyVenue([AcceptThenHang()])
    async with Account("mine", venue) as account:
        sending = asyncio.ensure_future(account.execute_order(buy()))
        await venue.arrived()
        venue.release()
        assert (await sending).status == "filled"
        venue.set_price(BTC, 101)


async def test_a_venue_that_is_away_is_not_well_and_sees_no_request() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        assert await account.health_check()
        venue.away = True
        assert not await account.health_check()
        assert (await account.execute_order(Order(symbol="BTC/USDT", side="buy", quantity=1))).status == "unknown"
        venue.away = False
        assert await account.health_check()
    assert venue.count("place") == 0


async def test_one_symbol_is_not_listed() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        for ask in (account.fetch_data, account.fetch_instrument):
            with pytest.raises(VenueRejected, match="there is no instrument NO/SUCH"):
                await ask("NO/SUCH")
        assert (await account.execute_order(Order(symbol="NO/SUCH", side="buy", quantity=1))).code == "UNKNOWN_SYMBOL"
    assert not venue.placed
