# SPDX-License-Identifier: MIT
"""An order, or a leg, as what ccxt's ``create_order`` takes: :class:`Request`; what cannot be said truly is refused.

The probe builds its requests with the same functions, so that what is declared is what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from fks_exec import Order, OrderType, Protection, Side, TimeInForce
from fks_exec.model.numbers import plain

from ..knowledge.traits import Traits
from .checks import UNSUPPORTED, check_order, check_prices, check_quantity, refuse
from .instruments import rules
from .probed import AnyProbed, Probed

Market = Mapping[str, Any]
_AT_MARKET = frozenset({OrderType.MARKET, OrderType.STOP})
_TRIGGERED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@frozen(kw_only=True)
class Request:
    """What ``create_order`` gets.

    Args:
        symbol: canonical, which is ccxt's unified one.
        type: ``market`` or ``limit``; what else an order is stands in ``params``.
        side: ``buy`` or ``sell``.
        amount: base units or contracts, a plain text; a number where ccxt cannot take a text.
        price: quote currency, a plain text; None for an order at the market, except a purchase in quote currency.
        params: ccxt's words and, where it has none, the exchange's.
    """

    symbol: str
    type: str
    side: str
    amount: str | int | float
    price: str | None = None
    params: Mapping[str, Any] = field(factory=dict)

    def arguments(self) -> tuple[str, str, str, str | int | float, str | None, dict[str, Any]]:
        """As ``create_order`` takes them: ``exchange.create_order(*request.arguments())``."""
        return self.symbol, self.type, self.side, self.amount, self.price, dict(self.params)


def needs_ask(order: Order, market: Market, probed: AnyProbed) -> bool:
    """Whether the order is a purchase at the market that is ordered in quote currency: give :func:`entry` a fresh ask."""
    return order.order_type is OrderType.MARKET and order.side is Side.BUY and probed.of(market).cost_market_buy


def entry(
    order: Order, submission_id: str, market: Market, known: Traits, probed: AnyProbed, ask: Decimal | None = None
) -> Request:
    """What places an order.

    Args:
        order: with its canonical symbol.
        submission_id: the host's id for the exchange.
        market: as ccxt has it.
        known: of the exchange and the market's type.
        probed: what was proved of it.
        ask: what a unit costs now, quote currency; needed where :func:`needs_ask`.

    Raises:
        VenueRejected: UNSUPPORTED where it would go out as something else; NO_QUOTE; or the code of an instrument's rule.
    """
    proved = probed.of(market)
    _check_kind(order, proved, known)
    check_order(order, rules(market, proved, known), known, ask)
    if needs_ask(order, market, proved) and ask is None:
        raise refuse("NO_QUOTE", "{} is bought at the market for quote currency, and there is no ask price", order.symbol)
    return build_entry(order, submission_id, market, known, proved, ask)


def leg(protection: Protection, submission_id: str, market: Market, known: Traits, probed: AnyProbed) -> Request:
    """What places one protective order for what is held.

    Raises:
        VenueRejected: UNSUPPORTED where it would go out as something else; or the code of an instrument's rule.
    """
    proved = probed.of(market)
    _check_leg(protection, market, proved, known)
    held = rules(market, proved, known)
    check_quantity(protection.quantity, held)
    prices = [("trigger_price", protection.trigger_price), ("limit_price", protection.limit_price)]
    check_prices(prices, held, known)
    return build_leg(protection, submission_id, market, known, proved)


def build_entry(
    order: Order, submission_id: str, market: Market, known: Traits, probed: Probed, ask: Decimal | None = None
) -> Request:
    """As :func:`entry`, without a question whether it may be sent."""
    triggered = order.order_type in _TRIGGERED
    at_market = order.order_type in _AT_MARKET
    params = known.id_params(submission_id, trigger=triggered)
    params |= _account(market, known, probed, reduce_only=order.reduce_only)
    if order.order_type is OrderType.MARKET:
        params |= known.market_params
    if order.order_type is OrderType.LIMIT:
        params |= _time(order, known)
    if order.post_only:
        params["postOnly"] = True
    if order.stop_price is not None:
        params |= _trigger(known.stop, order.stop_price, order.side is Side.BUY, known)
    if order.stop_loss is not None or order.take_profit is not None:
        params |= _attached(order, known)
    price = order.price
    if order.order_type is OrderType.MARKET and order.side is Side.BUY and probed.cost_market_buy:
        price = ask
    return _request(market, "market" if at_market else "limit", order.side, order.quantity, price, params, known)


def build_leg(protection: Protection, submission_id: str, market: Market, known: Traits, probed: Probed) -> Request:
    """As :func:`leg`, without a question whether it may be sent."""
    stop = protection.role == "stop_loss"
    if known.target_rests and not stop:
        return _resting(protection, submission_id, market, known, probed)
    buys = protection.side is Side.BUY
    params = known.id_params(submission_id, trigger=True)
    params |= _account(market, known, probed, reduce_only=bool(market.get("contract")))
    word = known.stop_loss if stop else known.take_profit
    params |= _trigger(word, protection.trigger_price, buys is stop, known)
    params |= known.stop_loss_params if stop else known.take_profit_params
    kind = "market" if protection.limit_price is None else "limit"
    return _request(market, kind, protection.side, protection.quantity, protection.limit_price, params, known)


def _resting(protection: Protection, submission_id: str, market: Market, known: Traits, probed: Probed) -> Request:
    """A target as a limit order at its price: it fills there or better, also where the market is beyond it already."""
    params = known.id_params(submission_id) | _account(market, known, probed, reduce_only=True)
    prices = [price for price in (protection.trigger_price, protection.limit_price) if price is not None]
    price = min(prices) if protection.side is Side.BUY else max(prices)
    return _request(market, "limit", protection.side, protection.quantity, price, params, known)


def _request(
    market: Market, kind: str, side: Side, quantity: Decimal, price: Decimal | None, params: dict[str, Any], known: Traits
) -> Request:
    amount: str | int | float = plain(quantity)
    if known.numbers:
        amount = int(quantity) if quantity == quantity.to_integral_value() else float(amount)
    text = None if price is None else plain(price)
    return Request(symbol=str(market["symbol"]), type=kind, side=side.value, amount=amount, price=text, params=params)


def _account(market: Market, known: Traits, probed: Probed, *, reduce_only: bool) -> dict[str, Any]:
    """What an order says of the account's position: that it only reduces, its side, its margin."""
    params: dict[str, Any] = {"reduceOnly": True} if reduce_only else {}
    if not market.get("contract"):
        return params
    if probed.hedged:
        params["hedged"] = True
    if known.margin_word and probed.margin_mode is not None:
        params["marginMode"] = probed.margin_mode
    if known.leverage_word and probed.leverage is not None:
        text = plain(probed.leverage)
        params["leverage"] = int(text) if text.isdecimal() else text
    return params


