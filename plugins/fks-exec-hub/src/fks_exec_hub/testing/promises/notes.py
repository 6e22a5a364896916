# SPDX-License-Identifier: MIT
"""Notes and the named steps of longer actions, with the conditions of their writing."""

from __future__ import annotations

import asyncio

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Exists, Journal, NamedStep, NoteRecord, Term
from ..steps import ACCOUNT, NOW, accept, key, note
from .base import Promises


@all_floor
class Notes(Promises):
    """Notes and the named steps of longer actions, with the conditions of their writing."""

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
