"""One account's exchange, over real HTTP: each fault's verdict, the start, where requests go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from attrs import evolve

from fks_exec import Secret
from fks_exec.errors import ConfigError, NotSent, VenueAuthError, VenueClosed, VenueError, VenueRateLimited, VenueRejected
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.session.loading import exchange_class
from fks_exec_ccxt.session.opening import warm_up
from fks_exec_ccxt.session.starting import construct, placed
from fks_exec_ccxt.session.urls import Environment
from fks_exec_ccxt.wire.outcomes import Unsettled
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.accounts import KEYS, MARKETS, config, context
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart


class Desk:
    """An opened connection, and the exchange behind it."""

    def __init__(self, name: str, connection: Connection, url: str) -> None:
        self.name, self.connection, self.symbol = name, connection, MARKETS[name][1]
        self.counterpart = ExchangeCounterpart(url, "canary-key1")
        self._number = 0

    async def place(self, **more: Any) -> Any:
        self._number += 1
        name = f"order{self._number}"
        exchange = self.connection.exchange
        return await self.connection.call(
            lambda: exchange.create_order(self.symbol, "limit", "buy", 0.01, 60000, {"clientOrderId": name}), **more
        )

    async def requests(self) -> int:
        return await self.counterpart.requests()

    async def orders(self) -> int:
        return len(await self.counterpart.placed())


@asynccontextmanager
async def desk(name: str, **more: Any) -> AsyncIterator[Desk]:
    async with make(name) as server:
        manager = ExchangeManager()
        connection = await manager.open("mine", config(name, server.url, **more), context())
        try:
            yield Desk(name, connection, server.url)
        finally:
            await manager.close("mine")


FAULTS = {
    "refuse": (VenueRejected, 0),
    "credentials": (VenueAuthError, 0),
    "rate_limit": (VenueRateLimited, 0),
    "lost": (Unsettled, 0),
    "drop": (Unsettled, 1),
    "hang": (Unsettled, 1),
    "error": (Unsettled, 1),
    "garbage": (Unsettled, 1),
    "html_before": (Unsettled, 0),
    "truncated": (Unsettled, 1),
    "reset_before": (Unsettled, 0),
    "reset_after": (Unsettled, 1),
    "hang_before": (Unsettled, 0),
    "unavailable": (Unsettled, 0),
}


@pytest.mark.parametrize("name", sorted(MARKETS))
async def test_each_fault_while_placing_has_its_verdict_and_is_one_request(name: str) -> None:
    async with desk(name) as one:
        one.connection.exchange.timeout = 250
        requests = placed = 0
        for fault, (verdict, orders) in FAULTS.items():
            await one.counterpart.fault(fault)
            with pytest.raises((VenueError, Unsettled)) as caught:
                await one.place()
            assert type(caught.value) is verdict, fault
            await one.counterpart.release()
            requests, placed = requests + 1, placed + orders
            assert (await one.requests(), await one.orders()) == (requests, placed), fault


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110  (a fact of the exchange's, which sets no event)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", sorted(MARKETS))
async def test_an_exchange_that_is_away_was_sent_nothing(name: str) -> None:
    async with desk(name) as one:
        await one.counterpart.away(True)
        with pytest.raises(NotSent, match="cannot be reached"):
            await one.place()
        await one.counterpart.away(False)
        await one.place()
        assert await one.orders() == 1


@pytest.mark.parametrize("name", sorted(MARKETS))
async def test_a_cancel_whose_connection_breaks_is_sent_once(name: str) -> None:
    """aiohttp would send a DELETE a second time on a kept connection."""
    async with desk(name) as one:
        placed = await one.place()
        await one.counterpart.fault("drop", on="cancel")
        before = sum((await one.counterpart.control("counts")).values())
        with pytest.raises(Unsettled):
            await one.connection.call(lambda: one.connection.exchange.cancel_order(placed["id"], one.symbol), urgent=True)
        assert sum((await one.counterpart.control("counts")).values()) == before + 1


async def test_an_order_whose_deadline_has_ended_is_not_sent() -> None:
    async with desk("binance") as one:
        deadline = one.connection.clock.monotonic()
        with pytest.raises(NotSent, match="deadline"):
            await one.place(deadline=deadline)
        assert await one.requests() == 0


async def test_an_unknown_answer_of_binance_is_unknown_whatever_its_class() -> None:
    async with desk("binance") as one:
        for code in ("-1006", "-1007", "-1000", "-1001"):
            await one.counterpart.fault("code_after", code=code)
            with pytest.raises(Unsettled):
                await one.place()
        assert await one.orders() == 4


async def test_a_closed_market_is_told_as_closed() -> None:
    async with desk("binance") as one:
        await one.counterpart.fault("closed")
        with pytest.raises(VenueClosed):
            await one.place()


async def test_no_sentence_holds_key_secret_address_or_signature() -> None:
    secrets = {"api_key": Secret("canary-key1"), "secret": Secret("canary-secret1")}
    async with desk("binance", **secrets) as one:
        one.connection.exchange.timeout = 300
        for fault in ("refuse", "drop", "hang", "error", "garbage", "truncated", "waf", "unavailable"):
            await one.counterpart.fault(fault)
            with pytest.raises((VenueError, Unsettled)) as caught:
                await one.place()
            shown = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
            for word in ("canary-key1", "canary-secret1", "http://", "127.0.0.1", "signature", "timestamp="):
                assert word not in shown
        await one.counterpart.release()


async def test_no_log_holds_key_or_signature(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with desk("binance") as one:
            for name in logging.root.manager.loggerDict:
                caplog.set_level(logging.DEBUG, name)
            await one.place()
    assert "canary-key1" not in caplog.text
    assert "signature" not in caplog.text


async def test_a_clock_that_is_off_is_learnt_at_the_start_and_signed_with() -> None:
    async with make("binance") as server:
        server.offset = -10.0
        manager = ExchangeManager()
        connection = await manager.open("mine", config("binance", server.url), context())
        assert connection.offset == pytest.approx(-10_000, abs=500)
        await manager.close("mine")


async def test_a_clock_that_moves_is_learnt_from_the_first_refusal() -> None:
    async with desk("binance") as one:
        await one.counterpart.control("clock", seconds=-10)
        with pytest.raises(VenueRejected) as caught:
            await one.place()
        assert caught.value.code == "CLOCK"
        await _until(lambda: abs((one.connection.offset or 0) + 10_000) < 500)
        assert await one.place()


async def test_a_wrong_secret_ends_the_opening_with_a_sentence_and_leaves_nothing() -> None:
    async with make("binance") as server:
        before = asyncio.all_tasks()
        manager = ExchangeManager()
        wrong = config("binance", server.url, secret=Secret("no-such-secret"))
        with pytest.raises(VenueAuthError, match="does not take the account's key") as caught:
            await manager.open("mine", wrong, context())
        assert "no-such-secret" not in str(caught.value)
        assert manager.list_exchanges() == ()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before


async def test_an_exchange_that_cannot_be_reached_ends_the_opening_and_leaves_nothing() -> None:
    async with make("binance") as server:
        url = server.url
    before = asyncio.all_tasks()
    with pytest.raises(VenueError, match="cannot be reached"):
        await ExchangeManager().open("mine", config("binance", url), context())
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


async def test_an_opening_that_is_given_up_leaves_nothing() -> None:
    async with make("binance") as server:
        await ExchangeCounterpart(server.url).fault("hang", on="balance")
        before = asyncio.all_tasks()
        opening = asyncio.create_task(ExchangeManager().open("mine", config("binance", server.url), context()))
        await _until(lambda: "GET /api/v3/account" in server.counts)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        server.release()
        assert asyncio.all_tasks() <= before


async def test_missing_credentials_are_told_by_the_configurations_names() -> None:
    with pytest.raises(ConfigError, match="okx needs password; write password = ") as caught:
        await ExchangeManager().open("a", CCXTConfig(exchange="okx", **KEYS), context("a"))  # type: ignore[arg-type]
    assert caught.value.where == "accounts.a.config.password"


def test_options_that_ccxt_must_not_have_are_ours_whatever_the_configuration_says() -> None:
    exchange = construct(exchange_class("binance"), CCXTConfig(exchange="binance", options={"x": 1}), traits("binance"))
    assert exchange.options["x"] == 1
    assert exchange.options["maxRetriesOnFailure"] == 0
    assert exchange.options["fetchMarkets"]["types"] == ["spot"]
    assert exchange.options["defaultType"] == "spot"
    assert exchange.options["fetchOpenOrders"]["warnWithoutSymbol"] is False
    assert exchange.enableRateLimit
    assert not exchange.verbose
    assert exchange.has["fetchCurrencies"] is False


@pytest.mark.parametrize("name", ["aster", "extended", "grvt", "hyperliquid", "lighter", "nado", "pacifica"])
def test_no_fee_for_others_is_paid_with_an_order(name: str) -> None:
    exchange = construct(exchange_class(name), CCXTConfig(exchange=name, options={"builderFee": True}), traits(name))
    assert exchange.options["builderFee"] is False


async def test_before_an_order_hyperliquid_is_only_asked() -> None:
    exchange = construct(exchange_class("hyperliquid"), CCXTConfig(exchange="hyperliquid"), traits("hyperliquid"))
    sent: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        sent.append(url)
        return {}

    exchange.fetch = fetch
    exchange.walletAddress, exchange.privateKey = "0x" + "1" * 40, "0x" + "2" * 64
    await exchange.initialize_client()
    assert not [url for url in sent if url.endswith("/exchange")]
    assert not exchange.options.get("approvedBuilderFee")
    await exchange.close()


@pytest.mark.parametrize("name", ["bitget", "gate", "kucoin", "bybit"])
async def test_an_account_mode_that_could_not_be_asked_is_no_answer(name: str) -> None:
    """ccxt takes a failed question for "no, it is a classic account" on Bitget and Gate."""
    async with broken(502) as url:
        keys = {"api_key": Secret("k"), "secret": Secret("s"), "password": Secret("p")}
        wanted = CCXTConfig(exchange=name, base_url=url, **keys)  # type: ignore[arg-type]
        exchange = placed(
            exchange_class(name), wanted, evolve(traits(name), options={}), Environment(kind="custom", base_url=url)
        )
        connection = Connection(exchange, wanted, traits(name), context())
        with pytest.raises(VenueError):
            await warm_up(connection)
        await connection.close()


@asynccontextmanager
async def broken(status: int) -> AsyncIterator[str]:
    """A server that has one answer for everything."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=status, text="{}", content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_closed_connection_says_so() -> None:
    async with desk("binance") as one:
        await one.connection.close()
        await one.connection.close()
        with pytest.raises(VenueError, match="is closed"):
            await one.place()
