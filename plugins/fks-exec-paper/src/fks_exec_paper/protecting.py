# SPDX-License-Identifier: MIT
"""A stop, a target or a close that is asked for by itself, as the order that it becomes."""

from __future__ import annotations

from decimal import Decimal

from fks_exec import Instrument, InvalidOrder, Kind, Order, OrderType, Position, Protection, Side, VenueRejected

from .config import ProtectionWord
from .rules import refuse

_BINDING = frozenset({"oco", "stop_only"})


def binds(kind: ProtectionWord, instrument: Instrument) -> bool:
    """Whether a leg sets aside what it is to sell, as on the spot exchanges, in place of being reduce-only."""
    return instrument.kind is Kind.SPOT and kind in _BINDING


def leg_order(protection: Protection, kind: ProtectionWord, instrument: Instrument, *, hedging: bool) -> Order:
    """The stop (with its linked target as ``take_profit``), or the limit order at the target.

    Raises:
        VenueRejected: it is not served here, or cannot be an order.
    """
    _check_served(protection, kind)
    _check_side(protection, instrument, hedging=hedging and instrument.kind is not Kind.SPOT)
    stop, limit = protection.role == "stop_loss", protection.limit_price
    try:
        return Order(
            symbol=protection.symbol,
            side=protection.side,
            quantity=protection.quantity,
            order_type=_stop_type(limit) if stop else OrderType.LIMIT,
            stop_price=protection.trigger_price if stop else None,
            price=limit if stop else _better(protection.side, protection.trigger_price, limit),
            take_profit=protection.target_price,
            reduce_only=not binds(kind, instrument),
        )
    except InvalidOrder as error:
        raise VenueRejected(str(error), code="PROTECTION") from None


def closing_order(position: Position, instrument: Instrument, *, hedging: bool) -> Order:
    """A market order that can only reduce what is held; less than a step of it stays, as no order can be so small.

    Raises:
        VenueRejected: there is no such position.
    """
    side = Side.SELL if position.quantity > 0 else Side.BUY
    _check_ticket(position.position_id, position.symbol, side, hedging=hedging and instrument.kind is not Kind.SPOT)
    size, most = abs(position.quantity), instrument.max_quantity
    if not size:
        raise refuse("REDUCE_ONLY", "a position of 0 has nothing to close; look at the positions")
    whole = instrument.quantity_down(size) if most is None or size <= most else size
    return Order(symbol=position.symbol, side=side, quantity=whole or size, reduce_only=True)


def _check_served(protection: Protection, kind: ProtectionWord) -> None:
    if kind == "none":
        raise refuse("PROTECTION_KIND", "the account is configured with protection = {}; there are no legs", kind)
    if kind == "stop_only" and protection.role == "take_profit":
        raise refuse("PROTECTION_KIND", "the account is configured with protection = {}; there are no targets", kind)
    if protection.target_price is not None and (kind != "oco" or protection.role == "take_profit"):
        problem = "a target is linked with a stop, and only with protection = oco; here it is {}; place the {} alone"
        raise refuse("PROTECTION_KIND", problem, kind, protection.role)


def _check_side(protection: Protection, instrument: Instrument, *, hedging: bool) -> None:
    if instrument.kind is Kind.SPOT and protection.side is Side.BUY:
        raise refuse("REDUCE_ONLY", "there is no short of {} for it to close; spot is never sold short", protection.symbol)
    _check_ticket(protection.position_id, protection.symbol, protection.side, hedging=hedging)


def _check_ticket(position_id: str | None, symbol: str, side: Side, *, hedging: bool) -> None:
    """Refuse the id of a position that an order of that side does not close."""
    ticket = ("long" if side is Side.SELL else "short") if hedging else None
    if position_id is not None and position_id != ticket:
        problem = "{} is no position of {} that a {} closes; look at the positions"
        raise refuse("UNKNOWN_POSITION", problem, ascii(position_id[:40]), symbol, side)


def _stop_type(limit: Decimal | None) -> OrderType:
    return OrderType.STOP if limit is None else OrderType.STOP_LIMIT


def _better(side: Side, trigger: Decimal, limit: Decimal | None) -> Decimal:
    """Where a target rests: both its trigger and its limit are kept."""
    prices = [trigger] if limit is None else [trigger, limit]
    return max(prices) if side is Side.SELL else min(prices)
