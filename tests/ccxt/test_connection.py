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

from fks_exec import MarketData, Order, Secret, Submission, VenueContext
from fks_exec.clock import SystemClock
from fks_exec.errors import ConfigError, NotSent, VenueAuthError, VenueClosed, VenueError, VenueRateLimited, VenueRejected
from fks_exec_ccxt import modes
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.connection import Connection
from fks_exec_ccxt.loading import exchange_class, import_ccxt
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.opening import check_proved, warm_up
from fks_exec_ccxt.outcomes import Unsettled
from fks_exec_ccxt.starting import construct, placed
from fks_exec_ccxt.traits import traits
from fks_exec_ccxt.urls import Environment, check_given, environment, has_sandbox, is_loopback, rehosted
from fks_exec_ccxt.venue import CCXTPlugin
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart

KEYS = {"api_key": Secret("key1"), "secret": Secret("secret1")}
MARKET = {
    **{"symbol": "BTC/USDT:USDT", "id": "BTCUSDT", "base": "BTC", "quote": "USDT", "settle": "USDT", "type": "swap"},
    **{"swap": True, "spot": False, "linear": True, "inverse": False, "contract": True, "active": True},
}
MARKETS = {"binance": ("spot", "BTC/USDT"), "bybit": ("swap", "BTC/USDT:USDT")}


async def no_quote(account: str, symbol: str) -> MarketData:
    raise AssertionError("no other account is asked")


def context(account: str = "mine", **more: Any) -> VenueContext:
    return VenueContext(account=account, publish=print, quote=no_quote, **more)


def config(name: str, url: str | None, **more: Any) -> CCXTConfig:
    return CCXTConfig(exchange=name, base_url=url, **{"market_type": MARKETS[name][0], **KEYS, **more})


class Desk:
    """An opened connection, and the exchange behind it."""

    def __init__(self, name: str, connection: Connection, url: str) -> None:
        self.name, self.connection, self.symbol = name, connection, MARKETS[name][1]
        self.counterpart = ExchangeCounterpart(url, "key1")
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
"""What a fault proves, and how many orders there are at the exchange after it."""


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
    secrets = {"api_key": Secret("key1"), "secret": Secret("secret1")}
    async with desk("binance", **secrets) as one:
        one.connection.exchange.timeout = 300
        for fault in ("refuse", "drop", "hang", "error", "garbage", "truncated", "waf", "unavailable"):
            await one.counterpart.fault(fault)
            with pytest.raises((VenueError, Unsettled)) as caught:
                await one.place()
            shown = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
            for word in ("key1", "secret1", "http://", "127.0.0.1", "signature", "timestamp="):
                assert word not in shown
        await one.counterpart.release()


