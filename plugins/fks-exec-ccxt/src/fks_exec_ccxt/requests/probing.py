# SPDX-License-Identifier: MIT
"""What ccxt makes of each kind of order, found out without a network: :func:`probe`.

ccxt hands a word that an exchange's class does not know through to the exchange, beside a plain order. So each order is built
with and without what is asked for, and counts as known only where the requests differ by more than that word. A refusal
counts as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import evolve, frozen

from fks_exec import Order, OrderType, Protection, Side, TimeInForce

from ..config import CCXTConfig
from ..knowledge.traits import Traits
from .instruments import positive, rules
from .mapping import Market, Request, build_entry, build_leg
from .probed import Probed
from .scratch import Scratch, Sent, leaks

__all__ = ["Probed", "Probes", "probe"]

_ID = "9" * 13
"""Of what every alphabet has and every length allows; no other field of a request is like it."""

_EXPIRY = 1_900_000_000_000


class Probes:
    """What is proved of each market of an account; a kind of market is probed once.

    Args:
        exchange: ccxt's instance, markets loaded and its flags of the account's mode set.
        known: its traits.
        config: what an order must say of the account; None: nothing.
    """

    def __init__(self, exchange: Any, known: Traits, config: CCXTConfig | None = None) -> None:
        self._exchange, self._known, self._config = exchange, known, config
        self._proved: dict[object, Probed] = {}

    def of(self, market: Market) -> Probed:
        """What is proved of a market, as ccxt has it."""
        kind = _kind(market)
        if kind not in self._proved:
            self._proved[kind] = probe(self._exchange, market, self._known, self._config)
        return self._proved[kind]


def _kind(market: Market) -> object:
    """Markets alike in what ccxt asks of them when it builds an order: binance reads the market's own list of types."""
    info = market.get("info")
    types = info.get("orderTypes") if isinstance(info, Mapping) else None
    listed = tuple(types) if isinstance(types, list) else None
    oco = info.get("ocoAllowed") if isinstance(info, Mapping) else None
    return market.get("type"), market.get("linear"), market.get("inverse"), listed, oco


def probe(exchange: Any, market: Market, known: Traits, config: CCXTConfig | None = None) -> Probed:
    """What can be sent to a market so that it is what it is called; plain, offline, some milliseconds.

    Args:
        exchange: ccxt's instance, markets loaded; it is not touched.
        market: as ccxt has it.
        known: of the exchange and the market's type.
        config: what an order must say of the account; None: nothing.
    """
    return _Probe(Scratch(exchange, known), market, known, int(exchange.precisionMode)).proved(config)


@frozen
class _Prices:
    """Numbers on the market's grid: what orders of a probe are made of."""

    amount: Decimal
    low: Decimal
    middle: Decimal
    high: Decimal


def _prices(market: Market, known: Traits, mode: int) -> _Prices:
    held = rules(market, Probed(precision_mode=mode), known)
    step = held.quantity_step or positive(((market.get("limits") or {}).get("amount") or {}).get("min")) or Decimal(1)
    least = held.min_quantity or step
    tick = held.price_tick or Decimal("0.1")
    return _Prices(held.quantity_up(max(least, step) * 7), tick * 8000, tick * 10000, tick * 12000)


