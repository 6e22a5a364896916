# SPDX-License-Identifier: MIT
"""What ccxt's dicts of orders and trades say, as records: :class:`Told`, then ExecutionResult, Leg and Fill.

ccxt makes floats of the exchange's texts. Up to fifteen digits a float's shortest text is the exchange's number again; for
longer ones the text itself is taken from ``info``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

from attrs import evolve, field, frozen

from fks_exec import ExecutionResult, Fee, Fill, Leg, OrderRef, OrderUpdate, Side, Status

from ..wire.outcomes import Unsettled

_FLOAT_DIGITS = 15
"""So many significant digits survive the way through a float."""

ZERO = Decimal(0)


@frozen(kw_only=True)
class Told:
    """What an exchange told of one order.

    Args:
        order_id, client_id: the exchange's name of it, and ours; None: not told.
        symbol: canonical.
        side: None: not told.
        word: ccxt's word for its state, such as ``open``; None: not told.
        kind: ``market`` or ``limit``, or the exchange's own word.
        quantity: base units or contracts; None: not told, or not what was asked for (an order of so much quote currency).
        filled: base units or contracts; None: not told, which is not the same as 0.
        average: quote currency.
        price, trigger_price: quote currency.
        time: of its placing, epoch milliseconds.
        fills: its trades, where all of them are known.
        fees: by currency, as far as they are told.
        info: the exchange's own answer.
    """

    order_id: str | None
    client_id: str | None = None
    symbol: str | None = None
    side: Side | None = None
    word: str | None = None
    kind: str | None = None
    quantity: Decimal | None = None
    filled: Decimal | None = None
    average: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time: int | None = None
    fills: tuple[Fill, ...] = ()
    fees: tuple[Fee, ...] = ()
    info: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)

    @property
    def status(self) -> Status | None:
        """Where it stands; None where that does not follow from what was told."""
        filled = self.filled
        all_of_it = filled is not None and filled > 0 and self.quantity is not None and filled >= self.quantity
        if self.word == "rejected":
            return Status.CANCELED if filled else Status.REJECTED
        if self.word in _ENDED:
            if filled is None:
                return _ENDED[self.word] if self.conditional else None
            return Status.FILLED if all_of_it else _ENDED[self.word]
        if self.word == "closed":
            return None if filled is None else self._closed(filled, all_of_it)
        if all_of_it:
            return Status.FILLED
        if filled:
            return Status.PARTIALLY_FILLED
        return None if self.word is None else Status.ACCEPTED

    @property
    def conditional(self) -> bool:
        """It waits for its trigger: what it fills is an order of another number, so by itself it has filled nothing."""
        algo = self.info.get("algoId")  # OKX's, which has prices of a trigger under names of its own
        return self.trigger_price is not None or (algo is not None and str(algo) == self.order_id)

    @property
    def ended(self) -> bool:
        """It rests no longer, whatever has filled."""
        return self.word in _ENDED or self.word in ("closed", "rejected")

    @property
    def unsaid(self) -> bool:
        """It has ended, and how much of it has filled was not told."""
        return self.ended and self.status is None

    def _closed(self, filled: Decimal, all_of_it: bool) -> Status | None:
        """ccxt says ``closed`` also of what was cancelled after a part had filled."""
        if self.quantity is None:
            return Status.FILLED if filled else None
        return Status.FILLED if all_of_it else Status.CANCELED


_ENDED = {"canceled": Status.CANCELED, "expired": Status.EXPIRED, "cancelled": Status.CANCELED}


def read_order(order: Mapping[str, Any], *, by_cost: bool = False) -> Told:
    """What one of ccxt's orders says.

    Args:
        by_cost: a market purchase was ordered as an amount of quote currency, so what was asked for is no quantity.
    """
    info = order.get("info")
    info = info if isinstance(info, Mapping) else {}
    side, kind = order.get("side"), order.get("type")
    bought = by_cost and kind == "market" and side == "buy"
    told = Told(
        order_id=_text(order.get("id")),
        client_id=_text(order.get("clientOrderId")),
        symbol=_text(order.get("symbol")),
        side=Side(side) if side in ("buy", "sell") else None,
        word=_text(order.get("status")),
        kind=_text(kind),
        quantity=None if bought else _positive(order.get("amount"), info),
        filled=_bought(order, info) if bought else exact(order.get("filled"), info),
        average=_positive(order.get("average"), info),
        price=_positive(order.get("price"), info),
        trigger_price=_positive(order.get("triggerPrice") or order.get("stopPrice"), info),
        time=_time(order.get("timestamp")),
        fees=_fees(_fees_of(order)),
        info=info,
    )
    return with_trades(told, order.get("trades") or ())


def _bought(order: Mapping[str, Any], info: Mapping[str, Any]) -> Decimal | None:
    """How much was bought for an amount of quote currency; None where what is told is not certain to be base units.

    ccxt takes what is left of Gate's amount from the amount, both quote currency; ``filled_amount`` is Gate's own word.
    """
    if (told := exact(info.get("filled_amount"))) is not None:
        return told
    filled, price, cost = (exact(order.get(word), info) for word in ("filled", "average", "cost"))
    if not filled:
        return filled
    if not price or not cost:
        return None
    return filled if abs(filled * price - cost) * 100 <= cost else None


def with_trades(told: Told, trades: Iterable[Mapping[str, Any]]) -> Told:
    """What was told of an order, with its trades, where they come to all that has filled; else as it was.

    More trades than the order told of mean that it has filled further since.
    """
    fills, paid = _fills(told, trades)
    total = sum((fill.quantity for fill in fills), ZERO)
    if not fills or (told.filled is not None and total < told.filled):
        return told
    return evolve(told, filled=total, fills=fills, fees=_fees(paid), average=average_of(fills))


def result_of(told: Told, *, legs: Iterable[Leg] = (), fills: Iterable[Fill] = ()) -> ExecutionResult:
    """How an order stands; what was taken and says nothing of itself is ``accepted``.

    Args:
        legs: what belongs to it.
        fills: of its legs.

    Raises:
        Unsettled: it has ended, and how much of it has filled is not known; that is not "accepted".
    """
    status = _status(told)
    rejected = status is Status.REJECTED
    return ExecutionResult(
        status=status,
        order_id=told.order_id,
        filled_quantity=told.filled or ZERO,
        average_price=told.average if told.filled else None,
        code="REJECTED" if rejected else None,
        error=_why(told) if rejected else None,
        fills=(*told.fills, *fills),
        legs=tuple(legs),
        fees=told.fees,
    )


def _status(told: Told) -> Status:
    if told.unsaid:
        raise Unsettled("the exchange says that an order has ended, and not how much of it has filled; nothing is known")
    return told.status or Status.ACCEPTED


def update_of(told: Told, *, legs: Iterable[Leg] = (), fills: Iterable[Fill] = (), leg: str = "") -> OrderUpdate:
    """How a resting order stands, with its names."""
    ref = OrderRef(order_id=told.order_id, venue_client_order_id=told.client_id, symbol=told.symbol)
    return OrderUpdate(ref=ref, result=result_of(told, legs=legs, fills=fills), leg=leg)


def leg_of(told: Told, role: str) -> Leg:
    """An order that belongs to another one."""
    return Leg(
        role=role,
        status=_status(told),
        order_id=told.order_id,
        venue_client_order_id=told.client_id,
        trigger_price=told.trigger_price or told.price,
        quantity=told.quantity,
        filled_quantity=told.filled or ZERO,
    )


def fills_of_leg(told: Told, role: str) -> tuple[Fill, ...]:
    """The trades of an order that belongs to another one, as that one tells them."""
    return tuple(evolve(fill, leg=role, side=fill.side or told.side) for fill in told.fills)


def exact(value: object, info: object = None) -> Decimal | None:
    """A number of ccxt's, as the exchange wrote it.

    Args:
        info: where the exchange's own texts stand.

    Returns:
        None for what is no finite number, and for nothing.
    """
    number = _decimal(value)
    if number is None or not isinstance(value, float) or len(number.as_tuple().digits) <= _FLOAT_DIGITS:
        return number
    texts = (text for text in _texts(info) if _is_float(text, value))
    return next((each for each in map(_decimal, texts) if each is not None), number)


def average_of(fills: Iterable[Fill]) -> Decimal | None:
    """The price of one unit over all trades, quote currency, at 28 digits."""
    with localcontext(prec=28):
        every = list(fills)
        quantity = sum((fill.quantity for fill in every), ZERO)
        return sum((fill.quantity * fill.price for fill in every), ZERO) / quantity if quantity else None


def _fills(told: Told, trades: Iterable[Mapping[str, Any]]) -> tuple[tuple[Fill, ...], list[Mapping[str, Any]]]:
    """The order's own trades, each once, and what they cost in fees; nothing where one of them has no id."""
    found: dict[str, Fill] = {}
    paid: list[Mapping[str, Any]] = []
    for trade in trades:
        if _text(trade.get("order")) not in (None, told.order_id) or _other_side(told, trade):
            continue
        fill = _fill(told, trade)
        if fill is None:
            return (), []
        if fill.trade_id not in found:
            found[fill.trade_id] = fill
            paid += _fees_of(trade)
    return tuple(sorted(found.values(), key=lambda fill: fill.timestamp or 0)), paid


