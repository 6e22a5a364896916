# SPDX-License-Identifier: MIT
"""The journal in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from fks_exec_hub import journal as package
from fks_exec_hub.journal import Journal, MemoryJournal, open_memory
from fks_exec_hub.testing import JournalSuite


class TestMemoryJournal(JournalSuite):
    """Every promise within the process."""

    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = await open_memory()
        yield journal
        await journal.close()


async def test_two_opened_journals_share_nothing() -> None:
    assert await open_memory("name") is not await open_memory("name")
    assert isinstance(await open_memory(), MemoryJournal)


def test_all_is_sorted_and_complete() -> None:
    assert package.__all__ == sorted(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)


def test_importing_the_journal_imports_no_apsw() -> None:
    code = "import sys, fks_exec_hub.journal; sys.exit('apsw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
