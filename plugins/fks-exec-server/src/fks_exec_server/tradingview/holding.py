# SPDX-License-Identifier: MIT
"""What a strategy holds, and whether its orders up to now have told it: Holdings."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from attrs import frozen

from fks_exec import AccountNotReady, ExecutionResult, Status

from .continuity import Place
from .turns import Ticket

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

_OPEN = frozenset({Status.PENDING, Status.UNKNOWN})


@frozen(kw_only=True)
class Holding:
    """What a strategy holds of an instrument when an alert's turn comes.

    Args:
        quantity: signed, base units or contracts; 0: nothing.
        settled: the order before it has an outcome; else what is held may still change by it.
        enforced: the venue itself keeps a reduce-only order from opening a position.
    """

    quantity: Decimal
    settled: bool = True
    enforced: bool = False


class Holdings:
    """What strategies hold."""

    def __init__(self, hub: ExecutionHub) -> None:
        self._hub = hub
        self._under_way: WeakValueDictionary[Place, asyncio.Future[ExecutionResult]] = WeakValueDictionary()

    def follow(self, place: Place, concluded: asyncio.Future[ExecutionResult]) -> None:
        """What is held is told by this order too, from its outcome on."""
        self._under_way[place] = concluded

    async def of(self, place: Place, ticket: Ticket) -> Holding:
        """What is held, after the order before it, which is waited for as long as the alert's patience lasts.

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
        under_way = self._under_way.get(place)
        if under_way is None:
            return True
        if not under_way.done():
            await asyncio.wait({under_way}, timeout=ticket.left)
        if not under_way.done() or under_way.cancelled() or under_way.exception() is not None:
            return False
        return under_way.result().status not in _OPEN

    async def _enforced(self, place: Place, ticket: Ticket) -> bool:
        try:
            async with asyncio.timeout(max(ticket.left, 0.1)):
                return await self._hub.enforces_reduce_only(place.account, place.symbol)
        except TimeoutError:
            raise AccountNotReady(place.account, f"it does not tell the rules of {place.symbol}") from None
