"""Several accounts at once: markets shared by identity, refreshed in the background; injected instances."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from blockbuster import BlockBuster

from fks_exec import RateBudget, Secret
from fks_exec.clock import SystemClock
from fks_exec.errors import ConfigError, NotSent, VenueError, VenueRejected
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.session.loading import exchange_class
from fks_exec_ccxt.session.urls import check_given
from fks_exec_simulators.exchanges import accounts, make
from fks_exec_simulators.exchanges.accounts import context
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart

INFO = "GET /api/v3/exchangeInfo"


def config(url: str | None, key: str = "1", **more: Any) -> CCXTConfig:
    return accounts.config("binance", url, key, **more)


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110  (a fact of the exchange's, which sets no event)
            await asyncio.sleep(0.01)


async def test_accounts_of_one_exchange_share_their_markets_and_load_them_once() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        first, second = await asyncio.gather(
            manager.open("a", config(server.url), context("a")), manager.open("b", config(server.url, "2"), context("b"))
        )
        assert server.counts[INFO] == 1
        for symbol, market in first.exchange.markets.items():
            assert second.exchange.markets[symbol] is market
        assert second.exchange.markets_by_id is first.exchange.markets_by_id
        assert second.symbols is first.symbols
        assert second.exchange.ssl_context is first.exchange.ssl_context
        assert manager.list_exchanges() == ("a: binance", "b: binance")
        await manager.close("a")
        await second.call(lambda: second.exchange.fetch_balance(), reading=True)
        await manager.close("b")
        assert manager.list_exchanges() == ()


async def test_the_accounts_keep_their_own_keys_and_turns() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        first = await manager.open("a", config(server.url), context("a"))
        second = await manager.open("b", config(server.url, "2"), context("b"))
        await first.call(lambda: first.exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 60000))
        assert len(await ExchangeCounterpart(server.url, "canary-key1").placed()) == 1
        assert len(await ExchangeCounterpart(server.url, "canary-key2").placed()) == 0
        assert first.turns is not second.turns
        await manager.close("a")
        await manager.close("b")


async def test_markets_are_kept_while_they_are_fresh_though_nobody_uses_them() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        for _ in range(3):
            one = await manager.open("a", config(server.url), context("a"))
            assert one.symbols.resolve("BTCUSDT") == "BTC/USDT"
            await manager.close("a")
            await manager.close("a")
        assert server.counts[INFO] == 1


async def test_markets_that_nobody_used_for_longer_than_refresh_are_loaded_anew() -> None:
    async with make("binance") as server:
        clock, manager = Later(), ExchangeManager()
        for later, loads in ((0, 1), (3599, 1), (2, 2)):
            clock.later += later
            await manager.open("a", config(server.url), context("a", clock=clock))
            await manager.close("a")
            assert server.counts[INFO] == loads


async def test_of_markets_that_nobody_uses_the_last_four_are_kept() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        for number in (1, 2, 3, 4, 5, 5, 2, 1, 3):
            await manager.open("a", config(server.url, options={"x": number}), context("a"))
            await manager.close("a")
        assert server.counts[INFO] == 7  # the first was dropped for the fifth, the third for the first
        assert len(manager._listings) == 4


async def test_markets_that_are_kept_hold_no_task_and_no_key() -> None:
    async with make("binance") as server:
        before = asyncio.all_tasks()
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url, secret=Secret("canary-secret1")), context("a"))
        assert one.symbols
        held = weakref.ref(one)
        await manager.close("a")
        assert asyncio.all_tasks() <= before
        [kept] = manager._listings.values()
        del one
        gc.collect()
        assert held() is None
        assert kept.source.apiKey is None


async def test_markets_are_loaded_with_the_configuration_of_an_account_that_is_open() -> None:
    """The first one's key and proxy go with it."""
    async with make("binance") as server:
        manager = ExchangeManager()
        first = await manager.open("a", config(server.url), context("a"))
        second = await manager.open("b", config(server.url, "2"), context("b"))
        await manager.close("a")
        assert second.listing is not None
        [(user, _, make_one)] = second.listing.users.values()
        assert user is second.exchange
        assert (make_one(True).apiKey, first.exchange.apiKey) == ("canary-key2", "canary-key1")
        await manager.close("b")


