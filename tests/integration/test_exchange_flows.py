# SPDX-License-Identifier: MIT
"""Ten flows from end to end: a host, its journal, ccxt, and simulated exchanges over real HTTP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.async_support  # noqa: F401  (seconds, which no account here has to wait for)
import httpx
import pytest

from fks_exec import ClosePosition, ExecutionResult, Order
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_simulators.exchanges.binance import BinanceExchange
from fks_exec_simulators.exchanges.bybit import BybitExchange
from fks_exec_simulators.exchanges.clients import client
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.serving import ExchangeServer
from fks_exec_simulators.hosts import KEY, Host, served

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
PLACING = frozenset({"order", "close", "protect"})
BID, ASK = "67499.99", "67500"
GUARDS = ["confidence", "position_size", "prices", "risk_reward"]
BOUGHT = [
    ("buy", Decimal("0.01"), Decimal("0.01"), False),
    ("stop_loss", Decimal("0.00999"), Decimal(0), True),
    ("take_profit", Decimal("0.00999"), Decimal(0), True),
]
"""An entry with its fee paid in what it bought, its stop and its target."""
COMMAND = (sys.executable, "-c", "from fks_exec_hub.cli import main; main()")
TOML = """
journal = "sqlite:fks-exec.db"
[accounts.spot]
venue = "ccxt"
currency = "USDT"
guards = []
[accounts.spot.config]
exchange = "binance"
base_url = "{url}"
api_key = {{ file = "key1-api_key" }}
secret = {{ file = "key1-secret" }}
"""
ALERT = {
    "symbol": SPOT,
    "action": "BUY",
    "quantity": "0.01",
    "stop_loss": "67000",
    "take_profit": "69000",
    "confidence": "0.75",
}


class Venue:
    """A simulated exchange, and the accounts' table for it."""

    def __init__(self, server: ExchangeServer) -> None:
        self.server = server
        self.side = ExchangeCounterpart(server.url)

    def account(self, folder: Path, key: str = "canary-key1", **more: Any) -> dict[str, Any]:
        """An account of it, with the keys in files."""
        words = {"api_key": key, "secret": self.server.keys[key]}
        files = {name: f"{key.removeprefix('canary-')}-{name}" for name in words}
        for name, text in words.items():
            (folder / files[name]).touch(0o600)
            (folder / files[name]).write_text(text, "utf-8")
        config = {"exchange": self.server.name, "base_url": self.server.url}
        config |= {name: {"file": file} for name, file in files.items()}
        if self.server.name == "bybit":
            config["market_type"] = "swap"
        return {"venue": "ccxt", "currency": "USDT", "guards": [], "config": config, **more}

    async def placed(self) -> list[tuple[str, Decimal, Decimal, bool]]:
        """Role or side, quantity, what of it is filled, whether it is open; in the order of their placing."""
        return [(each.role or each.side, each.quantity, each.filled, each.open) for each in await self.side.placed()]


@asynccontextmanager
async def venue(server: ExchangeServer) -> AsyncIterator[Venue]:
    """It listens, and its market stands at 67,500."""
    async with server:
        found = Venue(server)
        await found.side.set_price(SWAP if server.name == "bybit" else SPOT, BID, ASK)
        yield found


@pytest.fixture
async def binance() -> AsyncIterator[Venue]:
    async with venue(BinanceExchange()) as found:
        await found.side.control("fund", asset="USDT", amount="100000")
        yield found


@pytest.fixture
async def bybit() -> AsyncIterator[Venue]:
    async with venue(BybitExchange()) as found:
        yield found


def hub_of(folder: Path, accounts: Mapping[str, Any], **more: Any) -> ExecutionHub:
    """A host with a journal on disk."""
    return ExecutionHub.open(parse_config({"journal": "sqlite:fks-exec.db", "accounts": accounts, **more}, folder))


@asynccontextmanager
async def serving(folder: Path, accounts: Mapping[str, Any]) -> AsyncIterator[tuple[ExecutionHub, Host, httpx.AsyncClient]]:
    """The same behind HTTP, and a client."""
    (folder / "secret").touch(0o600)
    (folder / "secret").write_text(KEY, "utf-8")
    key = {"secret": {"file": "secret"}, "accounts": [*accounts], "wait": 10}
    table = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "keys": {"tv": key}}
    hub = hub_of(folder, accounts, plugins={"server": table})
    async with served(hub) as host, httpx.AsyncClient(timeout=15) as client:
        yield hub, host, client


def alert(**more: Any) -> str:
    """As TradingView sends it."""
    return json.dumps({**ALERT, "timenow": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **more})


async def attempts(hub: ExecutionHub) -> int:
    """What the journal has of attempts to place something."""
    return sum(attempt.purpose in PLACING for each in await hub.orders() for attempt in each.attempts)


def market(side: str = "buy", quantity: str = "0.01", symbol: str = SPOT, **more: Any) -> Order:
    """A market order."""
    return Order(symbol=symbol, side=side, quantity=quantity, **more)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until something holds; TimeoutError when it does not in so many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  (a test looks from outside)
            await asyncio.sleep(0.02)


