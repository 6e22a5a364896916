# SPDX-License-Identifier: MIT
"""From an alert over real HTTP to the simulated venue's books: however often it is sent, it is one order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import ExecutionResult, Order, Submission, VenueType, hookimpl
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_paper import PaperConfig, PaperVenue
from fks_exec_paper.declared import CAPABILITIES
from fks_exec_simulators.hosts import KEY, Host, served


class CountingPaper(PaperVenue):
    """The simulated venue, which counts the requests that reach it.

    Args:
        seen: the venue's ids, in their order; kept by the test over restarts.
    """

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self._counted = seen

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._counted.append(submission.venue_client_order_id)
        await asyncio.sleep(0.01)  # a network: the other nine come meanwhile
        return await super().execute_order(order, submission)


class Counted:
    """The plugin that brings it."""

    __name__ = "counted"

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        create = lambda: CountingPaper(self.seen)  # noqa: E731
        return [VenueType(name="counted", create=create, config=PaperConfig, capabilities=CAPABILITIES)]


def config(base: Path) -> Any:
    """One simulated account under four guards, a journal on disk."""
    (base / "secret").touch(0o600)
    (base / "secret").write_text(KEY, "utf-8")
    instrument = {"symbol": "BTC/USDT", "aliases": ["BINANCE:BTCUSDT"], "quantity_step": "0.0001", "price_tick": "0.01"}
    return parse_config(
        {
            "journal": "sqlite:fks-exec.db",
            "accounts": {
                "paper": {
                    "venue": "counted",
                    "currency": "USDT",
                    "guards": ["confidence", "position_size", "prices", "risk_reward"],
                    "config": {"instruments": [{**instrument, "bid": "59999", "ask": "60000"}]},
                }
            },
            "plugins": {
                "server": {
                    "bind": "127.0.0.1:0",
                    "operations": "127.0.0.1:0",
                    "keys": {"tv": {"secret": {"file": "secret"}, "accounts": ["paper"], "wait": 10}},
                }
            },
        },
        base,
    )


@asynccontextmanager
async def serving(base: Path, plugin: Counted) -> AsyncIterator[tuple[ExecutionHub, Host, httpx.AsyncClient]]:
    """The whole host, and a client."""
    hub = ExecutionHub.open(config(base), plugins=[plugin])
    async with served(hub) as host, httpx.AsyncClient(timeout=15) as client:
        yield hub, host, client


ENTRY = {
    "symbol": "BTC/USDT",
    "action": "buy",
    "quantity": "0.01",
    "stop_loss": "59000",
    "take_profit": "62500",
    "confidence": "0.8",
    "strategy": "trend",
}


def now() -> str:
    """As TradingView renders it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def send(client: httpx.AsyncClient, host: Host, body: str) -> httpx.Response:
    """An alert."""
    return await client.post(host.url, content=body, headers={"content-type": "text/plain; charset=utf-8"})


