"""How an account is told to be: five named checks, none of which sends an order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fks_exec import Check, Secret, VenueContext
from fks_exec.clock import Clock, SystemClock
from fks_exec.errors import VenueAuthError
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session.connection import REFUSED_FOR, Connection
from fks_exec_ccxt.session.health import health
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.accounts import no_quote
from fks_exec_simulators.exchanges.faults import Fault

NAMES = ["session", "time", "authentication", "markets", "rate budget"]


class Later(SystemClock):
    """Whose seconds can pass at once."""

    def __init__(self) -> None:
        self.later = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later


@asynccontextmanager
async def opened(clock: Clock | None = None) -> AsyncIterator[tuple[Connection, Any]]:
    async with make("binance") as server:
        config = CCXTConfig(
            exchange="binance", api_key=Secret("canary-key1"), secret=Secret("canary-secret1"), base_url=server.url
        )
        manager = ExchangeManager()
        context = VenueContext(account="mine", publish=print, quote=no_quote, clock=clock or SystemClock())
        connection = await manager.open("mine", config, context)
        try:
            yield connection, server
        finally:
            await manager.close("mine")


async def named(connection: Connection) -> dict[str, Check]:
    return {check.name: check for check in (await health(connection)).checks}


def wrong(found: dict[str, Check]) -> list[str]:
    assert all(check.message for check in found.values())
    assert all(bool(check.remedy) is not check.ok for check in found.values())
    return [name for name, check in found.items() if not check.ok]


async def test_an_account_that_is_well_says_so_and_sends_no_order() -> None:
    async with opened() as (connection, server):
        found = await named(connection)
        assert list(found) == NAMES
        assert wrong(found) == []
        assert server.placing == 0
        assert not [route for route in server.counts if not route.startswith("GET")]


async def test_an_exchange_that_is_away_is_not_well_and_well_when_it_is_back() -> None:
    async with opened() as (connection, server):
        await server.away(True)
        found = await named(connection)
        assert {"time", "authentication"} <= set(wrong(found))
        where = server.url.removeprefix("http://")
        assert found["time"].message.startswith(f"the connection to binance at {where} broke")
        again = await named(connection)
        why = "the connection was refused; nothing listens there"
        assert again["time"].message == f"binance cannot be reached at {where}: {why}"
        await server.away(False)
        assert wrong(await named(connection)) == []


async def test_a_clock_that_is_off_by_ten_seconds_is_told_with_the_remedy() -> None:
    async with opened() as (connection, server):
        server.offset = 10.0
        found = await named(connection)
        assert wrong(found) == ["time"]
        assert connection.offset == pytest.approx(10_000, abs=90)
        assert "s from ours" in found["time"].message
        assert "NTP" in found["time"].remedy


async def test_a_key_that_an_order_was_refused_for_is_not_well_at_once() -> None:
    async with opened() as (connection, server):
        server.faults.add(Fault(word="credentials", on="place"))
        make_order = lambda: connection.exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 60000)  # noqa: E731
        with pytest.raises(VenueAuthError):
            await connection.call(make_order)
        assert wrong(await named(connection)) == ["authentication"]
        await connection.call(make_order)
        assert wrong(await named(connection)) == []


async def test_a_key_that_orders_were_refused_for_may_try_again_after_a_while() -> None:
    """Exchanges tell a refused key of a moment's fault too; an account that stays shut for it cannot even close."""
    async with opened(clock=(clock := Later())) as (connection, server):
        server.faults.add(Fault(word="credentials", on="place"))
        with pytest.raises(VenueAuthError):
            await connection.call(lambda: connection.exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 60000))
        clock.later = REFUSED_FOR - 5
        assert wrong(await named(connection)) == ["authentication"]
        clock.later = REFUSED_FOR
        assert wrong(await named(connection)) == []


async def test_a_key_that_was_withdrawn_is_told() -> None:
    async with opened() as (connection, server):
        server.keys = {}
        found = await named(connection)
        assert "authentication" in wrong(found)
        assert "key" in found["authentication"].remedy


async def test_markets_that_could_not_be_refreshed_are_told_with_their_age() -> None:
    async with opened() as (connection, _):
        assert connection.listing is not None
        connection.listing.loaded -= int(4 * connection.listing.refresh * 1000)
        connection.listing.failed = "the markets cannot be loaded: binance cannot be reached"
        found = await named(connection)
        assert wrong(found) == ["markets"]
        assert "cannot be loaded" in found["markets"].message


async def test_an_account_that_is_not_open_is_not_well() -> None:
    async with opened() as (connection, _):
        pass
    assert not await health(connection)
    assert not await health(None)
