# SPDX-License-Identifier: MIT
"""An order that rests is changed in place: judged as what it becomes, reserved at its worst, asked for once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import AccountState, Alarm, Denial, InvalidOrder, NotSupported, Order, OrderChange, hookimpl
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    FailLookUp,
    Fill,
    Lost,
    PartialFill,
    Refuse,
    Rest,
    Unsent,
)
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.observers import Recorder
from fks_exec_simulators.stage import ACCOUNT, configure, sell, until


class Ceiling:
    """A guard: our open orders of an instrument and its position stay below a quantity; it needs the equity to be known."""

    def __init__(self, most: str = "2") -> None:
        self.most = Decimal(most)
        self.seen: list[tuple[Decimal, Decimal]] = []

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> list[Denial]:
        self.seen.append((order.quantity, account.working_buy))
        if order.quantity + account.working_buy > self.most:
            return [Denial(code="TOO_LARGE", message="above the ceiling")]
        return [Denial(code="NO_EQUITY", message="the equity is not known")] if account.equity is None else []


@asynccontextmanager
async def hub_at(venue: Venue, folder: Path, *plugins: object, **account: Any) -> AsyncIterator[ExecutionHub]:
    """A hub with one account on this venue."""
    config = configure(folder, account={"venue": "faulty", "deadline": 1, "poll": 0.05, "polls_per_second": 50, **account})
    async with ExecutionHub.open(config, plugins=[venue.plugin, *plugins]) as hub:
        yield hub


def limit(name: str = "one", quantity: str = "1", **more: Any) -> Order:
    """A buy far below the market."""
    words = {"order_type": "limit", "price": "50", "client_order_id": name, **more}
    return Order(symbol="BTC/USDT", side="buy", quantity=quantity, **words)


def working(hub: ExecutionHub) -> Decimal:
    """What our open orders may still buy."""
    return hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy


async def counts_agree(hub: ExecutionHub, venue: Venue, number: int, name: str = "one") -> None:
    """As many requests at the venue as attempts in the journal."""
    recorded = await hub.journal.order(Key(ACCOUNT, name))
    assert recorded is not None
    attempts = sum(attempt.purpose == "amend" for attempt in recorded.attempts)
    assert (venue.count("amend"), attempts) == (number, number)


async def test_a_price_is_changed(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(price="60"))
        assert (result.status, result.code, result.client_order_id) == ("accepted", None, "one")
        assert venue.placed[0].order.price == 60
        assert working(hub) == 1
        await counts_agree(hub, venue, 1)


async def test_a_change_that_makes_it_trade_tells_the_fill(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(price="101"))
        assert (result.status, result.filled_quantity) == ("filled", 1)
        [position] = await hub.positions(ACCOUNT)
        assert position.quantity == 1
        assert working(hub) == 0


async def test_what_it_grows_by_is_reserved_before_the_venue_is_asked(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang(on="amend")])
    async with hub_at(venue, tmp_path, deadline=5) as hub:
        await hub.execute_order(ACCOUNT, limit())
        amend = asyncio.create_task(hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5")))
        await venue.arrived("amend")
        assert working(hub) == Decimal("1.5")
        venue.release()
        assert (await amend).status == "accepted"
        assert working(hub) == Decimal("1.5")
        assert venue.placed[0].order.quantity == Decimal("1.5")


async def test_what_it_shrinks_by_is_free_only_when_the_venue_has_done_it(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang(on="amend")])
    async with hub_at(venue, tmp_path, deadline=5) as hub:
        await hub.execute_order(ACCOUNT, limit())
        amend = asyncio.create_task(hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5")))
        await venue.arrived("amend")
        assert working(hub) == 1
        venue.release()
        await amend
        assert working(hub) == Decimal("0.5")


async def test_the_guards_judge_what_it_becomes(tmp_path: Path) -> None:
    """Without the order's own reservation, and what is filled already."""
    venue, ceiling = Venue([PartialFill(share="0.5")]), Ceiling("2")
    async with hub_at(venue, tmp_path, ceiling) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="3"))
        assert (result.status, result.code) == ("denied", "TOO_LARGE")
        assert [denial.code for denial in result.denials] == ["TOO_LARGE"]
        assert ceiling.seen[-1] == (Decimal("2.5"), Decimal(0))
        assert working(hub) == Decimal("0.5")
        found = await hub.order(ACCOUNT, "one")
        assert found is not None
        assert found.status == "partially_filled"
        await counts_agree(hub, venue, 0)
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="2"))).status == "partially_filled"
        assert working(hub) == Decimal("1.5")


