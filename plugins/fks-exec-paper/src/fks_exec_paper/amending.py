# SPDX-License-Identifier: MIT
"""A change of what rests, judged before anything moves: which order it becomes, and where its legs go."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve, fields, frozen

from fks_exec import Instrument, InvalidOrder, MarketData, Order, OrderChange, OrderType, Status, VenueRejected

from .book import Item
from .records import PaperLeg, PaperOrder
from .rules import check_order, check_quantity, check_ticks, refuse, takes

_TRIGGERS = {"stop_loss": ("stop_price", "stop_loss"), "take_profit": ("price", "stop_price", "take_profit")}
"""By role, the names under which a leg's own price may be changed when the leg itself is addressed."""


@frozen(kw_only=True)
class MovedLeg:
    """A leg and where it goes; prices in quote currency, quantities in base units."""

    leg: PaperLeg
    trigger_price: Decimal
    quantity: Decimal


@frozen(kw_only=True)
class Amendment:
    """What a change comes to.

    Args:
        order: as it becomes.
        resting: the order itself rests, and is placed anew at its prices.
        legs: those that move.
    """

    order: Order
    resting: bool
    legs: tuple[MovedLeg, ...]


def amendment(item: Item, change: OrderChange, instrument: Instrument, quote: MarketData) -> Amendment:
    """What a change of an order, or of one leg, comes to.

    Raises:
        VenueRejected: with the broken rule's code; an order that has ended cannot be changed.
    """
    if item.leg is not None:
        return _of_leg(item.entry, item.leg, change, instrument, quote)
    return _of_order(item.entry, change, instrument, quote)


def _of_leg(entry: PaperOrder, leg: PaperLeg, change: OrderChange, instrument: Instrument, quote: MarketData) -> Amendment:
    if leg.status.terminal:
        raise _ended(leg.status)
    said = _said(change)
    price = next((said.pop(name) for name in _TRIGGERS[leg.role] if name in said), leg.trigger_price)
    quantity = said.pop("quantity", leg.quantity)
    if said:
        raise refuse("AMEND", "a {} has no {}; leave it out", leg.role, next(iter(said)))
    _check_size(quantity, entry.filled(leg.role))
    if entry.role:  # the two are one order: what is changed of the target's size is changed of the stop's
        rest = quantity - entry.filled(leg.role)
        return _of_order(entry, OrderChange(quantity=rest, take_profit=price), instrument, quote)
    if not entry.status.terminal and quantity != leg.quantity and not (leg.rests and quantity < leg.quantity):
        raise refuse("AMEND", "the {} follows what its entry fills; make it smaller, or change the entry", leg.role)
    order = _changed(entry.order, {leg.role: price})
    if not entry.status.terminal and quantity == leg.quantity:
        return _of_order(entry, OrderChange(**{leg.role: price}), instrument, quote)
    check_quantity(quantity, instrument)
    check_ticks(order, instrument)
    moved = MovedLeg(leg=leg, trigger_price=price, quantity=quantity)
    _check_leg(entry, moved, quote)
    return Amendment(order=order, resting=False, legs=(moved,))


def _of_order(entry: PaperOrder, change: OrderChange, instrument: Instrument, quote: MarketData) -> Amendment:
    said = _said(change)
    resting = not entry.status.terminal
    legs = [leg for leg in entry.legs if not leg.status.terminal]
    if not resting and (not legs or said.keys() - {"stop_loss", "take_profit"}):
        raise _ended(entry.status)
    for role in ("stop_loss", "take_profit"):
        if role in said and all(leg.role != role for leg in legs):
            raise refuse("AMEND", "the order has no {} that could be moved; leave it out", role)
    if entry.triggered and "stop_price" in said:
        raise refuse("AMEND", "the stop price was reached already; leave it out")
    order = _changed(entry.order, said)
    if resting:
        _check_size(order.quantity, entry.filled())
        check_order(_as_it_rests(entry, order), instrument, quote, leg=bool(entry.role))
    check_ticks(order, instrument)
    moved = tuple(_moved(entry, leg, order) for leg in legs)
    for each in moved:
        if each.leg.rests:
            _check_leg(entry, each, quote)
    return Amendment(order=order, resting=resting, legs=moved)


def _said(change: OrderChange) -> dict[str, Any]:
    return {each.name: value for each in fields(OrderChange) if (value := getattr(change, each.name)) is not None}


def _changed(order: Order, said: dict[str, Any]) -> Order:
    try:
        return evolve(order, **said)
    except InvalidOrder as error:
        raise VenueRejected(str(error), code="AMEND") from None


def _check_size(quantity: Decimal, filled: Decimal) -> None:
    if quantity <= filled:
        raise refuse("AMEND", "{} are filled already, a quantity of {} leaves nothing; cancel the rest", filled, quantity)


def _as_it_rests(entry: PaperOrder, order: Order) -> Order:
    """As a new order would be sent in its place: a stop that was reached is none, a target that is not moved stands."""
    if entry.role and order.take_profit == entry.order.take_profit:
        order = evolve(order, take_profit=None)
    if not entry.triggered:
        return order
    return evolve(order, order_type=OrderType.MARKET if order.price is None else OrderType.LIMIT, stop_price=None)


def _moved(entry: PaperOrder, leg: PaperLeg, order: Order) -> MovedLeg:
    """Linked legs, and those that wait for their entry, are as large as it is."""
    price, quantity = order.stop_loss if leg.role == "stop_loss" else order.take_profit, leg.quantity
    if entry.role:
        quantity = order.quantity + entry.filled(leg.role)
    elif leg.status is Status.PENDING:
        quantity = order.quantity
    return MovedLeg(leg=leg, trigger_price=price if price is not None else leg.trigger_price, quantity=quantity)


def _check_leg(entry: PaperOrder, moved: MovedLeg, quote: MarketData) -> None:
    """A leg that rests is not moved to where the market is already; one that was reached has no price any more."""
    leg = moved.leg
    if moved.trigger_price == leg.trigger_price:
        return
    if leg.triggered:
        raise refuse("AMEND", "the {} was reached already; leave it out", leg.role)
    now, side = quote.price_for(entry.leg_side), entry.leg_side
    if takes(side.opposite if leg.role == "stop_loss" else side, moved.trigger_price, now):
        problem = "the market is at {}, the {} would trade at once at {}; move it, or close the position"
        raise refuse("WOULD_TRIGGER", problem, now, leg.role, moved.trigger_price)


def _ended(status: Status) -> VenueRejected:
    return refuse("ORDER_ENDED", "it is {} and cannot be changed any more", status)
