# SPDX-License-Identifier: MIT
"""Line 20: any body and any header on any route: no 5xx, nothing that hangs. What was found once is kept in ``corpus``."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Scope

from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.http.table import ROUTES
from fks_exec_simulators.clients import CLIENT_SECRET, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config

CORPUS = {path.name: path.read_bytes() for path in sorted(Path(__file__).with_name("corpus").iterdir())}
TARGETS = [
    (
        method,
        spec.path.replace("{key}", KEY)
        .replace("{client_order_id}", "there")
        .replace("{account}", "main")
        .replace("{symbol:path}", "BTC/USDT"),
    )
    for spec in ROUTES
    for method in spec.methods
]
MANY = {"rate": 10_000, "burst": 100_000}
WORDS = [
    *("symbol", "action", "side", "quantity", "price", "id", "client_order_id", "kind", "account", "because", "strategy"),
    *("timenow", "market_position", "position_size", "options", "accounts", "state", "size", "size_type", "test", "secret"),
]
VALUES = [
    "BTC/USDT",
    "buy",
    "sell",
    "close",
    "Order",
    "TargetPosition",
    "main",
    "1",
    "0.01",
    "-1",
    "limit",
    "flat",
    "long",
    "halted",
]

fuzzed = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(VALUES)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=12), values, max_size=12)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bytes, JSON of the words that the routes know, and what was found before with something changed about it."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return draw(st.binary(max_size=9000))
    if kind == 1:
        return json.dumps(draw(objects)).encode("utf-8", "surrogatepass")
    body = draw(st.sampled_from(list(CORPUS.values())))
    place = draw(st.integers(0, len(body)))
    return body[:place] + draw(st.binary(max_size=8)) + body[place + draw(st.integers(0, 4)) :]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[ASGIApp]:
    """A host whose limits are no part of what is asked, with an order that rests."""
    venue = FaultyVenue()
    limits = {"orders_per_address": 10_000, "strangers": 10_000}
    config = host_config(tmp_path, clients=client_table(tmp_path, **MANY), key=MANY, limits=limits)
    async with ExecutionHub.open(config, plugins=[TheVenue(venue, venue.declared)]) as hub:
        made = create_app(hub)
        order = {
            "symbol": "BTC/USDT",
            "side": "buy",
            "quantity": "1",
            "order_type": "limit",
            "price": "50",
            "client_order_id": "there",
        }
        assert (
            await answered(
                made, "POST", "/orders", json.dumps(order).encode(), proved("POST", "/orders", json.dumps(order).encode())
            )
            == 200
        )
        yield made


def proved(method: str, target: str, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that prove a request."""
    if target.startswith("/webhook"):
        said = sign_alert(body, secret=CLIENT_SECRET) if target == "/webhook/tradingview" else {}
    else:
        said = sign(method, target, body, key="bot", secret=CLIENT_SECRET)
    return [(name.lower().encode(), value.encode()) for name, value in said.items()]


async def answered(app: ASGIApp, method: str, target: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    """The code of the answer, within five seconds."""
    scope: Scope = {
        "type": "http", "method": method, "path": target, "raw_path": target.encode("utf-8", "surrogatepass"),
        "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(5):
        await app(scope, receive, send)
    assert b"Traceback" not in sent[-1]["body"]
    json.loads(sent[-1]["body"])
    return int(sent[0]["status"])


@pytest.mark.parametrize("name", CORPUS)
async def test_what_was_found_once_is_answered_2xx_or_4xx_on_every_route(app: ASGIApp, name: str) -> None:
    """On those that take no body, too."""
    for method, target in TARGETS:
        code = await answered(app, method, target, CORPUS[name], proved(method, target, CORPUS[name]))
        assert 200 <= code < 500, (method, target)
        assert code != 401, (method, target)


@pytest.mark.parametrize(("method", "target"), TARGETS)
@fuzzed
@given(body=bodies())
@example(body=b"")
async def test_any_body_is_answered_2xx_or_4xx(app: ASGIApp, method: str, target: str, body: bytes) -> None:
    """By one who is allowed to send it."""
    assert 200 <= await answered(app, method, target, body, proved(method, target, body)) < 500


NAMES = [b"authorization", b"x-fks-key", b"x-fks-timestamp", b"x-fks-nonce", b"x-fks-signature", b"x-tradingview-signature",
         b"x-forwarded-for", b"content-length", b"content-type", b"host", b"expect", b"x-request-id"]  # fmt: skip
texts = st.binary(max_size=80) | st.sampled_from(
    [
        b"Bearer ",
        b"Bearer a.b.c",
        b"Bearer eyJhbGciOiJub25lIn0.e30.",
        b"bot",
        b"\xff" * 64,
        b"0" * 64,
        b"1795370400000",
        b"127.0.0.1, ::1, x",
    ]
)


@pytest.mark.parametrize(("method", "target"), TARGETS)
@fuzzed
@given(headers=st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=8), body=st.binary(max_size=20))
async def test_any_header_is_answered_without_a_fault(
    app: ASGIApp, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Bytes 0x00 to 0xFF, doubled headers, half proofs: 4xx, and from nobody an order."""
    code = await answered(app, method, target, body, headers)
    assert 200 <= code < 500
    assert code in (401, 413) or target.startswith("/webhook/tradingview/")


@fuzzed
@given(path=st.text(max_size=60) | st.sampled_from(["/orders/\ud800", "/accounts/\x00/positions", "/accounts/main/quote/\n"]))
async def test_any_path_is_answered_without_a_fault(app: ASGIApp, path: str) -> None:
    """Whatever a proxy lets through."""
    target = "/" + path.lstrip("/")
    for method in ("GET", "POST"):
        assert await answered(app, method, target, b"{}", []) in (401, 404, 405)
