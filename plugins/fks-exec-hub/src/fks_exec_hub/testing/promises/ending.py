# SPDX-License-Identifier: MIT
"""The end of a journal: what was queued is stored, and what comes later is refused with a sentence."""

from __future__ import annotations

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import HaltState, Journal, JournalUnavailable, Term
from ..steps import ACCOUNT, accept, fill, halt, intent, key, note, outcome, position
from .base import Promises


@all_floor
class Ending(Promises):
    """The end of a journal: what was queued is stored, and what comes later is refused with a sentence."""

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
