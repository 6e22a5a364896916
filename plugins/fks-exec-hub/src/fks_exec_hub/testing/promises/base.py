# SPDX-License-Identifier: MIT
"""``Promises``: what every class of the journal's suite stands on: the author's fixtures, and a claim on an account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar, TypeAlias

import pytest
import pytest_asyncio

from fks_exec.testing.suite.base import Conformance

from ...journal import Journal, Term
from ..steps import ACCOUNT

Reopen: TypeAlias = Callable[[], Awaitable[Journal]]
"""What closes the journal under test and opens its place again: ``await reopen()``."""


class Promises(Conformance):
    """Subclass a class of the suite and give the fixture ``journal``, and ``reopen`` where the engine outlives its process."""

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio
    subject: ClassVar[str] = "journal"

    @pytest_asyncio.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        """The engine under test, opened and empty; the subclass gives it, and closes it afterwards."""
        pytest.fail(f"{type(self).__name__} needs a fixture `journal` that yields an opened, empty engine", pytrace=False)
        yield

    @pytest.fixture
    def reopen(self) -> Reopen | None:
        """Opens the place of ``journal`` once more, after closing it; None: the engine keeps nothing."""
        return None

    @pytest_asyncio.fixture
    async def term(self, journal: Journal) -> Term:
        """A claim on the account that most tests use."""
        return await journal.claim(ACCOUNT)
