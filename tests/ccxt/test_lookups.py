# SPDX-License-Identifier: MIT
"""Orders looked up by any name, None only for a clean "no", complete lists or none; the scan of closed orders page by page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from fks_exec import OrderRef, Status, VenueError
from fks_exec.clock import SystemClock
from fks_exec_ccxt.knowledge.kept import kept
from fks_exec_ccxt.knowledge.traits import Traits
from fks_exec_ccxt.reading.lookups import Lookups, scopes
from fks_exec_ccxt.wire.outcomes import Unsettled

EACH = pytest.mark.parametrize("name", ["binance", "bybit"])


@pytest.fixture
def seat(request: pytest.FixtureRequest, name: str) -> Any:
    """The account at one of the two."""
    return request.getfixturevalue(name)


@EACH
async def test_an_order_is_found_by_each_of_its_names(seat: Any, name: str) -> None:
    submission = seat.submission()
    told = await seat.plugin.execute_order(seat.order(), submission)
    for ref in (seat.ref(told.order_id), seat.ref(name=submission.venue_client_order_id)):
        found = await seat.plugin.fetch_order(ref)
        assert (found.order_id, found.status) == (told.order_id, Status.FILLED)
        assert [fill.trade_id for fill in found.fills] == [fill.trade_id for fill in told.fills]
        assert found.fees == told.fees


@EACH
async def test_an_order_that_was_never_there_is_none(seat: Any, name: str) -> None:
    await seat.plugin.execute_order(seat.order(), seat.submission())
    assert await seat.plugin.fetch_order(seat.ref(name="nosuchorder")) is None
    assert await seat.plugin.fetch_order(seat.ref("99999999")) is None


@EACH
@pytest.mark.parametrize("word", ["lost", "garbage", "error", "credentials", "rate_limit", "waf", "unavailable", "truncated"])
async def test_a_look_up_that_fails_raises(seat: Any, name: str, word: str) -> None:
    submission = seat.submission()
    await seat.plugin.execute_order(seat.order(), submission)
    await seat.counterpart.fault(word, "look_up")
    with pytest.raises((VenueError, Unsettled)):
        await seat.plugin.fetch_order(seat.ref(name=submission.venue_client_order_id))


@EACH
async def test_trades_that_cannot_be_read_fail_the_look_up(seat: Any, name: str) -> None:
    """Without them its fees would be taken for none."""
    told = await seat.plugin.execute_order(seat.order(), seat.submission())
    await seat.counterpart.fault("error", "look_up", after=1)
    with pytest.raises(VenueError):
        await seat.plugin.fetch_order(seat.ref(told.order_id))


@EACH
async def test_a_look_up_without_a_symbol_is_refused(seat: Any, name: str) -> None:
    with pytest.raises(VenueError, match="symbol"):
        await seat.plugin.fetch_order(OrderRef(order_id="1"))


@EACH
async def test_all_that_rests_is_listed_with_its_names(seat: Any, name: str) -> None:
    sent = {}
    for price in ("60000", "61000"):
        submission = seat.submission()
        told = await seat.plugin.execute_order(seat.order(order_type="limit", price=price), submission)
        sent[told.order_id] = submission.venue_client_order_id
    await seat.plugin.execute_order(seat.order(), seat.submission())
    listed = await seat.plugin.fetch_open_orders()
    assert {update.ref.order_id: update.ref.venue_client_order_id for update in listed} == sent
    assert {update.ref.symbol for update in listed} == {seat.symbol}
    assert {update.result.status for update in listed} == {Status.ACCEPTED}


@EACH
async def test_what_has_filled_in_part_is_listed_with_its_trades(seat: Any, name: str) -> None:
    told = await seat.plugin.execute_order(seat.order(quantity="0.02", order_type="limit", price="60000"), seat.submission())
    await seat.counterpart.fill(told.order_id, "0.01")
    (update,) = await seat.plugin.fetch_open_orders()
    assert (update.result.status, update.result.filled_quantity) == (Status.PARTIALLY_FILLED, Decimal("0.01"))
    assert len(update.result.fills) == 1


async def test_more_open_orders_than_a_page_are_all_listed(bybit: Any) -> None:
    """A page of Bybit's has fifty, and a cursor to the next."""
    for _ in range(53):
        order = bybit.order(quantity="0.001", order_type="limit", price="60000")
        await bybit.plugin.execute_order(order, bybit.submission(30))
    assert len({update.ref.order_id for update in await bybit.plugin.fetch_open_orders()}) == 53


@EACH
async def test_an_order_filled_in_many_trades_tells_them_all(seat: Any, name: str) -> None:
    told = await seat.plugin.execute_order(seat.order(quantity="0.12", order_type="limit", price="60000"), seat.submission())
    for _ in range(120):
        await seat.counterpart.fill(told.order_id, "0.001")
    found = await seat.plugin.fetch_order(seat.ref(told.order_id))
    assert (found.status, len(found.fills)) == (Status.FILLED, 120)
    assert sum(fill.quantity for fill in found.fills) == Decimal("0.12")


