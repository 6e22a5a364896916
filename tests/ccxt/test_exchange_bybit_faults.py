# SPDX-License-Identifier: MIT
"""What the simulated Bybit is told to break: what unmodified ccxt makes of it, and what the exchange has really done."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ccxt.base import errors

from fks_exec.testing.trial import CONTROLS, FAULTS
from fks_exec_simulators.exchanges import clients
from fks_exec_simulators.exchanges.bybit import BybitExchange
from fks_exec_simulators.exchanges.counterpart import ControlError, ExchangeCounterpart
from fks_exec_simulators.exchanges.faults import MEANINGS
from fks_exec_simulators.exchanges.process import ExchangeProcess

BTC = "BTC/USDT:USDT"


@pytest.fixture
async def exchange() -> AsyncIterator[BybitExchange]:
    async with BybitExchange() as bybit:
        yield bybit


@pytest.fixture
async def client(exchange: BybitExchange) -> AsyncIterator[Any]:
    """Markets and account mode are known, so that the next request is the one that a test makes."""
    async with clients.client("bybit", exchange.url, timeout=0.3) as made:
        await made.is_unified_enabled()
        yield made


@pytest.fixture
def counterpart(exchange: BybitExchange) -> ExchangeCounterpart:
    return ExchangeCounterpart(exchange.url)


async def buy(client: Any) -> Any:
    return await client.create_order(BTC, "market", "buy", "0.01", None, {"clientOrderId": "mine"})


# (word, more) -> (what ccxt raises; None: nothing, an order without an id; the code in its text, is it done)
PLACING: list[tuple[str, dict[str, Any], type[Exception] | None, str | None, bool]] = [
    ("refuse", {}, errors.InsufficientFunds, "110007", False),
    ("credentials", {}, errors.AuthenticationError, "10003", False),
    ("rate_limit", {}, errors.RateLimitExceeded, "10006", False),
    ("banned", {}, errors.RateLimitExceeded, "403", False),
    ("closed", {}, errors.ExchangeError, "110066", False),
    ("maintenance", {}, errors.ExchangeError, "10016", False),
    ("unavailable", {}, errors.ExchangeNotAvailable, "503", False),
    ("waf", {}, errors.RateLimitExceeded, "403", False),
    ("lost", {}, errors.ExchangeNotAvailable, None, False),
    ("drop", {}, errors.ExchangeNotAvailable, None, True),
    ("reset_before", {}, errors.ExchangeNotAvailable, None, False),
    ("reset_after", {}, errors.ExchangeNotAvailable, None, True),
    ("hang", {}, errors.RequestTimeout, None, True),
    ("hang_before", {}, errors.RequestTimeout, None, False),
    ("garbage", {}, None, None, True),
    ("html", {}, None, None, True),
    ("html_before", {}, None, None, False),
    ("missing_id", {}, None, None, True),
    ("truncated", {}, errors.ExchangeError, None, True),
    ("error", {}, errors.ExchangeNotAvailable, "500", True),
    ("code", {"code": "10016"}, errors.ExchangeError, "10016", False),
    ("code_after", {"code": "10016"}, errors.ExchangeError, "10016", True),
    ("code_after", {"code": "10000"}, errors.ExchangeError, "10000", True),
    ("code_after", {"code": "10016:Request timeout, please try again later"}, errors.RequestTimeout, "10016", True),
]


@pytest.mark.parametrize(("word", "more", "raised", "text", "done"), PLACING)
async def test_what_ccxt_makes_of_a_placing_that_breaks_and_whether_it_was_done(
    client: Any,
    counterpart: ExchangeCounterpart,
    word: str,
    more: dict[str, Any],
    raised: type[Exception] | None,
    text: str | None,
    done: bool,
) -> None:
    """One request each time; several classes stand for both outcomes."""
    await counterpart.fault(word, **more)
    if raised is None:
        assert (await buy(client))["id"] is None
    else:
        with pytest.raises(raised, match=text) as caught:
            await buy(client)
        assert caught.type is raised
    await counterpart.release()
    assert [each.venue_client_order_id for each in await counterpart.placed()] == (["mine"] if done else [])
    assert await counterpart.requests() == 1


def test_the_table_has_every_fault_that_breaks_a_placing() -> None:
    """Those that break nothing, and the one that comes late, have tests of their own."""
    assert {row[0] for row in PLACING} == set(MEANINGS) - {"late", "partial", "rest", "slow"}


async def test_what_comes_late_is_not_there_until_then(client: Any, counterpart: ExchangeCounterpart) -> None:
    await counterpart.fault("late", seconds=0.1)
    with pytest.raises(errors.ExchangeNotAvailable):
        await buy(client)
    assert await counterpart.placed() == []
    for _ in range(100):
        if await counterpart.placed():
            break
        await asyncio.sleep(0.02)
    assert len(await counterpart.placed()) == 1


async def test_half_of_an_order_fills_and_the_rest_upon_request(client: Any, counterpart: ExchangeCounterpart) -> None:
    await counterpart.fault("partial")
    order = await buy(client)
    (half,) = await counterpart.placed()
    assert (str(half.filled), half.open) == ("0.005", True)
    await counterpart.fill(order["id"])
    (whole,) = await counterpart.placed()
    assert (str(whole.filled), whole.open) == ("0.010", False)


async def test_an_order_rests_whatever_its_price_until_it_is_filled(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Also while the market moves through it."""
    await counterpart.fault("rest")
    order = await client.create_order(BTC, "limit", "buy", "0.01", "68000")
    await counterpart.set_price(BTC, "67000", "67000.1")
    assert (await counterpart.placed())[0].filled == 0
    await counterpart.fill(order["id"], "0.004")
    assert (await client.fetch_order(order["id"], BTC, {"acknowledged": True}))["status"] == "open"
    with pytest.raises(ControlError, match=r"0\.006 left"):
        await counterpart.fill(order["id"], "0.007")


