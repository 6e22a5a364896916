# SPDX-License-Identifier: MIT
"""Line 7: a number is ASCII digits first; what Python's Decimal would also take is refused, in every field that holds one."""

import json
from pathlib import Path

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

NO_NUMBERS = [
    "１２",
    "١٢",
    "1_000",
    " 1",
    "1 ",
    "1\n",
    "0x10",
    "1,5",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1e999",
    "1e-999",
    "",
    "+",
    ".",
    "²",
    "½",
]
ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "a", "id": "a", "action": "buy"}
OF_AN_ORDER = ["quantity", "price", "stop_price", "stop_loss", "take_profit", "confidence"]
OF_AN_ALERT = [
    "quantity",
    "qty",
    "contracts",
    "limit_price",
    "stop_price",
    "stop_loss",
    "sl",
    "take_profit",
    "tp",
    "confidence",
]


@pytest.mark.parametrize("text", NO_NUMBERS, ids=ascii)
async def test_what_is_no_ascii_number_is_400_in_every_field(tmp_path: Path, text: str) -> None:
    """And nothing is sent."""
    venue = MemoryVenue()
    config = host_config(tmp_path, clients=client_table(tmp_path, rate=1000), limits={"orders_per_address": 1000})
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            ask = SigningClient(http)
            for field in OF_AN_ORDER:
                order = {name: ORDER[name] for name in ("symbol", "side", "quantity", "client_order_id")} | {field: text}
                answer = await ask("POST", "/orders", order)
                assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ORDER"), field
            for field in OF_AN_ALERT:
                alert = {name: ORDER[name] for name in ("symbol", "action", "quantity", "id")}
                if field in ("qty", "contracts"):
                    del alert["quantity"]
                raw = json.dumps(alert | {field: text}).encode()
                answer = await http.post(f"/webhook/tradingview/{KEY}", content=raw)
                assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ALERT"), field
    assert venue.seen == []
