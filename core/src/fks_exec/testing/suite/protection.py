# SPDX-License-Identifier: MIT
"""Stops and targets of each declared kind: in the venue's own book, of the right side and size, and what they do there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio
from attrs import evolve

from ...errors import NotSupported
from ...model.account import ProtectionKind
from ...model.numbers import ZERO
from ...model.orders import OrderChange, OrderRef, Side
from ...model.results import ExecutionResult, Status
from .base import Suite, floor
from .brackets import Brackets
from .desk import Desk, Sent, not_declared, not_tried, told
from .legs import (
    APART,
    KINDS,
    STOP,
    TARGET,
    Bracket,
    Role,
    can,
    check_booked,
    check_fired,
    check_listed,
    check_told,
    requests,
    standing,
)

EACH = pytest.mark.parametrize("kind", KINDS)
EACH_APART = pytest.mark.parametrize("kind", APART)
SIDES = pytest.mark.parametrize("side", list(Side))


class Protecting(Suite):
    """An entry with a stop has its stop in the venue's own book, and what is told of it is what stands there.

    Each declared kind is tried: that its legs stand with the right side and size, are found by their names, fire at their
    price, take what they are linked with along, and can be moved, cancelled, refused and left without an answer.
    """

    @pytest_asyncio.fixture
    async def brackets(self, desk: Desk) -> AsyncIterator[Brackets]:
        """Entries with legs; cleared away after the test."""
        brackets = Brackets(desk)
        yield brackets
        await brackets.tidy()

    @floor
    async def test_a_stop_or_target_that_is_not_declared_is_refused_before_anything_is_sent(self, desk: Desk) -> None:
        """By the account, from what the venue declares; with a stop alone declared, a target."""
        kinds, before = desk.declared.protection, await requests(desk)
        if not kinds:
            sent = await desk.send(desk.order(stop_loss=await desk.away(Side.BUY)))
            assert sent.result.status is Status.DENIED, f"{told(sent)}; the venue declares no protection"
        if kinds <= {"stop_only"}:
            sent = await desk.send(desk.order(take_profit=await desk.away(Side.SELL)))
            assert sent.result.status is Status.DENIED, f"{told(sent)}; the venue declares no targets"
        if "protect_position" not in desk.account.capabilities.abilities:
            with pytest.raises(NotSupported):
                desk.account.require("protect_position")
        assert await requests(desk) == before, "an order that the account denied reached the venue"

    @SIDES
    @EACH
    async def test_legs_stand_in_the_venues_book(self, brackets: Brackets, kind: ProtectionKind, side: Side) -> None:
        """Each leg once, on the side that closes, for what was filled; and told as it stands there."""
        bracket = await brackets.open(kind, side)
        for role in bracket.roles:
            await check_told(bracket, role)
            await check_listed(bracket, role)

    @EACH_APART
    async def test_a_leg_is_found_by_its_own_names(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """By the id of its submission alone, and by the venue's alone."""
        brackets.desk.needs("look_up")
        bracket = await brackets.open(kind)
        for role, sent in bracket.own.items():
            ref = sent.ref
            names = [OrderRef(order_id=ref.order_id, symbol=ref.symbol, submitted_at=ref.submitted_at)] if ref.order_id else []
            name = ref.venue_client_order_id
            names.append(OrderRef(venue_client_order_id=name, symbol=ref.symbol, submitted_at=ref.submitted_at))
            for each in names:
                found = await brackets.desk.account.fetch_order(each)
                text = f"fetch_order({each}) answers {found and found.status.value}; the {role} that was placed so rests"
                assert found is not None, text
                assert (found.status, found.order_id) == (Status.ACCEPTED, sent.result.order_id), text

    @SIDES
    @EACH
    async def test_a_stop_fires_at_its_price_and_not_before(self, brackets: Brackets, kind: ProtectionKind, side: Side) -> None:
        """It closes what the entry opened, all of it, and what it is linked with goes."""
        await _fires(brackets, kind, side, STOP)

    @SIDES
    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "stop_only"])
    async def test_a_target_fills_at_its_price_and_not_before(
        self, brackets: Brackets, kind: ProtectionKind, side: Side
    ) -> None:
        """It closes what the entry opened, all of it, and what it is linked with goes."""
        await _fires(brackets, kind, side, TARGET)

    @EACH
    async def test_a_leg_that_fires_is_published(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """With its trades: of a leg by itself under its own names, of another under those of the order that tells of it."""
        brackets.needs(kind)
        brackets.desk.needs("publishes")
        brackets.desk.tries("set_price")
        bracket = await brackets.open(kind)
        role = bracket.roles[-1]
        await brackets.move(bracket, role, "1.25")
        name = "" if role in bracket.own else role

        def heard() -> Decimal:
            updates = brackets.desk.heard(bracket.head(role))
            return max((sum((f.quantity for f in u.result.fills if f.leg == name), ZERO) for u in updates), default=ZERO)

        what = f"a push of {told(bracket.head(role))} with fills of {bracket.size} that have leg={name!r}"
        await brackets.desk.until(heard, bracket.covers, what)

    @EACH
    async def test_a_leg_never_opens_a_position(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """What it was to close was closed by an exit: then its price is reached, and nothing is traded."""
        brackets.sees(kind)
        desk = brackets.desk
        desk.needs("reduce_only")
        desk.tries("set_price")
        await brackets.flat()
        bracket = await brackets.open(kind)
        await desk.filled(desk.order(bracket.side, quantity=bracket.size, reduce_only=True))
        left = await brackets.held()
        for role in bracket.roles:
            await brackets.move(bracket, role, "1.25")
            await bracket.until(role, None, "to end: its price is reached, and nothing is left that it could close")
        held = await brackets.held()
        assert held == left, f"a leg without a position to close made one of {held}; the venue does not keep reduce-only"

    @EACH
    async def test_a_leg_can_be_cancelled(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """It goes; of a pair that was placed in one call both go, of an attached one both or the one, any other leg stays."""
        brackets.needs(kind)
        brackets.desk.needs("cancel_order")
        bracket = await brackets.open(kind)
        ref = await bracket.ref(STOP)
        if not (ref.order_id or ref.venue_client_order_id):
            not_declared("cancelling an attached leg (it has no order_id)")
        answer = await brackets.desk.account.cancel_order(ref)
        if bracket.looked_up:
            await bracket.until(STOP, Status.CANCELED, "to be canceled, as was asked")
        else:
            assert answer.status is Status.CANCELED, f"the cancel of a stop that rests was answered {answer.status}"
        assert not await standing(bracket, STOP), "the stop was told as canceled, and stands in the venue's book"
        if TARGET in bracket.roles and bracket.looked_up:
            await _check_sibling(bracket, kind)

    @EACH
    async def test_a_stop_is_moved_in_place(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """By amend_order of the leg, or of the entry that it is attached to; no second stop comes to be."""
        brackets.needs(kind)
        brackets.desk.needs("amend_order")
        bracket = await brackets.open(kind)
        sent, new = bracket.head(STOP), await brackets.desk.away(bracket.entry.order.side, 2)
        change = OrderChange(stop_loss=new) if kind == "attached" else OrderChange(stop_price=new)
        asked = await requests(brackets.desk)
        answer = await brackets.desk.account.amend_order(sent.ref, change)
        assert answer.success, f"{change} of {told(sent)}: answered {answer.status} ({answer.error}); it should move the stop"
        assert await requests(brackets.desk) == asked, "moving the stop in place sent another order; change the one that stands"
        bracket.prices[STOP] = new
        for role in bracket.roles:
            if bracket.looked_up:
                await check_told(bracket, role)
            await check_booked(bracket, role)
        if can(brackets.desk, "set_price"):
            brackets.sees(kind)
            await brackets.move(bracket, STOP, "1.25")
            await check_fired(bracket, STOP)

    @EACH_APART
    async def test_a_stop_is_made_smaller_in_place(self, brackets: Brackets, kind: ProtectionKind) -> None:
        """After a part was closed: the stop covers the rest, and a linked target as well."""
        brackets.needs(kind)
        brackets.desk.needs("amend_order")
        bracket = await brackets.open(kind)
        half = brackets.desk.instrument.quantity_down(bracket.size / 2)
        if not half:
            not_tried("half of a stop (the trial's quantity cannot be halved)")
        answer = await brackets.desk.account.amend_order(bracket.own[STOP].ref, OrderChange(quantity=half))
        assert answer.success, f"a stop of {bracket.size} was to become {half}: answered {answer.status} ({answer.error})"
        for role in bracket.roles if kind == "oco" else (STOP,):
            for placed in await standing(bracket, role):
                assert placed.quantity == half, f"the {role} stands for {placed.quantity}; it was to become {half}"

    async def test_a_venue_with_stops_only_refuses_a_target(self, brackets: Brackets) -> None:
        """It is told as rejected, and nothing is placed in its stead."""
        brackets.needs("stop_only")
        if not brackets.desk.declared.protection <= {"attached", "stop_only"}:
            not_declared("stop_only as the only kind")
        bracket = await brackets.enter("stop_only")
        bracket.prices[TARGET] = await brackets.desk.away(bracket.side, 4)
        sent = await brackets.protect(bracket, TARGET)
        assert sent.result.status is Status.REJECTED, f"{told(sent)}; a venue that takes stops only refuses a target"
        assert not await standing(bracket, TARGET), "a target that was refused stands in the venue's book"

    async def test_a_leg_that_the_venue_refuses_is_told_as_rejected(self, brackets: Brackets) -> None:
        """With the venue's reason; neither it nor what it is linked with stands."""
        kind, counterpart = brackets.apart(), brackets.desk.tries("refuse")
        bracket = await brackets.enter(kind)
        await counterpart.fault("refuse", "protect")
        sent = await brackets.protect(bracket, STOP)
        assert sent.result.status is Status.REJECTED, f"{told(sent)}; the venue refused it"
        assert sent.result.error, f"{told(sent)} without a sentence; raise VenueRejected with the venue's words"
        assert not [role for role in bracket.roles if await standing(bracket, role)], f"{told(sent)}, and a leg stands"

    @pytest.mark.parametrize("word", ["drop", "hang", "garbage", "error", "lost"])
    async def test_a_leg_without_an_answer_is_unknown_and_a_look_up_finds_it(self, brackets: Brackets, word: str) -> None:
        """Asked for once; never told as rejected, and never as standing."""
        kind, counterpart = brackets.apart(), brackets.desk.tries(word)
        bracket = await brackets.enter(kind)
        asked = await requests(brackets.desk)
        await counterpart.fault(word, "protect")
        sent = await brackets.protect(bracket, STOP, seconds=0.1 if word == "hang" else None)
        await counterpart.release()
        assert sent.result.status is Status.UNKNOWN, f"{told(sent)}, but no answer came ({word}): nothing is proved"
        if can(brackets.desk, "requests"):
            more = await counterpart.requests() - (asked or 0)
            assert more == 1 or (word == "lost" and not more), f"{told(sent)}, and the venue saw {more} requests for this leg"
        brackets.desk.needs("look_up")
        if word == "lost":
            found = await brackets.desk.account.fetch_order(sent.ref)
            assert found is None, f"fetch_order answers {found} for a leg that the venue never saw; None says so"
        else:
            await bracket.until(STOP, Status.ACCEPTED, "to be found by a look-up; the venue has it")
            await check_booked(bracket, STOP)

    async def test_what_is_attached_follows_what_has_filled(self, desk: Desk) -> None:
        """A part of the entry fills and has its stop; then the rest."""
        desk.needs("attached", "limit", "fetch_order")
        counterpart = desk.tries("fill", "placed")
        step = desk.instrument.quantity_down(desk.quantity / 2) or desk.quantity
        known = frozenset(each.order_id for each in await desk.placed())
        order = await desk.resting(stop_loss=await desk.away(Side.BUY, 14))
        entry = await desk.send(evolve(order, quantity=step * 2))
        for filled in (step, step * 2):
            await counterpart.fill((await desk.placed(entry))[0].order_id, step)
            await check_covered(desk, entry, filled, known)

    async def test_what_is_attached_goes_with_an_entry_that_is_cancelled(self, desk: Desk) -> None:
        """Nothing had filled: no stop stays behind."""
        desk.needs("attached", "limit", "cancel_order")
        desk.tries("placed")
        known = {each.order_id for each in await desk.placed()}
        stop, target = await desk.away(Side.BUY, 14), await desk.away(Side.SELL, 14)
        entry = await desk.send(await desk.resting(stop_loss=stop, take_profit=target))
        await desk.account.cancel_order(entry.ref)
        left = [each for each in await desk.placed() if each.open and each.order_id not in known]
        assert not left, f"the entry was cancelled before it filled, and {left} are left in the venue's book"


async def check_covered(desk: Desk, entry: Sent, filled: Decimal, known: frozenset[str]) -> None:
    """The stops that are attached to an entry stand for what has filled, in the book and as they are told.

    Args:
        filled: of the entry, base units or contracts.
        known: the ids of the orders that stood in the book before.
    """
    what = f"{filled} of {told(entry)} to be filled"
    state: ExecutionResult = await desk.until(lambda: desk.state(entry), lambda now: now.filled_quantity == filled, what)
    fees = sum((fill.fee for fill in state.fills if fill.fee_currency == desk.instrument.base), ZERO)
    new = [each for each in await desk.placed() if each.order_id not in known and each.role == STOP and each.open]
    covered = sum((each.quantity - each.filled for each in new), ZERO)
    text = f"{filled} of the entry have filled, and stops for {covered} stand in the venue's book"
    assert desk.instrument.quantity_down(filled - fees) <= covered <= filled, text
    legs = [leg for leg in state.legs if leg.role == STOP and not leg.status.terminal]
    said = sum((covered if leg.quantity is None else leg.quantity for leg in legs), ZERO)
    assert said == covered, f"stops for {covered} stand in the venue's book, and the result of the entry tells {said}"


async def _fires(brackets: Brackets, kind: ProtectionKind, side: Side, role: Role) -> None:
    """The market goes half way, and then through its price."""
    brackets.sees(kind, side)
    brackets.desk.tries("set_price")
    bracket = await brackets.open(kind, side)
    await brackets.move(bracket, role, "0.5")
    early = await bracket.status(role)
    assert early is Status.ACCEPTED, f"the market is half way to the {role}, which is {early}; it should rest still"
    await brackets.move(bracket, role, "1.25")
    await check_fired(bracket, role)
    await brackets.back(bracket)


async def _check_sibling(bracket: Bracket, kind: ProtectionKind) -> None:
    """What became of the target of a stop that was cancelled; of an attached one the venue decides, and it has to be told."""
    target = await bracket.status(TARGET)
    may = {"oco": {Status.CANCELED}, "attached": {Status.CANCELED, Status.ACCEPTED}}.get(kind, {Status.ACCEPTED})
    words = " or ".join(sorted(may))
    assert target in may, f"the stop was cancelled, and its target is {target}; of the kind {kind} it is {words}"
    if can(bracket.desk, "placed"):
        there = bool(await standing(bracket, TARGET))
        assert (target is Status.ACCEPTED) == there, f"the target is told as {target}, and the venue's book says otherwise"
