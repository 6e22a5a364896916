# SPDX-License-Identifier: MIT
"""What every journal engine must pass: a subclass with a fixture ``journal`` runs each promise against its engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fks_exec_hub.journal import (
    Accept,
    Exists,
    Fenced,
    FillRecord,
    FillStep,
    Halted,
    HaltRecord,
    HaltState,
    Intent,
    Journal,
    JournalUnavailable,
    NamedStep,
    Note,
    NoteRecord,
    Outcome,
    PositionRecord,
    Recorded,
    Term,
)
from fks_exec_simulators.journal_steps import (
    ACCOUNT,
    NOW,
    accept,
    fill,
    halt,
    intent,
    key,
    names,
    note,
    outcome,
    position,
)


class JournalSuite:
    """Subclass it and give a fixture ``journal`` that yields an empty, opened engine and closes it."""

    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        """The engine under test."""
        raise NotImplementedError("the subclass gives the fixture `journal`")
        yield  # noqa: PT022 -- makes it a generator, as the subclass's is

    @pytest.fixture
    async def term(self, journal: Journal) -> Term:
        """A claim on the account that most tests use."""
        return await journal.claim(ACCOUNT)

    # -- write: all or none, one account, positions

    async def test_an_accepted_order_is_read_back_as_it_was_given(self, journal: Journal) -> None:
        raw = bytes(range(256))
        written = await journal.write(accept(lane="ETH/USDT", digest="d", instruction='{"ä":"\\"\n"}', raw=raw))
        assert await journal.order(key()) == Recorded(
            key=key(),
            position=written.position,
            lane="ETH/USDT",
            digest="d",
            instruction='{"ä":"\\"\n"}',
            raw=raw,
            accepted_at=NOW,
            status="pending",
            terminal=False,
            result=None,
        )

    async def test_an_order_without_raw_bytes_has_none(self, journal: Journal) -> None:
        await journal.write(accept("a"), accept("b", raw=b""))
        orders = [await journal.order(key("a")), await journal.order(key("b"))]
        assert [order and order.raw for order in orders] == [None, b""]

    async def test_an_unknown_order_is_none(self, journal: Journal) -> None:
        assert await journal.order(key("never")) is None

    async def test_positions_grow_in_the_order_of_the_calls_of_one_tick(self, journal: Journal) -> None:
        waiting = [journal.write(accept(f"o-{number}")) for number in range(50)]
        positions = [(await written).position for written in waiting]
        assert positions == sorted(set(positions))
        assert names(await journal.pending(ACCOUNT)) == [f"o-{number}" for number in range(50)]

    async def test_written_is_the_position_of_the_last_step(self, journal: Journal, term: Term) -> None:
        first = await journal.write(accept())
        second = await journal.write(intent(), outcome(), term=term)
        assert second.position == (await journal.history(key()))[-1].position
        assert second.position > first.position

    async def test_all_steps_of_one_write_name_one_account(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="one account"):
            await journal.write(accept(), accept(account="other"))
        assert await journal.order(key()) is None

    async def test_a_write_without_steps_is_the_hosts_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="at least one step"):
            await journal.write()

    async def test_a_write_that_excludes_itself_is_the_hosts_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="twice"):
            await journal.write(accept(), accept())

    @pytest.mark.parametrize(
        "step",
        [accept("\ud800"), intent("\ud800"), intent(venue_client_order_id="\ud800"), note("\ud800")],
        ids=["accept", "intent", "venue's", "note"],
    )
    async def test_an_id_that_is_no_text_is_the_hosts_mistake_and_disturbs_nobody(
        self, journal: Journal, term: Term, step: Accept | Intent | Note
    ) -> None:
        good = journal.write(accept("good"))
        with pytest.raises(ValueError):
            await journal.write(step, term=term)
        await good
        assert names(await journal.pending(ACCOUNT)) == ["good"]

    async def test_all_steps_are_stored_or_none(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("old"))
        with pytest.raises(Exists):
            await journal.write(accept("new"), note(), accept("old"), term=term)
        assert await journal.order(key("new")) is None
        assert await journal.note(ACCOUNT, "nonce", "n") is None
        assert len(await journal.history(key("old"))) == 1

    async def test_a_failed_write_takes_no_position_and_disturbs_no_other_of_its_tick(self, journal: Journal) -> None:
        waiting = [journal.write(accept(name)) for name in ("a", "b", "a", "c")]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["Written", "Written", "Exists", "Written"]
        assert names(await journal.pending(ACCOUNT)) == ["a", "b", "c"]

    async def test_a_condition_sees_the_earlier_writes_of_the_same_tick(self, journal: Journal, term: Term) -> None:
        stored = journal.write(accept())
        sent = journal.write(intent(), term=term)
        stopped = journal.write(halt(HaltState.HALTED))
        late = journal.write(outcome(), intent(attempt=2), term=term)
        await asyncio.gather(stored, sent, stopped)
        with pytest.raises(Halted):
            await late

    async def test_a_cancelled_caller_loses_the_answer_not_the_order(self, journal: Journal) -> None:
        async def caller() -> None:
            await journal.write(accept())

        task = asyncio.create_task(caller())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.write(accept("after"))
        assert names(await journal.pending(ACCOUNT)) == ["order-1", "after"]

    # -- accept

    async def test_a_known_key_fails_with_the_recorded_order(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        await journal.write(intent(), outcome(), term=term)
        with pytest.raises(Exists) as caught:
            await journal.write(accept(digest="other"))
        assert caught.value.recorded == await journal.order(key())

    async def test_a_key_recorded_in_the_same_tick_is_handed_out_whole(self, journal: Journal, term: Term) -> None:
        first = journal.write(accept(digest="one"), intent(), term=term)
        second = journal.write(accept(digest="two"))
        await first
        with pytest.raises(Exists) as caught:
            await second
        assert isinstance(caught.value.recorded, Recorded)
        assert (caught.value.recorded.digest, len(caught.value.recorded.attempts)) == ("one", 1)

    async def test_a_key_is_unique_in_its_account_only(self, journal: Journal) -> None:
        await journal.write(accept())
        await journal.write(accept(account="other"))
        assert names(await journal.pending("other")) == ["order-1"]

    async def test_a_finished_order_keeps_its_key(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(), term=term)
        with pytest.raises(Exists):
            await journal.write(accept())

    @pytest.mark.parametrize("step", [intent(), outcome(), fill(), NamedStep(key=key(), name="n", data="", time=NOW)])
    async def test_a_step_of_an_order_that_nobody_accepted_is_not_stored(
        self, journal: Journal, term: Term, step: Intent | Outcome | FillStep | NamedStep
    ) -> None:
        with pytest.raises(JournalUnavailable, match="order-1"):
            await journal.write(step, term=term)
        assert await journal.history(key()) == []

    # -- terms

    async def test_accept_and_halt_need_no_term(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), halt(HaltState.REDUCING))
        assert (await journal.halt(ACCOUNT)).state is HaltState.REDUCING

    @pytest.mark.parametrize("claimed", [False, True])
    @pytest.mark.parametrize(
        "step",
        [intent(), outcome(), fill(), position(), note(), NamedStep(key=key(), name="n", data="", time=NOW)],
        ids=lambda step: type(step).__name__,
    )
    async def test_every_other_step_needs_a_term(self, journal: Journal, step: Any, claimed: bool) -> None:
        await journal.write(accept())
        if claimed:
            await journal.claim(ACCOUNT)
        with pytest.raises(Fenced, match="claim"):
            await journal.write(step)
        assert len(await journal.history(key())) == 1

    async def test_each_claim_has_a_greater_number(self, journal: Journal) -> None:
        terms = [await journal.claim(ACCOUNT) for _ in range(3)]
        assert terms[0].number < terms[1].number < terms[2].number
        assert all(term.hold > 0 for term in terms)

    @pytest.mark.parametrize(
        "step", [accept("new"), halt(HaltState.HALTED), intent(), note()], ids=lambda step: type(step).__name__
    )
    async def test_after_a_claim_no_write_with_an_older_term_is_stored(self, journal: Journal, step: Any) -> None:
        old = await journal.claim(ACCOUNT)
        await journal.write(accept())
        await journal.claim(ACCOUNT)
        with pytest.raises(Fenced):
            await journal.write(step, term=old)
        assert await journal.order(key("new")) is None
        assert (await journal.halt(ACCOUNT)).state is HaltState.ACTIVE

    async def test_a_term_belongs_to_one_account(self, journal: Journal, term: Term) -> None:
        await journal.claim("other")
        newest = await journal.claim("other")
        await journal.write(accept(), intent(), term=term)
        with pytest.raises(Fenced):
            await journal.write(accept("x"), intent("x"), term=newest)

    async def test_a_term_nobody_gave_out_is_refused(self, journal: Journal) -> None:
        with pytest.raises(Fenced):
            await journal.write(accept(), intent(), term=Term(1))

    async def test_a_write_of_the_tick_before_the_claim_may_still_be_stored(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        before = journal.write(intent(), term=term)
        newest = await journal.claim(ACCOUNT)
        await before
        await journal.write(outcome(), term=newest)

    # -- intents and halts

    async def test_an_intent_is_recorded_with_what_the_guards_saw(self, journal: Journal, term: Term) -> None:
        sent = intent(
            purpose="close", attempt=3, leg="stop", reducing=True, decision='{"limit":"1 %"}', venue_client_order_id="v"
        )
        await journal.write(accept(), sent, term=term)
        order = await journal.order(key())
        assert order is not None
        (attempt,) = order.attempts
        fields = ("purpose", "attempt", "leg", "venue_client_order_id", "reducing", "decision", "time")
        assert [getattr(attempt, name) for name in fields] == [getattr(sent, name) for name in fields]

    async def test_attempts_come_in_order(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        await journal.write(intent(purpose="cancel"), term=term)
        await journal.write(intent(attempt=2), term=term)
        order = await journal.order(key())
        assert order is not None
        assert [(a.purpose, a.attempt) for a in order.attempts] == [("order", 1), ("cancel", 1), ("order", 2)]

    async def test_an_intent_is_unique_by_key_purpose_leg_and_attempt(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        for other in (intent(attempt=2), intent(leg="stop"), intent(purpose="cancel")):
            await journal.write(other, term=term)
        with pytest.raises(Exists) as caught:
            await journal.write(intent(venue_client_order_id="another"), term=term)
        assert caught.value.recorded == await journal.order(key())

    async def test_accept_and_intent_in_one_write_are_an_order_that_may_be_at_the_venue(
        self, journal: Journal, term: Term
    ) -> None:
        before = await journal.write(accept("before"))
        written = await journal.write(accept(), intent(), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.result, len(order.attempts)) == ("pending", None, 1)
        assert (order.position, written.position) == (before.position + 1, before.position + 2)
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]
        assert names(await journal.pending(ACCOUNT)) == ["before"]

    async def test_a_halt_refuses_accept_and_intent_in_one_write_whole(self, journal: Journal, term: Term) -> None:
        await journal.write(halt(HaltState.HALTED))
        with pytest.raises(Halted):
            await journal.write(accept(), intent(), term=term)
        assert await journal.order(key()) is None
        assert await journal.by_venue_id(ACCOUNT, "v-order-1") is None
        await journal.write(accept())

    async def test_a_halt_of_the_same_tick_refuses_accept_and_intent_in_one_write_whole(
        self, journal: Journal, term: Term
    ) -> None:
        switch = journal.write(halt(HaltState.REDUCING))
        refused = journal.write(accept(), intent(), term=term)
        await switch
        with pytest.raises(Halted):
            await refused
        assert await journal.orders() == []

    async def test_an_older_term_refuses_accept_and_intent_in_one_write_whole(self, journal: Journal, term: Term) -> None:
        newest = await journal.claim(ACCOUNT)
        with pytest.raises(Fenced):
            await journal.write(accept(), intent(), term=term)
        with pytest.raises(Fenced):
            await journal.write(accept(), intent())
        assert await journal.orders() == []
        await journal.write(accept(), intent(), term=newest)

    async def test_the_intent_is_not_stored_when_the_accept_conflicts(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        with pytest.raises(Exists) as caught:
            await journal.write(accept(digest="other"), intent(), term=term)
        order = await journal.order(key())
        assert order is not None
        assert order.attempts == ()
        assert caught.value.recorded == order
        assert names(await journal.pending(ACCOUNT)) == ["order-1"]
        assert await journal.by_venue_id(ACCOUNT, "v-order-1") is None

    async def test_accept_and_denial_in_one_write_are_a_finished_order(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), outcome(status="denied"), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.terminal, order.attempts) == ("denied", True, ())
        assert await journal.pending(ACCOUNT) == await journal.unresolved(ACCOUNT) == await journal.open(ACCOUNT) == []
        with pytest.raises(Fenced):
            await journal.write(accept("next"), outcome("next", "denied"))
        assert await journal.order(key("next")) is None

    @pytest.mark.parametrize(
        ("state", "purpose", "reducing", "passes"),
        [
            (HaltState.ACTIVE, "order", False, True),
            (HaltState.REDUCING, "order", False, False),
            (HaltState.REDUCING, "amend", False, False),
            (HaltState.REDUCING, "order", True, True),
            (HaltState.REDUCING, "close", True, True),
            (HaltState.REDUCING, "cancel", False, True),
            (HaltState.REDUCING, "protect", False, True),
            (HaltState.HALTED, "order", False, False),
            (HaltState.HALTED, "order", True, False),
            (HaltState.HALTED, "close", True, False),
            (HaltState.HALTED, "cancel", False, True),
            (HaltState.HALTED, "protect", False, True),
        ],
        ids=lambda value: str(value),
    )
    async def test_no_intent_stands_after_a_halt_that_forbids_it(
        self, journal: Journal, term: Term, state: HaltState, purpose: str, reducing: bool, passes: bool
    ) -> None:
        await journal.write(accept())
        await journal.write(halt(state))
        wanted = journal.write(intent(purpose=purpose, reducing=reducing), term=term)
        if passes:
            await wanted
            return
        with pytest.raises(Halted) as caught:
            await wanted
        assert caught.value.record == HaltRecord(state=state, reason="by hand", time=NOW + 4)
        assert len(await journal.history(key())) == 1

    async def test_a_halt_is_ordered_with_the_intents_of_its_tick(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("before"), accept("after"))
        before = journal.write(intent("before"), term=term)
        switch = journal.write(halt(HaltState.HALTED))
        after = journal.write(intent("after"), term=term)
        assert (await before).position < (await switch).position
        with pytest.raises(Halted):
            await after

    async def test_a_halt_ends(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        await journal.write(halt(HaltState.HALTED))
        await journal.write(halt(HaltState.ACTIVE, reason="checked"))
        await journal.write(intent(), term=term)
        assert await journal.halt(ACCOUNT) == HaltRecord(state=HaltState.ACTIVE, reason="checked", time=NOW + 4)

    async def test_a_halt_holds_one_account(self, journal: Journal, term: Term) -> None:
        await journal.write(halt(HaltState.HALTED, account="other"))
        await journal.write(accept(), intent(), term=term)

    async def test_an_account_never_halted_is_active_since_zero(self, journal: Journal) -> None:
        assert await journal.halt(ACCOUNT) == HaltRecord(state=HaltState.ACTIVE, reason="", time=0)

    async def test_a_halted_account_accepts_and_learns_outcomes(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        await journal.write(halt(HaltState.HALTED))
        await journal.write(accept("next"))
        await journal.write(outcome(), fill(), term=term)

    # -- what an order is

    async def test_the_last_outcome_counts(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        for status, terminal in (("accepted", False), ("partially_filled", False), ("filled", True)):
            await journal.write(outcome(status=status, terminal=terminal), term=term)
            order = await journal.order(key())
            assert order is not None
            assert (order.status, order.terminal, order.result) == (status, terminal, f'{{"status":"{status}"}}')

    async def test_a_late_fact_after_a_terminal_state_is_stored(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="canceled"), term=term)
        await journal.write(fill(), outcome(status="filled"), term=term)
        order = await journal.order(key())
        assert order is not None
        assert order.status == "filled"

    async def test_a_further_attempt_makes_the_order_a_question_again(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="not_placed"), term=term)
        await journal.write(intent(attempt=2), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.terminal, order.result) == ("pending", False, None)
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]

    async def test_an_outcome_of_an_older_attempt_does_not_answer_for_the_newest(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="not_placed"), term=term)
        await journal.write(intent(attempt=2), term=term)
        await journal.write(outcome(attempt=1, status="rejected"), term=term)
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]
        await journal.write(outcome(attempt=2), term=term)
        assert await journal.unresolved(ACCOUNT) == []

    async def test_the_outcome_of_a_leg_is_not_the_orders(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="accepted", terminal=False), term=term)
        await journal.write(intent(leg="stop", purpose="protect"), outcome(leg="stop", status="rejected"), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.terminal) == ("accepted", False)
        assert names(await journal.open(ACCOUNT)) == ["order-1"]

    async def test_an_unanswered_cancel_leaves_an_open_order_open(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="accepted", terminal=False), term=term)
        await journal.write(intent(purpose="cancel"), term=term)
        assert names(await journal.open(ACCOUNT)) == ["order-1"]

    @pytest.mark.parametrize("purpose", ["cancel", "amend", "protect"])
    async def test_the_outcome_of_what_places_nothing_is_not_the_orders(
        self, journal: Journal, term: Term, purpose: str
    ) -> None:
        await journal.write(accept(), intent(), outcome(status="accepted", terminal=False), term=term)
        await journal.write(intent(purpose=purpose), term=term)
        for status, terminal in (("unknown", False), ("rejected", True)):
            await journal.write(outcome(status=status, terminal=terminal, purpose=purpose), term=term)
            order = await journal.order(key())
            assert order is not None
            assert (order.status, order.terminal, order.result) == ("accepted", False, '{"status":"accepted"}')
            assert names(await journal.open(ACCOUNT)) == ["order-1"]

    @pytest.mark.parametrize("purpose", ["cancel", "amend", "protect"])
    async def test_the_answer_to_a_cancel_does_not_say_what_became_of_the_order(
        self, journal: Journal, term: Term, purpose: str
    ) -> None:
        await journal.write(accept(), intent(), term=term)
        await journal.write(intent(purpose=purpose), outcome(status="canceled", purpose=purpose), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.result) == ("pending", None)
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]

    async def test_the_outcome_of_an_order_to_close_is_the_orders(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(purpose="close"), outcome(purpose="close"), term=term)
        order = await journal.order(key())
        assert order is not None
        assert (order.status, order.terminal) == ("filled", True)

    @pytest.mark.parametrize("purpose", ["cancel", "amend", "protect"])
    async def test_an_intent_that_places_nothing_leaves_a_pending_order_pending(
        self, journal: Journal, term: Term, purpose: str
    ) -> None:
        await journal.write(accept())
        await journal.write(intent(purpose=purpose), outcome(purpose=purpose), term=term)
        assert names(await journal.pending(ACCOUNT)) == ["order-1"]
        assert await journal.unresolved(ACCOUNT) == []

    async def test_history_tells_what_each_outcome_answers(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(), outcome(purpose="cancel", attempt=2), term=term)
        said = [json.loads(event.body) for event in await journal.history(key()) if event.kind == "outcome"]
        assert [(body["purpose"], body["attempt"]) for body in said] == [("order", 1), ("cancel", 2)]

    @pytest.mark.parametrize("status", ["not_placed", "denied", "rejected", "canceled", "expired", "filled", "accepted"])
    async def test_an_order_that_is_still_watched_is_open_whatever_its_status(
        self, journal: Journal, term: Term, status: str
    ) -> None:
        await journal.write(accept(), intent(), outcome(status="unknown", terminal=False), term=term)
        await journal.write(outcome(status=status, terminal=False), term=term)
        (order,) = await journal.open(ACCOUNT)
        assert (order.status, order.terminal) == (status, False)
        assert await journal.unresolved(ACCOUNT) == []
        await journal.write(outcome(status=status), term=term)
        assert await journal.open(ACCOUNT) == []

    async def test_pending_unresolved_open_and_finished_are_apart(self, journal: Journal, term: Term) -> None:
        for name in ("pending", "sent", "unknown", "open", "filled", "denied"):
            await journal.write(accept(name))
        for name in ("sent", "unknown", "open", "filled"):
            await journal.write(intent(name), term=term)
        await journal.write(outcome("unknown", "unknown", False), term=term)
        await journal.write(outcome("open", "accepted", False), term=term)
        await journal.write(outcome("filled"), term=term)
        await journal.write(outcome("denied", "denied"), term=term)
        assert names(await journal.pending(ACCOUNT)) == ["pending"]
        assert names(await journal.unresolved(ACCOUNT)) == ["sent", "unknown"]
        assert names(await journal.open(ACCOUNT)) == ["open"]

    async def test_unknown_is_never_final(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="unknown", terminal=True), term=term)
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]

    async def test_a_resolved_order_leaves_the_unresolved(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), outcome(status="unknown", terminal=False), term=term)
        await journal.write(outcome(status="not_placed"), term=term)
        assert await journal.unresolved(ACCOUNT) == []

    async def test_unfinished_orders_come_in_the_order_of_acceptance(self, journal: Journal, term: Term) -> None:
        for name in "abcdef":
            await journal.write(accept(name))
        for name in "fbdeca":
            await journal.write(intent(name), term=term)
        assert names(await journal.unresolved(ACCOUNT)) == list("abcdef")
        for name in "dbf":
            await journal.write(outcome(name, "accepted", False), term=term)
        assert names(await journal.open(ACCOUNT)) == list("bdf")

    async def test_pending_can_be_asked_for_one_lane(self, journal: Journal) -> None:
        for number in range(6):
            await journal.write(accept(f"o-{number}", lane=("BTC/USDT", "ETH/USDT")[number % 2]))
        assert names(await journal.pending(ACCOUNT, "ETH/USDT")) == ["o-1", "o-3", "o-5"]

    # -- the names that the venue knows orders by

    async def test_an_order_is_found_by_every_id_that_the_venue_was_given(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("other"), intent("other"), accept(), intent(), term=term)
        await journal.write(intent(attempt=2, venue_client_order_id="second"), term=term)
        await journal.write(intent(purpose="cancel", venue_client_order_id="cancel"), term=term)
        await journal.write(intent(leg="stop", purpose="protect", venue_client_order_id="stop"), outcome(), term=term)
        for venue_id in ("v-order-1", "second", "cancel", "stop"):
            assert await journal.by_venue_id(ACCOUNT, venue_id) == await journal.order(key())
        assert await journal.by_venue_id(ACCOUNT, "v-other") == await journal.order(key("other"))

    async def test_an_id_that_the_venue_was_not_given_is_nobodys(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        assert await journal.by_venue_id(ACCOUNT, "V-ORDER-1") is None
        assert await journal.by_venue_id("other", "v-order-1") is None

    async def test_a_venue_that_is_given_no_id_names_nobody(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(venue_client_order_id=""), term=term)
        assert await journal.by_venue_id(ACCOUNT, "") is None

    async def test_an_id_given_again_within_an_order_is_that_orders(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        await journal.write(intent(purpose="cancel"), intent(purpose="amend"), term=term)
        assert await journal.by_venue_id(ACCOUNT, "v-order-1") == await journal.order(key())

    async def test_an_id_of_two_orders_is_that_of_the_one_accepted_last(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("a"), accept("b"))
        for name, attempt in (("a", 1), ("b", 1), ("a", 2)):
            await journal.write(intent(name, attempt=attempt, venue_client_order_id="same"), term=term)
        found = await journal.by_venue_id(ACCOUNT, "same")
        assert found is not None
        assert found.key == key("b")

    async def test_the_reads_of_one_account_show_nothing_of_another(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), position(), note(), term=term)
        assert [
            await journal.pending("other"),
            await journal.unresolved("other"),
            await journal.open("other"),
            await journal.positions("other"),
            await journal.orders("other"),
        ] == [[], [], [], [], []]
        assert await journal.note("other", "nonce", "n") is None

    # -- fills, positions, notes, named steps

    async def test_fills_come_in_order_with_their_legs(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), fill(), fill(trade_id="t-2", leg="stop", fill="{}"), term=term)
        assert await journal.fills(key()) == [
            FillRecord(key=key(), trade_id="t-1", leg="", fill='{"quantity":"1"}', time=NOW + 3),
            FillRecord(key=key(), trade_id="t-2", leg="stop", fill="{}", time=NOW + 3),
        ]

    async def test_a_trade_id_counts_once_per_account(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), accept("order-2"), fill(), term=term)
        with pytest.raises(Exists) as caught:
            await journal.write(fill("order-2", fill="other"), position(), term=term)
        assert caught.value.recorded == (await journal.fills(key()))[0]
        assert await journal.fills(key("order-2")) == []
        assert await journal.positions(ACCOUNT) == []

    async def test_a_trade_id_of_the_same_tick_counts_once(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        first, second = journal.write(fill(), term=term), journal.write(fill(), term=term)
        await first
        with pytest.raises(Exists) as caught:
            await second
        assert caught.value.recorded == (await journal.fills(key()))[0]

    async def test_a_trade_id_counts_once_also_after_a_refusal_of_the_same_tick(self, journal: Journal, term: Term) -> None:
        """A refusal reads what the group has stored so far; what was stored then is still known afterwards."""
        await journal.write(accept())
        first, refused = journal.write(fill(), term=term), journal.write(accept())
        again = journal.write(fill(), term=term)
        await first
        for write in (refused, again):
            with pytest.raises(Exists):
                await write
        assert len(await journal.fills(key())) == 1

    async def test_another_account_may_have_the_same_trade_id(self, journal: Journal, term: Term) -> None:
        other = await journal.claim("other")
        await journal.write(accept(), fill(), term=term)
        await journal.write(accept(account="other"), fill(account="other"), term=other)
        assert len(await journal.fills(key(account="other"))) == 1

    async def test_the_last_position_counts_and_a_flat_one_goes_away(self, journal: Journal, term: Term) -> None:
        await journal.write(position(text="1"), position(strategy="trend", text="2"), term=term)
        await journal.write(position(lane="ETH/USDT", text="3"), position(text="4"), term=term)
        assert await journal.positions(ACCOUNT) == [
            PositionRecord(lane="BTC/USDT", strategy="", position="4"),
            PositionRecord(lane="BTC/USDT", strategy="trend", position="2"),
            PositionRecord(lane="ETH/USDT", strategy="", position="3"),
        ]
        await journal.write(position(text=""), position(lane="ETH/USDT", text=""), term=term)
        assert await journal.positions(ACCOUNT) == [PositionRecord(lane="BTC/USDT", strategy="trend", position="2")]

    async def test_a_position_opened_and_closed_in_one_tick_is_flat(self, journal: Journal, term: Term) -> None:
        writes = [journal.write(position(text=text), term=term) for text in ("1", "")]
        await asyncio.gather(*writes)
        assert await journal.positions(ACCOUNT) == []

    async def test_a_note_is_replaced(self, journal: Journal, term: Term) -> None:
        await journal.write(note(value="1", number=5), term=term)
        await journal.write(note(value="2", number=3), term=term)
        assert await journal.note(ACCOUNT, "nonce", "n") == NoteRecord(value="2", number=3)

    async def test_a_note_written_if_absent_fails_with_the_one_that_is_there(self, journal: Journal, term: Term) -> None:
        await journal.write(note(value="1", when="absent"), term=term)
        with pytest.raises(Exists) as caught:
            await journal.write(note(value="2", when="absent"), term=term)
        assert caught.value.recorded == NoteRecord(value="1", number=0)

    async def test_a_note_written_if_absent_is_seen_within_the_tick(self, journal: Journal, term: Term) -> None:
        writes = [journal.write(note(value=value, when="absent"), term=term) for value in "12"]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert isinstance(results[1], Exists)
        assert await journal.note(ACCOUNT, "nonce", "n") == NoteRecord(value="1", number=0)

    async def test_a_note_written_if_greater_grows_only(self, journal: Journal, term: Term) -> None:
        await journal.write(note(number=-7, when="greater"), term=term)
        await journal.write(note(number=10, when="greater"), term=term)
        for number in (10, 9):
            with pytest.raises(Exists) as caught:
                await journal.write(note(number=number, when="greater"), term=term)
            assert caught.value.recorded == NoteRecord(value="v", number=10)
        await journal.write(note(number=2**70, when="greater"), term=term)

    async def test_notes_are_apart_by_namespace_and_name(self, journal: Journal, term: Term) -> None:
        await journal.write(note("a", "1", when="absent"), note("b", "2", when="absent"), term=term)
        assert await journal.note(ACCOUNT, "nonce", "b") == NoteRecord(value="2", number=0)
        assert await journal.note(ACCOUNT, "breaker", "b") is None

    async def test_the_last_step_of_a_name_counts(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        for name, data in (("close", "1"), ("reverse", "2"), ("close", "3")):
            await journal.write(NamedStep(key=key(), name=name, data=data, time=NOW), term=term)
        assert await journal.steps(key()) == {"close": "3", "reverse": "2"}
        assert await journal.steps(key("never")) == {}

    # -- history and lists

    async def test_history_has_every_step_of_the_order_as_json(self, journal: Journal, term: Term) -> None:
        named = NamedStep(key=key(), name="n", data="d", time=NOW)
        await journal.write(accept(), intent(), outcome(), fill(), named, term=term)
        await journal.write(accept("another"))
        events = await journal.history(key())
        assert [event.kind for event in events] == ["accept", "intent", "outcome", "fill", "step"]
        assert [event.position for event in events] == sorted(event.position for event in events)
        assert json.loads(events[1].body)["venue_client_order_id"] == "v-order-1"
        assert {(event.account, event.client_order_id) for event in events} == {key()}
        assert [event.time for event in events] == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW]

    async def test_orders_lists_the_newest_first(self, journal: Journal) -> None:
        for number in range(5):
            await journal.write(accept(f"o-{number}", account=("paper", "other")[number % 2]))
        assert names(await journal.orders()) == ["o-4", "o-3", "o-2", "o-1", "o-0"]
        assert names(await journal.orders(limit=2)) == ["o-4", "o-3"]
        assert names(await journal.orders("other")) == ["o-3", "o-1"]
        assert names(await journal.orders("other", limit=1)) == ["o-3"]
        assert names(await journal.orders("never")) == []

    # -- accepted

    async def test_accepted_yields_the_past_and_then_what_comes(self, journal: Journal) -> None:
        for name in "ab":
            await journal.write(accept(name))
        await journal.write(accept("x", account="other"))
        following = journal.accepted(ACCOUNT)
        assert [(await anext(following)).key.client_order_id for _ in "ab"] == ["a", "b"]
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await journal.write(accept("c"))
        order = await asyncio.wait_for(waiting, 5)
        assert order == await journal.order(key("c"))
        await following.aclose()  # type: ignore[attr-defined]

    async def test_accepted_starts_after_a_position(self, journal: Journal) -> None:
        written = [await journal.write(accept(name)) for name in "abc"]
        following = journal.accepted(ACCOUNT, written[0].position)
        assert [(await anext(following)).key.client_order_id for _ in "bc"] == ["b", "c"]
        await following.aclose()  # type: ignore[attr-defined]

    async def test_accepted_misses_nothing_under_load_and_ends_at_close(self, journal: Journal) -> None:
        seen: list[str] = []
        all_seen = asyncio.Event()

        async def follow() -> None:
            async for order in journal.accepted(ACCOUNT):
                seen.append(order.key.client_order_id)
                if len(seen) == 2400:
                    all_seen.set()

        tasks = [asyncio.create_task(follow()) for _ in range(2)]
        for number in range(0, 1200, 40):
            await asyncio.gather(*[journal.write(accept(f"o-{number + more}")) for more in range(40)])
        async with asyncio.timeout(10):
            await all_seen.wait()
        await journal.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)
        assert sorted(seen) == sorted([f"o-{number}" for number in range(1200)] * 2)

    async def test_accepted_yields_what_another_host_wrote_in_a_combined_write(self, journal: Journal, term: Term) -> None:
        following = journal.accepted(ACCOUNT)
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        await journal.write(note(), accept(), intent(), term=term)
        assert (await asyncio.wait_for(waiting, 5)).key == key()
        await following.aclose()  # type: ignore[attr-defined]

    # -- close and verify

    async def test_close_writes_what_is_queued(self, journal: Journal) -> None:
        waiting = [journal.write(accept(f"o-{number}")) for number in range(100)]
        await journal.close()
        assert len({(await written).position for written in waiting}) == 100

    async def test_a_closed_journal_refuses_with_a_sentence(self, journal: Journal) -> None:
        await journal.close()
        await journal.close()
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.write(accept())
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.claim(ACCOUNT)
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.order(key())
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.pending(ACCOUNT)
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.by_venue_id(ACCOUNT, "v-order-1")
        assert [order async for order in journal.accepted(ACCOUNT)] == []

    async def test_verify_finds_nothing_in_an_untouched_journal(self, journal: Journal, term: Term) -> None:
        assert await journal.verify() == []
        await journal.write(accept(), intent(), outcome(), fill(), position(), note(), term=term)
        await journal.write(halt(HaltState.REDUCING))
        await journal.write(position(text=""), term=term)
        assert await journal.verify() == []
