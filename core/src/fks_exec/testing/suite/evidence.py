# SPDX-License-Identifier: MIT
"""``Evidence``: what shows, beside the answers of a plugin, whether an order came to be, and how often."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from attrs import define

from ...model.numbers import ZERO
from ...model.orders import OrderRef
from ...model.results import Status
from ..trial import Placed
from .desk import Desk, Sent, told

REFUSED = frozenset({Status.REJECTED, Status.NOT_PLACED, Status.DENIED})
"""Answers that say: it does not exist, and never will."""

TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})
"""Answers that say: it exists."""


def can(desk: Desk, word: str) -> bool:
    """Whether there is a counterpart that is able to do something."""
    return desk.counterpart is not None and word in desk.counterpart.can


async def held(desk: Desk) -> Decimal | None:
    """What is held of the instrument, signed; None where the venue does not tell."""
    abilities = desk.account.capabilities.abilities
    return await desk.position() if "fetch_positions" in abilities or (desk.spot and "fetch_balance" in abilities) else None


def looks_up(desk: Desk) -> bool:
    """Whether an order can be looked up by its id."""
    can_ask = desk.account.capabilities
    return can_ask.resolution != "none" and "fetch_order" in can_ask.abilities


@define(kw_only=True, eq=False)
class Evidence:
    """How things stood before an order was sent, to be compared with what stands afterwards.

    Args:
        desk: of the account.
        asked: requests to place an order that the venue had seen; None: nobody counts them.
        known: ids of the orders of its book; None: nobody tells them.
        held: of the instrument, signed; None: the venue does not tell.
    """

    desk: Desk
    asked: int | None
    known: frozenset[str] | None
    held: Decimal | None

    @classmethod
    async def before(cls, desk: Desk) -> Evidence:
        """As it is now."""
        counterpart = desk.counterpart
        asked = await counterpart.requests() if counterpart is not None and can(desk, "requests") else None
        known = frozenset(each.order_id for each in await desk.placed()) if can(desk, "placed") else None
        return cls(desk=desk, asked=asked, known=known, held=await held(desk))

    @property
    def by_name(self) -> bool:
        """Whether orders are told apart; else there is only what is held."""
        return can(self.desk, "placed") or looks_up(self.desk)

    async def orders(self) -> list[Placed] | None:
        """What has come into the venue's book since, but for legs; None where nobody tells."""
        if self.known is None:
            return None
        return [each for each in await self.desk.placed() if each.order_id not in self.known and not each.role]

    async def of(self, sent: Sent) -> Placed | None:
        """An order as the venue's book has it, by its id; None: it is not there, or nobody tells."""
        found = await self.desk.placed(sent) if can(self.desk, "placed") else []
        return found[0] if found else None

    async def exists(self, sent: Sent) -> bool | None:
        """Whether an order came to be: by the venue's book, else by a look-up, else by what is held; None: nothing shows."""
        if can(self.desk, "placed"):
            return await self.of(sent) is not None
        if looks_up(self.desk):
            return await self.desk.account.fetch_order(name_of(sent)) is not None
        now = await held(self.desk)
        return None if now is None else now != self.held

    async def appears(self, sent: Sent) -> bool | None:
        """As :meth:`exists`, after a moment in which what is on its way arrives."""
        loop = asyncio.get_running_loop()
        end = loop.time() + (self.desk.trial.seconds if self.desk.trial.level in ("sandbox", "live") else 0.2)
        while True:
            found = await self.exists(sent)
            if found is not False or loop.time() > end:
                return found
            await asyncio.sleep(0.02)

    async def check_once(self, *every: Sent) -> None:
        """Nothing was sent more often than it was asked for: by requests, by orders, by what is held.

        Args:
            every: order that was sent since.
        """
        what = f"{told(every[-1])}, and since then" if len(every) == 1 else f"{len(every)} orders were sent, and"
        if self.asked is not None and self.desk.counterpart is not None:
            more = await self.desk.counterpart.requests() - self.asked
            assert more <= len(every), f"{what} the venue saw {more} requests to place an order; send each once, never again"
        orders = await self.orders()
        if orders is not None:
            text = f"{what} {len(orders)} orders came into the venue's book; send each once, never again"
            assert len(orders) <= len(every), text
        now = await held(self.desk)
        if now is not None and self.held is not None:
            most = sum((sent.order.quantity for sent in every), ZERO)
            text = f"{what} what is held changed by {now - self.held} instead of at most {most}; send each once, never again"
            assert abs(now - self.held) <= most, text

    async def check_nothing(self, sent: Sent) -> None:
        """Nothing came to be."""
        orders = await self.orders()
        text = f"{told(sent)}; nothing may come of it, and the venue's book has got"
        assert not orders, f"{text} {orders}"
        now = await held(self.desk)
        assert now == self.held, f"{told(sent)}; nothing may come of it, and what is held went from {self.held} to {now}"


def name_of(sent: Sent) -> OrderRef:
    """An order by the id of its submission alone: all that a host knows when no answer came."""
    return OrderRef(
        venue_client_order_id=sent.submission.venue_client_order_id,
        symbol=sent.order.symbol,
        submitted_at=sent.submission.clock.now(),
    )
