# SPDX-License-Identifier: MIT
"""``Conformance``, which every suite is, and ``Suite``, that of venues: the author's two fixtures, the desk made of them."""

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
C = TypeVar("C", bound=type[Any])


def floor(test: F) -> F:
    """Mark a test that no venue may leave out: where it cannot run, it fails."""
    test.floor = True  # type: ignore[attr-defined]
    return test


def all_floor(cls: C) -> C:
    """Mark every test of a class that does not say otherwise, where nothing is declared that could be missing."""
    for name, test in vars(cls).items():
        if name.startswith("test_") and not hasattr(test, "floor"):
            floor(test)
    return cls


def since(version: str) -> Callable[[F], F]:
    """Mark a test that came with a version of fks-exec: for suites written for an older one a failure is a warning."""

    def mark(test: F) -> F:
        test.since = version  # type: ignore[attr-defined]
        return test

    return mark


class Conformance:
    """What the suites for venues, guards, observers and journals have in common.

    A test of a suite cannot be replaced by a subclass, one of the floor cannot be left out, and one that is newer than the
    subclass only warns. The run ends with a line for each subclass.

    Attributes:
        written_for: the version of fks-exec for which the subclass was written; tests that are newer only warn.
        subject: the fixture that the author gives, whose ``title`` names the line.
    """

    written_for: ClassVar[str] = ""
    subject: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__module__.startswith(__package__ or "\0"):
            return
        for name in _tests_of(cls):
            first = next(base for base in cls.__mro__ if name in vars(base))
            if first is cls or not issubclass(first, Conformance):
                raise TypeError(f"{first.__name__}.{name} replaces a test of the suite, which cannot be left out; rename yours")

    @pytest.fixture(autouse=True)
    def _attended(self, request: pytest.FixtureRequest) -> None:
        attend(request.config)


def _tests_of(cls: type) -> set[str]:
    """The names of the suite's tests that a class has inherited."""
    suites = [base for base in cls.__mro__[1:] if issubclass(base, Conformance)]
    return {name for base in suites for name in vars(base) if name.startswith("test_")}


class Suite(Conformance):
    """Subclass a class of the suite and give the fixture ``venue``, and ``counterpart`` where there is one."""

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio
    subject: ClassVar[str] = "venue"

    @pytest.fixture
    def venue(self) -> Trial:
        """The venue on trial; the subclass gives it."""
        pytest.fail(f"{type(self).__name__} needs a fixture `venue` that returns a Trial", pytrace=False)

    @pytest.fixture
    def counterpart(self) -> Counterpart | None:
        """The venue's own side; without one the suite can neither break nor count anything."""
        return None

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
