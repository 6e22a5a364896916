# SPDX-License-Identifier: MIT
"""What is told of an order that went wrong: a refusal is proved, what is not proved is unknown, nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from attrs import evolve

from ...errors import AccountNotReady
from ...model.results import ExecutionResult, Status
from ..trial import Counterpart, Trial
from .base import Suite, floor
from .cancellation import check_next, is_cut
from .desk import Desk, Sent, not_tried, told
from .evidence import REFUSED, TAKEN, Evidence, name_of
from .steps import Steps, let_pass

MOST_STEPS, MOST_FAR_AWAY = 40, 8
"""A call that waits more often than this is cut no further; in a sandbox, or live, where each order costs, no further than
the second."""

SOON = 0.1
"""Seconds to the deadline of an order that will not be answered."""


class Outcomes(Suite):
    """What is unknown is never called a refusal, and nothing is sent twice.

    A plugin raises ``VenueRejected`` only with the venue's own refusal in its hand, and ``NotSent`` only where nothing left.
    A connection that breaks, a limit of time, an answer that is none, an error of the server's own such as HTTP 500, a
    cancellation prove nothing: let the exception go.
    """

    @pytest.mark.parametrize("word", ["refuse", "closed"])
    async def test_a_refusal_is_rejected_with_the_venues_reason(self, desk: Desk, word: str) -> None:
        """Nothing comes of it, it is sent once, and the next order works."""
        sent, before = await _meets(desk, word)
        assert sent.result.status is Status.REJECTED, f"the venue refused ({word}); {told(sent)}; raise VenueRejected"
        assert sent.result.error, f"{told(sent)} without a reason; put the venue's words into VenueRejected"
        await before.check_nothing(sent)
        await before.check_once(sent)
        await desk.filled()

    async def test_too_much_is_refused(self, desk: Desk) -> None:
        """An order that the account has no money for; the next one works."""
        if desk.trial.too_much is None:
            not_tried("too_much (the trial names none)")
        before = await Evidence.before(desk)
        sent = await desk.send(desk.order(quantity=desk.trial.too_much))
        text = f"{told(sent)}; there is too little money for it, and the venue says so: raise VenueRejected"
        assert sent.result.status is Status.REJECTED, text
        await before.check_nothing(sent)
        await desk.filled()

    async def test_a_rate_limit_places_nothing_and_is_no_refusal(self, desk: Desk) -> None:
        """``VenueRateLimited``: the same order may be sent again, by the host, when it is time."""
        sent, before = await _meets(desk, "rate_limit")
        text = f"the venue saw too many requests; {told(sent)}; raise VenueRateLimited, and wait for nothing"
        assert sent.result.status is Status.NOT_PLACED, text
        assert sent.result.retryable, text
        await before.check_nothing(sent)
        await before.check_once(sent)
        await desk.filled()

    async def test_credentials_that_are_refused_stop_the_account(self, desk: Desk) -> None:
        """``VenueAuthError``: the account is not ready any more, and the next order does not reach the venue."""
        sent, before = await _meets(desk, "credentials")
        assert sent.result.status is Status.REJECTED, f"the venue does not take the key; {told(sent)}; raise VenueAuthError"
        assert not desk.account.ready, f"the venue does not take the key; {told(sent)}, and orders go on; raise VenueAuthError"
        with pytest.raises(AccountNotReady):
            await desk.account.execute_order(desk.order())
        await before.check_nothing(sent)
        await before.check_once(sent)

    @pytest.mark.parametrize("word", ["drop", "garbage", "error", "hang"])
    async def test_an_order_without_an_answer_is_unknown(self, desk: Desk, word: str) -> None:
        """The venue did it: it is sent once, never called refused, and the next order works."""
        before = await Evidence.before(desk)
        counterpart = desk.tries(word)
        await counterpart.fault(word)
        sent = await desk.send(seconds=SOON if word == "hang" else None)
        await counterpart.release()
        await _check_unproved(before, sent, word)
        after = await desk.filled()
        await before.check_once(sent, after)

    @pytest.mark.parametrize("word", ["drop", "garbage", "error", "hang"])
    async def test_an_order_without_an_answer_is_found_by_a_look_up(self, desk: Desk, word: str) -> None:
        """By the id of its submission, which is all that the host has."""
        desk.needs("look_up")
        counterpart = desk.tries(word)
        await counterpart.fault(word)
        sent = await desk.send(seconds=SOON if word == "hang" else None)
        await counterpart.release()
        found = await _found(desk, sent)
        text = (
            f"{told(sent)} ({word}); the venue filled it, and fetch_order says {found.status}, {found.filled_quantity} filled"
        )
        assert (found.status, found.filled_quantity) == (Status.FILLED, sent.order.quantity), text

    @pytest.mark.parametrize("word", ["garbage", "drop", "error"])
    async def test_no_answer_is_not_taken_for_a_fill(self, desk: Desk, word: str) -> None:
        """An order that rests, of which nothing was told: it is not called filled."""
        before = await Evidence.before(desk)
        counterpart, order = desk.tries(word), await desk.resting()
        await counterpart.fault(word)
        await _check_unproved(before, await desk.send(order), word)

    async def test_an_order_that_was_lost_is_sent_once(self, desk: Desk) -> None:
        """It never arrived, which the plugin cannot know: unknown, and it is not sent again."""
        sent, before = await _meets(desk, "lost")
        text = f"the connection broke before an answer; {told(sent)}; nobody refused it: let the exception go"
        assert sent.result.status in (Status.UNKNOWN, Status.NOT_PLACED), text
        await before.check_nothing(sent)
        await before.check_once(sent)
        after = await desk.filled()
        await before.check_once(sent, after)

    async def test_an_order_that_was_lost_is_not_found(self, desk: Desk) -> None:
        """A look-up that the venue answered with "no such order" says None."""
        desk.needs("look_up")
        sent, _ = await _meets(desk, "lost")
        found = await desk.account.fetch_order(name_of(sent))
        assert found is None or found.status in REFUSED, f"the venue never saw the order, and fetch_order finds {found}"

    async def test_an_order_that_appears_late_was_never_called_refused(self, desk: Desk) -> None:
        """Right after the break a look-up truly finds nothing, which proves nothing: a little later it is there."""
        desk.needs("look_up")
        sent, before = await _meets(desk, "late")
        text = (
            f"the connection broke; {told(sent)}, and a little later the venue did it; a look-up that finds nothing is no proof"
        )
        assert sent.result.status not in REFUSED, text
        found = await _found(desk, sent)
        assert found.status is Status.FILLED, f"{told(sent)}; the venue filled it, and fetch_order says {found.status}"
        await before.check_once(sent)

    async def test_a_call_ends_at_its_deadline(self, desk: Desk) -> None:
        """It is cancelled then, and gives up what it waits for; a plain method cannot, and is not asked to."""
        counterpart = desk.tries("hang")
        if not _is_async(desk):
            return
        await counterpart.fault("hang")
        sent = await desk.send(seconds=SOON)
        running = desk.account.running
        await counterpart.release()
        text = f"{told(sent)}, but its call goes on; execute_order swallows its cancellation: let CancelledError go"
        assert sent.submission.venue_client_order_id not in running, text

    async def test_a_limit_of_time_of_the_plugins_own_proves_nothing(self, desk: Desk) -> None:
        """A minute passes without an answer, then the deadline too; what the plugin makes of the first is no refusal."""
        counterpart, before = desk.tries("hang", "requests"), await Evidence.before(desk)
        await counterpart.fault("hang")
        sending = asyncio.create_task(desk.send(seconds=300))
        asked = before.asked or 0
        try:
            await desk.until(counterpart.requests, lambda count: count > asked, "the order to reach the venue")
            for seconds in (60, 300, 10):
                await let_pass(seconds)
                await asyncio.wait({sending}, timeout=0.02)
        finally:
            await counterpart.release()
        await _check_unproved(before, await sending, "hang")

    @floor
    async def test_a_call_that_is_cut_short_is_never_called_refused(self, cut: tuple[Desk, Steps]) -> None:
        """Cancelled where it first waits, then at the second place, until a call ends by itself: each call ends, no order
        that is called refused turns out to exist, none is sent twice, and the next order works each time. Each place is cut
        twice in a row, since the second call has to connect again.
        """
        desk, steps = cut
        before = await Evidence.before(desk)
        await desk.filled()
        most = MOST_FAR_AWAY if desk.trial.level in ("sandbox", "live") else MOST_STEPS
        for place in range(1, most + 1):
            single = await Evidence.before(desk)
            first = await is_cut(single, steps, place)
            second = await is_cut(single if single.by_name else await Evidence.before(desk), steps, place)
            if not (first or second):
                break
            await check_next(desk, f"after a call that was cut short at its wait number {place}")
        await before.check_once(*desk.sent)

    @pytest_asyncio.fixture
    async def cut(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> AsyncIterator[tuple[Desk, Steps]]:
        """An account whose calls can be cut short."""
        steps = Steps()
        desk = Desk(venue, counterpart, tmp_path, plugins=(steps,))
        try:
            yield await desk.open(), steps
        finally:
            await desk.close()

    @pytest.mark.parametrize("word", ["lost", "drop", "garbage", "error", "rate_limit", "credentials"])
    async def test_a_look_up_that_fails_is_no_clean_no(self, desk: Desk, word: str) -> None:
        """It raises; None would say that the order, which is there, does not exist."""
        desk.needs("look_up")
        counterpart = desk.tries(word)
        sent = await desk.filled()
        await counterpart.fault(word, "look_up")
        try:
            found = await desk.account.fetch_order(name_of(sent))
        except Exception:  # whatever it raises proves nothing, as it should
            return
        assert found is not None, f"{told(sent)}; a look-up failed ({word}), and fetch_order says None: no such order"
        _check_same(sent, found, f"a look-up failed ({word})")

    async def test_an_order_that_was_never_sent_is_not_found(self, desk: Desk) -> None:
        """None; above all not another order of the same symbol, side and quantity."""
        desk.needs("look_up")
        sent = await desk.filled()
        ref = evolve(name_of(sent), venue_client_order_id=desk.account.submission().venue_client_order_id)
        found = await desk.account.fetch_order(ref)
        assert found is None, f"{told(sent)} as {sent.result.order_id}; {ref} was never sent, and fetch_order finds {found}"


async def _meets(desk: Desk, word: str) -> tuple[Sent, Evidence]:
    """An order that meets a fault, and how things stood before."""
    counterpart, before = desk.tries(word), await Evidence.before(desk)
    await counterpart.fault(word)
    return await desk.send(), before


async def _check_unproved(before: Evidence, sent: Sent, word: str) -> None:
    """The venue has the order and did not answer: what is told of it is ``unknown``, or the truth."""
    text = f"the venue took the order, and no answer came ({word}); {told(sent)}"
    status = sent.result.status
    assert status in (*TAKEN, Status.UNKNOWN), f"{text}; nothing proves that: let the exception go"
    if status is not Status.UNKNOWN:
        placed = await before.of(sent)
        said = (sent.result.order_id, sent.result.filled_quantity)
        true = placed and (placed.order_id, placed.filled)
        assert said == true, f"{text} as {said}, and the venue's book says {true}; what was not answered is unknown"
    await before.check_once(sent)


def _check_same(sent: Sent, found: ExecutionResult, when: str) -> None:
    was, now = sent.result, found
    text = f"{told(sent)}; {when}, and fetch_order says {now.status} with {now.filled_quantity} filled"
    assert (was.status, was.filled_quantity) == (now.status, now.filled_quantity), text


async def _found(desk: Desk, sent: Sent) -> ExecutionResult:
    """What a look-up finds of an order, as soon as it finds any."""

    async def look() -> ExecutionResult | None:
        return await desk.account.fetch_order(name_of(sent))

    what = f"fetch_order to find an order that the venue has; {told(sent)}"
    found = await desk.until(look, lambda found: found is not None and found.status.terminal, what)
    assert found is not None
    return found


def _is_async(desk: Desk) -> bool:
    """Whether the venue's execute_order is a coroutine function, which a cancellation reaches."""
    return asyncio.iscoroutinefunction(desk.account._hooks.found["execute_order"].function)
