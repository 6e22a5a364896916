# SPDX-License-Identifier: MIT
"""Whether the market still is where the strategy saw it: an entry's ``signal_price`` beside the quote."""

from __future__ import annotations

from decimal import Decimal

from fks_exec import AccountNotReady, ClosePosition, Denial, Instruction, Order, Side, SizedOrder, TargetPosition
from fks_exec.model.numbers import plain

from ..access.worth import Market
from .alert import Signal
from .continuity import Place


def too_far(
    place: Place, instruction: Instruction, signal: Signal, percent: Decimal | None, *, held: Decimal, market: Market | None
) -> Denial | None:
    """Why an entry is not sent: the quote is worse than its signal's price by more than that; None when it is not.

    Args:
        percent: of the key, ``collar_percent``; None: nobody looks.
        held: what the strategy holds, signed.
        market: as it was looked up.

    Raises:
        AccountNotReady: there is no quote.
    """
    if percent is None or signal.price is None:
        return None
    side = _side(instruction, held)
    if side is None:
        return None
    if market is None or market.quote is None:
        raise AccountNotReady(place.account, f"it gives no quote of {place.symbol}")
    quote = market.quote.price_for(side)
    if quote is not None and (quote - signal.price) * side.sign * 100 <= signal.price * percent:
        return None
    shown = "not known" if quote is None else plain(quote)
    text = (
        f"the strategy was calculated at {plain(signal.price)} and the quote is {shown}, worse by more than {plain(percent)} %"
    )
    return Denial(code="SIGNAL_COLLAR", message=f"{text}; wait, or signal again", limit=f"{plain(percent)} %", value=shown)


def _side(instruction: Instruction, quantity: Decimal) -> Side | None:
    """What is opened or enlarged; None where nothing is, or an order has a price of its own.

    Args:
        quantity: what the strategy holds, signed.
    """
    if isinstance(instruction, Order | SizedOrder):
        return instruction.side if instruction.price is None else None
    if isinstance(instruction, ClosePosition):
        return None
    wanted = instruction.quantity if isinstance(instruction, TargetPosition) else -quantity
    if wanted * quantity >= 0 and abs(wanted) <= abs(quantity):
        return None
    return Side.BUY if wanted > 0 else Side.SELL
