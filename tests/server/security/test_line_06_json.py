# SPDX-License-Identifier: MIT
"""Line 6: JSON as nobody means it gets 2xx or 4xx, on every route that reads some: NaN, 1e999, duplicate keys, depth, size."""

from pathlib import Path

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.signatures import sign_alert
from fks_exec_server.http.table import ROUTES
from fks_exec_simulators.clients import CLIENT_SECRET, SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

ROUTES_WITH_BODY = [
    (method, spec.path.replace("{key}", KEY).replace("{client_order_id}", "there"))
    for spec in ROUTES
    for method, operation in spec.methods.items()
    if operation.bodies or operation.does == "alert"
]
FIELDS = b'"symbol":"BTC/USDT","side":"buy","action":"buy","id":"1","client_order_id":"1","because":"x","price":'
BODIES = {
    "nothing": b"",
    "no JSON": b"buy BTC",
    "half": b"{",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"x"',
    "null": b"null",
    "true": b"true",
    "NaN": b"{" + FIELDS + b'"1","quantity":NaN}',
    "Infinity": b"{" + FIELDS + b'"1","quantity":-Infinity}',
    "1e999": b"{" + FIELDS + b'"1","quantity":1e999}',
    "1e-999": b"{" + FIELDS + b'"1","quantity":1e-999}',
    "a billion digits' exponent": b"{" + FIELDS + b'"1","quantity":1e999999999}',
    "a huge integer": b"{" + FIELDS + b'"1","quantity":' + b"9" * 5000 + b"}",
    "a huge fraction": b"{" + FIELDS + b'"1","quantity":0.' + b"9" * 5000 + b"}",
    "a duplicate key": b"{" + FIELDS + b'"1","quantity":1,"quantity":2}',
    "lists 1,000 deep": b"[" * 1000 + b"]" * 1000,
    "objects 1,000 deep": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "a field 1,000 deep": b"{" + FIELDS + b"[" * 1000 + b"]" * 1000 + b"}",
    "lists without an end": b"[" * 8000,
    "no UTF-8": b'{"symbol":"\xff\xfe"}',
    "UTF-16": '{"symbol":"BTC"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate": b'{"symbol":"\\ud800","action":"buy","quantity":1,"id":"1","because":"\\udfff"}',
    "a zero byte": b'{"symbol":"\\u0000","because":"\\u0000"}',
    "an object for a number": b"{" + FIELDS + b'{"a":1},"quantity":{}}',
    "a list for a text": b'{"symbol":[],"side":[],"because":[],"accounts":[[]],"kind":[],"account":[]}',
    "options of all kinds": b"{" + FIELDS + b'null,"quantity":1,"options":{"a":[1],"b":{"c":null}}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_it_is_2xx_or_4xx_on_every_route(tmp_path: Path, body: bytes) -> None:
    """Never 5xx, which TradingView would send again, nor a crash."""
    config = host_config(tmp_path, clients=client_table(tmp_path))
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            ask = SigningClient(http)
            order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "client_order_id": "there"}
            assert (await ask("POST", "/orders", order)).status_code == 200
            for method, path in ROUTES_WITH_BODY:
                headers = sign_alert(body, secret=CLIENT_SECRET) if path == "/webhook/tradingview" else {}
                if path.startswith("/webhook"):
                    answer = await http.request(method, path, content=body, headers=headers)
                else:
                    answer = await ask(method, path, body)
                assert 200 <= answer.status_code < 500, (path, answer.text)
                assert answer.status_code not in (401, 404), path
