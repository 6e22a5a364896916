# SPDX-License-Identifier: MIT
"""The simulated venue in a process of its own: real connections, real signatures, real kills."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import Account, OrderChange, OrderRef, OrderUpdate, Protection, Secret, Side, VenueAuthError, VenueRejected
from fks_exec.testing import (
    REMOTE,
    AcceptThenDrop,
    AcceptThenError,
    AcceptThenHang,
    BadCredentials,
    Closed,
    FailLookUp,
    Fault,
    FaultyProcess,
    Garbage,
    LateAppearance,
    Lost,
    RateLimit,
    Refuse,
    RefuseLeg,
    RemoteConfig,
    RemotePlugin,
    Reorder,
    Rest,
    Slow,
    Unsent,
)
from fks_exec.testing.faulty.wire import HOST, read_message, request_bytes, sign
from fks_exec_simulators.stage import ACCOUNT, buy, configure, hub_on, sell, until

SHORT = 0.2
BTC = "BTC/USDT"
NOON = 1_700_000_000_000
PASSING = ("MARGIN", "RATE_LIMITED", "NOT_SENT")


@asynccontextmanager
async def running(folder: Path, *script: Fault, **options: Any) -> AsyncIterator[FaultyProcess]:
    async with await FaultyProcess.start(folder, script, **options) as process:
        yield process


@asynccontextmanager
async def connected(process: FaultyProcess, heard: list[OrderUpdate] | None = None) -> AsyncIterator[Account]:
    news = (heard if heard is not None else []).append
    async with Account("mine", REMOTE, process.config, on_update=news, grace=0.05) as account:
        yield account


async def test_everything_an_account_asks_is_answered_over_http(tmp_path: Path) -> None:
    heard: list[OrderUpdate] = []
    async with running(tmp_path, Rest()) as process, connected(process, heard) as account:
        resting = await account.execute_order(buy(order_type="limit", price="90", client_order_id="mine"))
        ref = OrderRef(order_id=resting.order_id)
        assert (await account.amend_order(ref, OrderChange(price="91"))).status == "accepted"
        [update] = await account.fetch_open_orders()
        assert (update.ref.order_id, update.ref.client_order_id) == (resting.order_id, "mine")
        assert (await account.cancel_order(ref)).status == "canceled"
        found = await account.fetch_order(ref)
        assert found is not None
        assert found.status == "canceled"
        assert await account.fetch_order(OrderRef(venue_client_order_id="none")) is None
        assert (await account.execute_order(buy("0.25"))).status == "filled"
        assert [position.quantity for position in await account.fetch_positions()] == [Decimal("0.25")]
        assert (await account.fetch_balance())[0].equity == 100_000
        assert (await account.fetch_data(BTC)).bid == 100
        instrument = await account.fetch_instrument(BTC)
        assert instrument is not None
        assert instrument.quantity_step == Decimal("0.001")
        assert await account.health_check()
        assert account.display_name == "Faulty venue over HTTP"
        await process.control("set_price", symbol=BTC, bid="120")
        assert heard == []


async def test_changes_are_pushed(tmp_path: Path) -> None:
    heard: list[OrderUpdate] = []
    async with running(tmp_path, Rest(), Reorder(trades=2)) as process, connected(process, heard) as account:
        resting = await account.execute_order(buy())
        await process.control("fill", order=resting.order_id, quantity="0.5")
        await until(lambda: len(heard) == 1)
        await account.execute_order(buy())
        await until(lambda: len(heard) == 3)
        assert [update.result.filled_quantity for update in heard] == [Decimal("0.5"), 1, Decimal("0.5")]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Refuse("no margin", code="MARGIN", retryable=True), "MARGIN"),
        (RateLimit(2.0), "RATE_LIMITED"),
        (Closed(NOON), "CLOSED"),
        (Unsent(), "NOT_SENT"),
        (BadCredentials(), "AUTH"),
        (AcceptThenDrop(), "UNKNOWN"),
        (AcceptThenError(), "UNKNOWN"),
        (Lost(), "UNKNOWN"),
        (Garbage("text"), "NO_ANSWER"),
        (AcceptThenHang(), "DEADLINE"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else value,
)
async def test_faults_mean_the_same_as_in_process(tmp_path: Path, fault: Fault, code: str) -> None:
    async with running(tmp_path, fault) as process, connected(process) as account:
        result = await account.execute_order(buy(), account.submission(seconds=SHORT if code == "DEADLINE" else 10))
        assert result.code == code
        further = (result.retryable, result.retry_after, result.until)
        assert further == (code in PASSING, 2.0 if code == "RATE_LIMITED" else None, NOON if code == "CLOSED" else None)
        assert process.count() == 1
        assert len(await process.control("placed")) == (code in ("UNKNOWN", "NO_ANSWER", "DEADLINE") and fault != Lost())


async def test_a_late_appearance_is_pushed_and_found(tmp_path: Path) -> None:
    heard: list[OrderUpdate] = []
    script = [LateAppearance(after_looks=1), FailLookUp()]
    async with running(tmp_path, *script) as process, connected(process, heard) as account:
        submission = account.submission()
        assert (await account.execute_order(buy(), submission)).status == "unknown"
        ref = OrderRef(venue_client_order_id=submission.venue_client_order_id)
        with pytest.raises(ConnectionError):
            await account.fetch_order(ref)
        assert await account.fetch_order(ref) is None
        assert await account.fetch_order(ref) is not None
        await until(lambda: heard)


async def test_an_order_goes_on_when_its_sender_was_killed(tmp_path: Path) -> None:
    """The sender is a process of its own, killed while it waits; the venue fills, answers nobody, and lives on."""
    async with running(tmp_path, Slow(SHORT), AcceptThenHang()) as process:
        code = f"""
