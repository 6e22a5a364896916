# SPDX-License-Identifier: MIT
"""The guard ``risk_reward``: what can be won is worth what can be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Context, Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Order, Side, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain, to_decimal

from .denials import NO_QUOTE, no_quote
from .settings import above_zero, one_of
from .valuation import entry_price

_SHORT = Context(prec=4, rounding=ROUND_DOWN)
"""For showing a ratio: rounded down, so that 1.9999 is not shown as 2 beside a minimum of 2."""


@frozen(kw_only=True)
class RiskRewardConfig:
    """The table of a guard of type ``risk_reward``.

    Args:
        minimum: how many times the risk the reward must be at least.
        missing: what happens to an order without a stop loss or without a take profit: ``deny`` or ``allow``.
    """

    minimum: Decimal = field(default=Decimal(2), converter=to_decimal, validator=above_zero)
    missing: str = field(default="deny", validator=one_of("deny", "allow"))


@frozen(eq=False)
class RiskReward:
    """Denies an order whose reward is less than ``minimum`` times its risk; exactly the minimum passes.

    Risk is the distance from the entry price to the stop loss, reward that to the take profit. The entry price is the
    limit price, else the trigger price, else the ask for a buy and the bid for a sell. Prices count as the order has them,
    that is after they were rounded to ticks.
    """

    config: RiskRewardConfig = field(factory=RiskRewardConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "STOP_LOSS_MISSING": denial(
            "The order has no stop loss, so that its risk is not known.",
            'Send a stop loss, or configure the guard with missing = "allow".',
        ),
        "TAKE_PROFIT_MISSING": denial(
            "The order has no take profit, so that its reward is not known.",
            'Send a take profit, or configure the guard with missing = "allow".',
        ),
        "RISK_REWARD": denial(
            "The reward is too small for the risk, or there is no risk to measure it by.",
            "Move the take profit farther away or the stop loss nearer, as the denial says.",
        ),
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The distance to the take profit against the distance to the stop loss."""
        stop, target = order.stop_loss, order.take_profit
        if stop is None or target is None:
            return tuple(_missing(order)) if self.config.missing == "deny" else None
        entry = entry_price(order, account.quote)
        if entry is None:
            return no_quote(order)
        risk, reward = (entry - stop) * order.side.sign, (target - entry) * order.side.sign
        if risk <= 0:
            return _no_risk(order, entry, stop)
        if reward < risk * self.config.minimum:
            return self._too_little(order, entry, risk, reward)
        return None

    def _too_little(self, order: Order, entry: Decimal, risk: Decimal, reward: Decimal) -> Denial:
        minimum, ratio = self.config.minimum, _SHORT.divide(reward, risk)
        enough = entry + order.side.sign * risk * minimum
        farther = f"move take_profit to {plain(enough)} or beyond, or " if enough > 0 else ""
        return Denial(
            code="RISK_REWARD",
            message=f"the reward of {plain(reward)} is {plain(ratio)} times the risk of {plain(risk)}, less than "
            f"{plain(minimum)} times; {farther}move stop_loss nearer to {plain(entry)}",
            limit=plain(minimum),
            value=plain(ratio),
        )


def _missing(order: Order) -> Iterator[Denial]:
    for name, code in (("stop_loss", "STOP_LOSS_MISSING"), ("take_profit", "TAKE_PROFIT_MISSING")):
        if getattr(order, name) is None:
            message = f'the order has no {name}; add one, or configure missing = "allow"'
            yield Denial(code=code, message=message)


def _no_risk(order: Order, entry: Decimal, stop: Decimal) -> Denial:
    side = "below" if order.side is Side.BUY else "above"
    return Denial(
        code="RISK_REWARD",
        message=f"the stop_loss {plain(stop)} of a {order.side} is not {side} its entry at {plain(entry)}, so there is no "
        "risk to measure the reward by; move it there, or check the order's side",
        limit=f"{side} {plain(entry)}",
        value=plain(stop),
    )
