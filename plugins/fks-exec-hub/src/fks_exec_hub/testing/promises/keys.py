# SPDX-License-Identifier: MIT
"""The keys of orders: unique in their account for ever, and nothing is stored of an order that nobody accepted."""

from __future__ import annotations

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Exists, FillStep, Intent, Journal, JournalUnavailable, NamedStep, Outcome, Recorded, Term
from ..steps import NOW, accept, fill, intent, key, names, outcome
from .base import Promises


@all_floor
class Keys(Promises):
    """The keys of orders: unique in their account for ever, and nothing is stored of an order that nobody accepted."""

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
