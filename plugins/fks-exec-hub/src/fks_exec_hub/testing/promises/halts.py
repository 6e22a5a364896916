# SPDX-License-Identifier: MIT
"""The switch of an account: ordered with its intents, none of which stands after a halt that forbids it."""

from __future__ import annotations

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Halted, HaltRecord, HaltState, Journal, Term
from ..steps import ACCOUNT, NOW, accept, fill, halt, intent, key, outcome
from .base import Promises


@all_floor
class Halts(Promises):
    """The switch of an account: ordered with its intents, none of which stands after a halt that forbids it."""

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

    async def test_a_halt_stands_when_another_host_claims_the_account(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), term=term)
        await journal.write(halt(HaltState.HALTED))
        newest = await journal.claim(ACCOUNT)
        with pytest.raises(Halted):
            await journal.write(intent(), term=newest)
        assert (await journal.halt(ACCOUNT)).state is HaltState.HALTED

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