def _time(order: Order, known: Traits) -> dict[str, Any]:
    if order.time_in_force is TimeInForce.GTD and known.gtd is not None and order.expire_at is not None:
        return {**known.gtd, known.gtd_word: _moment(order.expire_at, known)}
    return dict(known.times.get(order.time_in_force, {}))


def _moment(milliseconds: int, known: Traits) -> object:
    if known.gtd_form == "ms":
        return milliseconds
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


def _trigger(word: str, price: Decimal, rising: bool, known: Traits) -> dict[str, Any]:
    """The trigger's word and price.

    Args:
        rising: it is reached from below.
    """
    params: dict[str, Any] = {word: plain(price), **known.trigger_params}
    if known.trigger_direction and word == "triggerPrice":
        params["triggerDirection"] = "ascending" if rising else "descending"
    return params


def _attached(order: Order, known: Traits) -> dict[str, Any]:
    prices = {"stopLoss": order.stop_loss, "takeProfit": order.take_profit}
    legs = {word: {"triggerPrice": plain(price)} for word, price in prices.items() if price is not None}
    return {**legs, **known.attached_params}


def _check_kind(order: Order, proved: Probed, known: Traits) -> None:
    """Refuse what would leave as an order of another kind, or what would leave without what was asked for."""
    name, resting = known.exchange, order.order_type is OrderType.LIMIT
    if order.options:
        words = ", ".join(sorted(order.options))
        raise refuse(UNSUPPORTED, "orders to {} take no options from here; leave out {}", name, words)
    if order.order_type not in proved.order_types:
        raise refuse(UNSUPPORTED, "{} takes no {} order of {} from here", name, order.order_type, order.symbol)
    at_once = order.order_type is OrderType.MARKET and order.time_in_force is TimeInForce.IOC
    if (
        order.time_in_force is not TimeInForce.GTC
        and not at_once
        and not (resting and order.time_in_force in proved.time_in_force)
    ):
        problem = "{} takes no time_in_force {} with a {} order; use gtc"
        raise refuse(UNSUPPORTED, problem, name, order.time_in_force, order.order_type)
    if order.reduce_only and not proved.reduce_only:
        raise refuse(UNSUPPORTED, "{} knows no reduce-only for {}; leave it out", name, order.symbol)
    if order.post_only and (not proved.post_only or order.time_in_force is not TimeInForce.GTC):
        raise refuse(UNSUPPORTED, "{} takes no post_only with this order; leave it out, or use gtc", name)
    if (order.stop_loss is not None or order.take_profit is not None) and not proved.attached:
        problem = "{} takes no stop_loss or take_profit with an order of {}; they are placed as orders of their own"
        raise refuse(UNSUPPORTED, problem, name, order.symbol)


def _check_leg(protection: Protection, market: Market, proved: Probed, known: Traits) -> None:
    served = proved.stop_loss if protection.role == "stop_loss" else proved.take_profit
    if not served or (protection.limit_price is not None and not proved.leg_limits):
        limited = " with a limit" if protection.limit_price is not None else ""
        problem = "{} takes no {}{} of {} from here: it would go out as a plain order, or could not be looked up"
        raise refuse(UNSUPPORTED, problem, known.exchange, protection.role, limited, protection.symbol)
    if protection.target_price is not None:
        raise refuse(UNSUPPORTED, "a stop of {} is not linked to a target in one order", protection.symbol)
    if not market.get("contract") and protection.side is Side.BUY:
        raise refuse(UNSUPPORTED, "{} is spot: there is nothing sold short that a purchase could protect", protection.symbol)