def _other_side(told: Told, trade: Mapping[str, Any]) -> bool:
    """A sale among the trades of a purchase is another order's, whatever its number says."""
    return told.side is not None and trade.get("side") in ("buy", "sell") and trade["side"] != told.side.value


def _fill(told: Told, trade: Mapping[str, Any]) -> Fill | None:
    """One trade.

    Binance numbers trades for each instrument by itself, and gives both sides of a trade with oneself one number: so the id is
    made of instrument, order and number.
    """
    info, name = trade.get("info"), _text(trade.get("id"))
    quantity, price = _positive(trade.get("amount"), info), exact(trade.get("price"), info)
    if name is None or quantity is None or price is None:
        return None
    first = next(iter(_fees_of(trade)), {})
    currency = _text(first.get("currency"))
    side = trade.get("side")
    return Fill(
        trade_id=f"{told.symbol}:{told.order_id}:{name}",
        quantity=quantity,
        price=price,
        fee=(exact(first.get("cost"), info) or ZERO) if currency else ZERO,
        fee_currency=currency,
        timestamp=_time(trade.get("timestamp")) or told.time,
        side=Side(side) if side in ("buy", "sell") else told.side,
    )


def _fees_of(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    fees = [fee for fee in (container.get("fees") or ()) if fee]
    fee = container.get("fee")
    return fees or ([fee] if fee and fee.get("cost") is not None else [])


def _fees(fees: Iterable[Mapping[str, Any]]) -> tuple[Fee, ...]:
    """What was paid in each currency; a fee without one cannot be taken from anything, and is left out."""
    sums: dict[str, Decimal] = {}
    for fee in fees:
        currency, cost = _text(fee.get("currency")), exact(fee.get("cost"))
        if currency is not None and cost:
            sums[currency] = sums.get(currency, ZERO) + cost
    return tuple(Fee(currency=currency, amount=amount) for currency, amount in sums.items())


def _why(told: Told) -> str:
    words = (_text(told.info.get(key)) for key in ("rejectReason", "reject_reason", "rejReason", "cancelReason"))
    reason = next((word for word in words if word), "it gave no reason")
    return f"the exchange took the order and rejected it afterwards: {reason[:100]}"


def _texts(info: object) -> Iterator[str]:
    if isinstance(info, str):
        yield info
    elif isinstance(info, Mapping):
        for value in info.values():
            yield from _texts(value)
    elif isinstance(info, list | tuple):
        for value in info:
            yield from _texts(value)


def _is_float(text: str, value: float) -> bool:
    try:
        return float(text) == value
    except ValueError:
        return False


def _decimal(value: object) -> Decimal | None:
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _positive(value: object, info: object) -> Decimal | None:
    number = exact(value, info)
    return number if number is not None and number > 0 else None


def _time(value: object) -> int | None:
    """Epoch milliseconds; Binance tells -1 of a stop that does not work yet."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
