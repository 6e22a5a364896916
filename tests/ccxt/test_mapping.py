# SPDX-License-Identifier: MIT
"""What an order becomes on the wire, on fourteen exchanges: what it is called, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fks_exec import Instrument, Order, OrderType, Protection, Side, TimeInForce, VenueRejected
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import Traits, traits
from fks_exec_ccxt.requests.instruments import instrument
from fks_exec_ccxt.requests.mapping import Request, entry, leg, needs_ask
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_simulators.offline import Captured, NothingSent, exchanges, offline

MARKET_TYPES = ("spot", "swap")
Says = Callable[[Captured], bool]


def _field(name: str, *starts: str) -> Says:
    return lambda sent: str(sent.at(name) or "").lower().startswith(tuple(starts))


def _path(*ends: str) -> Says:
    return lambda sent: sent.host_path.endswith(ends)


TRIGGERED: Mapping[str, Says] = {
    # How each exchange's document tells an order that waits for its trigger from one that trades now.
    "binance": lambda sent: _path("algoOrder")(sent) or _field("type", "stop_loss", "take_profit")(sent),
    "bybit": lambda sent: sent.at("orderFilter") in ("StopOrder", "tpslOrder") or sent.at("triggerDirection") in (1, 2),
    "okx": _path("order-algo"),
    "kraken": _field("ordertype", "stop-loss", "take-profit"),
    "krakenfutures": _field("orderType", "stp", "take_profit"),
    "coinbase": lambda sent: sent.at("order_configuration.stop_limit_stop_limit_gtc.stop_price") is not None,
    "kucoin": lambda sent: _path("stop-order")(sent) or sent.at("stop") in ("up", "down"),
    "gate": _path("price_orders"),
    "bitget": _path("place-plan-order", "place-tpsl-order"),
    "mexc": _path("planorder/place"),
    "bitfinex": lambda sent: "STOP" in str(sent.at("type")),
    "deribit": _field("type", "stop_", "take_"),
    "cryptocom": _path("advanced/create-order"),
    "woo": _path("algoOrder"),
}
REDUCING: Mapping[str, Says] = {
    "binance": _field("reduceOnly", "true"),
    "bybit": lambda sent: sent.at("reduceOnly") is True,
    "okx": lambda sent: True in (sent.at("reduceOnly"), sent.at(".0.reduceOnly"), _first(sent).get("reduceOnly")),
    "krakenfutures": _field("reduceOnly", "true"),
    "kucoin": lambda sent: sent.at("reduceOnly") is True,
    "gate": lambda sent: True in (sent.at("reduce_only"), sent.at("initial.reduce_only")),
    "bitget": lambda sent: sent.at("reduceOnly") == "YES" or _path("place-tpsl-order")(sent),
    "mexc": lambda sent: sent.at("side") in (2, 4),
    "bitfinex": lambda sent: bool(int(str(sent.at("flags") or 0)) & 1024),
    "deribit": _field("reduce_only", "true"),
    "woo": lambda sent: sent.at("reduceOnly") is True,
}

# Where no order waits for a target: it rests as a limit order.
RESTING: Mapping[str, Says] = {"bitfinex": _field("type", "limit"), "woo": _field("type", "limit")}


def _first(sent: Captured) -> Mapping[str, Any]:
    """A body that is a list of one order."""
    listed = sent.params.get("")
    return listed[0] if isinstance(listed, list) else {}


class Desk:
    """One exchange and market type, offline."""

    def __init__(self, exchange_id: str, market_type: str) -> None:
        self.exchange = offline(exchange_id, market_type)
        self.known: Traits = traits(exchange_id, market_type)
        self.probes = Probes(self.exchange, self.known)
        self.markets = {symbol: each for symbol, each in self.exchange.markets.items() if each["type"] == market_type}

    def rules(self, symbol: str) -> Instrument:
        return instrument(self.exchange, self.markets[symbol], self.probes)

    def place(self, order: Order, ask: str | None = None) -> Captured:
        price = None if ask is None else Decimal(ask)
        return self.sent(entry(order, "1234567891234", self.markets[order.symbol], self.known, self.probes, price))

    def protect(self, protection: Protection) -> Captured:
        return self.sent(leg(protection, "1234567891234", self.markets[protection.symbol], self.known, self.probes))

    def sent(self, request: Request) -> Captured:
        self.exchange.sent.clear()
        call = self.exchange.create_order(*request.arguments())
        with pytest.raises(NothingSent):
            call.send(None)
        (captured,) = self.exchange.sent
        assert isinstance(captured, Captured)
        return captured


@cache
def desk(exchange_id: str, market_type: str) -> Desk:
    return Desk(exchange_id, market_type)


def desks() -> list[tuple[str, str]]:
    return [(name, kind) for name in exchanges() for kind in MARKET_TYPES if desk(name, kind).markets]


def unless_refused(send: Callable[[], Captured], *codes: str) -> Captured | None:
    """What goes out; None where it is refused before, with one of these codes."""
    try:
        return send()
    except VenueRejected as refusal:
        if refusal.code in codes:
            return None
        raise


def all_values(sent: Captured) -> list[str]:
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, Mapping):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        else:
            found.append(str(value))

    walk(sent.params)
    return found


@st.composite
def orders(draw: st.DrawFn, symbol: str, rules: Instrument) -> Order:
    """Any order on the instrument's grid, its words in any combination that an order allows."""
    tick = rules.price_tick or Decimal("0.1")
    step = rules.quantity_step or Decimal(1)
    count = st.integers(1, 40)
    kind = draw(st.sampled_from(list(OrderType)))
    fields: dict[str, Any] = {"order_type": kind, "side": draw(st.sampled_from(list(Side)))}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        fields["price"] = tick * 1000 * draw(count)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        fields["stop_price"] = tick * 1000 * draw(count)
    for name in ("stop_loss", "take_profit"):
        if draw(st.integers(0, 4)) == 0:
            fields[name] = tick * 1000 * draw(count)
    fields["reduce_only"] = draw(st.booleans())
    fields["post_only"] = kind is OrderType.LIMIT and draw(st.booleans())
    fields["time_in_force"] = draw(st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]))
    least = rules.quantity_up(max(rules.min_quantity or step, step))
    return Order(symbol=symbol, quantity=rules.quantity_up(least * 1000 * draw(count)), **fields)


