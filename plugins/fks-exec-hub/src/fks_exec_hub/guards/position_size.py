# SPDX-License-Identifier: MIT
"""The guard ``position_size``: the position that an order may lead to is a small part of the equity."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import evolve, field, frozen

from fks_exec import AccountState, Answer, Denial, Order, Side, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain, to_decimal, to_optional

from .denials import (
    NO_CONVERSION,
    NO_EQUITY,
    NO_INSTRUMENT,
    NO_QUOTE,
    allowed,
    no_equity,
    no_instrument,
    no_quote,
    reached,
)
from .settings import above_zero, one_of
from .valuation import dearer, dearest_price, known_leverage, quoted_price, worse, worst_price
from .worth import Measure, WorstCase, measured


@frozen(kw_only=True)
class PositionSizeConfig:
    """The table of a guard of type ``position_size``.

    Args:
        percent: of the account's equity, that the position may count.
        basis: what counts: ``notional``, the worth of the whole position; ``margin``, that divided by the leverage; ``risk``,
            what is lost when the price goes to the order's stop loss.
        leverage: of the account, for ``margin`` where the venue does not tell it.
    """

    percent: Decimal = field(default=Decimal("1.0"), converter=to_decimal, validator=above_zero)
    basis: str = field(default="notional", validator=one_of("notional", "margin", "risk"))
    leverage: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)


@frozen(eq=False)
class PositionSize:
    """Denies an order after which the position could count more than ``percent`` of the equity; exactly that passes.

    What the order adds counts at the dearest price at which it may fill (see ``valuation.dearest_price``), what is held at
    that or at the quote, whichever is worth more: a bid far below the market does not make a position small. By ``risk`` it
    is the price from which most is lost (``valuation.worst_price``), and what is held already is taken to have the order's
    stop; fees and what a stop slips are not counted.
    """

    config: PositionSizeConfig = field(factory=PositionSizeConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "POSITION_SIZE": denial(
            "The position could be worth, bind or lose more than the configured part of the equity.",
            "Send at most what the denial names, reduce the position first, or raise the guard's percent.",
        ),
        "NO_LEVERAGE": denial(
            "The guard counts margin, and the instrument's leverage on this account is not known.",
            'Configure the leverage in the guard\'s table, or its basis = "notional".',
        ),
        "STOP_LOSS_MISSING": denial(
            "The guard counts what is at risk, and the order has no stop loss.",
            'Send a stop loss, or configure the guard with basis = "notional".',
        ),
        "STOP_LOSS_SIDE": denial(
            "The guard counts what is at risk, and the stop loss is not on the losing side of the entry.",
            "Move the stop loss below the entry of a buy, above that of a sell; or check the order's side.",
        ),
        "NO_EQUITY": NO_EQUITY,
        "NO_CONVERSION": NO_CONVERSION,
        "NO_INSTRUMENT": NO_INSTRUMENT,
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The largest position on the order's side, against the equity."""
        worst, equity = WorstCase.of(order, account), account.equity
        if not worst.added:
            return None
        if account.instrument is None:
            return no_instrument(order)
        if equity is None or equity <= 0:
            return no_equity(account)
        measure = self._measure(order, account)
        return measure if isinstance(measure, Denial) else self._compare(order, account, measure, worst, equity)

    def _measure(self, order: Order, account: AccountState) -> Measure | Denial:
        measure = measured(order, account)
        if isinstance(measure, Denial) or self.config.basis == "notional":
            return measure
        if self.config.basis == "risk":
            return _no_stop(order) if order.stop_loss is None else evolve(measure, stop=order.stop_loss)
        leverage = known_leverage(account, self.config.leverage)
        return _no_leverage(order) if leverage is None else evolve(measure, leverage=leverage)

    def _compare(
        self, order: Order, account: AccountState, measure: Measure, worst: WorstCase, equity: Decimal
    ) -> Denial | None:
        prices = _prices(order, account, measure)
        if prices is None or (worst.held and quoted_price(order, account.quote) is None):
            return no_quote(order)
        price, held_at = prices
        if measure.stop is not None and (price - measure.stop) * order.side.sign <= 0:
            return _wrong_stop(order, price, measure.stop)
        held, limit = measure.amount(worst.held, held_at), equity * self.config.percent / 100
        value = held + measure.amount(worst.added, price)
        if value <= limit:
            return None
        return self._too_large(measure, value, limit, measure.remedy(order, worst, limit - held, price))

    def _too_large(self, measure: Measure, value: Decimal, limit: Decimal, remedy: str) -> Denial:
        verb = {"notional": "be worth", "margin": "bind", "risk": "lose"}[self.config.basis]
        limit_text, value_text = allowed(limit, measure.currency), reached(value, measure.currency)
        return Denial(
            code="POSITION_SIZE",
            message=f"after this order the position in {measure.instrument.symbol} could {verb} {value_text}, more "
            f"than {plain(self.config.percent)} % of the equity, {limit_text}; {remedy}",
            limit=limit_text,
            value=value_text,
        )


def _prices(order: Order, account: AccountState, measure: Measure) -> tuple[Decimal, Decimal] | None:
    """At which what the order adds counts, and what is held; None for want of a quote."""
    quoted = quoted_price(order, account.quote)
    if measure.stop is None:
        price = dearest_price(order, account.quote, measure.instrument)
        return None if price is None else (price, dearer(measure.instrument, price, quoted))
    price = worst_price(order, account.quote)
    return None if price is None else (price, worse(order.side, price, quoted))


def _no_leverage(order: Order) -> Denial:
    message = f'the leverage of {order.symbol} is not known, so its margin is not; configure leverage, or basis = "notional"'
    return Denial(code="NO_LEVERAGE", message=message)


def _no_stop(order: Order) -> Denial:
    message = 'the order has no stop_loss, so what is at risk is not known; add one, or configure basis = "notional"'
    return Denial(code="STOP_LOSS_MISSING", message=message)


def _wrong_stop(order: Order, price: Decimal, stop: Decimal) -> Denial:
    limit = f"{'below' if order.side is Side.BUY else 'above'} {plain(price)}"
    return Denial(
        code="STOP_LOSS_SIDE",
        message=f"the stop_loss {plain(stop)} of a {order.side} of {order.symbol} must lie {limit}, its entry, so what is at "
        "risk is not known; move it there, or check the order's side",
        limit=limit,
        value=plain(stop),
    )
