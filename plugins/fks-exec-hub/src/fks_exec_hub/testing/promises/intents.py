# SPDX-License-Identifier: MIT
"""Intents: kept with what the guards saw, once each, and with their accept in one write or not at all."""

from __future__ import annotations

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Exists, Fenced, Journal, Term
from ..steps import ACCOUNT, accept, intent, key, names, outcome
from .base import Promises


@all_floor
class Intents(Promises):
    """Intents: kept with what the guards saw, once each, and with their accept in one write or not at all."""

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
        assert before.position < order.position < written.position
        assert names(await journal.unresolved(ACCOUNT)) == ["order-1"]
        assert names(await journal.pending(ACCOUNT)) == ["before"]

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
