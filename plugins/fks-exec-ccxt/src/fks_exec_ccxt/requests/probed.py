# SPDX-License-Identifier: MIT
"""What a probe proved of one market: :class:`Probed`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from attrs import frozen

from fks_exec import OrderType, TimeInForce


@frozen(kw_only=True)
class Probed:
    """What can be sent to one market so that it is what it is called; and how the account is set.

    Args:
        order_types, time_in_force: as orders have them.
        stop_loss, take_profit: as orders of their own, for what is held.
        leg_limits: such an order may have a limit.
        attached: one order carries both.
        reduce_only, post_only: are said as such.
        client_ids: our id stands in the request where the exchange looks for it; ``trigger_ids``: in orders with a trigger too.
        cost_market_buy: a purchase at the market is ordered in quote currency, at a price that is given.
        order_list: a stop and a target can be placed as one list.
        hedging: the side of the position can be said.
        protection: what of Capabilities' kinds these make.
        precision_mode: ccxt's: 2 decimal places, 3 significant digits, 4 steps.
        hedged, margin_mode, leverage: what the account has, where an order must say it.
    """

    order_types: frozenset[OrderType] = frozenset()
    time_in_force: frozenset[TimeInForce] = frozenset({TimeInForce.GTC})
    stop_loss: bool = False
    take_profit: bool = False
    leg_limits: bool = False
    attached: bool = False
    reduce_only: bool = False
    post_only: bool = False
    client_ids: bool = False
    trigger_ids: bool = False
    cost_market_buy: bool = False
    order_list: bool = False
    hedging: bool = False
    protection: frozenset[str] = frozenset()
    precision_mode: int = 4
    hedged: bool = False
    margin_mode: str | None = None
    leverage: Decimal | None = None

    def of(self, market: Mapping[str, Any]) -> Probed:
        """Itself: so that one market's stands where all markets' are asked for."""
        return self


class AnyProbed(Protocol):
    """What is proved of each market: one :class:`Probed`, or all of an account's."""

    def of(self, market: Mapping[str, Any]) -> Probed:
        """Of this market, as ccxt has it."""
