# SPDX-License-Identifier: MIT
"""Open orders in full pages are read to their end by the oldest one's number, or are not known; never "that is all"."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from fks_exec import OrderRef
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.reading.lookups import Lookups
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.wire.outcomes import Unsettled
from fks_exec_simulators.exchanges.accounts import context
from fks_exec_simulators.offline import offline


def opened(name: str, answer: Any) -> Connection:
    """An account at an exchange whose answers are what ``answer(path, query)`` says."""
    exchange = offline(name, "spot")

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        parts = urlsplit(url)
        return answer(parts.path, dict(parse_qsl(parts.query)))

    exchange.fetch = fetch
    config = CCXTConfig(exchange=name)
    connection = Connection(exchange, config, traits(name), context())
    connection.probes = Probes(exchange, connection.traits, config)
    return connection


class Okx:
    """OKX's list: newest first, 100 a page, those before ``after`` (okx.com/docs-v5, Order List)."""

    def __init__(self, count: int, *, heeds: bool = True) -> None:
        self.rows = [self.row(1000 + number) for number in range(count, 0, -1)]
        self.heeds, self.asked = heeds, 0

    def row(self, number: int) -> dict[str, Any]:
        words = {"instId": "BTC-USDT", "instType": "SPOT", "side": "buy", "ordType": "limit", "state": "live", "tdMode": "cash"}
        return {**words, "ordId": str(number), "clOrdId": f"c{number}", "sz": "1", "accFillSz": "0", "px": "1", "cTime": "1000"}

    def __call__(self, path: str, query: dict[str, str]) -> Any:
        if not path.endswith("orders-pending"):
            return {"code": "0", "msg": "", "data": []}
        self.asked += 1
        rows = [row for row in self.rows if not self.heeds or int(row["ordId"]) < int(query.get("after", 10**9))]
        return {"code": "0", "msg": "", "data": rows[: int(query.get("limit", 100))]}


@pytest.mark.parametrize("count", [0, 99, 100, 230])
async def test_full_pages_are_read_to_their_end(count: int) -> None:
    exchange = Okx(count)
    found = await Lookups(connection=opened("okx", exchange)).open_orders()
    assert sorted(update.ref.order_id or "" for update in found) == sorted(row["ordId"] for row in exchange.rows)
    assert exchange.asked == count // 100 + 1


async def test_a_list_that_does_not_go_on_is_not_known() -> None:
    with pytest.raises(Unsettled, match="there may be more"):
        await Lookups(connection=opened("okx", Okx(150, heeds=False))).open_orders()


async def test_counted_pages_are_not_trusted() -> None:
    """At Gate an order that ends between page 1 and page 2 would hide the first of the second."""
    words = {"currency_pair": "BTC_USDT", "side": "buy", "type": "limit", "status": "open", "account": "spot"}
    rows = [{**words, "id": str(number), "amount": "1", "left": "1", "price": "1", "text": "t-x"} for number in range(100)]

    def answer(path: str, query: dict[str, str]) -> Any:
        return [{"currency_pair": "BTC_USDT", "total": 100, "orders": rows}] if path.endswith("open_orders") else []

    with pytest.raises(Unsettled, match="there may be more"):
        await Lookups(connection=opened("gate", answer)).open_orders()


@pytest.mark.parametrize("names", [{"order_id": "5"}, {"venue_client_order_id": "mine", "submitted_at": 1}])
async def test_an_empty_answer_of_okx_is_neither_absence_nor_a_fault(names: dict[str, Any]) -> None:
    """Its documents tell an unknown order with code 51603; of an empty list they say nothing."""
    connection = opened("okx", lambda path, query: {"code": "0", "msg": "", "data": []})
    with pytest.raises(Unsettled, match="nothing is known"):
        await Lookups(connection=connection).find(OrderRef(symbol="BTC/USDT", **names))