async def test_accounts_with_another_proxy_do_not_share_markets() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        await manager.open("a", config(server.url), context("a"))
        await manager.open("b", config(server.url, "2", proxy=server.url), context("b"))
        assert len(manager._listings) == 2
        await manager.close("a")
        await manager.close("b")


def test_markets_that_are_kept_serve_another_event_loop() -> None:
    manager, clock = ExchangeManager(), Later()

    async def both(url: str) -> None:
        keys = {"a": "1", "b": "2"}.items()
        await asyncio.gather(*(manager.open(name, config(url, key), context(name, clock=clock)) for name, key in keys))
        await manager.close("a")
        await manager.close("b")

    async def main() -> int:
        async with make("binance") as server:
            for later in (0, 5, 4000):
                clock.later += later
                await asyncio.to_thread(lambda: asyncio.run(both(server.url)))
            return server.counts[INFO]

    assert asyncio.run(main()) == 2


async def test_a_symbol_that_is_not_known_has_the_markets_loaded_anew_once() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        two = await manager.open("b", config(server.url, "2"), context("b"))
        old, table = one.exchange.markets, one.symbols
        for _ in range(3):
            with pytest.raises(VenueRejected) as caught:
                await one.call(lambda: one.exchange.create_order("NO/SUCH", "market", "buy", 1))
            assert caught.value.code == "BAD_SYMBOL"
        await until(lambda: one.exchange.markets is not old)
        with pytest.raises(VenueRejected):
            await one.call(lambda: one.exchange.create_order("NO/SUCH", "market", "buy", 1))
        await asyncio.sleep(0.2)
        assert server.counts[INFO] == 2
        assert two.exchange.markets is one.exchange.markets
        assert one.symbols is not table
        assert two.symbols is one.symbols
        await manager.close("a")
        await manager.close("b")


async def test_orders_do_not_wait_for_a_refresh_and_a_failed_one_keeps_the_markets() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        listing, old = one.listing, one.exchange.markets
        assert listing is not None
        async with listing.lock:  # a refresh that takes as long as it likes
            one.doubt_markets()
            await asyncio.sleep(0)
            await asyncio.wait_for(one.call(lambda: one.exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 60000)), 2)
            await server.away(True)
        await until(lambda: listing.failed != "")
        assert "cannot be loaded" in listing.failed
        assert one.exchange.markets is old
        await server.away(False)
        await manager.close("a")


async def test_the_timer_loads_the_markets_anew() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        assert one.listing is not None
        await one.listing.restart(0.05)
        await until(lambda: server.counts[INFO] >= 3)
        await manager.close("a")
        count = server.counts[INFO]
        await asyncio.sleep(0.15)
        assert server.counts[INFO] == count


async def test_a_further_account_costs_less_than_two_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        await manager.open("a", config(server.url), context("a"))
        await manager.open("b", config(server.url, "2"), context("b"))
        await manager.close("b")
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await manager.open("c", config(server.url, "2"), context("c"))
        gc.collect()
        cost = (tracemalloc.get_traced_memory()[0] - before) / 1e6
        tracemalloc.stop()
        with capsys.disabled():
            print(f"\na further account: {cost:.2f} MB")
        assert cost < 2
        for account in "ac":
            await manager.close(account)


async def test_the_opening_and_an_order_leave_the_loop_alone(nonblocking: BlockBuster) -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        await one.call(lambda: one.exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 60000))
        await manager.close("a")


async def test_an_account_is_not_opened_twice() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        with pytest.raises(VenueError, match="is open already"):
            await manager.open("a", config(server.url), context("a"))
        assert manager.connection("a") is one
        await manager.close("a")
        with pytest.raises(VenueError, match="is not open"):
            manager.connection("a")


async def test_an_account_that_failed_to_open_takes_no_markets_from_the_others() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a"))
        with pytest.raises(VenueError):
            await manager.open("b", config(server.url, "2", secret=Secret("wrong")), context("b"))
        assert one.listing is not None
        assert len(one.listing.users) == 1
        await one.call(lambda: one.exchange.fetch_ticker("BTC/USDT"), reading=True)
        await manager.close("a")


