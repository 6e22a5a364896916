# SPDX-License-Identifier: MIT
"""Whether the market still is where the strategy saw it: an entry's ``signal_price`` beside the quote."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from fks_exec import Denial, Instruction, Order, Side, SizedOrder
from fks_exec.model.numbers import plain

from .alert import Signal

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


async def too_far(
    hub: ExecutionHub, account: str, instruction: Instruction, signal: Signal, percent: Decimal | None
) -> Denial | None:
    """Why an entry is not sent: the quote is worse than its signal's price by more than that; None when it is not.

    Args:
        percent: of the key, ``collar_percent``; None: nobody looks.

    Raises:
        AccountNotReady: there is no quote.
    """
    side = _side(instruction, signal)
    if percent is None or signal.price is None or side is None:
        return None
    quote = (await hub.quote(account, instruction.symbol)).price_for(side)
    if quote is not None and (quote - signal.price) * side.sign * 100 <= signal.price * percent:
        return None
    shown = "not known" if quote is None else plain(quote)
    text = (
        f"the strategy was calculated at {plain(signal.price)} and the quote is {shown}, worse by more than {plain(percent)} %"
    )
    return Denial(code="SIGNAL_COLLAR", message=f"{text}; wait, or signal again", limit=f"{plain(percent)} %", value=shown)


def _side(instruction: Instruction, signal: Signal) -> Side | None:
    """What is opened; None where it cannot be told, or an order has a price of its own."""
    if isinstance(instruction, Order | SizedOrder):
        return instruction.side if instruction.price is None else None
    return {"long": Side.BUY, "short": Side.SELL}.get(signal.position or "")
