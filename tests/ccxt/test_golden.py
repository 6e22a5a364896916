# SPDX-License-Identifier: MIT
"""What goes out for each order kind on fourteen exchanges is what the exchange's own documents ask for.

The rows in ``golden/<exchange>.toml`` are written from those documents, never from what the code sends. A row says one of

- ``request`` and ``params``: this goes out (``{id}``: our id; ``a|b``: either; a dotted name: the way into lists and objects),
- ``unsupported``: the exchange knows no such order, so it is refused before anything is sent,
- ``refused``: the exchange has it, and the plugin refuses it all the same, for the reason given.

``source`` is the document's address; one that begins with ``assumed`` was not at hand, or not for all of the row. ``own_words``
are words of ccxt's that the exchange has too: any other word of ccxt's in a request is a leak.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from fks_exec import Order, Protection, Side, VenueRejected
from fks_exec_ccxt.knowledge.traits import Traits, traits
from fks_exec_ccxt.reading import orderlists
from fks_exec_ccxt.requests.mapping import Request, entry, leg
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_simulators.offline import Captured, captured, exchanges, offline

GOLDEN = Path(__file__).with_name("golden")
EXCHANGES = ["binance", "bitfinex", "bitget", "bybit", "coinbase", "cryptocom", "deribit", "gate"]
EXCHANGES += ["kraken", "krakenfutures", "kucoin", "mexc", "okx", "woo"]
ASK = Decimal(67500)
"""The price of the moment, BTC in dollars; a twentieth of it is taken for ETH."""

CCXT_WORDS = {"clientOrderId", "postOnly", "reduceOnly", "stopLoss", "stopLossPrice", "stopPrice"}
CCXT_WORDS |= {"takeProfit", "takeProfitPrice", "timeInForce", "triggerDirection", "triggerPrice"}

ENTRIES: Mapping[str, Mapping[str, Any]] = {
    "market_buy": {"side": "buy"},
    "market_sell": {"side": "sell"},
    "limit_buy": {"side": "buy", "order_type": "limit", "price": "67000"},
    "stop_buy": {"side": "buy", "order_type": "stop", "stop_price": "68000"},
    "stop_sell": {"side": "sell", "order_type": "stop", "stop_price": "67000"},
    "stop_limit_buy": {"side": "buy", "order_type": "stop_limit", "stop_price": "68000", "price": "68050"},
    "stop_limit_sell": {"side": "sell", "order_type": "stop_limit", "stop_price": "67000", "price": "66950"},
    "attached_market_buy": {"side": "buy", "stop_loss": "67000", "take_profit": "69000"},
    "attached_limit_buy": {
        "side": "buy",
        "order_type": "limit",
        "price": "67400",
        "stop_loss": "67000",
        "take_profit": "69000",
    },
    "reduce_only_sell": {"side": "sell", "reduce_only": True},
    "post_only_buy": {"side": "buy", "order_type": "limit", "price": "67000", "post_only": True},
    "ioc_buy": {"side": "buy", "order_type": "limit", "price": "67000", "time_in_force": "ioc"},
    "fok_buy": {"side": "buy", "order_type": "limit", "price": "67000", "time_in_force": "fok"},
    "gtd_buy": {
        "side": "buy",
        "order_type": "limit",
        "price": "67000",
        "time_in_force": "gtd",
        "expire_at": 1_900_000_000_000,
    },
}
LEGS: Mapping[str, Mapping[str, Any]] = {
    "stop_loss_sell": {"role": "stop_loss", "side": "sell", "trigger_price": "67000"},
    "stop_loss_buy": {"role": "stop_loss", "side": "buy", "trigger_price": "68000"},
    "take_profit_sell": {"role": "take_profit", "side": "sell", "trigger_price": "69000"},
    "take_profit_buy": {"role": "take_profit", "side": "buy", "trigger_price": "66000"},
}
OF_A_SHORT = ("stop_loss_buy", "take_profit_buy")
PRICES = ("price", "stop_price", "stop_loss", "take_profit", "trigger_price")


@frozen
class Row:
    """One row of a golden file, with what its market says."""

    exchange: str
    symbol: str
    kind: str
    source: str
    quantity: str
    id_pattern: str
    own_words: frozenset[str]
    request: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(factory=dict)
    no: str = ""

    def __str__(self) -> str:
        return f"{self.exchange}-{self.symbol}-{self.kind}"


def _rows(exchange: str) -> Iterator[Row]:
    said = tomllib.loads((GOLDEN / f"{exchange}.toml").read_text("utf-8"))
    markets = {item["symbol"]: item for item in said["market"]}
    for item in said["row"]:
        market, request = markets[item["symbol"]], item.get("request", [])
        yield Row(
            exchange=exchange,
            symbol=item["symbol"],
            kind=item["kind"],
            source=item["source"],
            quantity=market["quantity"],
            id_pattern=market["id_pattern"],
            own_words=frozenset(said["own_words"]),
            request=(request,) if isinstance(request, str) else tuple(request),
            params=item.get("params", {}),
            no=item.get("unsupported") or item.get("refused") or "",
        )


ROWS = [row for exchange in EXCHANGES for row in _rows(exchange)]
SENT = [row for row in ROWS if not row.no and row.kind != "oco_sell"]
NOT_SENT = [row for row in ROWS if row.no]
AT_RISK = [row for row in ROWS if row.kind in LEGS or row.kind.startswith(("stop", "attached", "reduce"))]


@frozen
class Desk:
    """One account of an exchange, offline."""

    exchange: Any
    traits: Traits
    probes: Probes

    def made(self, row: Row, submission_id: str, symbol: str = "") -> Request:
        """What the plugin makes of the standard order of a row."""
        market = self.exchange.market(symbol or row.symbol)
        probed, scale = self.probes.of(market), 20 if market["base"] == "ETH" else 1
        words = dict(ENTRIES.get(row.kind) or LEGS[row.kind], symbol=market["symbol"], quantity=Decimal(row.quantity))
        words |= {name: Decimal(words[name]) / scale for name in PRICES if name in words}
        if row.kind in LEGS:
            return leg(Protection(**words | {"side": Side(words["side"])}), submission_id, market, self.traits, probed)
        return entry(Order(**words), submission_id, market, self.traits, probed, ask=ASK / scale)

    async def sent(self, request: Request) -> Captured:
        """What ccxt makes of it."""
        return await captured(self.exchange, lambda: self.exchange.create_order(*request.arguments()))


@cache
def desk(exchange_id: str, market_type: str) -> Desk:
    exchange, known = offline(exchange_id, market_type), traits(exchange_id, market_type)
    return Desk(exchange, known, Probes(exchange, known))


def desk_of(row: Row) -> Desk:
    return desk(row.exchange, "swap" if ":" in row.symbol else "spot")


def an_id(known: Traits, which: int = 0) -> str:
    """An id as the host makes them; the first letter of the alphabet throughout, or another one."""
    return known.id_alphabet[which] * min(known.id_length, 32)


def inside(request: Captured) -> Captured:
    """The one order of a request whose body is a list."""
    if set(request.params) != {""}:
        return request
    (only,) = request.params[""]
    return evolve(request, params=only)


def names_in(value: object) -> Iterator[str]:
    """All names in a request, at any depth; also of an object that ccxt wrote as a text (``stopLoss[triggerPrice]``)."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name).partition("[")[0]
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def values_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from values_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from values_in(item)
    else:
        yield str(value)


def same(expected: object, found: object) -> bool:
    """Equal as a word, a number or a truth; the exchange reads ``"0.01"`` and ``0.010`` alike, and ``true`` in a form."""
    if found is None or isinstance(expected, list):
        return expected == found
    if isinstance(expected, bool) or isinstance(found, bool):
        return str(expected).lower() == str(found).lower()
    if isinstance(expected, str) and "|" in expected:
        return any(same(word, found) for word in expected.split("|"))
    try:
        return Decimal(str(expected)) == Decimal(str(found))
    except InvalidOperation:
        return str(expected) == str(found)


def differences(row: Row, request: Captured, wire_id: str) -> list[str]:
    """What a request has other than its row says."""
    said = f"{request.method} {request.host_path}"
    found = [] if said in row.request else [f"{said} instead of {' or '.join(row.request)}"]
    for path, expected in row.params.items():
        value = request.params.get(path, request.at(path))
        if not same(wire_id if expected == "{id}" else expected, value):
            found.append(f"{path}: {value!r} instead of {expected!r}")
    leaked = {name for name in names_in(request.params) if name in CCXT_WORDS} - row.own_words
    return found + [f"{name} is a word of ccxt's" for name in sorted(leaked - set(row.params))]


@pytest.mark.parametrize("row", SENT, ids=str)
async def test_the_request_is_the_documented_one(row: Row) -> None:
    here = desk_of(row)
    submission_id = an_id(here.traits)
    request = inside(await here.sent(here.made(row, submission_id)))
    assert differences(row, request, here.traits.wire_id(submission_id)) == [], row.source


@pytest.mark.parametrize("row", NOT_SENT, ids=str)
def test_what_cannot_be_ordered_is_refused_before_anything_is_sent(row: Row) -> None:
    here = desk_of(row)
    here.exchange.sent.clear()
    with pytest.raises(VenueRejected):
        here.made(row, an_id(here.traits))
    assert here.exchange.sent == []


@pytest.mark.parametrize("row", AT_RISK, ids=str)
async def test_no_stop_leg_or_reduce_only_order_goes_out_as_a_plain_one(row: Row) -> None:
    """Told without the rows' parameters: on every market of the fixtures it is refused, or differs from the plain order in
    words of the exchange's own that hold the trigger."""
    here = desk_of(row)
    kind = here.exchange.market(row.symbol)
    alike = [m["symbol"] for m in here.exchange.markets.values() if all(m[k] == kind[k] for k in ("type", "linear", "inverse"))]
    for symbol in alike:
        submission_id = an_id(here.traits)
        try:
            request = here.made(row, submission_id, symbol)
        except VenueRejected:
            continue
        risky = inside(await here.sent(request))
        plain = inside(await here.sent(here.made(evolve(row, kind=_plain(row.kind)), submission_id, symbol)))
        assert not {name for name in names_in(risky.params) if name in CCXT_WORDS} - row.own_words, symbol
        wanted = _triggers(row, here.exchange.market(symbol)["base"])
        told = [value for value in values_in(risky.params) if any(same(price, value) for price in wanted)]
        assert len(told) >= len(wanted), f"{symbol}: {risky.params} does not hold {wanted}"
        changed = {k for k in set(risky.params) | set(plain.params) if risky.params.get(k) != plain.params.get(k)}
        assert risky.host_path != plain.host_path or changed - {"timestamp", "signature", "nonce", "id", "sig"}, symbol


async def test_a_stop_and_its_target_go_out_as_one_documented_list() -> None:
    (row,) = [row for row in ROWS if row.kind == "oco_sell"]
    here = desk_of(row)
    stop = LEGS["stop_loss_sell"] | {"side": Side.SELL, "target_price": "69000"}
    protection = Protection(symbol=row.symbol, quantity=row.quantity, **stop)
    name = here.traits.wire_id(an_id(here.traits))
    asked = orderlists.request(protection, name, here.exchange.market(row.symbol))
    request = await captured(here.exchange, lambda: here.exchange.private_post_orderlist_oco(asked))
    assert differences(row, request, name) == [], row.source


def _plain(kind: str) -> str:
    if "limit" in kind:
        return "limit_buy"
    return "market_buy" if kind.endswith("buy") else "market_sell"


def _triggers(row: Row, base: str) -> list[str]:
    words = ENTRIES.get(row.kind) or LEGS[row.kind]
    scale = 20 if base == "ETH" else 1
    return [str(Decimal(words[name]) / scale) for name in PRICES if name in words and name != "price"]


@pytest.mark.parametrize("row", [row for row in SENT if row.kind in ("market_sell", "stop_loss_sell", "stop_sell")], ids=str)
@pytest.mark.parametrize("which", [0, -1])
async def test_an_id_of_the_host_is_one_that_the_exchange_takes(row: Row, which: int) -> None:
    """The longest one that the traits allow, of the alphabet's first and last letter; it comes back as it went out."""
    here = desk_of(row)
    request = inside(await here.sent(here.made(row, an_id(here.traits, which))))
    paths = [path for path, expected in row.params.items() if expected == "{id}"]
    for path in paths:
        text = str(request.params.get(path, request.at(path)))
        assert re.fullmatch(row.id_pattern, text)
        assert here.traits.host_id(text) == an_id(here.traits, which)
    assert paths or row.exchange == "gate", "only a price order of Gate has no id"


def test_every_exchange_has_a_row_for_every_kind() -> None:
    assert set(exchanges()) == set(EXCHANGES)
    assert len(ROWS) == len({str(row) for row in ROWS})
    for exchange in EXCHANGES:
        symbols = {row.symbol for row in ROWS if row.exchange == exchange}
        assert symbols
        for symbol in symbols:
            kinds = {row.kind for row in ROWS if (row.exchange, row.symbol) == (exchange, symbol)}
            missing = (ENTRIES.keys() | LEGS.keys()) - kinds
            assert missing <= (set() if ":" in symbol else set(OF_A_SHORT)), f"{exchange} {symbol}"


def test_every_row_names_its_document_or_says_that_it_is_assumed() -> None:
    for row in ROWS:
        assert row.source.startswith(("https://", "assumed: ")), row
        assert row.no or (row.request and row.params), row