# The scan, where an exchange finds nothing by our id.


@define(eq=False, slots=False)
class History:
    """An exchange of closed orders in pages; by its id one of those that list every order.

    Args:
        orders: by ccxt's words, oldest first.
        limit: of a page.
        newest_first: which end of a time a page begins with.
        heeds: it takes no notice of ``until``.
    """

    orders: list[dict[str, Any]]
    limit: int = 10
    newest_first: bool = False
    heeds: bool = True
    asked: int = 0
    id: str = "mexc"
    has: dict[str, bool] = field(factory=lambda: {"fetchOrders": True})

    def feature_value(self, symbol: str, method: str, name: str) -> int | None:
        """The limit, as ccxt's table tells it."""
        return self.limit

    async def fetch_open_orders(self, *words: Any) -> list[dict[str, Any]]:
        """None rests."""
        return []

    async def fetch_orders(self, symbol: str, since: int, limit: int, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One page."""
        self.asked += 1
        until = params.get("until", 10**15) if self.heeds else 10**15
        found = [order for order in self.orders if since <= order["timestamp"] <= until]
        return found[-self.limit :] if self.newest_first else found[: self.limit]


@define(eq=False)
class Line:
    """A connection to it."""

    exchange: Any
    traits: Traits = field(
        factory=lambda: Traits(exchange="history", look_up="by_scan", conditional_apart=False, conditional_look_up=False)
    )
    config: Any = field(factory=lambda: SimpleNamespace(market_type="spot", settle=None))
    markets: dict[str, Any] = field(factory=dict)
    offset: int | None = 0
    clock: SystemClock = field(factory=SystemClock)

    async def call(self, make: Any, **words: Any) -> Any:
        """As it is."""
        return await make()


def history(count: int, **more: Any) -> tuple[Lookups, History, int]:
    """A history of so many orders, one in a second, that end a minute ago; where it begins."""
    start = SystemClock().now() - 60_000 - count * 1000
    words = {"symbol": "A/B", "side": "buy", "type": "limit", "status": "canceled", "amount": 1.0, "filled": 0.0}
    orders = [{**words, "id": str(n), "clientOrderId": f"name{n}", "timestamp": start + n * 1000} for n in range(count)]
    exchange = History(orders, **more)
    return Lookups(connection=cast(Any, Line(exchange))), exchange, start


def named(name: str, since: int) -> OrderRef:
    return OrderRef(venue_client_order_id=name, symbol="A/B", submitted_at=since)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("wanted", ["name0", "name37", "name94"])
async def test_a_scan_finds_an_order_whichever_end_the_pages_begin_with(newest_first: bool, wanted: str) -> None:
    lookups, _, start = history(95, newest_first=newest_first)
    found = await lookups.find(named(wanted, start))
    assert found is not None
    assert f"name{found.order_id}" == wanted


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_scan_that_has_seen_every_page_says_no(newest_first: bool) -> None:
    lookups, exchange, start = history(95, newest_first=newest_first)
    assert await lookups.find(named("name", start)) is None
    assert exchange.asked > 10


async def test_a_scan_of_pages_that_cannot_be_told_apart_says_nothing() -> None:
    """The exchange does not heed the end of the time: what lies behind the first page is not seen."""
    lookups, _, start = history(95, heeds=False)
    with pytest.raises(Unsettled):
        await lookups.find(named("name", start))


async def test_a_scan_of_too_many_orders_says_nothing() -> None:
    lookups, _, start = history(2000)
    with pytest.raises(Unsettled):
        await lookups.find(named("name", start))


@pytest.mark.parametrize("offset", [-300_000, None])
async def test_a_scan_begins_earlier_where_the_exchanges_clock_is_behind(offset: int | None) -> None:
    """Five minutes; where it tells no time, they are not known."""
    lookups, _, start = history(5)
    cast(Any, lookups.connection).offset = offset
    found = await lookups.find(named("name0", start + 300_000))
    assert found is not None
    assert found.order_id == "0"


async def test_a_scan_without_a_time_says_nothing() -> None:
    lookups, _, _ = history(5)
    with pytest.raises(Unsettled):
        await lookups.find(OrderRef(venue_client_order_id="name", symbol="A/B"))


async def test_a_scan_says_nothing_where_ids_of_stops_are_not_told() -> None:
    lookups, _, start = history(5)
    line = cast(Any, lookups.connection)
    line.traits = evolve(line.traits, trigger_ids=False)
    with pytest.raises(Unsettled):
        await lookups.find(named("name", start))


async def test_a_scan_of_an_exchange_whose_lists_are_not_known_finds_but_never_says_no() -> None:
    lookups, exchange, start = history(5)
    exchange.id = "unknownexchange"
    assert (await lookups.find(named("name3", start))) is not None
    with pytest.raises(Unsettled):
        await lookups.find(named("name", start))


@pytest.mark.parametrize(
    ("exchange_id", "kind", "hours"), [("bitfinex", "spot", 14 * 24), ("mexc", "spot", 24), ("gate", "swap", 1 / 6)]
)
async def test_an_order_older_than_what_the_exchange_keeps_is_not_said_to_be_absent(
    exchange_id: str, kind: str, hours: float
) -> None:
    """It may have been there, and filled."""
    lookups, exchange, _ = history(0, id=exchange_id, has={"fetchOrders": True, "fetchClosedOrders": True})
    cast(Any, exchange).fetch_closed_orders = exchange.fetch_orders
    cast(Any, lookups.connection).config.market_type = kind
    span = int(hours * 3_600_000)
    assert await lookups.find(named("name", SystemClock().now() - span + 120_000)) is None
    with pytest.raises(Unsettled, match="older"):
        await lookups.find(named("name", SystemClock().now() - span - 1))


@pytest.mark.parametrize(
    ("exchange_id", "kind", "hours"),
    [("binanceusdm", "swap", 72), ("okx", "swap", 2), ("kucoin", "spot", 48), ("x", "spot", 24)],
)
def test_an_exchange_keeps_what_ended_for_the_shortest_time_of_any_kind(exchange_id: str, kind: str, hours: int) -> None:
    assert kept(exchange_id, kind) == hours * 3_600_000


@define(eq=False, slots=False)
class Filtering(History):
    """One whose pages ccxt filters: rows of another instrument are left out of what it answers with."""

    def parse_orders(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Only every tenth is of the instrument."""
        return [order for order in orders if int(order["id"]) % 10 == 7]

    async def fetch_orders(self, symbol: str, since: int, limit: int, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One page, less what is of others."""
        page = await History.fetch_orders(self, symbol, since, limit, params)
        found: list[dict[str, Any]] = self.parse_orders(page)
        return found


async def test_a_page_is_full_by_its_raw_rows_whatever_ccxt_leaves_out() -> None:
    """What lies behind a full page was not seen."""
    lookups, exchange, start = history(95)
    line = cast(Any, lookups.connection)
    line.exchange = Filtering(exchange.orders)
    found = await lookups.find(named("name57", start))
    assert found is not None
    assert found.order_id == "57"


async def test_an_exchange_that_finds_nothing_by_our_id_says_nothing() -> None:
    lookups, _, start = history(5)
    line = cast(Any, lookups.connection)
    line.traits = evolve(line.traits, look_up="none")
    with pytest.raises(Unsettled):
        await lookups.find(named("name1", start))


@pytest.mark.parametrize(
    ("exchange", "settle", "expected"),
    [
        (
            "bybit",
            None,
            [
                {"subType": "linear", "settleCoin": "USDC"},
                {"subType": "linear", "settleCoin": "USDT"},
                {"subType": "inverse", "settleCoin": "BTC"},
            ],
        ),
        ("bybit", "USDT", [{"subType": "linear", "settleCoin": "USDT"}]),
        ("binance", None, [{"subType": "linear"}, {"subType": "inverse"}]),
        ("binance", "BTC", [{"subType": "inverse"}]),
        ("okx", None, [{}]),
        ("gate", None, [{"settle": "btc"}, {"settle": "usdc"}, {"settle": "usdt"}]),
        (
            "bitget",
            None,
            [
                {"productType": "COIN-FUTURES", "marginCoin": "BTC"},
                {"productType": "USDC-FUTURES", "marginCoin": "USDC"},
                {"productType": "USDT-FUTURES", "marginCoin": "USDT"},
            ],
        ),
    ],
)
def test_every_part_of_an_account_is_asked(exchange: str, settle: str | None, expected: list[Any]) -> None:
    """ccxt asks Bybit for USDT alone, and Binance for linear contracts alone, if nothing is said."""
    kinds = [("USDT", True), ("USDC", True), ("BTC", False)]
    markets = {coin: {"swap": True, "settle": coin, "linear": linear, "inverse": not linear} for coin, linear in kinds}

    config = SimpleNamespace(market_type="swap", settle=settle)
    account = SimpleNamespace(exchange=SimpleNamespace(id=exchange, markets=markets), config=config)
    assert scopes(cast(Any, account)) == expected


def test_a_settle_currency_without_contracts_is_not_flat() -> None:
    config = SimpleNamespace(market_type="swap", settle="XYZ")
    account = SimpleNamespace(exchange=SimpleNamespace(id="okx", markets={}), config=config)
    with pytest.raises(Unsettled, match="XYZ"):
        scopes(cast(Any, account))
