# SPDX-License-Identifier: MIT
"""``CCXTPlugin`` as a host meets it: its hooks, before and after it is opened; an instance that only writes requests down."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from fks_exec import ExecutionResult, MarketData, NotSent, Order, Secret, Status, Submission, VenueContext
from fks_exec.clock import SystemClock
from fks_exec.hookspecs import VENUE_HOOKS, VENUE_PLAIN
from fks_exec.roles import check_venue
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.venue import CCXTPlugin


@pytest.fixture
def seat(request: pytest.FixtureRequest, name: str) -> Any:
    """The account at one of the two."""
    return request.getfixturevalue(name)


def test_it_implements_every_hook_that_exchanges_can_serve() -> None:
    """They have no request of their own that closes a position."""
    assert set(check_venue(CCXTPlugin(), "ccxt")) == VENUE_HOOKS - {"close_position"}


def test_what_waits_for_the_network_is_async() -> None:
    hooks = check_venue(CCXTPlugin(), "ccxt")
    plain = {name for name, hook in hooks.items() if not inspect.iscoroutinefunction(hook.function)}
    assert plain == VENUE_PLAIN & set(hooks)


async def test_before_it_is_opened_nothing_is_sent() -> None:
    submission = Submission(account="mine", venue_client_order_id="a", deadline=SystemClock().monotonic() + 1)
    with pytest.raises(NotSent):
        await CCXTPlugin().execute_order(Order(symbol="BTC/USDT", side="buy", quantity=1), submission)


async def test_before_it_is_opened_it_is_not_well() -> None:
    assert not await CCXTPlugin().health_check()


async def test_closing_twice_and_before_opening_is_quiet() -> None:
    plugin = CCXTPlugin()
    await plugin.close()
    await plugin.close()


@pytest.mark.parametrize("name", ["binance", "bybit"])
async def test_it_opens_trades_and_closes(seat: Any, name: str) -> None:
    plugin: Any = seat.plugin
    assert name in plugin.name().lower()
    assert name in repr(plugin)
    assert await plugin.health_check()
    assert plugin.resolve_symbol("BTCUSDT" if name == "binance" else "BTCUSDT.P") == seat.symbol
    assert (await plugin.fetch_instrument(seat.symbol)).price_tick > 0
    assert (await plugin.execute_order(seat.order(), seat.submission())).status is Status.FILLED
    await plugin.close()
    with pytest.raises(NotSent):
        await plugin.execute_order(seat.order(), seat.submission())


async def test_no_secret_is_in_its_texts(binance: Any) -> None:
    plugin = binance.plugin
    assert "canary-secret1" not in f"{plugin!r}{plugin}{plugin.connection!r}{vars(plugin)}"


async def test_an_instance_that_is_handed_over_is_used_and_left_open() -> None:
    """Its requests can be captured, and nothing leaves."""
    from fks_exec_simulators.offline import offline

    exchange = offline("binance", "spot")
    sent: list[tuple[str, str]] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        sent.append((method, url))
        path = url.partition("?")[0].rpartition("/")[2]
        answers: dict[str, Any] = {
            "time": {"serverTime": SystemClock().now()},
            "account": {"balances": [{"asset": "USDT", "free": "5", "locked": "0"}]},
            "order": {"symbol": "BTCUSDT", "orderId": 7, "status": "NEW", "executedQty": "0", "origQty": "0.01", "side": "BUY"},
        }
        return answers[path]

    exchange.fetch = fetch
    plugin = CCXTPlugin(ExchangeManager({"mine": exchange}))

    async def quote(account: str, symbol: str) -> MarketData:
        raise AssertionError("no other account is asked")

    config = CCXTConfig(exchange="binance", api_key=Secret("k"), secret=Secret("s"))
    await plugin.init(config, VenueContext(account="mine", publish=print, quote=quote, live=True))
    order = Order(symbol="BTC/USDT", side="buy", quantity="0.01", order_type="limit", price="60000")
    submission = Submission(account="mine", venue_client_order_id="abc", deadline=SystemClock().monotonic() + 5)
    told: ExecutionResult = await plugin.execute_order(order, submission)
    assert (told.status, told.order_id) == (Status.ACCEPTED, "7")
    assert [method for method, url in sent if url.partition("?")[0].endswith("/order")] == ["POST"]
    await plugin.close()
    assert exchange.fetch is not None
    await exchange.close()
