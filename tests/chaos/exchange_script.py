# SPDX-License-Identifier: MIT
"""What a host does in a run, by chance: entries with stop and target, limits that rest, changes, cancels, closes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal

from attrs import define, field
from exchange_plan import ACCOUNT, REST, STOP, TARGET, Venue, at

from fks_exec import ClosePosition, FksExecError, Order, OrderChange, Side
from fks_exec_hub import ExecutionHub
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal import Recorded

BETWEEN = 0.2
"""Seconds at most between two actions."""
NEARER = Decimal("0.018")
"""Share of the price to which a stop is moved."""


@define
class Script:
    """Does one thing after the other until it is cancelled; nobody waits for what comes of it.

    Args:
        prefix: how the ids of its orders begin.
    """

    hub: ExecutionHub
    venue: Venue
    dice: random.Random
    prefix: str
    _number: int = 0
    _tasks: set[asyncio.Task[None]] = field(factory=set)

    async def run(self) -> None:
        """For ever."""
        actions: dict[Callable[[], Awaitable[object]], int] = {
            self._enter: 40,
            self._rest: 20,
            self._wait_for_price: 5,
            self._cancel: 12,
            self._amend: 12,
            self._close: 11,
        }
        while True:
            action = self.dice.choices(list(actions), list(actions.values()))[0]
            task = asyncio.create_task(self._do(action))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(BETWEEN * self.dice.random())

    async def end(self) -> None:
        """What was begun is finished."""
        await asyncio.gather(*self._tasks)

    async def _do(self, action: Callable[[], Awaitable[object]]) -> None:
        with suppress(FksExecError):  # the account is not open yet, or there is nothing to change
            await action()

    def _order(self, *, guarded: bool, **more: object) -> Order:
        symbol, side = self.dice.choice(list(self.venue.prices)), self._side()
        price, sign = self.venue.prices[symbol], side.sign
        smallest, most = self.venue.sizes[symbol]
        self._number += 1
        shares = {name: sign * share for name, share in more.items() if isinstance(share, Decimal)}
        rest = {name: value for name, value in more.items() if name not in shares}
        legs = {"stop_loss": at(price, -sign * STOP), "take_profit": at(price, sign * TARGET)} if guarded else {}
        if guarded and self.dice.random() < 0.3:
            del legs["take_profit"]
        return Order(
            symbol=symbol,
            side=side,
            quantity=smallest * self.dice.randint(1, most),
            client_order_id=f"{self.prefix}-{self._number}",
            **{name: at(price, share) for name, share in shares.items()},
            **legs,
            **rest,
        )

    def _side(self) -> Side:
        """On spot mostly what can be done."""
        return Side.SELL if self.dice.random() < (0.15 if self.venue.market_type == "spot" else 0.5) else Side.BUY

    async def _enter(self) -> None:
        await self.hub.submit(ACCOUNT, self._order(guarded=self.dice.random() < 0.8))

    async def _rest(self) -> None:
        guarded, posted = self.dice.random() < 0.4, self.dice.random() < 0.2
        order = self._order(guarded=guarded, order_type="limit", price=-REST, post_only=posted)
        await self.hub.submit(ACCOUNT, order)

    async def _wait_for_price(self) -> None:
        await self.hub.submit(ACCOUNT, self._order(guarded=self.dice.random() < 0.5, order_type="stop", stop_price=REST))

    async def _close(self) -> None:
        self._number += 1
        symbol = self.dice.choice(list(self.venue.prices))
        await self.hub.submit(ACCOUNT, ClosePosition(symbol=symbol, client_order_id=f"{self.prefix}-{self._number}"))

    async def _pick(self) -> tuple[Recorded, Order] | None:
        """An order of ours that is open, or an entry that stands."""
        known = [(each, read_instruction(each.instruction)) for each in await self.hub.journal.open(ACCOUNT)]
        orders = [(each, order) for each, order in known if isinstance(order, Order)]
        return self.dice.choice(orders) if orders else None

    async def _cancel(self) -> None:
        picked = await self._pick()
        if picked is not None:
            await self.hub.cancel_order(ACCOUNT, picked[0].key.client_order_id)

    async def _amend(self) -> None:
        picked = await self._pick()
        if picked is None:
            return
        recorded, order = picked
        price, sign = self.venue.prices[order.symbol], order.side.sign
        if order.stop_loss is not None and self.dice.random() < 0.6:
            change = OrderChange(stop_loss=at(price, -sign * self.dice.choice((STOP, NEARER))))
        elif order.price is not None:
            change = OrderChange(price=at(price, -sign * REST * self.dice.choice((Decimal("0.8"), 1))))
        else:
            return
        await self.hub.amend_order(ACCOUNT, recorded.key.client_order_id, change)
