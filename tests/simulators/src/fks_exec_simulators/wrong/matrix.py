# SPDX-License-Identifier: MIT
"""Deliberately wrong venues, and which class of the suite catches each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from attrs import evolve, frozen

from fks_exec import VenueType
from fks_exec.testing import REMOTE, Counterpart, FaultyCounterpart, FaultyVenue, Trial, serve

KEY = "canary-of-wrong-venues"

Tried = tuple[Trial, Counterpart | None]


@frozen
class Mutant:
    """Something that is wrong in one respect: a venue, unless ``classes`` say otherwise.

    Args:
        name: short, with hyphens.
        wrong: what it does wrong; a sentence without its subject: "sends an order again when no answer comes".
        make: opens it: ``async with make() as (trial, counterpart)``; of others yields a dictionary of their fixtures.
        caught_by: the class of the suite that must catch it; others may.
        alone: no other class catches it.
        classes: of the suite that try it; empty: those for venues.
        fixtures: that ``make`` gives.
    """

    name: str
    wrong: str
    make: Callable[[], AbstractAsyncContextManager[Any]]
    caught_by: str
    alone: bool = False
    classes: tuple[type[Any], ...] = ()
    fixtures: tuple[str, ...] = ("venue", "counterpart")


def classes_of(mutant: Mutant) -> tuple[type[Any], ...]:
    """The classes that try a mutant."""
    if mutant.classes:
        return mutant.classes
    from fks_exec.testing.suite.venues import CLASSES, further_classes

    return (*CLASSES, *further_classes())


def over_http(
    venue: Callable[[], object], trial: dict[str, Any] | None = None, **options: Any
) -> Callable[[], AbstractAsyncContextManager[Tried]]:
    """A venue that speaks to a simulated one over HTTP: a subclass of RemoteFaultyVenue.

    Args:
        trial: further fields of the Trial; ``venue`` among them replaces the type.
        options: of FaultyVenue.
    """

    @asynccontextmanager
    async def make() -> AsyncIterator[Tried]:
        faulty = FaultyVenue(**{"protection": "oco", **options})
        kind: VenueType = evolve(REMOTE, create=venue)
        async with serve(faulty, KEY) as config:
            fields: dict[str, Any] = {"venue": kind, "config": config, "second": config, "secrets": [KEY]}
            yield Trial(**{**fields, "level": "simulator", "seconds": 2.0, **(trial or {})}), FaultyCounterpart(faulty)

    return make


def in_memory(
    venue: Callable[[], object] | VenueType, counterpart: Callable[[], Counterpart] | None = None, **trial: Any
) -> Callable[[], AbstractAsyncContextManager[Tried]]:
    """A venue that keeps its book to itself: what makes its objects, or a VenueType."""

    @asynccontextmanager
    async def make() -> AsyncIterator[Tried]:
        yield Trial(venue=venue, **{"seconds": 2.0, **trial}), counterpart() if counterpart else None

    return make