@pytest.mark.parametrize(
    ("on", "word", "raised", "text"),
    [
        ("cancel", "refuse", errors.ExchangeError, "110079"),
        ("cancel", "error", errors.ExchangeNotAvailable, "500"),
        ("amend", "refuse", errors.ExchangeError, "110079"),
        ("amend", "drop", errors.ExchangeNotAvailable, None),
        ("look_up", "rate_limit", errors.RateLimitExceeded, "10006"),
        ("look_up", "truncated", errors.ExchangeError, None),
        ("positions", "credentials", errors.AuthenticationError, "10003"),
        ("positions", "maintenance", errors.ExchangeError, "10016"),
        ("balance", "closed", errors.ExchangeError, "110066"),
        ("balance", "hang", errors.RequestTimeout, None),
        ("market", "unavailable", errors.ExchangeNotAvailable, "503"),
    ],
)
async def test_every_kind_of_request_meets_its_own_fault(
    client: Any, counterpart: ExchangeCounterpart, on: Any, word: str, raised: type[Exception], text: str | None
) -> None:
    """And what is done after a break is done."""
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await counterpart.fault(word, on=on)
    calls = {
        "cancel": lambda: client.cancel_order(order["id"], BTC),
        "amend": lambda: client.edit_order(order["id"], BTC, "limit", "buy", "0.02", None),
        "look_up": lambda: client.fetch_open_orders(BTC),
        "positions": lambda: client.fetch_positions([BTC]),
        "balance": client.fetch_balance,
        "market": lambda: client.fetch_ticker(BTC),
    }
    with pytest.raises(raised, match=text):
        await calls[on]()
    await counterpart.release()
    (placed,) = await counterpart.placed()
    assert placed.open is (word not in ("error", "drop") or on != "cancel")
    assert str(placed.quantity) == ("0.02" if (on, word) == ("amend", "drop") else "0.01")


async def test_a_get_that_breaks_on_a_kept_connection_is_sent_once_more_by_aiohttp_itself(
    client: Any, counterpart: ExchangeCounterpart
) -> None:
    """Below ccxt, and so with ccxt's retries off: GET, PUT and DELETE, never the POST that places an order."""
    await counterpart.fault("drop", on="positions")
    assert len(await client.fetch_positions([BTC])) == 1
    assert (await counterpart.control("counts"))["GET /v5/position/list"] == 2
    await counterpart.fault("drop")
    with pytest.raises(errors.ExchangeNotAvailable):
        await buy(client)
    assert (await counterpart.control("counts"))["POST /v5/order/create"] == 1


async def test_html_in_place_of_a_list_is_an_empty_list_to_ccxt(client: Any, counterpart: ExchangeCounterpart) -> None:
    await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await counterpart.fault("garbage", on="look_up")
    assert await client.fetch_open_orders(BTC) == []


async def test_protective_orders_are_a_kind_of_their_own(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Conditional ones that only reduce, and the exits of a position; both count as placed."""
    await buy(client)
    await counterpart.fault("refuse", on="protect")
    await client.create_order(BTC, "limit", "sell", "0.01", "69000", {"reduceOnly": True})
    with pytest.raises(errors.InsufficientFunds):
        await client.create_order(BTC, "market", "sell", "0.01", None, {"stopLossPrice": "67000"})
    await counterpart.fault("credentials", on="protect")
    with pytest.raises(errors.AuthenticationError):
        await client.privatePostV5PositionTradingStop({"category": "linear", "symbol": "BTCUSDT", "stopLoss": "67000"})
    assert await counterpart.requests() == 4


async def test_while_it_is_away_nothing_arrives(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client)
    await counterpart.away(True)
    with pytest.raises(errors.ExchangeNotAvailable):
        await client.create_order(BTC, "market", "buy", "0.01")
    assert (await counterpart.requests(), len(await counterpart.placed())) == (1, 1)
    await counterpart.away(False)
    assert len(await client.fetch_my_trades(BTC)) == 1


async def test_a_route_that_is_not_there_is_http_404(client: Any) -> None:
    with pytest.raises(errors.BadRequest, match="10017"):
        await client.privateGetV5PreUpgradeOrderHistory({"category": "linear"})


def test_its_counterpart_can_do_everything() -> None:
    assert ExchangeCounterpart("http://127.0.0.1:9").can == {*FAULTS, *CONTROLS}


async def test_it_runs_in_a_process_of_its_own() -> None:
    async with ExchangeProcess("bybit") as process:
        async with clients.client("bybit", process.url) as client:
            await buy(client)
        assert len(await ExchangeCounterpart(process.url).placed()) == 1