def spellings(at: int) -> list[str]:
    """Ten ways to write one entry of one moment under one id.

    Args:
        at: epoch seconds.
    """
    iso = datetime.fromtimestamp(at, UTC)
    one = {**ENTRY, "id": "entry-1", "timenow": iso.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def renamed(**names: str) -> dict[str, object]:
        return {names.get(key, key): value for key, value in one.items()}

    return [
        json.dumps(one),
        json.dumps(one, indent=4),
        json.dumps(dict(reversed(one.items()))),
        json.dumps({**one, "action": "BUY"}),
        json.dumps({**one, "quantity": 0.01, "stop_loss": 59000, "take_profit": 62500.0, "confidence": 0.80}),
        json.dumps({**one, "quantity": "1e-2", "stop_loss": "59000.00"}),
        json.dumps(renamed(symbol="ticker", action="side", quantity="contracts", stop_loss="sl", take_profit="tp")),
        json.dumps({**one, "symbol": "BINANCE:BTCUSDT"}),
        json.dumps({**one, "symbol": "btc-usdt", "timenow": str(at * 1000)}),
        json.dumps({**renamed(timenow="timestamp"), "timestamp": iso.astimezone().isoformat(), "order_type": "MARKET"}),
    ]


async def bodies_of(answers: Sequence[httpx.Response]) -> list[dict[str, Any]]:
    """What they say, all of them 200."""
    assert [answer.status_code for answer in answers] == [200] * len(answers), [answer.text for answer in answers]
    return [answer.json() for answer in answers]


@pytest.mark.parametrize("spelled", [False, True], ids=["identical", "in ten spellings"])
async def test_ten_concurrent_alerts_are_one_order_and_so_they_are_after_a_restart(tmp_path: Path, spelled: bool) -> None:
    """The venue sees one request; twenty answers name one order, and the position is that of one."""
    plugin, at = Counted(), int(time.time())
    texts = spellings(at) if spelled else [json.dumps({**ENTRY, "timenow": now()})] * 10
    assert len(set(texts)) == (10 if spelled else 1)
    said: list[dict[str, Any]] = []
    async with serving(tmp_path, plugin) as (hub, host, client):
        said += await bodies_of(await asyncio.gather(*(send(client, host, text) for text in texts)))
        assert [each.quantity for each in await hub.positions("paper")] == [Decimal("0.01")]
    async with serving(tmp_path, plugin) as (hub, host, client):
        said += await bodies_of(await asyncio.gather(*(send(client, host, text) for text in texts)))
        assert [each.quantity for each in await hub.positions("paper")] == [Decimal("0.01")]
        assert len(await hub.orders()) == 1
    assert len(plugin.seen) == 1
    assert len({each["client_order_id"] for each in said}) == 1
    assert len({each["order_id"] for each in said}) == 1
    assert {(each["status"], each["result"]["status"], each["result"]["protected"]) for each in said} == {
        ("success", "filled", True)
    }
    assert [each["result"]["duplicate"] for each in said].count(False) == 1


async def test_two_alerts_of_two_moments_are_two_orders(tmp_path: Path) -> None:
    """Else the second trade of the day would be lost."""
    plugin = Counted()
    async with serving(tmp_path, plugin) as (_, host, client):
        at = int(time.time())
        texts = [json.dumps({**ENTRY, "quantity": "0.005", "timenow": moment}) for moment in (at - 1, at)]
        said = await bodies_of([await send(client, host, text) for text in texts])
    assert len(plugin.seen) == 2
    assert len({each["client_order_id"] for each in said}) == 2


async def test_a_day_of_alerts(tmp_path: Path) -> None:
    """In, too unsure, too large, out: what is booked is what was answered."""
    plugin = Counted()
    async with serving(tmp_path, plugin) as (hub, host, client):
        entry = await send(client, host, json.dumps({**ENTRY, "timenow": now()}))
        unsure = await send(client, host, json.dumps({**ENTRY, "confidence": "0.5", "quantity": "0.001", "timenow": now()}))
        large = await send(client, host, json.dumps({**ENTRY, "quantity": "0.5", "timenow": now()}))
        out = await send(
            client, host, json.dumps({"ticker": "BTCUSDT", "action": "close", "strategy": "trend", "timenow": now()})
        )
        assert [each.status_code for each in (entry, unsure, large, out)] == [200, 422, 422, 200]
        assert [each["code"] for each in unsure.json()["denials"]] == ["CONFIDENCE_TOO_LOW"]
        assert [each["code"] for each in large.json()["denials"]] == ["POSITION_SIZE"]
        assert out.json()["result"]["filled_quantity"] == "0.01"
        assert await hub.positions("paper") == []
        for answer in (entry, unsure, large, out):
            name = answer.json()["client_order_id"]
            found = (await client.get(f"{host.url}/orders/{name}")).json()
            assert found["result"]["status"] == answer.json()["result"]["status"]
    assert len(plugin.seen) == 2


async def test_the_journal_keeps_what_arrived(tmp_path: Path) -> None:
    """Byte for byte, so that a dispute is about what was sent."""
    plugin, text = Counted(), json.dumps({**ENTRY, "timenow": now()}, indent=3)
    async with serving(tmp_path, plugin) as (hub, host, client):
        await send(client, host, text)
        [recorded] = await hub.orders()
    assert recorded.raw == text.encode()
    assert KEY.encode() not in (tmp_path / "fks-exec.db").read_bytes()