async def test_a_smaller_quantity_passes_the_guards_without_equity(tmp_path: Path) -> None:
    venue, ceiling = Venue([Rest()]), Ceiling("2")
    async with hub_at(venue, tmp_path, ceiling) as hub:
        await hub.execute_order(ACCOUNT, limit())
        hub._desks[ACCOUNT].equity.get = _nothing  # type: ignore[method-assign]
        hub._desks[ACCOUNT].equity.known = lambda max_age: None  # type: ignore[method-assign]
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(price="49"))).code == "NO_EQUITY"
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5", price="49"))).code == "NO_EQUITY"
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5"))).status == "accepted"
        await counts_agree(hub, venue, 1)


async def _nothing(seconds: float) -> None:
    return None


@pytest.mark.parametrize("fault", [Refuse("too late", on="amend"), Unsent(on="amend")], ids=["refused", "not sent"])
async def test_what_the_venue_did_not_change_is_as_it_was(tmp_path: Path, fault: Any) -> None:
    venue = Venue([fault])
    async with hub_at(venue, tmp_path) as hub:
        before = await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5"))
        assert (result.status, result.code) == ("accepted", "AMEND_REFUSED")
        assert "as it was" in (result.error or "")
        assert fault.message in (result.error or "")
        assert (await hub.order(ACCOUNT, "one"), working(hub)) == (before, 1)
        await counts_agree(hub, venue, 1)
    async with hub_at(venue, tmp_path) as hub:
        assert working(hub) == 1


@pytest.mark.parametrize("fault", [AcceptThenDrop(on="amend"), Lost(on="amend")], ids=["done", "not done"])
async def test_of_a_change_that_is_not_known_the_larger_quantity_stays_reserved(tmp_path: Path, fault: Any) -> None:
    venue, recorder = Venue([fault]), Recorder()
    async with hub_at(venue, tmp_path, recorder) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5"))
        assert (result.status, result.code, working(hub)) == ("accepted", "AMEND_UNKNOWN", Decimal("1.5"))
        await counts_agree(hub, venue, 1)
    assert [event.code for event in recorder.events if isinstance(event, Alarm)] == ["AMEND_UNKNOWN"]
    async with hub_at(venue, tmp_path) as hub:
        assert working(hub) == Decimal("1.5")
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.2"))).status == "accepted"
        assert working(hub) == Decimal("1.2")


