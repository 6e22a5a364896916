# SPDX-License-Identifier: MIT
"""``Bracket``: an entry with its stop and target; and what is demanded of each leg, told, in the venue's book, at its price."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from attrs import define

from ...model.account import ProtectionKind
from ...model.numbers import ZERO
from ...model.orders import OrderRef, Side
from ...model.results import ExecutionResult, Fill, Leg, Status
from ..trial import Placed
from .desk import Desk, Sent, told
from .resting import same

Role: TypeAlias = Literal["stop_loss", "take_profit"]

STOP: Role = "stop_loss"
TARGET: Role = "take_profit"
KINDS: tuple[ProtectionKind, ...] = get_args(ProtectionKind)
APART: tuple[ProtectionKind, ...] = ("oco", "reduce_only_pair", "stop_only")
"""Those whose stop is placed by protect_position."""

LINKED: tuple[ProtectionKind, ...] = ("attached", "oco")
"""Those whose target the venue itself cancels when the stop ends, and the other way round."""


@define(kw_only=True, eq=False)
class Bracket:
    """An entry that has filled, and what protects it.

    Args:
        desk: where it stands.
        kind: how its stop and target are served.
        entry: the order that is protected.
        size: of its legs, base units or contracts.
        known: the ids of the orders that stood in the venue's book before.
        prices: of the legs, quote currency; no target where the kind has none.
        own: the legs that are orders by themselves; of a linked pair the stop.
        ticket: the venue's name of the position, where it keeps several.
    """

    desk: Desk
    kind: ProtectionKind
    entry: Sent
    size: Decimal
    known: frozenset[str]
    prices: dict[Role, Decimal]
    own: dict[Role, Sent]
    ticket: str | None = None

    @property
    def side(self) -> Side:
        """Of its legs: the side that closes."""
        return self.entry.order.side.opposite

    @property
    def roles(self) -> tuple[Role, ...]:
        """Of the legs that it should have."""
        return tuple(self.prices)

    @property
    def looked_up(self) -> bool:
        """Whether a look-up tells how its legs stand; else an answer and pushes do."""
        return "fetch_order" in self.desk.account.capabilities.abilities

    def covers(self, quantity: Decimal) -> bool:
        """Whether so much is what a leg should be of; a venue may cover what it took as a fee in the base, or not."""
        return self.size <= quantity <= self.entry.result.filled_quantity

    def head(self, role: Role) -> Sent:
        """The order whose result tells of a leg."""
        return self.own.get(role) or self.own.get(STOP) or self.entry

    async def state(self, role: Role) -> ExecutionResult:
        """What is known now of the order whose result tells of a leg: by a look-up, else by the last push, or the answer."""
        head = self.head(role)
        if self.looked_up:
            return await self.desk.state(head)
        heard = self.desk.heard(head)
        return heard[-1].result if heard else head.result

    async def leg(self, role: Role) -> Leg | None:
        """How a leg stands, as the venue plugin tells it; None: nothing is told of it."""
        state = await self.state(role)
        if role in self.own:
            order = self.own[role].order
            return Leg(role=role, status=state.status, order_id=state.order_id, quantity=order.quantity)
        return next((leg for leg in reversed(state.legs) if leg.role == role), None)

    async def status(self, role: Role) -> Status:
        """Where a leg stands; ``unknown`` where nothing is told of it."""
        leg = await self.leg(role)
        return Status.UNKNOWN if leg is None else leg.status

    async def until(self, role: Role, status: Status | None, what: str) -> None:
        """Wait until a leg has a status; None: any of those that are final.

        Args:
            what: is waited for, after "the stop_loss".
        """

        def holds(now: Status) -> bool:
            return now is status or (status is None and now.terminal)

        await self.desk.until(lambda: self.status(role), holds, f"the {role} {what}")

    async def ref(self, role: Role) -> OrderRef:
        """The names by which a leg can be cancelled; none but the venue's own, where it is no order of ours."""
        if role in self.own:
            return self.own[role].ref
        leg = await self.leg(role)
        return OrderRef(order_id=leg.order_id if leg else None, symbol=self.desk.symbol)

    async def fills(self, role: Role) -> list[Fill]:
        """What a leg has filled."""
        name = "" if role in self.own else role
        return [fill for fill in (await self.state(role)).fills if fill.leg == name]

    async def closes(self) -> list[Fill]:
        """What all its legs have filled."""
        return [fill for role in self.roles for fill in await self.fills(role)]

    async def booked(self, role: Role) -> list[Placed]:
        """The orders of a role that the venue's own book has got since, ended ones too."""
        return [each for each in await self.desk.placed() if each.role == role and each.order_id not in self.known]

    async def standing(self, role: Role) -> list[Placed]:
        """Those that may still fill."""
        return [each for each in await self.booked(role) if each.open]


def can(desk: Desk, word: str) -> bool:
    """Whether the counterpart is able to do something."""
    return desk.counterpart is not None and word in desk.counterpart.can


