# SPDX-License-Identifier: MIT
"""Cancelling and amending: the order that was meant, no other, and an answer that says how it stands now."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from ...model.orders import OrderChange, OrderRef, Side, Submission
from ...model.results import ExecutionResult, Status
from ..trial import Kind
from .base import Suite
from .desk import Desk, Sent, not_declared, told
from .resting import booked, check_closed, check_rests, rest, rest_in_part, seen

REFUSED = (Status.REJECTED, Status.NOT_PLACED)
RESTS = (Status.ACCEPTED, Status.PARTIALLY_FILLED)
SILENCE = pytest.mark.parametrize("word", ["drop", "hang", "garbage", "error", "lost"])
"""Faults without an answer that proves anything; all but ``lost`` have had their effect."""


class Changes(Suite):
    """A cancel or an amend meets the order that was named, and its answer is that order's state afterwards.

    What fills first stays filled, what is unknown at the venue is never told as canceled, an answer that does not come
    proves nothing, and an amend never makes a second order.
    """

    async def test_a_cancelled_order_rests_no_more(self, desk: Desk) -> None:
        """The answer is ``canceled``, and so it stands in the venue's book."""
        desk.needs("limit", "cancel_order")
        sent = await rest(desk)
        answer = await desk.account.cancel_order(sent.ref)
        state = await end(desk, sent, answer)
        assert state.status is Status.CANCELED, f"{told(sent)}, was cancelled, and is {state.status}"
        assert not state.filled_quantity, f"{told(sent)}, was cancelled, and is told with {state.filled_quantity} filled"
        await check_closed(desk, sent)

    async def test_an_order_is_cancelled_by_the_id_that_we_gave_it(self, desk: Desk) -> None:
        """After an answer that did not come, no other is known."""
        desk.needs("limit", "cancel_order", "look_up")
        if desk.declared.resolution != "by_id":
            not_declared("resolution by_id")
        sent = await rest(desk)
        answer = await desk.account.cancel_order(evolve(sent.ref, order_id=None))
        assert (await end(desk, sent, answer)).status is Status.CANCELED, f"cancelled by its own id, it is {answer.status}"
        await check_closed(desk, sent)

    async def test_a_cancel_meets_no_other_order(self, desk: Desk) -> None:
        """Another one of the same instrument and side rests on."""
        desk.needs("limit", "cancel_order")
        sent, other = await rest(desk), await rest(desk)
        await end(desk, sent, await desk.account.cancel_order(sent.ref))
        state = await desk.state(other)
        assert state.status is Status.ACCEPTED, f"one order was cancelled, and another of {desk.symbol} is {state.status}"
        for placed in await booked(desk, other):
            assert placed.open, f"one order was cancelled, and the venue's book has ended another: {placed}"

    async def test_a_filled_order_is_never_told_as_canceled(self, desk: Desk) -> None:
        """Its cancel is answered with ``filled``, or refused."""
        desk.needs("cancel_order")
        sent = await desk.filled()
        answer = await desk.account.cancel_order(sent.ref)
        await check_filled(desk, sent, answer, sent.order.quantity)

    async def test_a_fill_that_is_faster_than_the_cancel_counts(self, desk: Desk) -> None:
        """The order rested when it was cancelled here, and had filled when the cancel came there."""
        desk.needs("limit", "cancel_order")
        counterpart = desk.tries("fill", "placed")
        sent = await rest(desk)
        await counterpart.fill((await desk.placed(sent))[0].order_id)
        answer = await desk.account.cancel_order(sent.ref)
        await check_filled(desk, sent, answer, sent.order.quantity)

    async def test_what_has_filled_before_a_cancel_stays_filled(self, desk: Desk) -> None:
        """The answer is ``canceled`` with the part that filled and its price."""
        desk.needs("limit", "cancel_order")
        sent, part = await rest_in_part(desk)
        state = await end(desk, sent, await desk.account.cancel_order(sent.ref))
        text = f"{part} of {told(sent)} have filled, the rest was cancelled; it is told as {state.status} with"
        assert state.status is Status.CANCELED, f"{text} {state.filled_quantity} filled"
        assert state.filled_quantity == part, f"{text} {state.filled_quantity} filled"
        assert state.average_price, f"{text} no average_price, in quote currency"
        await check_closed(desk, sent)

    async def test_an_order_that_is_not_there_is_never_told_as_canceled(self, desk: Desk) -> None:
        """The venue knows none of that name: the cancel is refused, or its outcome is unknown."""
        desk.needs("cancel_order")
        answer = await desk.account.cancel_order(stranger(desk))
        text = f"the cancel of an order that the venue does not know was answered {answer.status}; raise VenueRejected"
        assert answer.status in (*REFUSED, Status.UNKNOWN), text

    async def test_cancelling_twice_is_quiet(self, desk: Desk) -> None:
        """The second time it is ``canceled`` still, or refused since there is nothing to cancel."""
        desk.needs("limit", "cancel_order")
        sent = await rest(desk)
        await end(desk, sent, await desk.account.cancel_order(sent.ref))
        answer = await desk.account.cancel_order(sent.ref)
        text = f"the second cancel of an order was answered {answer.status} ({answer.error})"
        assert answer.status in (Status.CANCELED, Status.REJECTED), text
        await check_closed(desk, sent)

    async def test_a_refused_cancel_leaves_the_order(self, desk: Desk) -> None:
        """It is told as refused, and rests."""
        desk.needs("limit", "cancel_order")
        counterpart = desk.tries("refuse")
        sent = await rest(desk)
        await counterpart.fault("refuse", "cancel")
        answer = await desk.account.cancel_order(sent.ref)
        assert answer.status is Status.REJECTED, f"the venue refused a cancel, and the answer is {answer.status}"
        await check_rests(desk, sent)

    @SILENCE
    async def test_a_cancel_without_an_answer_is_unknown(self, desk: Desk, word: str) -> None:
        """Never ``canceled``: the venue may not have seen it. A look-up tells."""
        desk.needs("limit", "cancel_order")
        sent = await rest(desk)
        submission = await silent(desk, word, "cancel")
        answer = await desk.account.cancel_order(sent.ref, submission)
        await desk.tries(word).release()
        text = f"no answer came to a cancel ({word}), and it is told as {answer.status}; that is not known"
        assert answer.status is Status.UNKNOWN, text
        if word == "lost":
            await check_rests(desk, sent)
        else:
            desk.needs("look_up")
            state = await end(desk, sent, answer)
            assert state.status is Status.CANCELED, f"the cancel was done ({word}), and a look-up says {state.status}"

    async def test_an_amended_price_is_that_of_the_same_order(self, desk: Desk) -> None:
        """No second order is sent, the first is found by its names, and fills at what it was amended to."""
        desk.needs("limit", "amend_order")
        sent, before = await rest(desk), await counted(desk)
        await check_amended(desk, sent, OrderChange(price=await desk.away(Side.BUY, 8)), before)
        await check_rests(desk, sent)
        answer = await check_amended(desk, sent, OrderChange(price=await desk.away(Side.BUY, -2)), before)
        if not (answer.status.terminal or seen(desk)):
            return
        state = answer if answer.status.terminal else await desk.ended(sent)
        text = f"{told(sent)}, was amended to a price that the market takes, and is {state.status}"
        assert state.status is Status.FILLED, text

    async def test_an_amended_quantity_is_that_of_the_same_order(self, desk: Desk) -> None:
        """More, then less; as much fills as it was amended to."""
        desk.needs("limit", "amend_order")
        sent, before = await rest(desk), await counted(desk)
        for quantity in (sent.order.quantity * 3, sent.order.quantity * 2):
            await check_amended(desk, sent, OrderChange(quantity=quantity), before)
            for placed in await booked(desk, sent):
                assert placed.quantity == quantity, f"amended to {quantity}, it stands for {placed.quantity} at the venue"
        answer = await check_amended(desk, sent, OrderChange(price=await desk.away(Side.BUY, -2)), before)
        if not (answer.status.terminal or seen(desk)):
            return
        state = answer if answer.status.terminal else await desk.ended(sent)
        text = f"an order was amended to {sent.order.quantity * 2}, and filled with {state.filled_quantity}"
        assert state.filled_quantity == sent.order.quantity * 2, text

    async def test_what_has_filled_before_an_amend_stays_filled(self, desk: Desk) -> None:
        """The quantity is amended of an order that has filled in part; the part counts into it."""
        desk.needs("limit", "amend_order")
        sent, part = await rest_in_part(desk)
        before = await counted(desk)
        answer = await check_amended(desk, sent, OrderChange(quantity=sent.order.quantity * 2), before)
        text = f"{part} had filled when the order was amended; now {answer.filled_quantity} are told as filled"
        assert answer.filled_quantity == part, text
        for placed in await booked(desk, sent):
            text = f"amended to {sent.order.quantity * 2} with {part} filled, it stands at the venue as {placed}"
            assert (placed.quantity, placed.filled) == (sent.order.quantity * 2, part), text

    async def test_an_order_that_has_ended_is_not_amended(self, desk: Desk) -> None:
        """Refused, and nothing comes to be."""
        desk.needs("amend_order")
        sent = await desk.filled()
        before = await counted(desk)
        answer = await desk.account.amend_order(sent.ref, OrderChange(quantity=sent.order.quantity * 2))
        text = f"an order that has filled was amended, and the answer is {answer.status}; raise VenueRejected"
        assert answer.status is Status.REJECTED, text
        await check_no_more(desk, before)

    async def test_an_order_that_is_not_there_is_not_amended(self, desk: Desk) -> None:
        """Refused or unknown, and nothing comes to be."""
        desk.needs("limit", "amend_order")
        before = await counted(desk)
        answer = await desk.account.amend_order(stranger(desk), OrderChange(price=await desk.away(Side.BUY)))
        text = f"an order that the venue does not know was amended, and the answer is {answer.status}; raise VenueRejected"
        assert answer.status in (*REFUSED, Status.UNKNOWN), text
        await check_no_more(desk, before)

    async def test_a_refused_amend_leaves_the_order_as_it_was(self, desk: Desk) -> None:
        """It is told as refused, and rests as before."""
        desk.needs("limit", "amend_order")
        counterpart = desk.tries("refuse")
        sent, before = await rest(desk), await counted(desk)
        await counterpart.fault("refuse", "amend")
        answer = await desk.account.amend_order(sent.ref, OrderChange(quantity=sent.order.quantity * 2))
        assert answer.status is Status.REJECTED, f"the venue refused an amend, and the answer is {answer.status}"
        await check_rests(desk, sent)
        await check_no_more(desk, before)
        for placed in await booked(desk, sent):
            assert placed.quantity == sent.order.quantity, f"the amend was refused, and the order stands as {placed}"

    @SILENCE
    async def test_an_amend_without_an_answer_is_unknown(self, desk: Desk, word: str) -> None:
        """It is asked for once; the order is as it was, or as it was to become."""
        desk.needs("limit", "amend_order")
        sent, before = await rest(desk), await counted(desk)
        submission, quantity = await silent(desk, word, "amend"), sent.order.quantity * 2
        answer = await desk.account.amend_order(sent.ref, OrderChange(quantity=quantity), submission)
        await desk.tries(word).release()
        text = f"no answer came to an amend ({word}), and it is told as {answer.status}; that is not known"
        assert answer.status is Status.UNKNOWN, text
        await check_no_more(desk, before)
        wanted = sent.order.quantity if word == "lost" else quantity
        for placed in await booked(desk, sent):
            assert placed.quantity == wanted, f"an amend to {quantity} met {word!r}, and stands as {placed}; asked for once?"