import asyncio
from fks_exec import Account, Order, Secret
from fks_exec.testing import REMOTE, RemoteConfig

async def main():
    config = RemoteConfig(port={process.config.port}, key=Secret({process.config.key.reveal()!r}))
    async with Account("mine", REMOTE, config) as account:
        order = Order(symbol="BTC/USDT", side="buy", quantity="1")
        await asyncio.gather(account.execute_order(order), account.execute_order(order))

asyncio.run(main())
"""
        sender = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        await until(lambda: process.count() == 2)
        sender.send_signal(signal.SIGKILL)
        assert await sender.wait() == -signal.SIGKILL
        async with connected(process) as account:
            assert [position.quantity for position in await account.fetch_positions()] == [2]
            await process.control("release")
            assert (await account.execute_order(buy())).status == "filled"
        assert [request.fate for request in process.requests if request.kind == "place"] == ["placed"] * 3


async def test_a_killed_venue_leaves_its_record_and_what_is_sent_to_it_was_not_sent(tmp_path: Path) -> None:
    async with running(tmp_path, AcceptThenHang()) as process, connected(process) as account:
        sending = asyncio.ensure_future(account.execute_order(buy()))
        await until(process.count)
        await process.kill()
        assert (await sending).status == "unknown"
        result = await account.execute_order(buy())
        assert (result.status, result.code) == ("not_placed", "NOT_SENT")
        assert (process.count(), process.requests[-1].fate) == (1, "placed")
        port = process.config.port
        async with running(tmp_path, Rest(), port=port) as again:
            assert (await account.execute_order(buy())).status == "accepted"
            assert again.count() == 2


async def test_pushes_come_again_when_the_venue_was_started_again(tmp_path: Path) -> None:
    heard: list[OrderUpdate] = []
    async with running(tmp_path) as process, connected(process, heard) as account:
        await process.kill()
        async with running(tmp_path, Rest(), port=process.config.port) as again:
            resting = await account.execute_order(buy())
            await again.control("fill", order=resting.order_id)
            await until(lambda: heard)


async def test_dropped_connections_break_what_hangs_and_come_again(tmp_path: Path) -> None:
    async with running(tmp_path, AcceptThenHang()) as process, connected(process) as account:
        sending = asyncio.ensure_future(account.execute_order(buy()))
        await until(process.count)
        assert await process.control("hanging") == 1
        await process.control("drop_connections")
        assert (await sending).code == "UNKNOWN"
        assert (await account.execute_order(buy())).status == "filled"


async def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as process:
        with pytest.raises(VenueAuthError):
            await Account("mine", REMOTE, RemoteConfig(port=process.config.port, key=Secret("wrong"))).open()
        assert process.requests == []


async def test_a_request_that_comes_too_late_is_refused_and_counted(tmp_path: Path) -> None:
    """That is what request_ttl promises."""
    asked = {"kind": "quote", "symbol": BTC}
    async with running(tmp_path, capabilities={"request_ttl": 0.5}) as process:
        reader, writer = await asyncio.open_connection(HOST, process.config.port)
        writer.write(request_bytes(process.config.key.reveal(), "/request", asked, 1_700_000_000_000))
        answer = await read_message(reader)
        writer.close()
        assert answer is not None
        assert (answer.first[1], answer.data()["code"]) == ("422", "TOO_LATE")
        assert [request.fate for request in process.requests] == ["refused"]


@pytest.mark.parametrize("raw", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n"])
async def test_what_is_no_http_breaks_its_connection_alone(tmp_path: Path, raw: bytes) -> None:
    async with running(tmp_path) as process:
        reader, writer = await asyncio.open_connection(HOST, process.config.port)
        writer.write(raw)
        assert await reader.read(1) == b""
        writer.close()
        assert await process.control("hanging") == 0


async def test_what_cannot_be_understood_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as process:
        with pytest.raises(RuntimeError, match="'nothing' is not one of"):
            await process.control("nothing")
        with pytest.raises(RuntimeError, match="400"):
            await process.control("set_price", symbols=BTC)


async def test_the_script_the_chances_and_the_capabilities_are_given_at_the_start_or_later(tmp_path: Path) -> None:
    options = {"chances": {Lost(): 1.0}, "seed": 3, "capabilities": {"resolution": "by_scan", "publishes": False}}
    async with running(tmp_path, Refuse(), **options) as process, connected(process) as account:
        assert (account.capabilities.resolution, account.capabilities.publishes) == ("by_scan", False)
        await process.follow(Rest())
        results = [(await account.execute_order(buy())).status for _ in range(3)]
        await process.control("choose", chances=[])
        assert [*results, (await account.execute_order(buy())).status] == ["rejected", "accepted", "unknown", "filled"]


async def test_all_controls_can_be_called(tmp_path: Path) -> None:
    async with running(tmp_path, Rest(), Rest()) as process, connected(process) as account:
        first, second = [(await account.execute_order(buy())).order_id for _ in range(2)]
        await process.control("cancel_by_venue", order=first)
        await process.control("expire", order=second)
        await process.control("adjust_position", symbol=BTC, change="-2")
        foreign = await process.control("place_foreign", order={"symbol": BTC, "side": "buy", "quantity": "1"})
        await process.control("publishing", on=False)
        await process.control("happen")
        assert await process.control("position", symbol=BTC) == "-2"
        assert [order["status"] for order in await process.control("placed")] == ["canceled", "expired", "accepted"]
        assert [update.ref.order_id for update in await account.fetch_open_orders()] == [foreign["order_id"]]
        assert len(await process.control("requests", after=1)) == len(process.requests) - 1


async def test_a_hub_opens_it_as_the_venue_faulty_http(tmp_path: Path) -> None:
    async with running(tmp_path) as process:
        os.environ["FAULTY_KEY"] = process.config.key.reveal()
        account = {"venue": "faulty-http", "config": {"port": process.config.port, "key": {"env": "FAULTY_KEY"}}}
        async with hub_on(RemotePlugin(), configure(tmp_path, account=account)) as hub:  # type: ignore[arg-type]
            assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        del os.environ["FAULTY_KEY"]
        assert process.count() == 1


async def test_the_process_ends_with_its_input_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    process = await FaultyProcess.start(tmp_path)
    await process.stop()
    assert process.process.returncode == 0
    with pytest.raises(RuntimeError, match="ended with"):
        await FaultyProcess.start(tmp_path, capabilities={"nothing": 1})


def test_a_signature_covers_time_path_and_body() -> None:
    signatures = {sign("k", "/a", b"1", 1), sign("k", "/b", b"1", 1), sign("k", "/a", b"2", 1), sign("k", "/a", b"1", 2)}
    assert len(signatures) == 4


STOP = Protection(role="stop_loss", symbol=BTC, side=Side.SELL, quantity=1, trigger_price=90)


async def test_protection_means_the_same_over_http(tmp_path: Path) -> None:
    heard: list[OrderUpdate] = []
    options = {"protection": ["oco", "attached"], "amend": False}
    async with running(tmp_path, RefuseLeg("NO_STOPS"), options=options) as process, connected(process, heard) as account:
        assert account.capabilities.protection == {"oco", "attached"}
        assert "amend_order" not in account.capabilities.abilities
        await account.execute_order(buy(client_order_id="a"))
        linked = evolve(STOP, target_price=Decimal(120), entry=OrderRef(client_order_id="a"))
        assert (await account.protect_position(linked)).code == "NO_STOPS"
        stop = await account.protect_position(linked)
        assert [(leg.role, leg.trigger_price) for leg in stop.legs] == [("take_profit", 120)]
        assert await process.control("protected", symbol=BTC) == "1"
        [_, target] = await process.control("legs", order="a")
        assert (target["role"], target["trigger_price"], target["status"]) == ("take_profit", "120", "accepted")
        await process.control("trigger", symbol=BTC, price="121")
        await until(lambda: heard)
        assert (heard[0].leg, heard[0].ref.order_id) == ("take_profit", stop.order_id)
        assert [(fill.leg, fill.side) for fill in heard[0].result.fills] == [("take_profit", "sell")]
        entry = await account.execute_order(buy(stop_loss="110", client_order_id="b"))
        assert [leg.status for leg in entry.legs] == ["accepted"]
        refused, taken = [request for request in process.requests if request.kind == "protect"]
        assert (refused.fate, taken.fate, taken.role, taken.entry) == ("refused", "placed", "stop_loss", "a")


async def test_quotes_and_positions_are_scripted_over_http(tmp_path: Path) -> None:
    async with running(tmp_path, options={"hedging": True}) as process, connected(process) as account:
        await account.execute_order(buy("2"))
        await account.execute_order(sell("1"))
        assert {position.position_id for position in await account.fetch_positions()} == {"BTC/USDT:long", "BTC/USDT:short"}
        assert await process.control("position", symbol=BTC, ticket="short") == "-1"
        await process.control("one_sided", symbol=BTC, half="ask")
        assert (await account.fetch_data(BTC)).bid is None
        await process.control("stale_quotes", symbol=BTC, seconds=3600)
        before = (await account.fetch_data("ETH/USDT")).timestamp
        after = (await account.fetch_data(BTC)).timestamp
        assert (before or 0) - (after or 0) > 3_500_000
        await process.control("no_quotes", symbol=BTC)
        with pytest.raises(VenueRejected, match="no quote"):
            await account.fetch_data(BTC)


async def test_a_leg_whose_answer_is_lost_stands_at_the_venue(tmp_path: Path) -> None:
    options = {"protection": "reduce_only_pair"}
    async with running(tmp_path, AcceptThenDrop(on="protect"), options=options) as process, connected(process) as account:
        await account.execute_order(buy())
        submission = account.submission()
        assert (await account.protect_position(STOP, submission)).status == "unknown"
        found = await account.fetch_order(OrderRef(venue_client_order_id=submission.venue_client_order_id))
        assert found is not None
        assert (found.status, process.count("protect")) == ("accepted", 1)
