# SPDX-License-Identifier: MIT
"""Both engines say the same about every sequence of writes, however it is grouped and wherever it is interrupted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec_hub.journal import (
    Exists,
    Halted,
    HaltState,
    Journal,
    JournalStep,
    MemoryJournal,
    NamedStep,
    Term,
    Written,
    open_sqlite,
)
from fks_exec_hub.testing.steps import ACCOUNT, NOW, accept, fill, halt, intent, key, note, outcome, position

NAMES = st.sampled_from(["a", "b", "ä"])
ATTEMPTS = st.integers(1, 2)
PURPOSES = st.sampled_from(["order", "cancel", "protect"])
LEGS = st.sampled_from(["", "", "stop"])
STATUSES = st.sampled_from([("filled", True), ("accepted", False), ("unknown", False), ("not_placed", True)])

STEPS: st.SearchStrategy[JournalStep] = st.one_of(
    st.builds(accept, NAMES, lane=st.sampled_from(["L", "M"]), raw=st.one_of(st.none(), st.binary(max_size=4))),
    st.builds(
        intent,
        NAMES,
        attempt=ATTEMPTS,
        leg=LEGS,
        purpose=PURPOSES,
        reducing=st.booleans(),
        venue_client_order_id=st.sampled_from(["", "v", "w"]),
    ),
    st.builds(
        lambda name, status, purpose, attempt, leg: outcome(name, *status, purpose=purpose, attempt=attempt, leg=leg),
        NAMES,
        STATUSES,
        PURPOSES,
        ATTEMPTS,
        LEGS,
    ),
    st.builds(fill, NAMES, trade_id=st.sampled_from(["1", "2", "3"]), leg=LEGS),
    st.builds(position, st.sampled_from(["L", "M"]), text=st.sampled_from(["", "1", "2"])),
    st.builds(halt, st.sampled_from(HaltState)),
    st.builds(
        note,
        NAMES,
        value=st.text(max_size=3),
        number=st.integers(-1, 3),
        when=st.sampled_from(["always", "absent", "greater"]),
    ),
    st.builds(lambda name, data: NamedStep(key=key(name), name="n", data=data, time=NOW), NAMES, st.text(max_size=2)),
)
WRITES = st.lists(STEPS, min_size=1, max_size=3)
GROUPS = st.lists(st.lists(WRITES, min_size=1, max_size=8), min_size=1, max_size=6)


async def _store(journal: Journal, group: Sequence[Sequence[JournalStep]], term: Term) -> list[Any]:
    waiting = []
    for steps in group:
        try:
            waiting.append(journal.write(*steps, term=term))
        except ValueError as error:
            waiting.append(_raised(error))
    return [_said(result) for result in await asyncio.gather(*waiting, return_exceptions=True)]


async def _raised(error: Exception) -> Written:
    raise error


def _said(result: Written | BaseException) -> Any:
    if isinstance(result, Exists):
        return type(result.recorded)
    if isinstance(result, Halted):
        return result.record
    return result if isinstance(result, Written) else (type(result), str(result))


async def _everything(journal: Journal) -> dict[str, Any]:
    return {
        "pending": await journal.pending(ACCOUNT),
        "lane": await journal.pending(ACCOUNT, "L"),
        "unresolved": await journal.unresolved(ACCOUNT),
        "open": await journal.open(ACCOUNT),
        "named": [await journal.by_venue_id(ACCOUNT, venue_id) for venue_id in ("", "v", "w")],
        "positions": await journal.positions(ACCOUNT),
        "halt": await journal.halt(ACCOUNT),
        "orders": await journal.orders(),
        "accounts": await journal.accounts(),
        "of each": [
            (
                await journal.order(key(name)),
                await journal.fills(key(name)),
                await journal.steps(key(name)),
                await journal.history(key(name)),
                await journal.note(ACCOUNT, "nonce", name),
            )
            for name in ("a", "b", "ä")
        ],
    }


@given(GROUPS, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_sqlite_and_memory_agree(groups: list[list[list[JournalStep]]], reopened_after: int) -> None:
    async def run(where: Path) -> None:
        memory, sqlite = MemoryJournal(), await open_sqlite(where)
        terms = [await memory.claim(ACCOUNT), await sqlite.claim(ACCOUNT)]
        for number, group in enumerate(groups):
            assert await _store(sqlite, group, terms[1]) == await _store(memory, group, terms[0])
            if number == reopened_after:
                await sqlite.close()
                sqlite = await open_sqlite(where)
                terms[1] = await sqlite.claim(ACCOUNT)
        assert await _everything(sqlite) == await _everything(memory)
        assert await sqlite.verify() == []
        await sqlite.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "j.db"))