async def end(desk: Desk, sent: Sent, answer: ExecutionResult) -> ExecutionResult:
    """How an order that was cancelled has ended: by the answer, and by what can be seen afterwards."""
    text = f"{told(sent)}; its cancel was answered {answer.status} ({answer.error}), it should be canceled"
    assert answer.status in (Status.CANCELED, Status.UNKNOWN, *RESTS), text
    said = answer.status is Status.CANCELED
    assert said or seen(desk), text
    if said and "fetch_order" not in desk.account.capabilities.abilities:
        return answer
    state: ExecutionResult = await desk.until(
        lambda: desk.state(sent), lambda now: now.status.terminal, f"the end of {told(sent)}"
    )
    if said:
        text += f"; a look-up says {state.status} with {state.filled_quantity} filled, the answer {answer.filled_quantity}"
        assert (state.status, state.filled_quantity) == (answer.status, answer.filled_quantity), text
    return state


def stranger(desk: Desk) -> OrderRef:
    """The names of an order that was never sent."""
    name = desk.account.submission().venue_client_order_id
    return OrderRef(venue_client_order_id=name, symbol=desk.symbol, submitted_at=desk.account.clock.now())


async def silent(desk: Desk, word: str, on: Kind) -> Submission:
    """The next request of a kind gets no answer; a submission for it, with a short deadline where it hangs."""
    counterpart = desk.tries(word)
    await counterpart.fault(word, on)
    return desk.account.submission(seconds=0.1 if word == "hang" else desk.trial.seconds)


