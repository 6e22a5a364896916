# SPDX-License-Identifier: MIT
"""One-way or hedged is read wherever an exchange tells it, in the words of its documents, and compared at the start."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from fks_exec.errors import ConfigError, VenueError
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.session import modes
from fks_exec_ccxt.session.connection import Connection
from fks_exec_simulators.exchanges.accounts import context
from fks_exec_simulators.offline import offline

ANSWERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # path, and the answer of a one-way and of a hedged account
    # bitget.com/api-doc/contract/account/Get-Single-Account
    "bitget": (
        "/api/v2/mix/account/account",
        {"code": "00000", "msg": "success", "data": {"marginCoin": "USDT", "marginMode": "crossed", "posMode": "one_way_mode"}},
        {"code": "00000", "msg": "success", "data": {"marginCoin": "USDT", "marginMode": "crossed", "posMode": "hedge_mode"}},
    ),
    # gate.com/docs/developers/apiv4, Query futures account
    "gate": (
        "/api/v4/futures/usdt/accounts",
        {"total": "9.7", "currency": "USDT", "in_dual_mode": False},
        {"total": "9.7", "currency": "USDT", "in_dual_mode": True},
    ),
    # docs.woox.io, Get Account Information
    "woo": (
        "/v3/account/info",
        {"success": True, "data": {"accountMode": "FUTURES", "positionMode": "ONE_WAY"}},
        {"success": True, "data": {"accountMode": "FUTURES", "positionMode": "HEDGE_MODE"}},
    ),
    # bybit-exchange.github.io/docs/v5/position
    "bybit": (
        "/v5/position/list",
        {"retCode": 0, "result": {"category": "linear", "list": [{"symbol": "BTCUSDT", "positionIdx": 0, "size": "0"}]}},
        {"retCode": 0, "result": {"category": "linear", "list": [{"symbol": "BTCUSDT", "positionIdx": 1, "size": "0"}]}},
    ),
}
MARGIN = {"bitget": "cross"}


def opened(name: str, answer: Any = None, **more: Any) -> Connection:
    """An account at an exchange that gives one answer."""
    exchange = offline(name, "swap")
    asked: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        asked.append(urlsplit(url).path)
        return answer

    exchange.fetch, exchange.asked = fetch, asked
    config = CCXTConfig(exchange=name, market_type="swap", margin_mode=MARGIN.get(name), **more)
    return Connection(exchange, config, traits(name, "swap"), context())


async def compared(connection: Connection) -> None:
    """The mode alone."""
    await modes._compare_position_mode(connection, "BTC/USDT:USDT")


@pytest.mark.parametrize("name", sorted(ANSWERS))
async def test_a_hedged_account_is_told_where_one_way_is_meant_and_the_other_way_round(name: str) -> None:
    path, one_way, hedged = ANSWERS[name]
    mine = opened(name, one_way)
    await compared(mine)
    assert [each for each in mine.exchange.asked if each.endswith(path)]
    await compared(opened(name, one_way, position_mode="one_way"))
    await compared(opened(name, hedged, position_mode="hedged"))
    with pytest.raises(ConfigError, match=f"at {name} is hedged; write position_mode = 'hedged' or change it there"):
        await compared(opened(name, hedged))
    with pytest.raises(ConfigError, match=f"position_mode is 'hedged', and the account at {name} is one_way"):
        await compared(opened(name, one_way, position_mode="hedged"))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("bitget", {"code": "00000", "data": {"marginCoin": "USDT"}}),
        ("gate", {"total": "9.7"}),
        ("woo", {"success": True, "data": {}}),
        ("bybit", {"retCode": 0, "result": {"list": []}}),
    ],
)
async def test_an_answer_without_the_mode_is_no_mode(name: str, answer: Any) -> None:
    with pytest.raises(VenueError, match="position_mode cannot be read"):
        await compared(opened(name, answer))


async def test_gate_tells_the_split_mode_too() -> None:
    answer = {"total": "9.7", "in_dual_mode": False, "position_mode": "dual_plus"}
    with pytest.raises(ConfigError, match="is hedged"):
        await compared(opened("gate", answer))


async def test_a_unified_account_of_bitget_tells_it_elsewhere() -> None:
    connection = opened("bitget", {"code": "00000", "data": {"holdMode": "hedge_mode"}}, position_mode="hedged")
    connection.exchange.options["uta"] = True
    await compared(connection)
    assert connection.exchange.asked == ["/api/v3/account/settings"]


@pytest.mark.parametrize("name", ["krakenfutures", "deribit", "bitfinex", "coinbase", "cryptocom"])
async def test_exchanges_with_one_position_a_contract_cannot_be_meant_as_hedged(name: str) -> None:
    for more in ({}, {"position_mode": "one_way"}):
        connection = opened(name, **more)
        await compared(connection)
        assert connection.exchange.asked == []
    with pytest.raises(ConfigError, match=f"the account at {name} is one_way; write position_mode = 'one_way'$"):
        await compared(opened(name, position_mode="hedged"))


async def test_a_mode_that_nobody_can_compare_is_not_claimed() -> None:
    class Silent:
        id, has = "blofin", {}

    silent: Any = Silent()
    for wanted in ("one_way", "hedged"):
        config = CCXTConfig(exchange="blofin", market_type="swap", position_mode=wanted)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="blofin does not tell the position_mode"):
            await compared(Connection(silent, config, traits("blofin", "swap"), context()))
    await compared(Connection(silent, CCXTConfig(exchange="blofin", market_type="swap"), traits("blofin", "swap"), context()))