@pytest.mark.parametrize(("name", "kind"), desks())
def test_a_word_that_no_order_takes_is_refused_and_not_left_out(name: str, kind: str) -> None:
    """Who writes reduceOnly there means it, and would have bought."""
    here = desk(name, kind)
    symbol = next(iter(here.markets))
    order = Order(symbol=symbol, side="buy", quantity="1", options={"reduceOnly": True})
    with pytest.raises(VenueRejected, match=f"orders to {name} take no options from here; leave out reduceOnly"):
        entry(order, "1234567891234", here.markets[symbol], here.known, here.probes)


@pytest.mark.parametrize(("name", "kind"), desks())
def test_no_stop_leg_or_reduce_only_order_goes_out_as_a_plain_one(name: str, kind: str) -> None:
    here = desk(name, kind)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        symbol = data.draw(st.sampled_from(sorted(here.markets)))
        order = data.draw(orders(symbol, here.rules(symbol)))
        sent = unless_refused(lambda: here.place(order, "50000"), "UNSUPPORTED", "PRICE_TICK", "MIN_NOTIONAL", "MAX_QUANTITY")
        if sent is None:
            return
        if order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
            assert TRIGGERED[name](sent), sent
        else:
            assert not TRIGGERED[name](sent), sent
        if order.reduce_only:
            assert REDUCING[name](sent), sent
        if order.stop_loss is not None or order.take_profit is not None:
            assert name == "bybit"
            assert isinstance(sent.at("stopLoss" if order.stop_loss is not None else "takeProfit"), str), sent
        assert here.known.wire_id("1234567891234") in all_values(sent)

    judge()


@pytest.mark.parametrize(("name", "kind"), desks())
@pytest.mark.parametrize("role", ["stop_loss", "take_profit"])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("limited", [False, True])
def test_a_leg_waits_for_its_price_and_only_reduces(name: str, kind: str, role: Any, side: Side, limited: bool) -> None:
    here = desk(name, kind)
    for symbol in here.markets:
        rules = here.rules(symbol)
        tick = rules.price_tick or Decimal("0.1")
        limit = tick * 900 if limited else None
        words: dict[str, Any] = {
            "role": role,
            "symbol": symbol,
            "side": side,
            "trigger_price": tick * 1000,
            "limit_price": limit,
        }
        wanted = Protection(quantity=rules.quantity_up(rules.min_quantity or Decimal(1)), **words)
        sent = unless_refused(lambda wanted=wanted: here.protect(wanted), "UNSUPPORTED")  # type: ignore[misc]
        if sent is None:
            continue
        waits = RESTING if role == "take_profit" and here.known.target_rests else TRIGGERED
        assert waits[name](sent), sent
        assert kind == "spot" or REDUCING[name](sent), sent


