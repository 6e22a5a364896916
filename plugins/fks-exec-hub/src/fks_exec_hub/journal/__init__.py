# SPDX-License-Identifier: MIT
"""The journal: what every engine promises, an engine in memory, and one on SQLite (imported on use)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .memory import MemoryJournal, open_memory
from .protocol import (
    Accept,
    Attempt,
    Event,
    Exists,
    Fenced,
    FillRecord,
    FillStep,
    Halted,
    HaltRecord,
    HaltState,
    HaltStep,
    Intent,
    Journal,
    JournalError,
    JournalInUse,
    JournalStep,
    JournalType,
    JournalUnavailable,
    JournalUncertain,
    Key,
    NamedStep,
    Note,
    NoteRecord,
    Outcome,
    PositionRecord,
    PositionStep,
    Recorded,
    Term,
    Written,
)

if TYPE_CHECKING:
    from .sqlite import SqliteJournal

__all__ = [
    "Accept",
    "Attempt",
    "Event",
    "Exists",
    "Fenced",
    "FillRecord",
    "FillStep",
    "HaltRecord",
    "HaltState",
    "HaltStep",
    "Halted",
    "Intent",
    "Journal",
    "JournalError",
    "JournalInUse",
    "JournalStep",
    "JournalType",
    "JournalUnavailable",
    "JournalUncertain",
    "Key",
    "MemoryJournal",
    "NamedStep",
    "Note",
    "NoteRecord",
    "Outcome",
    "PositionRecord",
    "PositionStep",
    "Recorded",
    "Term",
    "Written",
    "open_memory",
    "open_sqlite",
]


async def open_sqlite(where: str | os.PathLike[str], *, read_only: bool = False, max_pending: int = 20_000) -> SqliteJournal:
    """Open a journal file, made if there is none; see :func:`fks_exec_hub.journal.sqlite.open_sqlite`."""
    from ..journal import sqlite  # here, so that a host with another engine needs no apsw

    return await sqlite.open_sqlite(where, read_only=read_only, max_pending=max_pending)