async def test_no_log_holds_key_or_signature(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with desk("binance") as one:
            for name in logging.root.manager.loggerDict:
                caplog.set_level(logging.DEBUG, name)
            await one.place()
    assert "key1" not in caplog.text
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


async def test_an_exchange_without_a_sandbox_wants_live_said() -> None:
    with pytest.raises(ConfigError, match="live = true"):
        await ExchangeManager().open("a", CCXTConfig(exchange="kraken", **KEYS), context("a"))  # type: ignore[arg-type]


async def test_a_live_account_is_not_opened_at_a_simulated_exchange_by_mistake() -> None:
    async with make("binance") as server:
        with pytest.raises(ConfigError, match="no real exchange"):
            await ExchangeManager().open("a", config("binance", server.url), context("a", live=True))
        meant = config("binance", server.url, allow_custom_base_url=True)
        manager = ExchangeManager()
        assert (await manager.open("a", meant, context("a", live=True))).live
        await manager.close("a")


REAL = [
    ("bybit", "https://api.bybit.com"),
    ("bybit", "https://API.Bybit.com:443/"),
    ("binance", "https://api.binance.com"),
    ("binance", "https://api1.binance.com"),
    ("okx", "https://www.okx.com"),
    ("kraken", "https://api.kraken.com"),
]


@pytest.mark.parametrize(("name", "url"), REAL)
async def test_an_exchanges_own_host_is_traded_at_only_where_live_is_said(name: str, url: str) -> None:
    keys: dict[str, Any] = {**KEYS, "password": Secret("p")}
    wanted = CCXTConfig(exchange=name, base_url=url, allow_custom_base_url=True, **keys)
    with pytest.raises(ConfigError, match="for real money, and the account is not live") as caught:
        await ExchangeManager().open("mine", wanted, context())
    assert caught.value.where.endswith("base_url")
    assert environment(exchange_class(name)(), wanted, live=True, sandbox=None).base_url == url


@pytest.mark.parametrize(
    ("name", "url"),
    [("bybit", "https://api-testnet.bybit.com"), ("binance", "https://testnet.binance.vision"), ("bybit", "https://my.host")],
)
def test_a_live_account_goes_to_no_other_host_and_one_that_is_not_may(name: str, url: str) -> None:
    wanted = CCXTConfig(exchange=name, base_url=url, allow_custom_base_url=True)
    assert environment(exchange_class(name)(), wanted, live=False, sandbox=None).kind == "custom"
    with pytest.raises(ConfigError, match="the account is live and base_url is no host of"):
        environment(exchange_class(name)(), wanted, live=True, sandbox=None)


def test_every_address_of_every_exchange_is_known_as_one_for_real_money() -> None:
    for name in import_ccxt().exchanges:
        for address in _addresses(exchange_class(name)().urls["api"]):
            given = exchange_class(name)()
            given.urls = {**given.urls, "api": {"public": "http://127.0.0.1:9", "private": address}}
            with pytest.raises(ConfigError, match="trades real money"):
                check_given(given, exchange_class(name)(), live=False)


@pytest.mark.parametrize(("name", "kind"), [("kraken", "spot"), ("binance", "swap"), ("bybit", "spot")])
async def test_real_money_goes_to_what_was_tried_against_a_counterpart_unless_it_is_said(name: str, kind: Any) -> None:
    wanted = CCXTConfig(exchange=name, market_type=kind, **KEYS)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="keep a conformance record, then write accept_unproved = true") as caught:
        await ExchangeManager().open("a", wanted, context("a", live=True))
    assert caught.value.where == "accounts.a.config.accept_unproved"
    check_proved(evolve(wanted, accept_unproved=True), context("a", live=True))
    check_proved(wanted, context("a"))


def test_what_was_tried_against_a_counterpart_needs_no_word_more() -> None:
    for name, kind in (("binance", "spot"), ("bybit", "swap")):
        check_proved(CCXTConfig(exchange=name, market_type=kind), context("a", live=True))  # type: ignore[arg-type]


def _addresses(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in items for text in _addresses(one)]


def test_a_base_url_reaches_every_address_of_every_exchange() -> None:
    for name in import_ccxt().exchanges:
        exchange = exchange_class(name)()
        for address in _addresses(rehosted(exchange.urls["api"], "http://127.0.0.1:9")):
            assert address.startswith("http://127.0.0.1:9") or "://" not in address
            assert "{" not in address.split("/")[2]


def _pointed(name: str, **more: Any) -> Any:
    """An exchange as an account that is not live has it."""
    wanted = CCXTConfig(exchange=name, **more)
    exchange = construct(exchange_class(name), wanted, traits(name))
    known = traits(name).sandbox or ("sandbox" if has_sandbox(exchange) else None)
    environment(exchange, wanted, live=False, sandbox=known).settle(exchange)
    return exchange


@pytest.mark.parametrize("name", ["binance", "bybit", "gate", "deribit", "woo", "cryptocom", "krakenfutures", "hyperliquid"])
def test_without_live_every_address_is_of_the_sandbox(name: str) -> None:
    live = set(_addresses(exchange_class(name)().urls["api"]))
    exchange = _pointed(name)
    assert exchange.urls["api"] == exchange.urls["test"]
    assert not {address for address in _addresses(exchange.urls["api"]) if address.startswith("http")} & live


