# SPDX-License-Identifier: MIT
"""How large an order is that says an amount or a percentage; and protective prices on the instrument's ticks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Context, Decimal

from attrs import evolve, frozen

from fks_exec.model.account import AccountState
from fks_exec.model.fields import SizeType
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import plain
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import Denial
from fks_exec.model.targets import SizedOrder

from ..guards.valuation import entry_price

_DOWN = Context(prec=100, rounding=ROUND_DOWN)
"""Products of any two numbers are exact in it, and a quotient is never larger than it is."""

_FINEST = Decimal("1e-12")
"""What a quantity is rounded down to where the instrument has no step."""

_ONE = Decimal(1)
_PERCENT = Decimal(100)


@frozen
class Sized:
    """A quantity that was worked out.

    Args:
        order: with that quantity, rounded down to one that the venue takes.
        inputs: what it was worked out from, for the journal.
    """

    order: Order
    inputs: Mapping[str, str]


def size(instruction: SizedOrder, state: AccountState) -> Sized | Denial:
    """The order with its quantity, or why there is none: no figure to work it out from, or too little for the venue."""
    instrument = state.instrument
    if instrument is None:
        text = f"the rules of {instruction.symbol} are not known, so that no quantity can be worked out; say it"
        return Denial(code="NO_INSTRUMENT", message=text)
    order = on_ticks(instruction.order(_ONE), instrument)
    made = _quantity(instruction, order, instrument, state)
    if isinstance(made, Denial):
        return made
    wanted, inputs = made
    return _whole(instruction, order, instrument, wanted, inputs)


def on_ticks(order: Order, instrument: Instrument | None) -> Order:
    """The order with its stop and its target on the instrument's ticks, each rounded toward the market.

    So that no more is risked than was said, and a target is not farther away than it was said.
    """
    tick = None if instrument is None else instrument.price_tick
    if not tick or (order.stop_loss is None and order.take_profit is None):
        return order
    bought = order.side is Side.BUY
    stop, target = _on_tick(order.stop_loss, tick, up=bought), _on_tick(order.take_profit, tick, up=not bought)
    return (
        order if (stop, target) == (order.stop_loss, order.take_profit) else evolve(order, stop_loss=stop, take_profit=target)
    )


def _on_tick(price: Decimal | None, tick: Decimal, *, up: bool) -> Decimal | None:
    over = None if price is None else _DOWN.remainder(price, tick)
    if price is None or not over:
        return price
    below = _DOWN.subtract(price, over)
    return _DOWN.add(below, tick) if up or not below else below


def _quantity(
    instruction: SizedOrder, order: Order, instrument: Instrument, state: AccountState
) -> tuple[Decimal, dict[str, str]] | Denial:
    """The quantity as it comes out, and what it came from; the last step is the one division."""
    inverse = instrument.kind is Kind.INVERSE
    if inverse and instruction.size_type is SizeType.QUOTE:  # a contract is worth its size in quote currency at any price
        return _DOWN.divide(instruction.size, instrument.contract_size), {}
    price = entry_price(order, state.quote)
    if price is None:
        text = f"there is no fresh quote of {order.symbol}, by which its size could be worked out; send a limit price"
        return Denial(code="NO_QUOTE", message=text)
    inputs = {"price": plain(price)}
    if instruction.size_type is SizeType.QUOTE:
        return _DOWN.divide(instruction.size, _product(price, instrument.contract_size)), inputs
    funds = _funds(instruction, instrument, state)
    if isinstance(funds, Denial):
        return funds
    amount, rate = funds
    inputs |= {"equity": plain(state.equity or amount), "rate": plain(rate)}
    unit = _product(instrument.contract_size, rate)
    if instruction.size_type is SizeType.EQUITY_PERCENT:
        return (_over(amount, (price,), (unit,)) if inverse else _over(amount, (), (unit, price))), inputs
    stop = order.stop_loss or price
    distance = _DOWN.multiply(_DOWN.subtract(price, stop), Decimal(order.side.sign))
    if distance <= 0:
        return _wrong_stop(order, price, stop)
    inputs["stop"] = plain(stop)
    return (_over(amount, (price, stop), (unit, distance)) if inverse else _over(amount, (), (unit, distance))), inputs


def _over(amount: Decimal, times: tuple[Decimal, ...], by: tuple[Decimal, ...]) -> Decimal:
    return _DOWN.divide(_product(amount, *times), _product(*by))


def _product(*numbers: Decimal) -> Decimal:
    product = _ONE
    for number in numbers:
        product = _DOWN.multiply(product, number)
    return product


def _funds(instruction: SizedOrder, instrument: Instrument, state: AccountState) -> tuple[Decimal, Decimal] | Denial:
    """The part of the equity, and what one unit of the instrument's currency is worth in the account's."""
    if state.equity is None or state.equity <= 0:
        text = "the account's equity is not known, or is not greater than zero; configure currency, or a capital"
        return Denial(code="NO_EQUITY", message=text, value=None if state.equity is None else plain(state.equity))
    own = instrument.base if instrument.kind is Kind.INVERSE else instrument.quote
    own = own or instrument.settle_currency
    rate = _ONE if state.currency in (None, own) else state.rates.get(own or "")
    if rate is None:
        text = f"no rate turns {own or 'the currency of ' + instrument.symbol} into {state.currency}; configure conversions"
        return Denial(code="NO_CONVERSION", message=text, value=own)
    return _DOWN.divide(_product(state.equity, instruction.size), _PERCENT), rate


def _whole(
    instruction: SizedOrder, order: Order, instrument: Instrument, wanted: Decimal, inputs: dict[str, str]
) -> Sized | Denial:
    """Rounded down to what the venue takes; never up, and never to nothing without a word."""
    short, said = plain(wanted.quantize(_FINEST, context=_DOWN)), f"{plain(instruction.size)} {_UNITS[instruction.size_type]}"
    most = instrument.max_quantity
    if most is not None and wanted > most:
        text = f"{said} are {short} of {order.symbol}, more than the {plain(most)} that one order may have; say less"
        return Denial(code="QUANTITY", message=text, limit=plain(most), value=short)
    valid = instrument.quantity_down(wanted) if instrument.quantity_step else wanted.quantize(_FINEST, context=_DOWN)
    least = instrument.min_quantity or instrument.quantity_step or _FINEST
    if valid <= 0 or valid < least:
        text = f"{said} are {short} of {order.symbol}, less than the minimum of {plain(least)}; say a larger size"
        return Denial(code="SIZE_TOO_SMALL", message=text, limit=plain(least), value=short)
    return Sized(evolve(order, quantity=valid), {"size": short, **inputs})


_UNITS = {
    SizeType.QUOTE: "of quote currency",
    SizeType.EQUITY_PERCENT: "percent of the equity",
    SizeType.RISK_PERCENT: "percent of the equity at risk",
}


def _wrong_stop(order: Order, price: Decimal, stop: Decimal) -> Denial:
    side = "below" if order.side is Side.BUY else "above"
    text = (
        f"the stop {plain(stop)} of a {order.side} of {order.symbol} must lie {side} {plain(price)}, the entry; move it there"
    )
    return Denial(code="STOP_LOSS_SIDE", message=text, limit=f"{side} {plain(price)}", value=plain(stop))
