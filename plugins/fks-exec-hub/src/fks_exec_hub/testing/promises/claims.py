# SPDX-License-Identifier: MIT
"""Terms: each step but accept and halt needs the newest, and an older one stores nothing any more."""

from __future__ import annotations

from typing import Any

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Fenced, HaltState, Journal, NamedStep, Term
from ..steps import ACCOUNT, NOW, accept, fill, halt, intent, key, note, outcome, position
from .base import Promises


@all_floor
class Claims(Promises):
    """Terms: each step but accept and halt needs the newest, and an older one stores nothing any more."""

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

    async def test_an_older_term_refuses_accept_and_intent_in_one_write_whole(self, journal: Journal, term: Term) -> None:
        newest = await journal.claim(ACCOUNT)
        with pytest.raises(Fenced):
            await journal.write(accept(), intent(), term=term)
        with pytest.raises(Fenced):
            await journal.write(accept(), intent())
        assert await journal.orders() == []
        await journal.write(accept(), intent(), term=newest)
