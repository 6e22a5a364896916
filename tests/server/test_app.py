# SPDX-License-Identifier: MIT
"""The routes as an ASGI application, with the real hub: which answer when, and what no answer says."""

import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from blockbuster import blockbuster_ctx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Scope

from fks_exec import AccountNotReady, ExecutionResult, NotSent, Order, VenueRejected, hookimpl
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app, create_operations_app
from fks_exec_server.tradingview.alert import read_alert
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.hosts import KEY, JournalOnDisk, TheVenue, host_config
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import FULL, FullVenue, MemoryVenue, ScriptedVenue, SilentVenue

PATH = f"/webhook/tradingview/{KEY}"


def alert(**fields: object) -> dict[str, object]:
    """A market order, as of now; None takes a field out."""
    usual = {"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "timenow": int(time.time() * 1000)}
    return {name: value for name, value in {**usual, **fields}.items() if value is not None}


@asynccontextmanager
async def hub_of(base: Path, venue: object, **config: Any) -> AsyncIterator[ExecutionHub]:
    """A started hub on this venue."""
    capabilities = FULL if isinstance(venue, FullVenue) else None
    async with ExecutionHub.open(host_config(base, **config), plugins=[TheVenue(venue, capabilities)]) as hub:
        yield hub


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the application directly."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host") as client:
        yield client