async def settled(hub: ExecutionHub, account: str, name: str, protected: bool | None = None) -> ExecutionResult:
    """When it is known what became of an order, and of its stop."""

    async def known() -> bool:
        result = await hub.order(account, name)
        return result is not None and result.status not in ("pending", "unknown") and result.protected is protected

    await eventually(known)
    result = await hub.order(account, name)
    assert result is not None
    return result


async def flat(hub: ExecutionHub, account: str) -> bool:
    """The hub holds nothing there."""
    return await hub.positions(account) == []


async def quiet(venue: Venue) -> bool:
    """Nothing rests at the exchange."""
    return not any(still for *_, still in await venue.placed())


async def asked(venue: Venue) -> bool:
    """A request to place something has arrived."""
    return await venue.side.requests() > 0


def by_hand(venue: Venue) -> Any:
    """The same account, traded by somebody else."""
    return client(venue.server.name, venue.server.url)


async def test_an_alert_becomes_a_protected_position_at_the_exchange(binance: Venue, tmp_path: Path) -> None:
    """Authentication, validation, confidence, risk, the exchange; then it is fetched back by its id, filled."""
    async with serving(tmp_path, {"spot": binance.account(tmp_path, guards=GUARDS)}) as (_, host, client):
        stranger = await client.post(host.url.replace(KEY, "x" * 40), content=alert())
        assert stranger.status_code in (401, 403, 404)
        assert await binance.placed() == []
        answer = await client.post(host.url, content=alert())
        assert (answer.status_code, answer.json()["result"]["status"]) == (200, "filled"), answer.text
        name = answer.json()["client_order_id"]
        found = (await client.get(f"{host.url}/orders/{name}")).json()["result"]
        assert Decimal(found["filled_quantity"]) == Decimal("0.01")
        assert (found["protected"], found["average_price"]) == (True, "67500")
    assert await binance.placed() == BOUGHT


async def test_an_alert_that_comes_again_is_one_order_at_the_exchange(binance: Venue, tmp_path: Path) -> None:
    """Five at once, in two spellings of the symbol, and once more after a restart."""
    accounts, said = {"spot": binance.account(tmp_path)}, []
    texts = [alert(id="one", symbol=name) for name in (SPOT, "BINANCE:BTCUSDT", SPOT, "btcusdt", SPOT)]
    async with serving(tmp_path, accounts) as (_, host, client):
        said += await asyncio.gather(*(client.post(host.url, content=text) for text in texts))
    async with serving(tmp_path, accounts) as (hub, host, client):
        said.append(await client.post(host.url, content=texts[1]))
        assert len([each for each in await hub.orders() if "~" not in each.key.client_order_id]) == 1  # legs apart
    assert {answer.status_code for answer in said} == {200}
    assert len({answer.json()["order_id"] for answer in said}) == 1
    assert await binance.placed() == BOUGHT


async def test_what_a_guard_denies_never_reaches_the_exchange(binance: Venue, tmp_path: Path) -> None:
    """Too little confidence, more than 1 % of the equity, too small a target; an unknown instrument."""
    async with serving(tmp_path, {"spot": binance.account(tmp_path, guards=GUARDS)}) as (_, host, client):
        wrong = [{"confidence": "0.4"}, {"quantity": "0.5"}, {"take_profit": "67600"}, {"symbol": "KRAKEN:BTCUSDT"}]
        answers = [await client.post(host.url, content=alert(**each)) for each in wrong]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert await binance.side.requests() == 0


@pytest.mark.parametrize("fault", ["drop", "hang", "truncated", "garbage", "error"])
async def test_an_order_without_an_answer_is_found_and_protected(binance: Venue, tmp_path: Path, fault: str) -> None:
    """One request, whatever its sender learned; the position gets its stop."""
    async with hub_of(tmp_path, {"spot": binance.account(tmp_path, deadline=2)}) as hub:
        await binance.side.fault(fault)
        order = market(client_order_id="a", stop_loss="67000", take_profit="69000")
        first = await hub.execute_order("spot", order)
        assert first.status in ("unknown", "filled")
        assert (await settled(hub, "spot", "a", protected=True)).status == "filled"
        assert await attempts(hub) == await binance.side.requests()
    assert await binance.placed() == BOUGHT


@pytest.mark.parametrize("reached", ["stop_loss", "take_profit"])
async def test_one_of_stop_and_target_fires_and_the_other_is_gone(binance: Venue, tmp_path: Path, reached: str) -> None:
    """An order list on spot: the exchange itself ends the other."""
    async with hub_of(tmp_path, {"spot": binance.account(tmp_path, poll=0.1)}) as hub:
        await hub.execute_order("spot", market(client_order_id="a", stop_loss="67000", take_profit="69000"))
        await binance.side.set_price(SPOT, *(("66990", "66990.01") if reached == "stop_loss" else ("69010", "69010.01")))
        await eventually(lambda: flat(hub, "spot"))
        await eventually(lambda: quiet(binance))
    filled = {role: filled for role, _, filled, _ in await binance.placed()}
    assert filled.pop(reached) == Decimal("0.00999")
    assert filled == {"buy": Decimal("0.01"), "stop_loss" if reached == "take_profit" else "take_profit": 0}


