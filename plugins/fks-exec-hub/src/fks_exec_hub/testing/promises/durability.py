# SPDX-License-Identifier: MIT
"""What was answered is there when the place is opened again: the next host goes on from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fks_exec.testing.suite.desk import not_tried

from ...journal import Exists, Halted, HaltRecord, HaltState, Journal, NamedStep, NoteRecord, PositionRecord, Term
from ..steps import ACCOUNT, NOW, accept, fill, halt, intent, key, names, note, outcome, position
from .base import Promises, Reopen


@asynccontextmanager
async def opened_again(journal: Journal, reopen: Reopen | None) -> AsyncIterator[Journal]:
    """The same place after a restart; ends the test as *not tried* where the engine keeps nothing."""
    if reopen is None:
        not_tried("opening again (there is no fixture `reopen`)")
    await journal.close()
    again = await reopen()
    try:
        yield again
    finally:
        await again.close()


class Durability(Promises):
    """What was answered is there when the place is opened again: orders in each state, halts, fills, notes, all keys.

    Give the fixture ``reopen``, which opens the place of ``journal`` once more; an engine that keeps nothing has none.
    """

    async def test_orders_are_found_again_in_the_state_in_which_they_were(
        self, journal: Journal, term: Term, reopen: Reopen | None
    ) -> None:
        await journal.write(accept("pending"), accept("sent"), accept("open"), accept("filled"))
        await journal.write(intent("sent"), intent("open"), intent("filled"), term=term)
        await journal.write(outcome("open", "accepted", False), outcome("filled"), term=term)
        before = [await journal.order(key(name)) for name in ("pending", "sent", "open", "filled")]
        async with opened_again(journal, reopen) as again:
            assert names(await again.pending(ACCOUNT)) == ["pending"]
            assert names(await again.unresolved(ACCOUNT)) == ["sent"]
            assert names(await again.open(ACCOUNT)) == ["open"]
            assert [await again.order(key(name)) for name in ("pending", "sent", "open", "filled")] == before
            assert await again.verify() == []

    async def test_a_key_stays_taken(self, journal: Journal, term: Term, reopen: Reopen | None) -> None:
        await journal.write(accept(), intent(), outcome(), term=term)
        async with opened_again(journal, reopen) as again:
            with pytest.raises(Exists) as caught:
                await again.write(accept(digest="other"))
            assert caught.value.recorded == await again.order(key())

    async def test_an_account_that_was_halted_is(self, journal: Journal, term: Term, reopen: Reopen | None) -> None:
        await journal.write(accept(), term=term)
        await journal.write(halt(HaltState.HALTED))
        async with opened_again(journal, reopen) as again:
            assert await again.halt(ACCOUNT) == HaltRecord(state=HaltState.HALTED, reason="by hand", time=NOW + 4)
            newest = await again.claim(ACCOUNT)
            with pytest.raises(Halted):
                await again.write(intent(), term=newest)

    async def test_a_trade_is_not_counted_once_more(self, journal: Journal, term: Term, reopen: Reopen | None) -> None:
        await journal.write(accept(), intent(), fill(), position(), term=term)
        booked = await journal.fills(key())
        async with opened_again(journal, reopen) as again:
            newest = await again.claim(ACCOUNT)
            with pytest.raises(Exists):
                await again.write(fill(), term=newest)
            assert await again.fills(key()) == booked
            held = PositionRecord(lane="BTC/USDT", strategy="", position='{"quantity":"1"}')
            assert await again.positions(ACCOUNT) == [held]

    async def test_notes_and_named_steps_are_kept(self, journal: Journal, term: Term, reopen: Reopen | None) -> None:
        await journal.write(accept(), note(number=7), NamedStep(key=key(), name="close", data="1", time=NOW), term=term)
        async with opened_again(journal, reopen) as again:
            assert await again.note(ACCOUNT, "nonce", "n") == NoteRecord(value="v", number=7)
            assert await again.steps(key()) == {"close": "1"}

    async def test_positions_and_the_history_go_on_where_they_ended(
        self, journal: Journal, term: Term, reopen: Reopen | None
    ) -> None:
        last = await journal.write(accept("old"), intent("old"), term=term)
        events = await journal.history(key("old"))
        async with opened_again(journal, reopen) as again:
            assert await again.history(key("old")) == events
            assert (await again.write(accept("new"))).position > last.position
            following = again.accepted(ACCOUNT)
            assert [(await anext(following)).key.client_order_id for _ in range(2)] == ["old", "new"]
            await following.aclose()  # type: ignore[attr-defined]
