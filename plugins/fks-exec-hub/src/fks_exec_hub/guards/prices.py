# SPDX-License-Identifier: MIT
"""The guard ``prices``: on the instrument's tick, and each on the side of the entry where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Instrument, MarketData, NoConfig, Order, Side, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain

from .denials import NO_QUOTE, no_quote
from .valuation import best_price, entry_price, quoted_price

_NAMES = ("price", "stop_price", "stop_loss", "take_profit")
_EXACT = Context(prec=100)
"""Wide enough for any price and any tick: with 28 digits, the remainder of 1e29 and 0.01 would raise."""


@frozen(eq=False)
class Prices:
    """Denies a price that the venue would refuse, and a stop or target on the wrong side.

    Whether a limit is absurdly far from the quote is not judged here.
    """

    config: NoConfig = field(factory=NoConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "PRICE_TICK": denial(
            "A price is not on the instrument's tick.",
            "Send one of the nearest prices, which the denial names.",
        ),
        "STOP_PRICE_SIDE": denial(
            "The trigger of a stop order is not beyond the market, so that it would trigger at once.",
            "Move the trigger beyond the market, or check the order's side.",
        ),
        "STOP_LOSS_SIDE": denial(
            "The stop loss is not on the losing side of the entry.",
            "Move the stop loss below the entry of a buy, above that of a sell; or check the order's side.",
        ),
        "TAKE_PROFIT_SIDE": denial(
            "The take profit is not on the winning side of the entry.",
            "Move the take profit above the entry of a buy, below that of a sell; or check the order's side.",
        ),
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """Every price of the order on the tick; each that is not has a denial of its own."""
        tick = None if instrument is None else instrument.price_tick
        return tuple(_off_tick(order, tick)) if tick else None

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """A buy: stop loss < entry < take profit, and a trigger above the ask; a sell: the reverse."""
        return (*_trigger(order, account.quote), *_legs(order, account.quote))


def _off_tick(order: Order, tick: Decimal) -> Iterator[Denial]:
    for name in _NAMES:
        price: Decimal | None = getattr(order, name)
        over = None if price is None else _EXACT.remainder(price, tick)
        if price is not None and over:
            down = _EXACT.subtract(price, over)
            valid = " or ".join(plain(each) for each in (down, _EXACT.add(down, tick)) if each > 0)
            message = f"{name} {plain(price)} of {order.symbol} is not on the tick of {plain(tick)}; send {valid}"
            yield Denial(code="PRICE_TICK", message=message, limit=valid, value=plain(price))


def _trigger(order: Order, quote: MarketData | None) -> Iterator[Denial]:
    """A stop order whose trigger the market has passed is a market order in disguise. Without a quote: not judged."""
    market = quoted_price(order, quote)
    if order.stop_price is not None and market is not None and not _better(order, market, order.stop_price):
        yield _wrong_side("STOP_PRICE_SIDE", order, "stop_price", above=order.side is Side.BUY, other=market)


def _legs(order: Order, quote: MarketData | None) -> Iterator[Denial]:
    """The target counts from the entry, the stop from the best fill: a stop between the two would trigger at once."""
    if order.stop_loss is None and order.take_profit is None:
        return
    entry, best = entry_price(order, quote), best_price(order, quote)
    if entry is None or best is None:
        yield no_quote(order)
        return
    if order.stop_loss is not None and not _better(order, order.stop_loss, best):
        yield _wrong_side("STOP_LOSS_SIDE", order, "stop_loss", above=order.side is Side.SELL, other=best)
    if order.take_profit is not None and not _better(order, entry, order.take_profit):
        yield _wrong_side("TAKE_PROFIT_SIDE", order, "take_profit", above=order.side is Side.BUY, other=entry)


def _better(order: Order, price: Decimal, other: Decimal) -> bool:
    """Whether one would rather enter at a price than at the other: lower for a buy, higher for a sell."""
    return price < other if order.side is Side.BUY else price > other


def _wrong_side(code: str, order: Order, name: str, *, above: bool, other: Decimal) -> Denial:
    price: Decimal = getattr(order, name)
    against = "the quote" if name == "stop_price" else "the entry"
    limit = f"{'above' if above else 'below'} {plain(other)}"
    return Denial(
        code=code,
        message=f"the {name} {plain(price)} of a {order.side} of {order.symbol} must lie {limit}, {against}; "
        "move it there, or check the order's side",
        limit=limit,
        value=plain(price),
    )