async def check_filled(desk: Desk, sent: Sent, answer: ExecutionResult, quantity: Decimal) -> None:
    """A cancel that came too late is answered with the fill, or refused; and it is told as filled afterwards."""
    text = f"the cancel of an order that has filled was answered {answer.status} with {answer.filled_quantity} filled"
    assert answer.status in (Status.FILLED, Status.REJECTED), f"{text}; say filled, or raise VenueRejected"
    if answer.status is Status.FILLED:
        assert answer.filled_quantity == quantity, f"{text}; it was {quantity}"
    if seen(desk):
        state = await desk.ended(sent)
        text = f"an order filled before its cancel came, and is told as {state.status} with {state.filled_quantity} filled"
        assert (state.status, state.filled_quantity) == (Status.FILLED, quantity), text


async def counted(desk: Desk) -> tuple[int, int]:
    """How many requests to place an order the venue has seen, and how many orders stand in its book; 0 if nobody tells."""
    counterpart = desk.counterpart
    if counterpart is None:
        return 0, 0
    requests = await counterpart.requests() if "requests" in counterpart.can else 0
    return requests, len(await counterpart.placed()) if "placed" in counterpart.can else 0


async def check_no_more(desk: Desk, before: tuple[int, int]) -> None:
    """No order was sent, and none has come to be."""
    after = await counted(desk)
    assert after == before, f"requests and orders were {before}, and are {after} after an amend; it changes the one there is"


async def check_amended(desk: Desk, sent: Sent, change: OrderChange, before: tuple[int, int]) -> ExecutionResult:
    """The venue takes a change; the order keeps its names, and stays one order."""
    answer = await desk.account.amend_order(sent.ref, change)
    text = f"{told(sent)}; {change} was answered {answer.status} ({answer.error})"
    assert answer.status in (*RESTS, Status.FILLED), f"{text}; a resting order can be changed"
    await check_no_more(desk, before)
    if "fetch_order" in desk.account.capabilities.abilities:
        found = await desk.account.fetch_order(sent.ref)
        assert found is not None, f"{text}, and fetch_order finds it no more by the names that it had"
    return answer
