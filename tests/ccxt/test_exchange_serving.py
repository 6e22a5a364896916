# SPDX-License-Identifier: MIT
"""What every simulated exchange shares: faults, counts, control, being away, a process of its own. Over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from fks_exec.testing.trial import CONTROLS, FAULTS
from fks_exec_simulators.exchanges import KNOWN, make
from fks_exec_simulators.exchanges.binance import BinanceExchange
from fks_exec_simulators.exchanges.clients import client, rehosted
from fks_exec_simulators.exchanges.counterpart import ControlError, ExchangeCounterpart
from fks_exec_simulators.exchanges.faults import MEANINGS, Fault, Waiting
from fks_exec_simulators.exchanges.process import ExchangeProcess

TIME = "/api/v3/time"


@pytest.fixture
async def exchange() -> AsyncIterator[BinanceExchange]:
    async with BinanceExchange() as made:
        yield made


@pytest.fixture
def control(exchange: BinanceExchange) -> ExchangeCounterpart:
    return ExchangeCounterpart(exchange.url)


@pytest.fixture
async def binance(exchange: BinanceExchange) -> AsyncIterator[Any]:
    async with client("binance", exchange.url) as made:
        yield made


async def buy(binance: Any, **params: Any) -> Any:
    """A market order; the exception if it fails."""
    try:
        return await binance.create_order("BTC/USDT", "market", "buy", 0.01, None, params)
    except Exception as error:
        return error


async def until(asked: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is something."""
    async with asyncio.timeout(5):
        while not await asked():  # noqa: ASYNC110 - the exchange may be in another process
            await asyncio.sleep(0.01)


async def test_every_word_of_the_kit_has_a_meaning_and_the_counterpart_can_all(control: ExchangeCounterpart) -> None:
    assert set(MEANINGS) > set(FAULTS)
    assert control.can == {*FAULTS, *CONTROLS}
    assert ExchangeCounterpart("", cannot=["partial"]).can == control.can - {"partial"}