def test_a_sandbox_that_is_told_by_a_header_is_switched_on() -> None:
    assert _pointed("okx").headers["x-simulated-trading"] == "1"
    assert _pointed("bitget").options["sandboxMode"] is True


def test_demo_trading_is_another_place_than_the_sandbox() -> None:
    assert "demo" in str(_pointed("bybit", demo=True).urls["api"])
    assert "demo" in str(_pointed("binance", demo=True).urls["api"])
    with pytest.raises(ConfigError, match="no demo trading"):
        _pointed("deribit", demo=True)


@pytest.mark.parametrize("name", ["kraken", "coinbase", "kucoin", "mexc", "bitfinex"])
def test_no_sandbox_is_made_up_where_there_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="say live = true"):
        _pointed(name)


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


def test_loopback_is_told_by_the_host() -> None:
    assert is_loopback("http://127.0.0.1:1")
    assert is_loopback("http://[::1]:1")
    assert is_loopback("http://localhost")
    assert not is_loopback("https://api.binance.com")


async def test_a_hedged_account_is_told_when_the_configuration_does_not_say_so() -> None:
    class Hedged:
        """An exchange that answers what a test says."""

        id, has, hedged = "binance", {"fetchPositionMode": True, "fetchLeverage": True, "fetchPositions": True}, True
        leverage, mode = 5, "cross"
        markets = {MARKET["symbol"]: MARKET}  # noqa: RUF012

        async def fetch_position_mode(self, symbol: str) -> Any:
            return {"hedged": self.hedged}

        async def fetch_leverage(self, symbol: str) -> Any:
            return {"marginMode": self.mode, "longLeverage": self.leverage, "shortLeverage": self.leverage}

        async def fetch_positions(self) -> Any:
            return []

    def opened(**more: Any) -> Connection:
        wanted = CCXTConfig(exchange="binance", market_type="swap", **more)
        return Connection(Hedged(), wanted, traits("binance", "swap"), context())

    await modes.compare(opened(position_mode="hedged"))
    await modes.compare(opened(position_mode="hedged", leverage="5", margin_mode="cross"))
    with pytest.raises(ConfigError, match="the account at binance is hedged; write position_mode = 'hedged'"):
        await modes.compare(opened())
    with pytest.raises(ConfigError, match="leverage is 10 here and 5 for BTC/USDT:USDT"):
        await modes.compare(opened(position_mode="hedged", leverage="10"))
    with pytest.raises(ConfigError, match="margin_mode is 'isolated' here and 'cross'"):
        await modes.compare(opened(position_mode="hedged", margin_mode="isolated"))


async def test_what_every_order_says_must_be_said_by_the_configuration() -> None:
    wanted = CCXTConfig(exchange="kucoin", market_type="swap")
    exchange = construct(exchange_class("kucoin"), wanted, traits("kucoin", "swap"))
    with pytest.raises(ConfigError, match="every order to kucoin says the"):
        await modes.compare(Connection(exchange, wanted, traits("kucoin", "swap"), context()))


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


async def test_leverage_is_compared_over_http() -> None:
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        manager = ExchangeManager()
        told = await _leverage(manager, server.url)
        await manager.open("mine", config("bybit", server.url, leverage=told), context())
        await manager.close("mine")
        with pytest.raises(ConfigError, match=r"leverage is 37 here and .* set it there"):
            await manager.open("mine", config("bybit", server.url, leverage="37"), context())
        assert await counterpart.requests() == 0


async def test_a_hedged_account_at_bybit_is_told_over_http() -> None:
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        manager = ExchangeManager()
        await counterpart.control("hedge", account="key1", on=True)
        with pytest.raises(ConfigError, match="the account at bybit is hedged; write position_mode = 'hedged'"):
            await manager.open("mine", config("bybit", server.url), context())
        await manager.open("mine", config("bybit", server.url, position_mode="hedged"), context())
        await manager.close("mine")
        await counterpart.control("hedge", account="key1", on=False)
        with pytest.raises(ConfigError, match="position_mode is 'hedged', and the account at bybit is one_way"):
            await manager.open("mine", config("bybit", server.url, position_mode="hedged"), context())


