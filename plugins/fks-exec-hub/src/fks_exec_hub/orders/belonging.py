# SPDX-License-Identifier: MIT
"""Whose coins an order sells: on spot nobody is short, so that what another strategy bought is not for sale."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import Denial

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..exits.family import ENTRY
from .beside import may_bring, unresolved
from .scope import Scope, scope_of


def of_others(desk: Desk, live: Live, order: Order, instrument: Instrument | None) -> list[Denial]:
    """The denial of a sell on spot of more than its strategy holds, while other strategies of the account hold some.

    Sold all the same, neither could be closed any more, and the others' stops would have nothing to sell. What a close of the
    whole account sells belongs to all, and what the hub sells for another order is that order's.
    """
    spot = instrument is not None and instrument.kind is Kind.SPOT
    if not spot or order.side is not Side.SELL or live.role not in ("", ENTRY) or scope_of(desk, live) is not None:
        return []
    held = max(desk.book.position(live.lane, order.strategy).quantity, ZERO)
    if order.quantity <= held:
        return []
    others = _others(desk, live.lane, order.strategy)
    if not others:
        return []
    own = Scope(order.strategy)
    if may_bring(desk, live.lane, own):
        return [unresolved(desk, live.lane)]
    owners = ", ".join(f"{plain(quantity)} by {Scope(name)}" for name, quantity in sorted(others.items())[:3])
    why = f"{plain(held)} of {live.lane} are held by {own}, and {owners}, which is not for this order to sell"
    remedy = 'name the strategy that is meant, or close all of it with scope = "account"'
    return [Denial(code="NOT_ITS_OWN", message=f"{why}; {remedy}", limit=plain(held), value=plain(order.quantity))]


def _others(desk: Desk, symbol: str, strategy: str | None) -> dict[str, Decimal]:
    return {
        position.strategy or "": position.quantity
        for position in desk.book.positions()
        if position.symbol == symbol and position.quantity > 0 and (position.strategy or "") != (strategy or "")
    }