async def test_a_contract_carries_its_stop_and_target_with_the_entry(bybit: Venue, tmp_path: Path) -> None:
    """One request for all three; the target closes the position and takes the stop along."""
    async with hub_of(tmp_path, {"swap": bybit.account(tmp_path, poll=0.1)}) as hub:
        order = market(symbol="BTCUSDT.P", client_order_id="a", stop_loss="67000", take_profit="69000")
        result = await hub.execute_order("swap", order)
        assert (result.status, result.protected) == ("filled", True)
        assert await bybit.side.requests() == 1
        await bybit.side.set_price(SWAP, "69010", "69010.1")
        await eventually(lambda: flat(hub, "swap"))
    filled = {role: filled for role, _, filled, _ in await bybit.placed()}
    assert filled == {"buy": Decimal("0.01"), "stop_loss": Decimal(0), "take_profit": Decimal("0.01")}


async def test_a_close_takes_off_what_is_there_and_no_more(bybit: Venue, tmp_path: Path) -> None:
    """Half of the position was closed by hand: what the close is too much by is not a short."""
    async with hub_of(tmp_path, {"swap": bybit.account(tmp_path)}) as hub:
        await hub.execute_order("swap", market(symbol=SWAP, quantity="0.02"))
        async with by_hand(bybit) as exchange:
            await exchange.create_order(SWAP, "market", "sell", 0.01, None, {"reduceOnly": True})
        closed = await (await hub.submit("swap", ClosePosition(symbol=SWAP))).result()
        assert closed.filled_quantity == Decimal("0.01")
    assert await bybit.side.control("positions", account="canary-key1") == []


async def test_a_host_that_was_killed_finds_its_order_at_the_next_start(binance: Venue, tmp_path: Path) -> None:
    """The intent was written, the answer never came: it is looked up by its id, and not sent again."""
    (tmp_path / "fks-exec.toml").write_text(TOML.format(url=binance.server.url), "utf-8")
    accounts = {"spot": binance.account(tmp_path)}
    await binance.side.fault("hang")
    words = ("order", "spot", SPOT, "buy", "0.01", "--id", "a")
    host = await asyncio.create_subprocess_exec(*COMMAND, *words, cwd=tmp_path)
    await eventually(lambda: asked(binance), seconds=30)
    host.kill()
    await host.wait()
    async with hub_of(tmp_path, accounts) as hub:
        assert (await settled(hub, "spot", "a")).status == "filled"
        assert await attempts(hub) == 1
    assert await binance.placed() == BOUGHT[:1]
    assert await binance.side.requests() == 1


async def test_a_refusal_has_a_reason_and_leaves_nothing(binance: Venue, tmp_path: Path) -> None:
    """Too little money, a stop on the wrong side, a clock that is off, too many requests: each is told as what it is."""
    async with hub_of(tmp_path, {"spot": binance.account(tmp_path)}) as hub:
        poor = await hub.execute_order("spot", market(quantity="5"))
        assert (poor.status, poor.code) == ("rejected", "INSUFFICIENT_FUNDS")
        wrong = market(order_type="stop", stop_price="60000")
        assert (await hub.execute_order("spot", wrong)).code == "STOP_TRIGGERED"
        await binance.side.fault("rate_limit")
        busy = await hub.execute_order("spot", market())
        assert (busy.status, busy.retryable) == ("not_placed", True)
        assert await attempts(hub) == await binance.side.requests()
    assert await binance.placed() == []


async def test_accounts_at_two_exchanges_do_not_touch_each_other(binance: Venue, bybit: Venue, tmp_path: Path) -> None:
    """Two keys of one exchange and one of another in one host; one exchange that hangs holds up no other account."""
    accounts = {
        "spot": binance.account(tmp_path, deadline=2),
        "second": binance.account(tmp_path, key="canary-key2"),
        "swap": bybit.account(tmp_path),
    }
    await binance.side.control("fund", asset="USDT", amount="1000", account="canary-key2")
    async with hub_of(tmp_path, accounts) as hub:
        await binance.side.fault("hang")
        slow = asyncio.create_task(hub.execute_order("spot", market(client_order_id="slow")))
        await eventually(lambda: asked(binance))
        others = [hub.execute_order("second", market()), hub.execute_order("swap", market("sell", symbol="BTCUSDT"))]
        async with asyncio.timeout(1.5):
            assert [result.status for result in await asyncio.gather(*others)] == ["filled", "filled"]
        await binance.side.release()
        assert (await slow).status == "filled"
        held = {name: [(each.symbol, each.quantity) for each in await hub.positions(name)] for name in accounts}
    net = Decimal("0.00999")
    assert held == {"spot": [(SPOT, net)], "second": [(SPOT, net)], "swap": [(SWAP, Decimal("-0.01"))]}