def rising(name: str, sent: Captured) -> bool | None:
    """Whether the trigger is reached from below; None: the exchange knows it from side and kind."""
    if name == "bybit":
        return {1: True, 2: False}.get(sent.at("triggerDirection"))  # type: ignore[call-overload, no-any-return]
    if name == "coinbase":
        return {"STOP_DIRECTION_STOP_UP": True, "STOP_DIRECTION_STOP_DOWN": False}[
            str(sent.at("order_configuration.stop_limit_stop_limit_gtc.stop_direction"))
        ]
    if name == "kucoin":
        return {"up": True, "entry": True, "down": False, "loss": False}[str(sent.at("stop"))]
    if name == "gate":
        return {">=": True, "1": True, "<=": False, "2": False}[str(sent.at("trigger.rule"))]
    return None


@pytest.mark.parametrize(("name", "kind"), desks())
def test_a_stop_to_buy_is_reached_from_below_and_one_to_sell_from_above(name: str, kind: str) -> None:
    here = desk(name, kind)
    for symbol, market in here.markets.items():
        proved, rules = here.probes.of(market), here.rules(symbol)
        tick = rules.price_tick or Decimal("0.1")
        quantity = (
            rules.quantity_up((rules.min_quantity or Decimal(1)) * 100_000)
            if kind == "spot"
            else rules.quantity_up(Decimal(100))
        )
        for side in Side if OrderType.STOP_LIMIT in proved.order_types else ():
            price = tick * 100_000
            fields: dict[str, Any] = {"order_type": "stop_limit", "stop_price": price, "price": price}
            sent = here.place(Order(symbol=symbol, side=side, quantity=quantity, **fields))
            assert rising(name, sent) in (None, side is Side.BUY), sent
        for role in ("stop_loss", "take_profit"):
            if not getattr(proved, role):
                continue
            words: dict[str, Any] = {"role": role, "symbol": symbol, "side": Side.SELL, "trigger_price": tick * 1000}
            sent = here.protect(Protection(quantity=quantity, **words))
            assert rising(name, sent) in (None, role == "take_profit"), sent


def test_a_market_order_has_no_price_or_ccxt_would_spend_quote_currency() -> None:
    here = desk("binance", "spot")
    sent = here.place(Order(symbol="BTC/USDT", side="buy", quantity="0.2"), "50000")
    assert sent.at("quantity") == "0.2"
    assert sent.at("quoteOrderQty") is None