@asynccontextmanager
async def client_on(base: Path, venue: object, **config: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Both."""
    async with hub_of(base, venue, **config) as hub, client_of(create_app(hub)) as client:
        yield client


async def test_an_alert_is_executed_and_answered_with_its_outcome(tmp_path: Path) -> None:
    """The venue has the order that the alert meant."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as client:
        answer = await client.post(PATH, json=alert())
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    [(order, _)] = venue.seen
    assert (order.symbol, order.side, str(order.quantity)) == ("BTC/USDT", "buy", "0.01")
    assert answer.json()["client_order_id"] == order.client_order_id


async def test_an_alert_does_not_block_the_loop(tmp_path: Path) -> None:
    """The other alerts of the same second would wait."""
    async with client_on(tmp_path, MemoryVenue()) as client:
        with blockbuster_ctx(scanned_modules=["fks_exec_server", "fks_exec_hub", "fks_exec"]):
            made = await client.post(PATH, json=alert())
            found = await client.get(f"{PATH}/orders/{made.json()['client_order_id']}")
    assert (made.status_code, found.status_code) == (200, 200)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8", "image/png", ""])
async def test_the_content_type_does_not_matter(tmp_path: Path, content_type: str) -> None:
    """TradingView calls the same message text or JSON."""
    async with client_on(tmp_path, MemoryVenue()) as client:
        raw = json.dumps(alert()).encode()
        answer = await client.post(PATH, content=raw, headers={"content-type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("scripted", "http", "status", "fine"),
    [
        (ExecutionResult(status="accepted", order_id="7"), 200, "success", "accepted"),
        (VenueRejected("no funds", code="FUNDS"), 200, "failed", "rejected"),
        (NotSent("the line is down"), 200, "failed", "not_placed"),
        (OSError("secret words of an SDK"), 202, "pending", "unknown"),
        (None, 202, "pending", "unknown"),
    ],
    ids=["accepted", "rejected", "not sent", "an unlisted error", "nothing"],
)
async def test_what_the_venue_did_decides_the_answer(
    tmp_path: Path, scripted: object, http: int, status: str, fine: str
) -> None:
    """An unknown outcome is pending, never failed."""
    async with client_on(tmp_path, ScriptedVenue(scripted)) as client:
        answer = await client.post(PATH, json=alert())
        found = await client.get(f"{PATH}/orders/{answer.json()['client_order_id']}")
    assert (answer.status_code, answer.json()["status"], answer.json()["result"]["status"]) == (http, status, fine)
    assert (found.status_code, found.json()["status"], found.json()["result"]["status"]) == (200, status, fine)
    assert "secret words" not in answer.text + found.text


async def test_an_answer_does_not_wait_for_ever(tmp_path: Path) -> None:
    """TradingView hangs up after three seconds; the order is durable long before."""
    venue = SilentVenue()
    async with client_on(tmp_path, venue, key={"wait": 0.05}, account={"deadline": 1}) as client:
        first = await client.post(PATH, json=alert(id="one", timenow=None))
        again = await client.post(PATH, json=alert(id="one", timenow=None))
        found = await client.get(f"{PATH}/orders/{first.json()['client_order_id']}")
        assert [each.status_code for each in (first, again, found)] == [202, 202, 200]
        assert {each.json()["status"] for each in (first, again, found)} == {"pending"}
        assert "no need to send it again" in first.json()["message"]
        assert len(venue.seen) == 1


async def test_a_key_may_want_the_receipt_only(tmp_path: Path) -> None:
    """Then 202 comes once the order is durable; a repetition is answered with what is known by then."""
    venue = MemoryVenue()
    async with hub_of(tmp_path, venue, key={"respond": "accepted"}) as hub, client_of(create_app(hub)) as client:
        sent = alert(id="one")
        first = await client.post(PATH, json=sent)
        assert (first.status_code, first.json()["status"], len(await hub.orders())) == (202, "pending", 1)
        same = read_alert(json.dumps(sent).encode(), key="tv", accounts=["main"])
        await (await hub.submit("main", same.instruction)).result()
        again = await client.post(PATH, json=sent)
    assert (again.status_code, again.json()["status"]) == (200, "success")
    assert again.json()["client_order_id"] == first.json()["client_order_id"]
    assert len(venue.seen) == 1


@pytest.mark.parametrize("respond", ["accepted", "outcome"])
async def test_an_id_of_another_order_is_a_conflict_however_the_key_responds(tmp_path: Path, respond: str) -> None:
    """202 would say that the sale is on its way."""
    venue = MemoryVenue()
    async with hub_of(tmp_path, venue, key={"respond": respond}) as hub, client_of(create_app(hub)) as client:
        await client.post(PATH, json=alert(id="one", action="buy", quantity=1))
        answer = await client.post(PATH, json=alert(id="one", action="sell", quantity=5))
        await until(lambda: venue.seen)
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (409, "failed", "ID_REUSED")
    assert len(venue.seen) == 1


async def test_a_reused_id_is_a_conflict(tmp_path: Path) -> None:
    """Nothing is sent for it, and it is not answered with the other order's fill."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as client:
        await client.post(PATH, json=alert(id="one"))
        answer = await client.post(PATH, json=alert(id="one", quantity="0.02"))
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (409, "failed", "ID_REUSED")
    assert len(venue.seen) == 1


async def test_the_same_id_with_another_timenow_is_a_conflict(tmp_path: Path) -> None:
    """An id that the user forgot to make unique must not lose the next trade in silence."""
    async with client_on(tmp_path, MemoryVenue()) as client:
        now = int(time.time() * 1000)
        first = await client.post(PATH, json=alert(id="one", timenow=now))
        second = await client.post(PATH, json=alert(id="one", timenow=now - 1000))
    assert (first.status_code, second.status_code) == (200, 409)


@pytest.mark.parametrize(
    ("content", "http", "code"),
    [
        (b"buy BTC", 400, "INVALID_ALERT"),
        (b"[]", 400, "INVALID_ALERT"),
        (b'{"a":' * 1000, 400, "INVALID_ALERT"),
        (b"x" * 8193, 413, "TOO_LARGE"),
        (b'{"symbol":"BTC/USDT","action":"buy","quantity":NaN,"id":"1"}', 400, "INVALID_ALERT"),
        (b'{"symbol":"BTC/USDT","action":"buy","quantity":-1,"id":"1"}', 400, "INVALID_ALERT"),
        (b'{"symbol":"BTC/USDT","action":"buy","quantity":1e999,"id":"1"}', 400, "INVALID_ALERT"),
        ('{"symbol":"BTC/USDT","action":"buy","quantity":"１２","id":"1"}'.encode(), 400, "INVALID_ALERT"),
        (b'{"symbol":"BTC/USDT","symbol":"BTC/USDT","action":"buy","quantity":1,"id":"1"}', 400, "INVALID_ALERT"),
        (b'{"symbol":"{{ticker}}","action":"buy","quantity":1,"id":"1"}', 400, "INVALID_ALERT"),
        (b'{"symbol":"BTC/USDT","action":"buy","quantity":{{contracts}},"id":"1"}', 400, "INVALID_ALERT"),
        (b'{"symbol":"BTC/USDT","action":"buy","quantity":1}', 422, "NO_DEDUP_KEY"),
        (b'{"symbol":"DOGE","action":"buy","quantity":1,"id":"1"}', 422, "UNKNOWN_SYMBOL"),
        (b'{"symbol":"BTC","action":"buy","quantity":1,"id":"1"}', 422, "UNKNOWN_SYMBOL"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
async def test_bad_input_is_refused_before_the_journal(tmp_path: Path, content: bytes, http: int, code: str) -> None:
    """Nothing is sent, nothing is written, no id is spent."""
    venue = FullVenue()
    async with hub_of(tmp_path, venue) as hub, client_of(create_app(hub)) as client:
        answer = await client.post(PATH, content=content)
        assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (http, code, "failed")
        assert answer.json()["message"]
        assert await hub.orders() == []
    assert venue.seen == []


async def test_a_denied_alert_is_422_with_its_reasons(tmp_path: Path) -> None:
    """Here the hub's own: it is too old."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as client:
        answer = await client.post(PATH, json=alert(timenow=int(time.time()) - 45))
    assert (answer.status_code, answer.json()["status"]) == (422, "failed")
    assert [each["code"] for each in answer.json()["denials"]] == ["STALE"]
    assert venue.seen == []


class DownVenue(MemoryVenue):
    """Its terminal is down; the reason holds what is nobody's business."""

    @hookimpl
    async def init(self, config: Any, context: Any) -> None:
        raise AccountNotReady("main", "C:/Users/somebody/terminal64.exe is not running")


async def test_an_account_that_is_not_ready_is_503_and_its_reason_stays_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TradingView sends it again; the operator reads the log, or /health/ready."""
    async with hub_of(tmp_path, DownVenue()) as hub:
        async with client_of(create_app(hub)) as client:
            answer = await client.post(PATH, json=alert())
        async with client_of(create_operations_app(hub)) as client:
            ready = await client.get("/health/ready")
        assert await hub.orders() == []
    assert (answer.status_code, answer.json()["code"]) == (503, "ACCOUNT_NOT_READY")
    assert "terminal64" not in answer.text
    assert "terminal64" in caplog.text
    assert "terminal64" in ready.json()["accounts"][0]["reason"]


async def test_a_required_account_that_is_not_ready_makes_the_host_not_ready(tmp_path: Path) -> None:
    """A hub that has not started is not ready either; it lives all the same."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with client_of(create_operations_app(hub)) as client:
        before = await client.get("/health/ready")
        async with hub:
            during = await client.get("/health/ready")
            live = await client.get("/health/live")
    assert (before.status_code, before.json()["status"]) == (503, "not ready")
    assert (during.status_code, during.json()["status"]) == (200, "ready")
    assert [each["ready"] for each in during.json()["accounts"]] == [True, True]
    assert [each["unresolved"] for each in during.json()["accounts"]] == [[], []]
    assert (live.status_code, live.json()) == (200, {"status": "live"})


async def test_a_journal_that_cannot_write_is_503_and_the_id_stays_unspent(tmp_path: Path) -> None:
    """Nothing was sent; the repetition is taken by a host whose disk has space again."""
    disk, venue, sent = FaultyDisk("server-full"), MemoryVenue(), alert()
    plugins = [TheVenue(venue), JournalOnDisk("server-full")]
    config = host_config(tmp_path, journal="disk:fks-exec.db")
    try:
        async with ExecutionHub.open(config, plugins=plugins) as hub, client_of(create_app(hub)) as client:
            disk.on_write = apsw.FullError("simulated")
            refused = await client.post(PATH, json=sent)
        assert venue.seen == []
        disk.on_write = None
        async with ExecutionHub.open(config, plugins=plugins) as hub, client_of(create_app(hub)) as client:
            repeated = await client.post(PATH, json=sent)
    finally:
        disk.unregister()
    assert (refused.status_code, refused.json()["code"]) == (503, "JOURNAL_UNAVAILABLE")
    assert str(tmp_path) not in refused.text
    assert (repeated.status_code, repeated.json()["result"]["duplicate"], len(venue.seen)) == (200, False, 1)


async def test_a_hub_that_closes_is_503(tmp_path: Path) -> None:
    """The next host takes the repetition."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        app = create_app(hub)
    async with client_of(app) as client:
        answer = await client.post(PATH, json=alert())
        found = await client.get(f"{PATH}/orders/tv-1")
    assert (answer.status_code, answer.json()["code"]) == (503, "CLOSING")
    assert "starting or stopping" in answer.json()["message"]
    assert found.status_code == 503


class FaultyHub(ExecutionHub):
    """Raises what nobody expects."""

    async def submit(self, *args: object, **kwargs: object) -> Any:
        raise LookupError(f"the secret is {KEY}")


async def test_a_fault_of_ours_shows_nothing_of_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fixed sentence outside, the type alone in the log."""
    hub = FaultyHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with hub, client_of(create_app(hub)) as client:
        answer = await client.post(PATH, json=alert())
    assert (answer.status_code, answer.json()["code"]) == (500, "FAULT")
    assert KEY not in answer.text + caplog.text
    assert "LookupError" in caplog.text


async def test_an_order_is_found_by_the_keys_of_its_account_only(tmp_path: Path) -> None:
    """And any other id is a path that does not exist."""
    async with hub_of(tmp_path, MemoryVenue(), key={"accounts": ["main"]}) as hub, client_of(create_app(hub)) as client:
        made = (await client.post(PATH, json=alert())).json()["client_order_id"]
        theirs = await hub.submit("other", Order(symbol="BTC/USDT", side="buy", quantity=1))
        unknown = await client.get("/nowhere")
        assert (await client.get(f"{PATH}/orders/{made}")).json()["result"]["status"] == "filled"
        for name in (theirs.client_order_id, "tv-0", "%00", "a" * 65, "tv-1%0a"):
            answer = await client.get(f"{PATH}/orders/{name}")
            assert (answer.status_code, answer.content) == (404, unknown.content), name


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
async def test_a_wrong_secret_is_an_unknown_path(tmp_path: Path, method: str) -> None:
    """Status, headers and body: nobody can ask whether a secret, or a part of one, is right."""
    async with client_on(tmp_path, MemoryVenue(), limits={"strangers": 1000}) as client:
        unknown = await client.request(method, "/no/such/path", content=b"x" * 9000)
        for path in (
            f"/webhook/tradingview/{KEY[:-1]}",
            f"/webhook/tradingview/{KEY}x",
            f"/webhook/tradingview/{KEY[:-1]}/orders/tv-1",
            f"/webhook/tradingview/{KEY}/",
            f"/webhook/tradingview/{KEY}/orders",
            "/webhook/tradingview",
            "/webhook/tradingview/",
            "/webhook/tradingview/%F0%28%8C%28",
            "/health/live",
            "/health/ready",
        ):
            answer = await client.request(method, path, content=b"x" * 9000)
            assert answer.status_code == unknown.status_code == 404, path
            assert answer.content == unknown.content, path
            assert answer.headers == unknown.headers, path


async def test_a_wrong_method_is_told_to_who_has_the_secret(tmp_path: Path) -> None:
    """With the one that is right."""
    async with client_on(tmp_path, MemoryVenue()) as client:
        answers = [await client.get(PATH), await client.post(f"{PATH}/orders/tv-1")]
    assert [(each.status_code, each.headers["allow"]) for each in answers] == [
        (405, "POST"),
        (405, "GET, HEAD, DELETE, PATCH"),
    ]


async def test_the_secret_is_in_no_log_and_in_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever comes: a good alert, refused ones, an unknown path below it."""
    caplog.set_level(logging.DEBUG)
    texts = []
    async with client_on(tmp_path, ScriptedVenue(OSError("x"))) as client:
        caplog.clear()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # the client's own log names what it asks
        for content in (json.dumps(alert()).encode(), b"no", b"x" * 9000, b'{"%s":1}' % KEY.encode()):
            texts.append((await client.post(PATH, content=content)).text)
        texts.append((await client.get(PATH)).text)
        texts.append((await client.get(f"{PATH}/orders/tv-1")).text)
    assert KEY not in caplog.text + "".join(texts)


async def test_the_operations_take_nothing_but_a_look(tmp_path: Path) -> None:
    """And know nothing of alerts."""
    async with hub_of(tmp_path, MemoryVenue()) as hub, client_of(create_operations_app(hub)) as client:
        assert (await client.post("/health/live")).status_code == 405
        assert (await client.post("/health/ready")).status_code == 405
        assert (await client.post(PATH, json=alert())).status_code == 404
        assert (await client.get("/")).status_code == 404


async def test_the_routes_can_be_mounted_in_another_application(tmp_path: Path) -> None:
    """A wrong secret is then answered as any unknown path below the mount."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        app = Starlette(routes=[Mount("/trading", create_app(hub))])
        async with client_of(app) as client:
            answer = await client.post(f"/trading{PATH}", json=alert())
            wrong = await client.post("/trading/webhook/tradingview/wrong")
            unknown = await client.post("/trading/nowhere")
    assert answer.status_code == 200
    assert (wrong.status_code, wrong.content, wrong.headers) == (404, unknown.content, unknown.headers)


async def test_a_web_socket_is_refused(tmp_path: Path) -> None:
    """A host's server may offer them."""
    sent: list[Message] = []
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        app = create_app(hub)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {"type": "websocket", "path": PATH, "headers": [], "root_path": ""}
        await app(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
