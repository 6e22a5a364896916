# SPDX-License-Identifier: MIT
"""The guard ``exposure``: what an account may hold at most of one instrument, and of all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import to_optional

from .denials import (
    NO_CONVERSION,
    NO_EQUITY,
    NO_INSTRUMENT,
    NO_QUOTE,
    allowed,
    no_equity,
    no_quote,
    reached,
)
from .settings import above_zero, at_least_one
from .valuation import dearer, dearest_price, quoted_price
from .worth import Measure, WorstCase, measured


@frozen(kw_only=True)
class ExposureConfig:
    """The table of a guard of type ``exposure``; of a percentage and an amount the smaller limit counts.

    Args:
        symbol_percent: of the equity, that the position in one instrument may be worth.
        symbol_amount: what it may be worth in the account's currency.
        account_percent: of the equity, that all positions together may be worth, longs and shorts added up.
        account_amount: what they may be worth in the account's currency.
    """

    symbol_percent: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)
    symbol_amount: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)
    account_percent: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)
    account_amount: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)

    def __attrs_post_init__(self) -> None:
        at_least_one(self, account_percent="100", symbol_percent="20", account_amount="50000", symbol_amount="10000")


@frozen(kw_only=True)
class _Added:
    """What the order adds, priced.

    Args:
        before: what is held already of the instrument, in the account's currency.
        worth: what the order adds to it.
        price: at which that counts, quote currency.
    """

    order: Order
    worst: WorstCase
    measure: Measure
    price: Decimal
    before: Decimal
    worth: Decimal

    def over(self, code: str, what: str, held: Decimal, limit: Decimal) -> Denial:
        """The denial of an order that leads beyond a limit."""
        currency = self.measure.currency
        limit_text, value_text = allowed(limit, currency), reached(held + self.worth, currency)
        remedy = self.measure.remedy(self.order, self.worst, limit - held, self.price)
        message = f"after this order {what} could be worth {value_text}, more than {limit_text}; {remedy}"
        return Denial(code=code, message=message, limit=limit_text, value=value_text)


@frozen(eq=False)
class Exposure:
    """Denies an order that could lead beyond what may be held of its instrument, or of all; exactly the limits pass.

    Each position counts in its worst case, working entries filled. The order's own instrument counts as for the guard
    ``position_size``; the account is what the hub says that all positions are worth, and what the order adds on top.
    """

    config: ExposureConfig

    codes: ClassVar[Mapping[str, Code]] = {
        "SYMBOL_EXPOSURE": denial(
            "The position in the instrument could be worth more than the configured limit.",
            "Send at most what the denial names, reduce the position first, or raise the guard's limit.",
        ),
        "ACCOUNT_EXPOSURE": denial(
            "All positions of the account together could be worth more than the configured limit.",
            "Send at most what the denial names, reduce a position first, or raise the guard's limit.",
        ),
        "NO_EXPOSURE": denial(
            "What all positions of the account are worth is not known: one of them has no quote or no rate.",
            "Send it again when the other instruments are quoted; list what converts their currencies under conversions.",
        ),
        "NO_EQUITY": NO_EQUITY,
        "NO_CONVERSION": NO_CONVERSION,
        "NO_INSTRUMENT": NO_INSTRUMENT,
        "NO_QUOTE": NO_QUOTE,
    }

    @property
    def needs(self) -> frozenset[str]:
        """What all positions are worth is worked out only where there is a limit for it."""
        limited = self.config.account_percent is not None or self.config.account_amount is not None
        return frozenset({"exposure"}) if limited else frozenset()

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The worst case of the instrument and of the account, each against its limit."""
        worst = WorstCase.of(order, account)
        if not worst.added:
            return None
        config, equity = self.config, account.equity
        if (config.symbol_percent or config.account_percent) and (equity is None or equity <= 0):
            return no_equity(account)
        added = _priced(order, account, worst)
        return added if isinstance(added, Denial) else tuple(self._judge(added, account))

    def _judge(self, added: _Added, account: AccountState) -> Iterator[Denial]:
        config = self.config
        limit = _limit(config.symbol_percent, config.symbol_amount, account.equity)
        if limit is not None and added.before + added.worth > limit:
            yield added.over("SYMBOL_EXPOSURE", f"the position in {added.order.symbol}", added.before, limit)
        limit = _limit(config.account_percent, config.account_amount, account.equity)
        if limit is not None and account.exposure is None:
            yield _no_exposure()
        elif limit is not None and account.exposure is not None and account.exposure + added.worth > limit:
            yield added.over("ACCOUNT_EXPOSURE", "all positions", account.exposure, limit)


def _priced(order: Order, account: AccountState, worst: WorstCase) -> _Added | Denial:
    measure = measured(order, account)
    if isinstance(measure, Denial):
        return measure
    price, quoted = dearest_price(order, account.quote, measure.instrument), quoted_price(order, account.quote)
    if price is None or (worst.held and quoted is None):
        return no_quote(order)
    before = measure.amount(worst.held, dearer(measure.instrument, price, quoted))
    worth = measure.amount(worst.added, price)
    return _Added(order=order, worst=worst, measure=measure, price=price, before=before, worth=worth)


def _limit(percent: Decimal | None, amount: Decimal | None, equity: Decimal | None) -> Decimal | None:
    """The smaller of the two that are configured; None when neither is."""
    part = None if percent is None or equity is None else equity * percent / 100
    return min((each for each in (part, amount) if each is not None), default=None)


def _no_exposure() -> Denial:
    message = (
        "what all positions of the account are worth is not known, since one of them has no fresh quote or no rate; "
        "send it again when they are quoted, and list what converts their currencies under the account's conversions"
    )
    return Denial(code="NO_EXPOSURE", message=message)
