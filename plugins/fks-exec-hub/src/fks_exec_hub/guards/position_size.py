# SPDX-License-Identifier: MIT
"""The guard ``position_size``: the position that an order may lead to is a small part of the equity."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Context, Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Instrument, Kind, Order, Side, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import ZERO, plain, to_decimal

from .denials import NO_QUOTE, amount, no_quote, unit
from .settings import above_zero, one_of
from .valuation import dearer, dearest_price, notional_currency, quoted_price

_DOWN = Context(prec=16, rounding=ROUND_FLOOR)


@frozen(kw_only=True)
class PositionSizeConfig:
    """The table of a guard of type ``position_size``.

    Args:
        percent: of the account's equity, that the position may be worth.
        basis: what is compared with the equity: ``notional``, the worth of the whole position.
    """

    percent: Decimal = field(default=Decimal("1.0"), converter=to_decimal, validator=above_zero)
    basis: str = field(default="notional", validator=one_of("notional"))


@frozen(kw_only=True)
class Exposure:
    """What an order may lead to on its own side, in base units or contracts.

    Working orders may fill or not, so the position afterwards lies anywhere between all working sells and all working buys.
    An order moves one end of that range: a buy the upper one, to position + working buys + quantity. That end is judged.
    The other end does not depend on the order; it was judged when the orders came that moved it, and an order that leads
    away from it makes nothing worse. So an order that cannot lead beyond zero adds nothing, and passes.

    Args:
        held: what is already on the order's side, all working orders of that side filled.
        added: what the order puts on top; less than its quantity by what first covers a position of the other side.
    """

    held: Decimal
    added: Decimal

    @classmethod
    def of(cls, order: Order, account: AccountState) -> Exposure:
        """The exposure on the order's side of the account."""
        working = account.working_buy if order.side is Side.BUY else account.working_sell
        before = order.side.sign * account.position + working
        return cls(held=max(before, ZERO), added=max(min(order.quantity, before + order.quantity), ZERO))


@frozen(eq=False)
class PositionSize:
    """Denies an order after which the position could be worth more than ``percent`` of the equity; exactly that passes.

    What the order adds counts at the dearest price at which it may fill (see ``valuation.dearest_price``), what is held at
    that or at the quote, whichever is worth more: a bid far below the market does not make a position small.
    """

    config: PositionSizeConfig = field(factory=PositionSizeConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "POSITION_SIZE": denial(
            "The position could be worth more than the configured part of the equity.",
            "Send at most what the denial names, reduce the position first, or raise the guard's percent.",
        ),
        "NO_EQUITY": denial(
            "The account's equity is not known, too old, or not above zero.",
            "Wait for the venue's balance, or configure the account's capital.",
        ),
        "NO_CONVERSION": denial(
            "The position's worth and the account's equity are in different currencies.",
            "Trade what settles in the account's currency, or configure another currency.",
        ),
        "NO_INSTRUMENT": denial(
            "The instrument's rules are not known, so that the order cannot be valued.",
            "Take the guard off the list where the venue tells no rules, or ask the plugin's author for them.",
        ),
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The worth of the largest position on the order's side, against the equity."""
        exposure, instrument, equity = Exposure.of(order, account), account.instrument, account.equity
        if not exposure.added:
            return None
        if instrument is None:
            return _no_instrument(order)
        if equity is None or equity <= 0:
            return _no_equity(account)
        if not _comparable(instrument, account):
            return _no_conversion(instrument, account)
        return self._compare(order, account, instrument, exposure, equity * self.config.percent / 100)

    def _compare(
        self, order: Order, account: AccountState, instrument: Instrument, exposure: Exposure, limit: Decimal
    ) -> Denial | None:
        price, quoted = dearest_price(order, account.quote, instrument), quoted_price(order, account.quote)
        if price is None or (exposure.held and quoted is None):
            return no_quote(order)
        held = instrument.notional(exposure.held, dearer(instrument, price, quoted))
        value = held + instrument.notional(exposure.added, price)
        if value <= limit:
            return None
        covering = order.quantity - exposure.added
        most = covering + _quantity_worth(instrument, max(limit - held, ZERO), price)
        return self._too_large(instrument, value, limit, instrument.quantity_down(most))

    def _too_large(self, instrument: Instrument, value: Decimal, limit: Decimal, most: Decimal) -> Denial:
        currency = notional_currency(instrument)
        return Denial(
            code="POSITION_SIZE",
            message=f"after this order the position in {instrument.symbol} could be worth {amount(value, currency)}, more "
            f"than {plain(self.config.percent)} % of the equity, {amount(limit, currency)}; "
            + (f"send at most {amount(most, unit(instrument))}" if most > 0 else "reduce the position first"),
            limit=amount(limit, currency),
            value=amount(value, currency),
        )


def _quantity_worth(instrument: Instrument, value: Decimal, price: Decimal) -> Decimal:
    """The quantity that is worth at most a value at a price."""
    if instrument.kind is Kind.INVERSE:
        return _DOWN.divide(value * price, instrument.contract_size)
    return _DOWN.divide(value, price * instrument.contract_size)


def _comparable(instrument: Instrument, account: AccountState) -> bool:
    """Whether the worth of a position is counted in the currency of the equity."""
    if account.currency is not None:
        return notional_currency(instrument) == account.currency
    return notional_currency(instrument) == instrument.settle_currency


def _no_instrument(order: Order) -> Denial:
    message = f"the rules of {order.symbol} are not known, so the order cannot be valued; the venue must tell them"
    return Denial(code="NO_INSTRUMENT", message=message)


def _no_equity(account: AccountState) -> Denial:
    if account.equity is None:
        problem = "the account's equity is not known, or too old"
    else:
        problem = f"the account's equity is {amount(account.equity, account.currency)}, nothing to size an order by"
    return Denial(code="NO_EQUITY", message=f"{problem}; wait for the venue's balance, or configure the account's capital")


def _no_conversion(instrument: Instrument, account: AccountState) -> Denial:
    own = notional_currency(instrument) or "an unknown currency"
    return Denial(
        code="NO_CONVERSION",
        message=f"{instrument.symbol} is worth {own} and the account's equity is counted in "
        f"{account.currency or instrument.settle_currency}, and there is no rate between them; trade what settles in the "
        "account's currency, or configure another currency",
        limit=account.currency or instrument.settle_currency,
        value=notional_currency(instrument),
    )