async def requests(desk: Desk) -> int | None:
    """How many requests to place an order the venue has seen; None where nobody counts them."""
    return await desk.counterpart.requests() if desk.counterpart is not None and can(desk, "requests") else None


async def standing(bracket: Bracket, role: Role) -> list[Placed]:
    """The legs of a role in the venue's own book that may still fill; none where it cannot be asked."""
    return await bracket.standing(role) if can(bracket.desk, "placed") else []


async def check_told(bracket: Bracket, role: Role) -> Leg:
    """What the plugin tells of a leg is complete, and says that it rests."""
    said = bracket.head(role).result
    if role not in bracket.own:
        text = f"its result has no leg {role!r}; answer legs=[Leg(role={role!r}, status=..., quantity=..., order_id=...)]"
        assert role in [leg.role for leg in said.legs], f"{told(bracket.head(role))}, and {text}"
    what = f"the {role} of {told(bracket.head(role))}"
    status: Status = await bracket.desk.until(lambda: bracket.status(role), lambda now: now is not Status.PENDING, what)
    assert status is Status.ACCEPTED, f"the {role} is told as {status}; the venue took it, and its price is not reached"
    leg = await bracket.leg(role)
    assert leg is not None
    _check_quantity(bracket, leg)
    price = bracket.prices[role]
    assert leg.trigger_price in (None, price), f"the {role} is told at {leg.trigger_price}; it was to stand at {price}"
    return leg


def _check_quantity(bracket: Bracket, leg: Leg) -> None:
    if leg.quantity is None:
        whole = bracket.desk.declared.protection_scope == "position"
        assert whole, f"the {leg.role} is told without a quantity; only a stop of the whole position has none"
        return
    assert bracket.covers(leg.quantity), f"the {leg.role} is told for {leg.quantity}; it protects {bracket.size}"


async def check_booked(bracket: Bracket, role: Role) -> None:
    """In the venue's own book a leg stands once, on the side that closes, for what it protects; where that can be asked."""
    if not can(bracket.desk, "placed"):
        return
    if bracket.desk.trial.level in ("sandbox", "live"):  # a real book may take a moment
        _: list[Placed] = await bracket.desk.until(lambda: bracket.standing(role), bool, f"a {role} in the venue's book")
    found, every = await bracket.standing(role), await bracket.booked(role)
    assert len(found) == 1, f"{len(found)} orders stand in the venue's book as {role}, instead of one; it was sent {every}"
    placed = found[0]
    assert placed.side is bracket.side, f"the {role} stands as a {placed.side}; the entry was a {bracket.side.opposite}"
    assert bracket.covers(placed.quantity), f"the {role} stands for {placed.quantity}; it protects {bracket.size}"
    if role in bracket.own:
        name = bracket.own[role].submission.venue_client_order_id
        text = f"the {role} is called {placed.venue_client_order_id!r} at the venue; its submission said {name!r}"
        assert placed.venue_client_order_id == name, text


async def check_listed(bracket: Bracket, role: Role) -> None:
    """A leg that is an order by itself is among the open orders."""
    if role not in bracket.own or "fetch_open_orders" not in bracket.desk.account.capabilities.abilities:
        return
    sent, listed = bracket.own[role], await bracket.desk.account.fetch_open_orders()
    refs = [update.ref for update in listed]
    assert any(same(ref, sent.ref) for ref in refs), f"{told(sent)}, and fetch_open_orders does not list it among {refs}"


async def check_fired(bracket: Bracket, role: Role) -> None:
    """The market is beyond its price: it has filled, and what it is linked with goes."""
    await bracket.until(role, Status.FILLED, f"to fill, of {told(bracket.head(role))}; its price is reached")
    await _check_fills(bracket, role)
    for other in bracket.roles:
        if other != role and bracket.kind in LINKED:
            await bracket.until(other, Status.CANCELED, f"to be canceled: it is linked with the {role}, which has filled")
            assert not await standing(bracket, other), f"the {role} has filled, and its {other} stands in the venue's book"


async def _check_fills(bracket: Bracket, role: Role) -> None:
    state, fills = await bracket.state(role), await bracket.fills(role)
    filled = sum((fill.quantity for fill in fills), ZERO)
    if role in bracket.own:
        assert state.filled_quantity == bracket.size, f"the {role} of {bracket.size} is filled with {state.filled_quantity}"
        return
    assert bracket.covers(filled), f"the {role} of {bracket.size} has filled, and its fills (leg={role!r}) sum up to {filled}"
    sides = {fill.side for fill in fills}
    assert sides == {bracket.side}, f"the fills of the {role} have the sides {sides}; say side={bracket.side.value!r} in each"
    if bracket.kind == "oco" and role == TARGET:
        text = f"the target has filled, and filled_quantity of the stop is {state.filled_quantity}; that is the stop's own"
        assert not state.filled_quantity, text