async def test_the_budget_is_told_as_an_event_of_the_account() -> None:
    told: list[Any] = []
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("a", config(server.url), context("a", tell=told.append))
        await manager.close("a")
        assert one.closed
    assert told
    assert all(isinstance(event, RateBudget) and event.account == "a" and 0 <= event.used <= 1 for event in told)


class Later(SystemClock):
    """A clock that a test moves on."""

    later = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later


class Captured(Exception):
    """What a replaced ``fetch`` raises instead of sending."""


class Capturing:
    """A ``fetch`` that keeps requests and sends nothing; balance and time are answered."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []

    async def __call__(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        self.requests.append((method, url, body))
        if "/time" in url:
            return {"serverTime": 1_700_000_000_000}
        if "/account" in url:
            return {"balances": []}
        raise Captured


async def _injected(listed: Any) -> tuple[ExchangeManager, Connection, Any, Capturing]:
    given = exchange_class("binance")({"apiKey": "k", "secret": "s", "enableRateLimit": False})
    given.set_markets_from_exchange(listed)
    capture = given.fetch = Capturing()
    manager = ExchangeManager({"a": given})
    return manager, await manager.open("a", config(None), context("a", live=True)), given, capture


async def _listed() -> Any:
    async with make("binance") as server:
        manager = ExchangeManager()
        one = await manager.open("x", config(server.url), context("x"))
        await manager.close("x")
        return one.exchange


async def test_an_injected_instance_is_used_as_it_is_and_its_requests_are_noted() -> None:
    manager, one, given, capture = await _injected(await _listed())
    assert one.exchange is given
    make_order = lambda: given.create_order("BTC/USDT", "limit", "buy", 0.01, 60000)  # noqa: E731
    with pytest.raises(Exception, match="is not known") as caught:
        await one.call(make_order)
    assert not isinstance(caught.value, NotSent)
    method, url, body = capture.requests[-1]
    assert (method, url.startswith("https://api.binance.com/api/v3/order"), "quantity=0.01" in body) == ("POST", True, True)
    await manager.close("a")
    assert not given.closed_by_user
    with pytest.raises(Captured):
        await make_order()


async def test_an_injected_instance_of_another_exchange_is_refused() -> None:
    manager = ExchangeManager({"a": exchange_class("kraken")()})
    with pytest.raises(ConfigError, match="'kraken', not 'binance'"):
        await manager.open("a", config(None), context("a"))


def _live(exchange: Any) -> None:
    """As ccxt makes it."""


def _half(exchange: Any) -> None:
    exchange.urls["api"]["public"] = "http://127.0.0.1:9"


@pytest.mark.parametrize("name", ["binance", "okx", "bitget", "bybit"])
@pytest.mark.parametrize("point", [_live, _half])
async def test_an_injected_instance_that_trades_real_money_wants_live_said(name: str, point: Callable[[Any], None]) -> None:
    given = exchange_class(name)()
    point(given)
    capture = given.fetch = Capturing()
    wanted = CCXTConfig(exchange=name)
    with pytest.raises(ConfigError, match=rf"trades real money at {name}; say live = true") as caught:
        await ExchangeManager({"a": given}).open("a", wanted, context("a"))
    assert caught.value.where == "accounts.a.live"
    assert capture.requests == []


@pytest.mark.parametrize("name", ["binance", "okx", "bitget", "bybit"])
async def test_an_injected_instance_of_a_sandbox_is_not_live(name: str) -> None:
    given = exchange_class(name)()
    given.set_sandbox_mode(True)
    check_given(given, exchange_class(name)(), live=False)
    with pytest.raises(ConfigError, match=r"is in .* sandbox; say live = false"):
        await ExchangeManager({"a": given}).open("a", CCXTConfig(exchange=name, accept_unproved=True), context("a", live=True))


async def test_an_instance_of_plain_ccxt_is_refused() -> None:
    import ccxt

    manager = ExchangeManager({"a": ccxt.binance()})
    with pytest.raises(ConfigError, match=r"ccxt\.async_support"):
        await manager.open("a", config(None), context("a"))