async def test_a_fault_meets_the_next_request_of_its_kind_alone(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("refuse", "cancel")
    assert (await buy(binance))["status"] == "closed"
    assert await control.control("faults") == ["refuse"]
    await control.fault("refuse")
    assert type(await buy(binance)).__name__ == "InsufficientFunds"
    assert (await buy(binance))["status"] == "closed"


async def test_a_fault_can_wait_for_others_to_pass_and_meet_several(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("refuse", after=1, times=2)
    told = [await buy(binance) for _ in range(4)]
    assert [isinstance(each, Exception) for each in told] == [False, True, True, False]


async def test_faults_can_be_taken_back(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("lost")
    await control.control("clear")
    assert (await buy(binance))["status"] == "closed"


def test_faults_of_one_kind_meet_in_the_order_of_their_coming() -> None:
    waiting = Waiting()
    for word in ("lost", "drop"):
        waiting.add(Fault(word=word, on="look_up"))
    assert waiting.take({"place"}) is None
    taken = [waiting.take({"look_up", "balance"}) for _ in range(3)]
    assert [fault.word if fault else None for fault in taken] == ["lost", "drop", None]


async def test_what_control_does_not_know_is_answered_with_a_sentence(control: ExchangeCounterpart) -> None:
    with pytest.raises(ControlError, match=r"no fault is called 'explode'; there are refuse, "):
        await control.fault("explode")
    with pytest.raises(ControlError, match=r"no request is of the kind 'dance'"):
        await control.fault("lost", "dance")  # type: ignore[arg-type]
    with pytest.raises(ControlError, match=r"control knows no 'sing'"):
        await control.control("sing")
    with pytest.raises(ControlError, match=r"price: LookupError: no symbol NO/SUCH"):
        await control.set_price("NO/SUCH", 1, 2)


async def test_every_request_is_counted_whatever_becomes_of_it(binance: Any, control: ExchangeCounterpart) -> None:
    for word in ("refuse", "lost", "drop", "unavailable"):
        await control.fault(word)
        await buy(binance)
    await buy(binance)
    await binance.create_order("BTC/USDT", "limit", "buy", 0.01, 60000, {"test": True})
    counts = await control.control("counts")
    assert (counts["POST /api/v3/order"], counts["POST /api/v3/order/test"]) == (5, 1)
    assert await control.requests() == 5


async def test_an_order_that_hangs_exists_and_is_answered_upon_release(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("hang")
    asking = asyncio.create_task(buy(binance))
    await until(control.placed)
    assert not asking.done()
    await control.release()
    assert (await asking)["status"] == "closed"


async def test_an_order_that_hangs_before_it_is_handled_never_exists(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("hang_before")
    asking = asyncio.create_task(buy(binance))
    await until(control.requests)
    await control.release()
    assert type(await asking).__name__ == "ExchangeNotAvailable"
    assert await control.placed() == []


async def test_an_order_that_comes_late_is_truly_not_found_before(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("late", seconds=1)
    name = {"clientOrderId": "late1"}
    assert type(await buy(binance, **name)).__name__ == "ExchangeNotAvailable"
    with pytest.raises(Exception, match="-2013"):
        await binance.fetch_order(None, "BTC/USDT", name)
    await until(control.placed)
    assert (await binance.fetch_order(None, "BTC/USDT", name))["status"] == "closed"
    assert await control.requests() == 1


async def test_a_slow_answer_comes_after_what_it_tells_of(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("slow", seconds=1)
    asking = asyncio.create_task(buy(binance))
    await until(control.placed)
    assert not asking.done()
    assert (await asking)["status"] == "closed"


async def test_an_exchange_that_is_away_refuses_connections_and_breaks_those_that_stand(
    exchange: BinanceExchange, control: ExchangeCounterpart
) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(exchange.url + TIME) as response:
            assert response.status == 200
        await control.away(True)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(exchange.url + TIME)
        assert await control.control("counts") == {"GET /api/v3/time": 1}
        await control.away(False)
        async with session.get(exchange.url + TIME) as response:
            assert response.status == 200


async def test_its_clock_is_off_by_what_control_says_and_can_be_injected(control: ExchangeCounterpart) -> None:
    async with BinanceExchange(clock=lambda: 1_700_000_000.0) as exchange, aiohttp.ClientSession() as session:
        await ExchangeCounterpart(exchange.url).control("clock", seconds=-2.5)
        async with session.get(exchange.url + TIME) as response:
            assert await response.json() == {"serverTime": 1_699_999_997_500}


async def test_an_exchange_that_breaks_by_itself_is_no_fault_of_the_test() -> None:
    async def broken() -> int:
        async with BinanceExchange() as exchange, aiohttp.ClientSession() as session:
            del exchange.engine.markets["BTCUSDT"]
            async with session.get(f"{exchange.url}/api/v3/ticker/price?symbol=BTCUSDT") as response:
                return response.status

    with pytest.raises(ExceptionGroup, match="the simulated binance broke by itself"):
        await broken()


async def test_a_stop_lets_go_of_what_hangs(control: ExchangeCounterpart) -> None:
    async with BinanceExchange() as exchange, aiohttp.ClientSession() as session:
        await ExchangeCounterpart(exchange.url).fault("hang", "market")
        asking = asyncio.create_task(session.get(exchange.url + TIME))
        await until(lambda: ExchangeCounterpart(exchange.url).control("counts"))
        started = time.monotonic()
        await exchange.stop()
        assert time.monotonic() - started < 5
        await asyncio.wait([asking])
        if asking.exception() is None:
            asking.result().close()


async def test_it_runs_as_a_process_that_prints_its_url_and_ends_upon_sigint() -> None:
    async with ExchangeProcess("binance") as process:
        async with client("binance", process.url) as binance:
            assert (await buy(binance))["status"] == "closed"
        assert len(await ExchangeCounterpart(process.url).placed()) == 1
    assert process.code == 0


def test_exchanges_are_made_by_name() -> None:
    assert make("binance").name == "binance"
    assert set(KNOWN) == {"binance", "bybit"}


def test_every_address_of_a_client_is_rehosted() -> None:
    tree = {"spot": "https://api.{hostname}/v5", "deep": {"v1": "http://a.b/c?d"}, "none": None}
    url = "http://127.0.0.1:5"
    assert rehosted(tree, url) == {"spot": f"{url}/v5", "deep": {"v1": f"{url}/c?d"}, "none": None}
