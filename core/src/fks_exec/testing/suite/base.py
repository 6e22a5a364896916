# SPDX-License-Identifier: MIT
"""``Suite``: what every class of the suite stands on: the two fixtures of the author, and the desk made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
import pytest_asyncio

from ..trial import Counterpart, Trial
from .desk import Desk, not_tried
from .summary import attend

F = TypeVar("F", bound=Callable[..., Any])


def floor(test: F) -> F:
    """Mark a test that no venue may leave out: where it cannot run, it fails."""
    test.floor = True  # type: ignore[attr-defined]
    return test


def since(version: str) -> Callable[[F], F]:
    """Mark a test that came with a version of fks-exec: for suites written for an older one a failure is a warning."""

    def mark(test: F) -> F:
        test.since = version  # type: ignore[attr-defined]
        return test

    return mark


class Suite:
    """Subclass a class of the suite and give the fixture ``venue``, and ``counterpart`` where there is one.

    Attributes:
        written_for: the version of fks-exec for which the subclass was written; tests that are newer only warn.
    """

    pytestmark = pytest.mark.asyncio
    written_for: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__module__.startswith(__package__ or "\0"):
            return
        for name in vars(cls):
            owner = next((base for base in cls.__mro__[1:] if name in vars(base)), None)
            if name.startswith("test_") and owner is not None and issubclass(owner, Suite):
                raise TypeError(f"{cls.__name__}.{name} replaces a test of the suite, which cannot be left out; rename yours")

    @pytest.fixture
    def venue(self) -> Trial:
        """The venue on trial; the subclass gives it."""
        pytest.fail(f"{type(self).__name__} needs a fixture `venue` that returns a Trial", pytrace=False)

    @pytest.fixture
    def counterpart(self) -> Counterpart | None:
        """The venue's own side; without one the suite can neither break nor count anything."""
        return None

    @pytest.fixture(autouse=True)
    def _attended(self, request: pytest.FixtureRequest) -> None:
        attend(request.config)

    @pytest_asyncio.fixture
    async def desk(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> AsyncIterator[Desk]:
        """The account, opened."""
        desk = Desk(venue, counterpart, tmp_path)
        try:
            yield await desk.open()
        finally:
            await desk.close()

    @pytest_asyncio.fixture
    async def second(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> AsyncIterator[Desk]:
        """Another account at the same venue, opened."""
        if venue.second is None:
            not_tried("a second account (the trial has none)")
        desk = Desk(venue, counterpart, tmp_path, "second", venue.second)
        try:
            yield await desk.open()
        finally:
            await desk.close()
