# SPDX-License-Identifier: MIT
"""What a strategy holds, and whether its orders up to now have told it: Holdings."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from attrs import frozen

from fks_exec import AccountNotReady, ExecutionResult, Status

from .continuity import Place
from .turns import Ticket

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub, Receipt

_OPEN = frozenset({Status.PENDING, Status.UNKNOWN})

_Outcome: TypeAlias = asyncio.Future[ExecutionResult]
_Orders: TypeAlias = WeakKeyDictionary[_Outcome, str]
"""The ids of a place's orders, by their first outcomes, for as long as the hub keeps those."""


@frozen(kw_only=True)
class Holding:
    """What a strategy holds of an instrument when an alert's turn comes.

    Args:
        quantity: signed, base units or contracts; 0: nothing.
        settled: the fate of each order before it is known; else what is held may still change by one.
        enforced: the venue itself keeps a reduce-only order from opening a position.
    """

    quantity: Decimal
    settled: bool = True
    enforced: bool = False


class Holdings:
    """What strategies hold."""

    def __init__(self, hub: ExecutionHub) -> None:
        self._hub = hub
        self._orders: WeakValueDictionary[Place, _Orders] = WeakValueDictionary()
        self._kept: WeakKeyDictionary[_Outcome, _Orders] = WeakKeyDictionary()

    def follow(self, place: Place, receipt: Receipt) -> None:
        """What is held is told by this order too, once its fate is known."""
        orders = self._orders.get(place)
        if orders is None:
            orders = self._orders[place] = WeakKeyDictionary()
        orders[receipt.concluded] = receipt.client_order_id
        self._kept[receipt.concluded] = orders

    async def of(self, place: Place, ticket: Ticket) -> Holding:
        """What is held, after the orders before it, which are waited for as long as the alert's patience lasts.

        Raises:
            AccountNotReady, HubClosed: it cannot be told.
        """
        settled = await self._settled(place, ticket)
        enforced = await self._enforced(place, ticket)
        return Holding(quantity=await self.quantity(place), settled=settled, enforced=enforced)

    async def quantity(self, place: Place) -> Decimal:
        """What is held at this moment, signed, base units or contracts.

        Raises:
            HubClosed: it cannot be told.
        """
        return (await self._hub.position(place.account, place.symbol, place.strategy)).quantity

    async def _settled(self, place: Place, ticket: Ticket) -> bool:
        orders = list(self._orders.get(place, {}).items())
        waited = [outcome for outcome, _ in orders if not outcome.done()]
        if waited and (await asyncio.wait(waited, timeout=ticket.left))[1]:
            return False
        for outcome, name in orders:
            if await self._in_doubt(place, outcome, name):
                return False
        return True

    async def _in_doubt(self, place: Place, outcome: _Outcome, name: str) -> bool:
        """Whether the fate of an order with a first outcome is not known."""
        if outcome.cancelled() or outcome.exception() is not None:
            return True
        if outcome.result().status not in _OPEN:
            return False
        known = await self._hub.order(place.account, name)  # a look-up may have settled it since
        return known is None or known.status in _OPEN

    async def _enforced(self, place: Place, ticket: Ticket) -> bool:
        try:
            async with asyncio.timeout(max(ticket.left, 0.1)):
                return await self._hub.enforces_reduce_only(place.account, place.symbol)
        except TimeoutError:
            raise AccountNotReady(place.account, f"it does not tell the rules of {place.symbol}") from None
