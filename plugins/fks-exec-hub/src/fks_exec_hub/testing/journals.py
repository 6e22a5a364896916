# SPDX-License-Identifier: MIT
"""``JournalSuite``: all that a journal promises."""

from __future__ import annotations

from fks_exec.testing.suite.base import Conformance

from .promises.bookings import Bookings
from .promises.claims import Claims
from .promises.durability import Durability
from .promises.ending import Ending
from .promises.following import Following
from .promises.halts import Halts
from .promises.history import History
from .promises.intents import Intents
from .promises.keys import Keys
from .promises.names import Names
from .promises.notes import Notes
from .promises.states import States
from .promises.writing import Writing


class JournalSuite(
    Writing, Keys, Claims, Intents, Halts, States, Names, Bookings, Notes, History, Following, Durability, Ending
):
    """All that a journal engine promises: subclass it and give the fixture ``journal``, which yields an opened, empty engine.

    .. code-block:: python

        class TestMyJournal(JournalSuite):
            @pytest_asyncio.fixture
            async def journal(self, tmp_path):
                journal = await open_mine(tmp_path / "j.db")
                yield journal
                await journal.close()

            @pytest.fixture
            def reopen(self, tmp_path):
                return lambda: open_mine(tmp_path / "j.db")

    What only one engine can have, such as what it does when its disk is full, its author tests beside it.
    """


CLASSES: tuple[type[Conformance], ...] = JournalSuite.__bases__
"""The classes of which it is made, in order."""
