# SPDX-License-Identifier: MIT
"""Kraken and Bitfinex take requests in the order of their numbers: one on the wire at a time, exits first; over real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from fks_exec.errors import NotSent
from fks_exec_ccxt.session.loading import exchange_class, wired
from fks_exec_ccxt.session.urls import rehosted
from fks_exec_ccxt.wire import numbered
from fks_exec_ccxt.wire.calls import calling
from fks_exec_ccxt.wire.numbered import Numbered, OneByOne


class Slow:
    """A server that answers when a test lets it, and notes how many requests were there at once, and their numbers."""

    def __init__(self) -> None:
        self.url, self.most, self._here = "", 0, 0
        self.numbers: list[int] = []
        self.paths: list[str] = []
        self.open = asyncio.Event()
        self.came = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        form = await request.post()
        self._here += 1
        self.most = max(self.most, self._here)
        self.paths.append(request.path.rpartition("/")[2])
        if "nonce" in form:
            self.numbers.append(int(str(form["nonce"])))
        async with self.came:
            self.came.notify_all()
        await self.open.wait()
        self._here -= 1
        return web.json_response({"error": [], "result": {}})

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: len(self.paths) >= count)


@pytest.fixture
async def server() -> AsyncIterator[Slow]:
    slow = Slow()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", slow.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slow.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield slow
    slow.open.set()
    await runner.cleanup()


@pytest.fixture
async def kraken(server: Slow) -> AsyncIterator[Any]:
    exchange = wired(exchange_class("kraken"))({"apiKey": "canary-key", "secret": "c2VjcmV0", "rateLimit": 1})
    exchange.urls["api"] = rehosted(exchange.urls["api"], server.url)
    exchange.timeout_on_exit = 0
    yield exchange
    await exchange.close()


def asked(make: Any, **words: Any) -> asyncio.Task[Any]:
    """A call of ours, begun."""

    async def run() -> Any:
        with calling(**words):
            return await make({})

    return asyncio.get_running_loop().create_task(run())


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def test_private_requests_of_one_key_are_on_the_wire_one_after_the_other(kraken: Any, server: Slow) -> None:
    tasks = [asked(kraken.private_post_balance) for _ in range(8)]
    await server.until(1)
    await settled()
    assert len(server.paths) == 1
    server.open.set()
    await asyncio.gather(*tasks)
    assert server.most == 1
    assert len(server.numbers) == 8
    assert server.numbers == sorted(set(server.numbers))


async def test_an_exit_overtakes_what_waits_for_the_wire(kraken: Any, server: Slow) -> None:
    first = asked(kraken.private_post_balance)
    await server.until(1)
    polls = [asked(kraken.private_post_openorders) for _ in range(3)]
    await settled()
    out = asked(kraken.private_post_addorder, urgent=True)
    await settled()
    server.open.set()
    await asyncio.gather(first, out, *polls)
    assert server.paths[:2] == ["Balance", "AddOrder"]
    assert server.most == 1


async def test_an_exit_does_not_wait_for_what_hangs(kraken: Any, server: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbered, "PATIENCE", 0.1)
    hung = asked(kraken.private_post_balance)
    await server.until(1)
    poll = asked(kraken.private_post_openorders)
    await settled()
    out = asked(kraken.private_post_addorder, urgent=True)
    await server.until(2)
    assert server.paths == ["Balance", "AddOrder"]
    assert server.numbers == sorted(server.numbers)
    server.open.set()
    await asyncio.gather(hung, out, poll)
    assert server.paths[-1] == "OpenOrders"


async def test_a_deadline_ends_the_waiting_and_nothing_is_sent(kraken: Any, server: Slow) -> None:
    hung = asked(kraken.private_post_balance)
    await server.until(1)
    with calling(deadline=asyncio.get_running_loop().time() + 0.1), pytest.raises(NotSent, match="one after the other"):
        await kraken.private_post_addorder({})
    server.open.set()
    await hung
    assert server.paths == ["Balance"]


async def test_who_stops_waiting_leaves_the_wire_to_the_next(kraken: Any, server: Slow) -> None:
    first = asked(kraken.private_post_balance)
    await server.until(1)
    given_up, last = asked(kraken.private_post_openorders), asked(kraken.private_post_closedorders)
    await settled()
    given_up.cancel()
    server.open.set()
    await asyncio.gather(first, last)
    assert server.paths == ["Balance", "ClosedOrders"]


async def test_who_is_given_up_at_the_moment_of_its_turn_passes_it_on() -> None:
    file = OneByOne()
    await file.enter(urgent=False, within=None)
    second, third = (asyncio.ensure_future(file.enter(urgent=False, within=None)) for _ in range(2))
    await asyncio.sleep(0)
    file.leave()
    second.cancel()
    async with asyncio.timeout(5):
        await third


@pytest.mark.parametrize("turn_first", [True, False])
async def test_an_exit_goes_when_its_patience_ends_in_the_tick_of_its_turn(
    turn_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop was busy over both moments, so that both are due at once, whichever comes first."""
    monkeypatch.setattr(numbered, "PATIENCE", 0.02)
    file = OneByOne()
    await file.enter(urgent=False, within=None)
    out = asyncio.ensure_future(file.enter(urgent=True, within=10.0))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.005 if turn_first else 0.03, file.leave)
    busy_until = time.monotonic() + 0.1
    while time.monotonic() < busy_until:
        pass
    async with asyncio.timeout(5):
        await out
        file.leave()
        await file.enter(urgent=False, within=None)


async def test_a_request_that_fails_leaves_the_wire(kraken: Any, server: Slow) -> None:
    kraken.sign, sign = None, kraken.sign
    with pytest.raises(TypeError):
        await kraken.private_post_balance({})
    kraken.sign = sign
    server.open.set()
    async with asyncio.timeout(5):
        await kraken.private_post_balance({})


async def test_public_requests_wait_for_nobody(kraken: Any, server: Slow) -> None:
    first = asked(kraken.private_post_balance)
    await server.until(1)
    public = asked(kraken.public_get_time)
    await server.until(2)
    server.open.set()
    await asyncio.gather(first, public)


async def test_a_number_never_falls_when_the_clock_is_corrected(kraken: Any) -> None:
    before = kraken.nonce()
    kraken.options["timeDifference"] = 60_000
    assert kraken.nonce() > before


def test_exchanges_that_take_any_order_are_not_held_up() -> None:
    assert [issubclass(wired(exchange_class(name)), Numbered) for name in ("kraken", "bitfinex", "binance", "bybit")] == [
        *(True, True),
        *(False, False),
    ]