class _Probe:
    """One market's."""

    def __init__(self, scratch: Scratch, market: Market, known: Traits, mode: int) -> None:
        self._scratch, self._market, self._known = scratch, market, known
        self._prices = _prices(market, known, mode)
        self._contract = bool(market.get("contract"))
        self._plain = Probed(precision_mode=mode)

    def proved(self, config: CCXTConfig | None) -> Probed:
        costs, sells = self._cost_market_buy()
        self._plain = evolve(self._plain, cost_market_buy=bool(costs))
        client_ids = self._has_id(self._order(OrderType.LIMIT), self._known.id_words)
        trigger_ids = self._known.trigger_ids and self._trigger_has_id()
        found = evolve(
            self._plain,
            time_in_force=self._times(),
            reduce_only=self._reduce_only(),
            post_only=self._flag(self._order(OrderType.LIMIT, post_only=True), self._order(OrderType.LIMIT)),
            client_ids=client_ids,
            trigger_ids=trigger_ids,
            attached=self._attached(),
            hedging=self._hedging(),
        )
        found = evolve(found, order_types=self._order_types(found, sells and costs is not None))
        return self._account(self._with_legs(found), config)

    def _account(self, found: Probed, config: CCXTConfig | None) -> Probed:
        found = evolve(found, protection=_protection(found, self._known, self._contract))
        if config is None or not self._contract:
            return found
        if config.hedged and not found.hedging:  # without its side an order could open where it was to close
            return Probed(precision_mode=found.precision_mode)
        return evolve(found, hedged=config.hedged, margin_mode=config.margin_mode, leverage=config.leverage)

    def _order(self, kind: OrderType, side: Side = Side.SELL, **fields: Any) -> Order:
        prices = self._prices
        if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            fields["price"] = prices.low if side is Side.SELL else prices.high
        if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
            fields["stop_price"] = prices.low if side is Side.SELL else prices.high
        return Order(symbol=str(self._market["symbol"]), side=side, quantity=prices.amount, order_type=kind, **fields)

    def _entry(self, order: Order, ask: Decimal | None = None) -> Request:
        return build_entry(order, _ID, self._market, self._known, self._plain, ask)

    def _leg(self, role: Any, side: Side = Side.SELL, *, limit: bool = False) -> Request:
        prices = self._prices
        above = (role == "stop_loss") is (side is Side.BUY)
        trigger = prices.high if above else prices.low
        wanted = Protection(
            role=role,
            symbol=str(self._market["symbol"]),
            side=side,
            quantity=prices.amount,
            trigger_price=trigger,
            limit_price=trigger if limit else None,
        )
        return build_leg(wanted, _ID, self._market, self._known, self._plain)

    def _cost_market_buy(self) -> tuple[bool | None, bool]:
        """Whether purchases are ordered in quote currency (None: not at all); whether sales can be ordered."""
        sells = self._scratch.sent(self._entry(self._order(OrderType.MARKET))) is not None
        buy = self._order(OrderType.MARKET, Side.BUY)
        sent = self._scratch.sent(self._entry(buy))
        if sent is not None and self._in_base(sent):
            return False, sells
        costs = evolve(self._plain, cost_market_buy=True)
        sent = self._scratch.sent(build_entry(buy, _ID, self._market, self._known, costs, self._prices.middle))
        return (None if sent is None else True), sells

    def _in_base(self, sent: Sent) -> bool:
        """A classic account of bybit takes the quantity of a purchase for what is to be spent: only this field tells."""
        unit = self._known.unit_word
        return unit is None or sent.fields.get(unit[0]) == unit[1]

    def _order_types(self, found: Probed, at_market: bool) -> frozenset[OrderType]:
        types = {OrderType.MARKET} if at_market else set()
        if self._scratch.sent(self._entry(self._order(OrderType.LIMIT))) is not None:
            types.add(OrderType.LIMIT)
        if self._known.stop and found.trigger_ids:
            # A stop that buys for quote currency would be worth what the market is worth then: no quantity is meant.
            if self._known.stop_market and not found.cost_market_buy and self._stops(OrderType.STOP):
                types.add(OrderType.STOP)
            if self._stops(OrderType.STOP_LIMIT):
                types.add(OrderType.STOP_LIMIT)
        return frozenset(types)

    def _stops(self, kind: OrderType) -> bool:
        return all(self._triggers(self._entry(self._order(kind, side)), self._known.stop) for side in (Side.BUY, Side.SELL))

    def _with_legs(self, found: Probed) -> Probed:
        """Legs sell what is held; of contracts they buy too, and must be unable to open anything.

        They need our id and a look-up that can prove absence: whether a stop stands whose answer was lost must be known.
        """
        certain = found.trigger_ids and self._known.look_up != "none" and (found.reduce_only or not self._contract)
        stop = certain and bool(self._known.stop_loss) and self._protects("stop_loss")
        target = certain and self._targets()
        limits = stop and self._protects("stop_loss", limit=True) and (not target or self._targets(limit=True))
        return evolve(
            found,
            stop_loss=stop,
            take_profit=target,
            leg_limits=limits,
            order_list=self._known.order_list and stop and self._listed(),
        )

    def _listed(self) -> bool:
        info = self._market.get("info")
        return not isinstance(info, Mapping) or info.get("ocoAllowed", True) is True

    def _protects(self, role: str, *, limit: bool = False) -> bool:
        sides = (Side.SELL, Side.BUY) if self._contract else (Side.SELL,)
        word = self._known.stop_loss if role == "stop_loss" else self._known.take_profit
        return all(self._triggers(self._leg(role, side, limit=limit), word) for side in sides)

    def _targets(self, *, limit: bool = False) -> bool:
        if self._known.target_rests:
            return self._contract and all(self._rests(self._leg("take_profit", side, limit=limit)) for side in Side)
        return bool(self._known.take_profit) and self._protects("take_profit", limit=limit)

    def _rests(self, wanted: Request) -> bool:
        """Whether a target that rests carries its price and our id; that it only reduces is proved of all such orders."""
        sent = self._scratch.sent(wanted)
        priced = sent is not None and any(_same(value, wanted.price) for value in sent.fields.values())
        return priced and self._shows_id(wanted, self._known.id_words)

    def _triggers(self, wanted: Request, word: str) -> bool:
        """Whether an order waits for its trigger: more than ccxt's words is new with it, and its price is among that.

        All else that is said stays, so that no difference is taken for the trigger's.
        """
        base = evolve(
            wanted, params={key: each for key, each in wanted.params.items() if key not in (word, "triggerDirection")}
        )
        with_it, without = self._scratch.sent(wanted), self._scratch.sent(base)
        if with_it is None or without is None:
            return False
        new = with_it.differing(without)
        proof = [field for field, value in new.items() if not _raw(field, value, wanted.params, without)]
        return bool(with_it.target != without.target or proof) and any(
            _same(value, wanted.params[word]) for value in new.values()
        )

    def _flag(self, wanted: Order, base: Order) -> bool:
        """Whether what an order says beside its kind is understood: the same path, and more than the word is new."""
        return self._understood(self._entry(wanted), self._entry(base))

    def _understood(self, wanted: Request, base: Request) -> bool:
        with_it, without = self._scratch.sent(wanted), self._scratch.sent(base)
        if with_it is None or without is None or with_it.target != without.target:
            return False
        added = {word: value for word, value in wanted.params.items() if base.params.get(word) != value}
        strange = {word: value for word, value in added.items() if word not in self._known.same_words}
        new = with_it.differing(without)
        kept = {field: value for field, value in new.items() if value != ""}
        return any(not _raw(field, value, strange, without) for field, value in kept.items())

    def _reduce_only(self) -> bool:
        """Of contracts only: on spot the word means a margin loan, or nothing."""
        if not self._contract or not self._known.reduce_only:
            return False
        kinds = (OrderType.MARKET, OrderType.LIMIT)
        return all(self._flag(self._order(kind, reduce_only=True), self._order(kind)) for kind in kinds)

    def _hedging(self) -> bool:
        if not self._contract or not self._known.hedged:
            return False
        sides = evolve(self._plain, hedged=True)
        order = self._order(OrderType.MARKET)
        wanted = build_entry(order, _ID, self._market, self._known, sides)
        return self._understood(wanted, self._entry(order))

    def _times(self) -> frozenset[TimeInForce]:
        base = self._order(OrderType.LIMIT)
        times = {TimeInForce.GTC}
        for time in self._known.times:
            if self._flag(self._order(OrderType.LIMIT, time_in_force=time), base):
                times.add(time)
        if self._known.gtd is not None and not (self._known.gtd_linear and self._market.get("inverse")):
            wanted = self._order(OrderType.LIMIT, time_in_force=TimeInForce.GTD, expire_at=_EXPIRY)
            if self._flag(wanted, base):
                times.add(TimeInForce.GTD)
        return frozenset(times)

    def _attached(self) -> bool:
        if not self._known.attached:
            return False
        base = self._entry(self._order(OrderType.MARKET, Side.BUY))
        legs = {"stop_loss": self._prices.low, "take_profit": self._prices.high}
        chosen = [legs, *({name: price} for name, price in legs.items())]
        return all(self._carries(base, fields) for fields in chosen)

    def _carries(self, base: Request, fields: Mapping[str, Decimal]) -> bool:
        wanted = self._entry(self._order(OrderType.MARKET, Side.BUY, **fields))
        with_it, without = self._scratch.sent(wanted), self._scratch.sent(base)
        if with_it is None or without is None:
            return False
        added = {word: value for word, value in wanted.params.items() if base.params.get(word) != value}
        proof = [v for field, v in with_it.differing(without).items() if not _raw(field, v, added, without)]
        return all(any(_same(value, price) for value in proof) for price in fields.values())

    def _trigger_has_id(self) -> bool:
        if self._known.stop:
            kind = OrderType.STOP if self._known.stop_market else OrderType.STOP_LIMIT
            return self._has_id(self._order(kind), self._known.trigger_id_words)
        return bool(self._known.stop_loss) and self._shows_id(self._leg("stop_loss"), self._known.trigger_id_words)

    def _has_id(self, order: Order, words: Iterable[str]) -> bool:
        return self._shows_id(self._entry(order), words)

    def _shows_id(self, request: Request, words: Iterable[str]) -> bool:
        """Whether our id stands, letter for letter, in a field that is not only ccxt's word handed through."""
        sent, text = self._scratch.sent(request), self._known.wire_id(_ID)
        if sent is None:
            return False
        names = {field.rpartition(".")[2] for field, value in sent.fields.items() if value == text}
        return bool(names - {"clientOrderId"} or names & self._known.id_fields)


def _raw(field: str, value: str, added: Mapping[str, Any], base: Sent) -> bool:
    """A field that was not there before and is no more than a word of ours: a leak."""
    return field not in base.fields and any(leaks(field, value, word, param) for word, param in added.items())


def _same(value: str, price: Any) -> bool:
    try:
        return Decimal(value) == Decimal(str(price))
    except InvalidOperation:
        return False


def _protection(found: Probed, known: Traits, contract: bool) -> frozenset[str]:
    """What the proved orders make of the kinds that capabilities know."""
    kinds: set[str] = set()
    if found.attached:
        kinds.add("attached")
    if contract and found.stop_loss and found.take_profit:
        kinds.add("reduce_only_pair")
    if not contract and found.order_list and found.take_profit:
        kinds.add("oco")
    if found.stop_loss:
        kinds.add("stop_only")
    return frozenset(kinds)
