"""What is handed to the network is noted, once, whatever ccxt does with it; over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from fks_exec.errors import NotSent
from fks_exec_ccxt.session.loading import exchange_class, wired
from fks_exec_ccxt.session.urls import rehosted
from fks_exec_ccxt.wire.calls import calling, current
from fks_exec_ccxt.wire.outcomes import unread


class Scripted:
    """A server that answers what a test says and counts what came."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.answer = web.Response(text="{}", content_type="application/json")
        self.close_next = False
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.path))
        await request.read()
        if self.close_next:
            self.close_next = False
            assert request.transport is not None
            request.transport.close()
        given = self.answer
        return web.Response(body=given.body, status=given.status, headers=given.headers)


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
async def binance(server: Scripted) -> AsyncIterator[Any]:
    async for exchange in _made("binance", server):
        yield exchange


@pytest.fixture
async def deribit(server: Scripted) -> AsyncIterator[Any]:
    async for exchange in _made("deribit", server):
        yield exchange


async def _made(name: str, server: Scripted) -> AsyncIterator[Any]:
    exchange = wired(exchange_class(name))({"apiKey": "canary-key", "secret": "canary-secret", "enableRateLimit": False})
    exchange.urls["api"] = rehosted(exchange.urls["api"], server.url)
    exchange.timeout_on_exit = 0
    yield exchange
    await exchange.close()


async def test_a_post_is_noted_with_path_status_and_beginning(binance: Any, server: Scripted) -> None:
    server.answer = web.Response(text='{"orderId": 7}', content_type="application/json")
    with calling(exchange="binance") as call:
        assert current() is call
        await binance.private_post_order({"symbol": "BTCUSDT"})
    [request] = call.handed
    assert (request.method, request.path, request.write, request.status) == ("POST", "/api/v3/order", True, 200)
    assert request.beginning == '{"orderId": 7}'
    assert request.answered
    assert request.read
    assert call.sent
    assert current() is None


async def test_a_get_is_no_write(binance: Any) -> None:
    with calling() as call:
        await binance.public_get_time()
    assert [request.write for request in call.handed] == [False]
    assert not call.sent


async def test_deribit_places_by_get_and_that_is_a_write(deribit: Any) -> None:
    with calling() as call:
        await deribit.private_get_buy({"instrument_name": "BTC-PERPETUAL"})
        await deribit.private_get_get_order_state({"order_id": "1"})
    assert [request.write for request in call.handed] == [True, False]


async def test_a_reading_call_has_no_writes_even_by_post(binance: Any) -> None:
    with calling(reading=True) as call:
        await binance.private_post_order({"symbol": "BTCUSDT"})
    assert not call.sent


async def test_the_same_write_is_held_back_within_one_call(binance: Any, server: Scripted) -> None:
    server.answer = web.Response(text="<html>", status=503)
    binance.options["maxRetriesOnFailure"] = 3
    with calling(exchange="binance") as call, pytest.raises(NotSent, match="same request again"):
        await binance.private_post_order({"symbol": "BTCUSDT"})
    assert server.seen == [("POST", "/api/v3/order")]
    assert len(call.handed) == 1


async def test_a_write_is_not_sent_after_its_deadline(binance: Any, server: Scripted) -> None:
    with calling(deadline=0.0) as call, pytest.raises(NotSent, match="deadline"):
        await binance.private_post_order({"symbol": "BTCUSDT"})
    assert server.seen == []
    assert not call.sent


async def test_a_broken_kept_connection_is_not_tried_twice(deribit: Any, server: Scripted) -> None:
    """aiohttp sends a GET again when a kept connection turns out broken; on Deribit that would be a second order."""
    await deribit.public_get_get_time()
    server.close_next = True
    with calling() as call, pytest.raises(Exception, match="deribit"):
        await deribit.private_get_buy({"instrument_name": "BTC-PERPETUAL"})
    assert [path for _, path in server.seen].count("/api/v2/private/buy") == 1
    assert call.sent


async def test_a_redirected_post_is_not_sent_elsewhere(binance: Any, server: Scripted) -> None:
    server.answer = web.Response(status=307, headers={"Location": f"{server.url}/elsewhere"})
    with calling() as call:
        await binance.private_post_order({"symbol": "BTCUSDT"})
    assert server.seen == [("POST", "/api/v3/order")]
    assert call.handed[0].status == 307


async def test_a_page_with_status_200_is_told_from_json(binance: Any, server: Scripted) -> None:
    server.answer = web.Response(text="<html>maintenance</html>", content_type="text/html")
    with calling(exchange="binance") as call:
        await binance.private_get_openorders()
    assert call.handed[0].answered
    assert not call.handed[0].read
    assert unread(call) is not None


async def test_concurrent_requests_of_one_call_keep_their_own_status(binance: Any, server: Scripted) -> None:
    with calling(reading=True) as call:
        await asyncio.gather(binance.public_get_time(), binance.public_get_ping())
    assert [request.status for request in call.handed] == [200, 200]
    assert len({request.path for request in call.handed}) == 2


async def test_two_calls_at_once_do_not_mix(binance: Any) -> None:
    async def one(path: str) -> list[str]:
        with calling(reading=True) as call:
            await getattr(binance, path)()
        return [request.path for request in call.handed]

    assert await asyncio.gather(one("public_get_time"), one("public_get_ping")) == [["/api/v3/time"], ["/api/v3/ping"]]


async def test_nothing_of_the_key_is_in_a_repr(binance: Any, server: Scripted) -> None:
    server.answer = web.Response(text='{"echo": "canary-key canary-secret"}', content_type="application/json")
    with calling(exchange="binance", secrets=("canary-key", "canary-secret")) as call:
        await binance.private_post_order({"symbol": "BTCUSDT", "newClientOrderId": "canary-id"})
    assert "canary" not in repr(call)
    assert "canary" not in repr(call.handed)


async def test_without_a_call_everything_is_as_in_ccxt(binance: Any, server: Scripted) -> None:
    assert await binance.public_get_time() == {}
    assert server.seen == [("GET", "/api/v3/time")]


def test_a_class_is_wired_once() -> None:
    binance = exchange_class("binance")
    assert wired(binance) is wired(binance)
    assert wired(wired(binance)) is wired(binance)
    assert wired(binance).__name__ == "binance"


@pytest.mark.parametrize("name", ["kraken", "bitfinex"])
async def test_a_nonce_rises_whatever_the_clock_is_corrected_by(name: str) -> None:
    exchange = wired(exchange_class(name))()
    told = []
    for offset in (0, 0, 100, 60, -5000, 0):
        exchange.options["timeDifference"] = offset
        told += [exchange.nonce(), exchange.nonce()]
    assert told == sorted(set(told))
    await exchange.close()


async def test_a_timestamp_follows_the_corrected_clock() -> None:
    exchange = wired(exchange_class("binance"))()
    first = exchange.nonce()
    exchange.options["timeDifference"] = 5000
    assert exchange.nonce() < first - 4000
    await exchange.close()
