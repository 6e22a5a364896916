# SPDX-License-Identifier: MIT
"""The simulated exchange of the chaos runs is as unkind as it has to be, and forgets nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fks_exec import Account, Order, Protection, Side, VenueType
from fks_exec_simulators.exchange import Exchange, Manners
from fks_exec_simulators.exchange_book import read_record
from fks_exec_simulators.remote import PROTECTING, Connection, ProtectingVenue, RemoteConfig

RECORD = "venue.jsonl"


@asynccontextmanager
async def exchange(folder: Path, *, gone: dict[str, Any] | None = None, **manners: float) -> AsyncIterator[Connection]:
    """It, and a connection to it; ``gone`` was sent over another one, whose sender did not stay."""
    server = Exchange(folder / RECORD, Manners(**manners))
    port = await server.start()
    if gone is not None:
        sender = await Connection.open(port)
        await sender.send("POST", "/orders", gone)
        sender.close()
    connection = await Connection.open(port)
    yield connection
    connection.close()
    await server.stop()


def order(name: str = "a", *, good_for: float = 10.0, **more: Any) -> dict[str, Any]:
    """What a venue plugin sends; ``good_for`` seconds from now."""
    now = time.time_ns() // 1_000_000
    asked = {"id": name, "symbol": "S/USDT", "side": "buy", "quantity": "0.5", "price": "", "sent": now}
    return {**asked, "expires": now + round(good_for * 1000), **more}


async def test_it_never_recognises_an_id(tmp_path: Path) -> None:
    """The same request twice is two orders, so that a double shows."""
    async with exchange(tmp_path) as connection:
        for _ in range(2):
            assert (await connection.ask("POST", "/orders", order()))[0] == 200
        assert await connection.ask("GET", "/positions") == (200, {"S/USDT": "1.0"})
    assert len(read_record(tmp_path / RECORD).orders) == 2


async def test_started_again_it_knows_its_orders(tmp_path: Path) -> None:
    """A resting one rests, a filled one is filled; an order that it never had it does not know."""
    async with exchange(tmp_path, rests=1000.0) as connection:
        await connection.ask("POST", "/orders", order("filled"))
        await connection.ask("POST", "/orders", order("resting", price="99"))
    async with exchange(tmp_path, rests=1000.0) as connection:
        states = [await connection.ask("GET", f"/orders/{name}") for name in ("filled", "resting", "other")]
        assert [(status, content.get("state")) for status, content in states] == [(200, "filled"), (200, "open"), (404, None)]
        assert [each["id"] for each in (await connection.ask("GET", "/orders"))[1]] == ["resting"]


async def test_a_request_that_comes_after_its_time_is_refused(tmp_path: Path) -> None:
    """So that a zombie has an end."""
    async with exchange(tmp_path) as connection:
        assert await connection.ask("POST", "/orders", order(good_for=-0.1)) == (422, {"fate": "expired"})
    assert not read_record(tmp_path / RECORD).orders


async def test_a_request_outlives_its_sender(tmp_path: Path) -> None:
    """It is placed though nobody waits for the answer."""
    async with exchange(tmp_path, gone=order(), delay=0.2) as connection:
        async with asyncio.timeout(5):
            while (await connection.ask("GET", "/orders/a"))[0] == 404:
                pass


async def test_a_cancel_that_comes_too_late_says_so(tmp_path: Path) -> None:
    """With the state of the order; each request to cancel is counted."""
    async with exchange(tmp_path) as connection:
        await connection.ask("POST", "/orders", order())
        status, content = await connection.ask("DELETE", "/orders/a")
        assert (status, content["state"]) == (409, "filled")
    assert read_record(tmp_path / RECORD).cancels == {"a": 1}


REDUCING = {"side": "sell", "reduce_only": True}


async def test_a_reduce_only_order_never_turns_a_position(tmp_path: Path) -> None:
    """It is refused where there is nothing to reduce, and cut to what there is."""
    async with exchange(tmp_path) as connection:
        assert await connection.ask("POST", "/orders", order("early", **REDUCING)) == (422, {"fate": "rejected"})
        await connection.ask("POST", "/orders", order("entry"))
        _, content = await connection.ask("POST", "/orders", order("exit", quantity="2", **REDUCING))
        assert (content["state"], content["filled"]) == ("canceled", "0.5")
        assert await connection.ask("GET", "/positions") == (200, {"S/USDT": "0.0"})


async def test_stops_rest_until_they_are_triggered(tmp_path: Path) -> None:
    """Also when the exchange is started again; one without a position ends without a fill."""
    async with exchange(tmp_path) as connection:
        await connection.ask("POST", "/orders", order("entry"))
        for name in ("stop", "sibling"):
            await connection.ask("POST", "/orders", order(name, stop="90", **REDUCING))
        assert [each["id"] for each in (await connection.ask("GET", "/orders"))[1]] == ["stop", "sibling"]
    async with exchange(tmp_path, triggers=1.0) as connection:
        async with asyncio.timeout(5):
            while (await connection.ask("GET", "/orders"))[1]:
                pass
        states = {name: (await connection.ask("GET", f"/orders/{name}"))[1]["state"] for name in ("stop", "sibling")}
        assert sorted(states.values()) == ["canceled", "filled"]
        assert await connection.ask("GET", "/positions") == (200, {"S/USDT": "0.0"})


async def test_the_plugin_places_stops_and_targets(tmp_path: Path) -> None:
    """Each in a request of its own, reduce-only."""
    server = Exchange(tmp_path / RECORD, Manners(rests=1000.0))
    kind = VenueType(name="remote", create=ProtectingVenue, config=RemoteConfig, capabilities=PROTECTING)
    async with Account("mine", kind, RemoteConfig(await server.start())) as account:
        await account.execute_order(Order(symbol="S/USDT", side="buy", quantity="0.5"))
        for role, price in (("stop_loss", "90"), ("take_profit", "110")):
            leg = Protection(role=role, symbol="S/USDT", side=Side.SELL, quantity="0.5", trigger_price=price)
            assert (await account.protect_position(leg)).status == "accepted"
        assert len(await account.fetch_open_orders()) == 2
    await server.stop()
    asked = [(each.stop, each.price, each.reduce_only) for each in read_record(tmp_path / RECORD).requests.values()]
    assert asked == [("", "", False), ("90", "", True), ("", "110", True)]