@pytest.mark.parametrize("name", ["gate", "bitget", "coinbase"])
def test_a_purchase_in_quote_currency_needs_an_ask_and_spends_quantity_times_it(name: str) -> None:
    here = desk(name, "spot")
    symbol = sorted(here.markets)[0]
    order = Order(symbol=symbol, side="buy", quantity="0.2")
    assert needs_ask(order, here.markets[symbol], here.probes)
    with pytest.raises(VenueRejected) as refused:
        here.place(order)
    assert refused.value.code == "NO_QUOTE"
    assert {"10000", "10000.0", "10000.00"} & set(all_values(here.place(order, "50000")))
    assert not needs_ask(evolve(order, side=Side.SELL), here.markets[symbol], here.probes)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity": "0.000001"}, "MIN_QUANTITY"),
        ({"quantity": "0.0000153"}, "LOT_SIZE"),
        ({"quantity": "100000"}, "MAX_QUANTITY"),
        ({"quantity": "0.1", "order_type": "limit", "price": "50000.001"}, "PRICE_TICK"),
        ({"quantity": "0.1", "order_type": "stop", "stop_price": "50000.001"}, "PRICE_TICK"),
        ({"quantity": "0.00002", "order_type": "limit", "price": "50000"}, "MIN_NOTIONAL"),
        ({"quantity": "0.00002"}, "MIN_NOTIONAL"),
    ],
)
def test_what_breaks_a_rule_of_the_instrument_is_refused_here(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(VenueRejected) as refused:
        desk("binance", "spot").place(Order(symbol="BTC/USDT", side="buy", **fields), "50000")
    assert refused.value.code == code


def test_a_price_with_more_digits_than_bitfinex_takes_is_refused_since_ccxt_would_round_it() -> None:
    here = desk("bitfinex", "spot")
    symbol = sorted(here.markets)[0]
    assert here.rules(symbol).price_tick is None
    order = Order(symbol=symbol, side="buy", quantity="0.1", order_type="limit", price="50001.5")
    with pytest.raises(VenueRejected) as refused:
        here.place(order)
    assert refused.value.code == "PRICE_TICK"
    assert here.place(evolve(order, price=Decimal("50001"))).at("price") == "50001"


def test_an_exit_of_contracts_is_not_refused_for_its_worth() -> None:
    here = desk("binance", "swap")
    order = Order(symbol="BTC/USDT:USDT", side="sell", quantity="0.001", order_type="limit", price="1000", reduce_only=True)
    assert here.place(order).at("reduceOnly") == "true"


def test_quantities_and_prices_reach_the_wire_digit_for_digit() -> None:
    here = desk("bybit", "spot")
    sent = here.place(Order(symbol="BTC/USDT", side="buy", quantity="1.234567", order_type="limit", price="12345.6"))
    assert (sent.at("qty"), sent.at("price")) == ("1.234567", "12345.6")


def test_gtd_says_when_it_ends_in_the_exchange_s_own_form() -> None:
    at = {"order_type": "limit", "time_in_force": "gtd", "expire_at": 1_900_000_000_123}
    sent = desk("binance", "swap").place(Order(symbol="BTC/USDT:USDT", side="buy", quantity="0.1", price="50000", **at))  # type: ignore[arg-type]
    assert (sent.at("timeInForce"), str(sent.at("goodTillDate"))) == ("GTD", "1900000000123")
    here = desk("coinbase", "spot")
    symbol = sorted(here.markets)[0]
    sent = here.place(Order(symbol=symbol, side="buy", quantity="0.1", price="50000", **at))  # type: ignore[arg-type]
    assert sent.at("order_configuration.limit_limit_gtd.end_time") == "2030-03-17T17:46:40.123Z"


HEDGED = {
    # A sale that opens a short, a sale that closes a long, the stop of a long: by the exchanges' documents.
    "binance": ({"positionSide": "SHORT"}, {"positionSide": "LONG"}, {"positionSide": "LONG"}),
    "bybit": ({"positionIdx": 2}, {"positionIdx": 1}, {"positionIdx": 1}),
    "okx": ({".posSide": "short"}, {".posSide": "long"}, {"posSide": "long"}),
    "kucoin": ({"positionSide": "SHORT"}, {"positionSide": "LONG"}, {"positionSide": "LONG"}),
    "bitget": ({"tradeSide": "Open", "side": "sell"}, {"tradeSide": "Close", "side": "buy"}, {"holdSide": "long"}),
}


@pytest.mark.parametrize("name", exchanges())
def test_in_hedged_mode_every_order_says_the_side_of_the_position_or_none_is_sent(name: str) -> None:
    here = desk(name, "swap")
    config = CCXTConfig(exchange=name, market_type="swap", position_mode="hedged")
    probes = Probes(here.exchange, here.known, config)
    for symbol, market in here.markets.items():
        opens = Order(symbol=symbol, side="sell", quantity=here.rules(symbol).quantity_up(Decimal(1)))
        words: dict[str, Any] = {"role": "stop_loss", "symbol": symbol, "side": Side.SELL, "quantity": opens.quantity}
        stop = Protection(trigger_price=(here.rules(symbol).price_tick or Decimal(1)) * 1000, **words)
        makers: list[Callable[[], Request]] = [
            lambda opens=opens, market=market: entry(opens, "1", market, here.known, probes),  # type: ignore[misc]
            lambda opens=opens, market=market: entry(evolve(opens, reduce_only=True), "1", market, here.known, probes),  # type: ignore[misc]
            lambda stop=stop, market=market: leg(stop, "1", market, here.known, probes),  # type: ignore[misc]
        ]
        if name not in HEDGED:
            for make in makers:
                with pytest.raises(VenueRejected):
                    make()
            continue
        for make, fields in zip(makers, HEDGED[name], strict=True):
            sent = here.sent(make())
            body = {**sent.params, **{f".{key}": value for key, value in _first(sent).items()}}
            assert {key: body.get(key) for key in fields} == fields


def test_margin_mode_and_leverage_stand_in_the_order_only_where_it_must_say_them() -> None:
    here = desk("kucoin", "swap")
    market = here.markets["BTC/USDT:USDT"]
    order = Order(symbol="BTC/USDT:USDT", side="sell", quantity=1)
    proved = evolve(here.probes.of(market), margin_mode="isolated", leverage=Decimal(5))
    sent = here.sent(entry(order, "1234567891234", market, here.known, proved))
    assert (sent.at("marginMode"), sent.at("leverage")) == ("ISOLATED", 5)
    other = desk("binance", "swap")
    request = entry(evolve(order, quantity=Decimal("0.1")), "1", other.markets["BTC/USDT:USDT"], other.known, proved)
    assert not {"marginMode", "leverage"} & set(request.params)


def test_a_spot_leg_that_buys_protects_nothing() -> None:
    words: dict[str, Any] = {"role": "stop_loss", "symbol": "BTC/USDT", "quantity": "0.1", "trigger_price": "60000"}
    with pytest.raises(VenueRejected, match="nothing sold short"):
        desk("binance", "spot").protect(Protection(side=Side.BUY, **words))
