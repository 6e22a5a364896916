# SPDX-License-Identifier: MIT
"""What an order is, by its intents and outcomes: pending, unresolved, open or finished."""

from __future__ import annotations

import json

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Journal, Term
from ..steps import ACCOUNT, accept, fill, intent, key, names, outcome
from .base import Promises


@all_floor
class States(Promises):
    """What an order is, by its intents and outcomes: pending, unresolved, open or finished."""

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