async def test_of_a_smaller_quantity_that_is_not_known_the_old_one_stays_reserved(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(on="amend")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5"))
        assert (result.code, working(hub)) == ("AMEND_UNKNOWN", 1)


async def test_a_host_that_stops_while_it_asks_keeps_the_larger_quantity(tmp_path: Path) -> None:
    """The answer was never recorded; the venue has made the change."""
    venue = Venue([AcceptThenHang(on="amend")])
    async with hub_at(venue, tmp_path, deadline=30) as hub:
        await hub.execute_order(ACCOUNT, limit())
        amend = asyncio.create_task(hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5")))
        await venue.arrived("amend")
    with pytest.raises(Exception, match="the hub has closed"):
        await amend
    async with hub_at(venue, tmp_path) as hub:
        assert working(hub) == Decimal("1.5")


async def test_a_changed_order_survives_a_restart(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5", price="60"))
    async with hub_at(venue, tmp_path) as hub:
        assert working(hub) == Decimal("1.5")
        assert hub._desks[ACCOUNT].live["one"].order.price == 60  # type: ignore[union-attr]
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1"))).status == "accepted"
        assert working(hub) == 1
        await counts_agree(hub, venue, 2)
    async with hub_at(venue, tmp_path) as hub:
        assert working(hub) == 1
        venue.fill(venue.placed[0])
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
        assert not working(hub)
        assert (await hub.order(ACCOUNT, "one")).filled_quantity == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (OrderChange(), "changes nothing"),
        (OrderChange(quantity="1", price="50"), "changes nothing"),
        (OrderChange(quantity="0.5"), "0.5 is filled already"),
        (OrderChange(quantity="0.2"), "0.5 is filled already"),
    ],
    ids=["nothing", "the same", "what is filled", "less"],
)
async def test_a_change_that_cannot_be_meant_is_refused(tmp_path: Path, change: OrderChange, problem: str) -> None:
    venue = Venue([PartialFill(share="0.5")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        with pytest.raises(InvalidOrder, match=problem):
            await hub.amend_order(ACCOUNT, "one", change)
        await counts_agree(hub, venue, 0)


async def test_a_quantity_off_the_grid_is_denied(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.00005"))
        assert (result.status, result.code) == ("denied", "QUANTITY")
        await counts_agree(hub, venue, 0)


async def test_a_halted_account_changes_nothing(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.halt(ACCOUNT, "halted", "a test", cancel_entries=False)
        for change in (OrderChange(price="60"), OrderChange(quantity="0.5")):
            result = await hub.amend_order(ACCOUNT, "one", change)
            assert (result.status, result.code, working(hub)) == ("accepted", "HALTED", 1)
        await counts_agree(hub, venue, 0)


async def test_an_account_that_only_reduces_takes_a_smaller_quantity(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.halt(ACCOUNT, "reducing", "a test", cancel_entries=False)
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5"))).code == "HALTED"
        assert working(hub) == 1
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5"))).code is None


@pytest.mark.parametrize(("enforced", "code"), [(False, "HALTED"), (True, None)])
async def test_an_exit_that_would_grow_into_an_entry_is_one_where_it_can(tmp_path: Path, enforced: bool, code: str) -> None:
    """Where the venue enforces reduce-only it was sent so, and whatever its size it opens nothing."""
    venue = Venue([Fill()], reduce_only=enforced)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("entry"))
        await hub.execute_order(ACCOUNT, sell(order_type="limit", price="200", client_order_id="one"))
        await hub.halt(ACCOUNT, "reducing", "a test")
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(price="210"))).code is None
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="2"))).code == code
    venue.set_price("BTC/USDT", 220)
    assert venue.position("BTC/USDT") == 0


async def test_nothing_grows_while_an_order_of_the_instrument_is_unknown(tmp_path: Path) -> None:
    look = FailLookUp()
    venue = Venue([Rest(), AcceptThenDrop(rest=True)], otherwise=lambda request: look if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        assert (await hub.execute_order(ACCOUNT, limit("two"))).status == "unknown"
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="1.5"))
        assert (result.status, result.code) == ("denied", "UNRESOLVED_ORDER")
        assert (await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="0.5"))).status == "accepted"
        unknown = await hub.amend_order(ACCOUNT, "two", OrderChange(quantity="0.5"))
        assert (unknown.status, unknown.code) == ("unknown", "UNRESOLVED_ORDER")


async def test_what_does_not_rest_is_not_changed(tmp_path: Path) -> None:
    venue = Venue([Fill()])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(quantity="2"))
        assert (result.status, result.code) == ("filled", "NOT_OPEN")
        assert venue.count("amend") == 0


async def test_where_the_venue_cannot_change_nothing_is_written(tmp_path: Path) -> None:
    venue = Venue([Rest()], capabilities=evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"amend_order"}))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        with pytest.raises(NotSupported):
            await hub.amend_order(ACCOUNT, "one", OrderChange(price="60"))
        assert working(hub) == 1
        await counts_agree(hub, venue, 0)
