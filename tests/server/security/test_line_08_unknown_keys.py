# SPDX-License-Identifier: MIT
"""Line 8: unknown keys are refused with their names, on every route that reads a body; symbols are printable ASCII."""

import json
from pathlib import Path

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

ALERT = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1", "id": "a"}
ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "a"}
BODIES = [
    ("POST", f"/webhook/tradingview/{KEY}", ALERT),
    ("POST", "/orders", ORDER),
    ("POST", "/orders", {"kind": "ClosePosition", "symbol": "BTC/USDT", "client_order_id": "a"}),
    ("POST", "/orders", {"kind": "TargetPosition", "symbol": "BTC/USDT", "quantity": 1, "client_order_id": "a"}),
    ("POST", "/orders", {"kind": "ReversePosition", "symbol": "BTC/USDT", "client_order_id": "a"}),
    ("PATCH", "/orders/there", {"price": "1"}),
    ("POST", "/halt", {"because": "x"}),
    ("POST", "/resume", {"because": "x"}),
    ("POST", "/close", {"because": "x"}),
]
SYMBOLS = ["ВТС/USDT", "BTC/USDТ", "BTC\u200bUSDT", "BTC USDT", "BTC/USDT\n", "BTC\x00", "\u202eTDSU", "", "x" * 65, "ＢＴＣ"]
"""The first two hold Cyrillic letters that look like the Latin ones."""


@pytest.mark.parametrize("key", ["leverage", "__class__", "Symbol", "symbol ", "quantitу", "", "a" * 200, "x\ny"], ids=ascii)
async def test_a_key_that_is_not_known_is_400_on_every_route(tmp_path: Path, key: str) -> None:
    """It might have been meant: a misspelt stop_loss that is dropped is an order without a stop."""
    venue = MemoryVenue()
    config = host_config(tmp_path, clients=client_table(tmp_path), limits={"orders_per_address": 100})
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            ask = SigningClient(http)
            await ask("POST", "/orders", {**ORDER, "client_order_id": "there"})
            for method, path, body in BODIES:
                raw = json.dumps({**body, key: "1"}).encode()
                answer = await (http.post(path, content=raw) if path.startswith("/webhook") else ask(method, path, raw))
                assert answer.status_code == 400, (path, answer.text)
                assert "is unknown" in answer.json()["message"], (path, answer.text)
                assert "\n" not in answer.json()["message"]
    assert [order.client_order_id for order, _ in venue.seen] == ["there"]


@pytest.mark.parametrize("symbol", SYMBOLS, ids=ascii)
async def test_a_symbol_that_is_not_printable_ascii_is_400(tmp_path: Path, symbol: str) -> None:
    """What looks like another instrument is none."""
    venue = MemoryVenue()
    async with ExecutionHub.open(host_config(tmp_path, clients=client_table(tmp_path)), plugins=[TheVenue(venue)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            ask = SigningClient(http)
            answers = [
                await http.post(f"/webhook/tradingview/{KEY}", json={**ALERT, "symbol": symbol}),
                await ask("POST", "/orders", {**ORDER, "symbol": symbol}),
                await ask("POST", "/close", {"because": "x", "symbol": symbol}),
            ]
    assert [each.status_code for each in answers] == [400, 400, 400]
    assert venue.seen == []