async def test_leverage_of_another_instrument_is_compared_before_its_first_order() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await counterpart.control("leverage", account="key1", symbol="ETHUSDT", leverage="3")
        assert (await plugin.fetch_instrument(other)).symbol == other
        for count in (1, 2):
            with pytest.raises(VenueRejected, match=f"leverage is 10 here and 3 for {other}") as caught:
                await plugin.execute_order(_order(other), _submission(count))
            assert caught.value.code == "MODE"
        assert await counterpart.requests() == 0
        await counterpart.control("leverage", account="key1", symbol="ETHUSDT", leverage="10")
        asked = server.counts["GET /v5/position/list"]
        for count in (3, 4):
            await plugin.execute_order(_order(other), _submission(count))
        assert server.counts["GET /v5/position/list"] == asked + 1
        assert await counterpart.requests() == 2
        await plugin.close()


async def test_an_exit_does_not_wait_for_the_leverage() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await plugin.execute_order(_order(other), _submission(1))
        plugin.connection.compared.clear()
        await counterpart.control("leverage", account="key1", symbol="ETHUSDT", leverage="3")
        asked = server.counts["GET /v5/position/list"]
        await plugin.execute_order(_order(other, side="sell", reduce_only=True), _submission(2))
        assert server.counts["GET /v5/position/list"] == asked
        await plugin.close()


async def test_leverage_that_cannot_be_read_leaves_the_order_unsent() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await counterpart.away(True)
        assert (await plugin.fetch_instrument(other)).symbol == other
        with pytest.raises(NotSent):
            await plugin.execute_order(_order(other), _submission(1))
        await counterpart.away(False)
        await plugin.execute_order(_order(other), _submission(2))
        assert await counterpart.requests() == 1
        await plugin.close()


async def test_the_rules_of_an_instrument_do_not_wait_long_for_its_leverage() -> None:
    async with make("bybit") as server:
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        never = asyncio.Event()
        plugin.connection.exchange.fetch_leverage = lambda symbol: never.wait()
        async with asyncio.timeout(3):
            assert (await plugin.fetch_instrument("ETH/USDT:USDT")).price_tick > 0
        await plugin.close()


def _order(symbol: str, side: Any = "buy", **more: Any) -> Order:
    return Order(symbol=symbol, side=side, quantity="0.1", **more)


def _submission(count: int) -> Submission:
    return Submission(account="mine", venue_client_order_id=f"mode{count}", deadline=SystemClock().monotonic() + 5)


async def _leverage(manager: ExchangeManager, url: str) -> str:
    connection = await manager.open("other", config("bybit", url), context("other"))
    told = await connection.call(lambda: connection.exchange.fetch_leverage("BTC/USDT:USDT"), reading=True)
    await manager.close("other")
    return str(told["longLeverage"])


async def test_a_closed_connection_says_so() -> None:
    async with desk("binance") as one:
        await one.connection.close()
        await one.connection.close()
        with pytest.raises(VenueError, match="is closed"):
            await one.place()


async def test_what_is_held_can_be_closed_though_the_leverage_differs() -> None:
    """An exit that waits for somebody to change a configuration costs more than another leverage."""
    symbol = "BTC/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "key1")
        before = CCXTPlugin()
        await before.init(config("bybit", server.url), context())
        assert (await before.execute_order(_order(symbol), _submission(1))).status == "filled"
        await before.close()
        await counterpart.control("leverage", account="key1", symbol="BTCUSDT", leverage="3")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="5"), context())
        with pytest.raises(VenueRejected, match="leverage is 5 here and 3"):
            await plugin.execute_order(_order(symbol), _submission(2))
        out = _order(symbol, side="sell", reduce_only=True)
        assert (await plugin.execute_order(out, _submission(3))).status == "filled"
        await plugin.close()
