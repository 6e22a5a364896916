# SPDX-License-Identifier: MIT
"""What the command line tells of an order's stop before the order's own result does: that it waits, or that nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec import ExecutionResult, Instrument, Order, OrderChange
from fks_exec.convert import from_json
from fks_exec.testing import CAPABILITIES, AcceptThenHang, Lost
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.cli.orders import _open_orders
from fks_exec_hub.cli.results import result_text
from fks_exec_hub.cli.terms import Terms, terms_of
from fks_exec_hub.following.unknown import Schedule
from fks_exec_hub.journal import Key
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, Stage, accepted, buy, configure, hub_on, until

ONE = Key(ACCOUNT, "one")


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,), apart=0.05))


def venue_of(kind: str = "reduce_only_pair") -> Venue:
    return Venue(protection=kind, capabilities=evolve(CAPABILITIES, request_ttl=0.05))


@asynccontextmanager
async def host_at(venue: Venue, lives: Lives, folder: Path) -> AsyncIterator[ExecutionHub]:
    """One life of the host."""
    account = {"venue": "faulty", "deadline": 0.5, "poll": 0.05, "polls_per_second": 200, "compare_every": 3600}
    async with ExecutionHub.open(configure(folder, journal="lives:", account=account), plugins=[venue.plugin, lives]) as hub:
        yield hub


def entry(**more: object) -> Order:
    fields = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "stop_loss": "90", "client_order_id": "one", **more}
    return Order(**fields)  # type: ignore[arg-type]


async def told(lives: Lives) -> tuple[Terms, str]:
    """Terms, and how the order is shown, while no host runs."""
    recorded = await lives.stored.order(ONE)
    assert recorded is not None
    assert recorded.result is not None
    terms = await terms_of(lives.stored, recorded)
    return terms, result_text(ONE, from_json(ExecutionResult, recorded.result), terms.asked, terms)


@pytest.mark.parametrize("kind", ["reduce_only_pair", "attached"])
async def test_a_resting_entry_says_that_its_stop_is_not_there_yet(kind: str, tmp_path: Path) -> None:
    venue, lives = venue_of(kind), Lives()
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry(order_type="limit", price="95"))
    _, text = await told(lives)
    assert ("stop_loss at 90: not at the venue yet; a host that runs" in text) is (kind == "reduce_only_pair"), text


async def test_a_filled_entry_whose_stop_hung_when_its_host_was_killed_says_that_nobody_knows(tmp_path: Path) -> None:
    venue, lives = venue_of(), Lives()
    venue.follow(AcceptThenHang(on="protect"))
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.submit(ACCOUNT, entry())
        await venue.arrived("protect")
        lives.kill()
    _, text = await told(lives)
    assert "stop_loss at 90: not known to be at the venue as one~sl1" in text
    async with host_at(venue, lives, tmp_path) as hub:
        await until(lambda: venue.protected("BTC/USDT") == 1)
        while not (await told(lives))[1].count("protected     yes"):  # noqa: ASYNC110  (a test looks from outside)
            await asyncio.sleep(0.01)
    assert "not known" not in (await told(lives))[1]


async def test_a_sale_of_a_holding_says_that_its_stop_was_left_out(tmp_path: Path) -> None:
    venue, lives = venue_of(), Lives()
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, Order(symbol="BTC/USDT", side="buy", quantity="1"))
        await hub.execute_order(ACCOUNT, entry(side="sell", quantity="0.5", stop_loss="110"))
    terms, text = await told(lives)
    assert "stop_loss left out: the order only closes what is held" in text
    assert isinstance(terms.now, Order)
    assert terms.now.stop_loss is None


async def test_a_moved_stop_is_among_the_terms(tmp_path: Path) -> None:
    venue, lives = venue_of(), Lives()
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry())
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="92"))
        assert result.code is None
    terms, text = await told(lives)
    assert isinstance(terms.now, Order)
    assert (terms.now.stop_loss, terms.now.quantity) == (Decimal(92), Decimal(1))
    assert "now           buy 1 BTC/USDT market stop_loss 92" in text


async def test_an_order_that_was_never_placed_is_not_listed_as_open(tmp_path: Path) -> None:
    venue, lives = venue_of(), Lives()
    venue.follow(Lost())
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry())
        while (known := await hub.order(ACCOUNT, "one")) is None or known.status != "not_placed":  # noqa: ASYNC110  (a test looks from outside)
            await asyncio.sleep(0.01)
    assert [each.key for each in await lives.stored.open(ACCOUNT)] == [ONE], "it is looked for again after a while"
    assert await _open_orders(lives.stored, ACCOUNT) == []  # type: ignore[arg-type]


async def test_prices_are_shown_as_they_were_sent(tmp_path: Path) -> None:
    """The instrument has steps of 0.5; nothing was changed since."""
    stage = Stage(accepted)
    stage.instrument = lambda symbol: Instrument(symbol=symbol, quantity_step="0.01", price_tick="0.5", min_quantity="0.01")
    async with hub_on(stage, configure(tmp_path)) as hub:
        order = buy("1", order_type="limit", price="98", stop_loss="90.3", take_profit="120.2", client_order_id="one")
        await hub.execute_order(ACCOUNT, order)
        recorded = await hub.journal.order(ONE)
        assert recorded is not None
        now = (await terms_of(hub.journal, recorded)).now
        sent = stage.requests[-1][0]
    assert isinstance(now, Order)
    assert (now.stop_loss, now.take_profit) == (sent.stop_loss, sent.take_profit) == (Decimal("90.5"), Decimal("120"))
