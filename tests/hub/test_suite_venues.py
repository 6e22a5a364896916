# SPDX-License-Identifier: MIT
"""The class of the venue suite that goes through the hub: honest venues pass it, however they serve stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import importlib_metadata
import pytest
import pytest_asyncio

from fks_exec import Capabilities, VenueType
from fks_exec.testing import REMOTE, FaultyCounterpart, FaultyVenue, RemoteFaultyVenue, Trial, serve
from fks_exec_hub.journal import Key
from fks_exec_hub.testing import ThroughTheHub
from fks_exec_hub.testing.host import ACCOUNT, Host, type_of
from fks_exec_simulators.wrong.matrix import over_http


class Served(ThroughTheHub):
    """A simulated venue over HTTP."""

    __test__ = False
    options: ClassVar[dict[str, Any]] = {}

    @pytest_asyncio.fixture
    async def made(self) -> AsyncIterator[tuple[Trial, FaultyCounterpart]]:
        async with over_http(RemoteFaultyVenue, {"name": type(self).__name__}, **self.options)() as made:
            yield made  # type: ignore[misc]

    @pytest.fixture
    def venue(self, made: tuple[Trial, FaultyCounterpart]) -> Trial:
        return made[0]

    @pytest.fixture
    def counterpart(self, made: tuple[Trial, FaultyCounterpart]) -> FaultyCounterpart:
        return made[1]


class TestEveryKindOfProtection(Served):
    __test__ = True
    options: ClassVar[dict[str, Any]] = {"protection": ["attached", "oco", "reduce_only_pair", "stop_only"]}


class TestSpotWithFeesInTheBase(Served):
    """What is left after a close is dust."""

    __test__ = True
    options: ClassVar[dict[str, Any]] = {"protection": "stop_only", "kind": "spot", "fee_in_base": True, "fee_rate": "0.001"}


class TestHedging(Served):
    __test__ = True
    options: ClassVar[dict[str, Any]] = {"protection": "reduce_only_pair", "hedging": True}


class TestPlainObject(ThroughTheHub):
    """Plain methods, in the account's thread; made by a function, without a counterpart."""

    @pytest.fixture
    def venue(self) -> Trial:
        venue = FaultyVenue(blocking=True, protection="stop_only")
        return Trial(venue=venue.plugin.fks_exec_venues()[0].create, name="plain")


def test_the_suite_of_venues_finds_it_by_its_entry_point() -> None:
    [point] = [point for point in importlib_metadata.entry_points(group="fks_exec.suites") if point.name == "hub"]
    assert point.load() is ThroughTheHub


def test_what_makes_objects_declares_at_most_what_they_implement() -> None:
    """The bound of an object that tells its capabilities is wide, and narrow of one that never does."""
    telling = FaultyVenue().plugin.fks_exec_venues()[0]
    assert type_of(Trial(venue=telling)) is telling
    made = type_of(Trial(venue=telling.create)).capabilities
    assert made.abilities == telling.capabilities.abilities
    assert made.order_types > telling.capabilities.order_types
    own = Capabilities(abilities=["cancel_order"])
    assert type_of(Trial(venue=telling.create, capabilities=own)).capabilities is own


async def test_a_kill_loses_what_the_host_learns_afterwards(tmp_path: Path) -> None:
    """The next one finds the order as it was at that moment: with an intent, and without an outcome."""
    venue = FaultyVenue()
    kind: VenueType = venue.plugin.fks_exec_venues()[0]
    host = Host(Trial(venue=kind), FaultyCounterpart(venue), tmp_path, deadline=0.1)
    await host.open()
    try:
        order = host.named()
        await host.tries("hang").fault("hang")
        await host.hub.submit(ACCOUNT, order)
        await venue.arrived()
        former = host.place
        await host.kill()
        assert host.place != former
        history = await host.hub.journal.history(Key(ACCOUNT, order.client_order_id or ""))
        assert [event.kind for event in history][:2] == ["accept", "intent"]
        assert await host.hub.journal.verify() == []
        assert (await host.known(order)).status == "filled"
    finally:
        await host.close()
    assert venue.count() == 1


async def test_an_account_that_does_not_open_is_told(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with serve(venue) as config:
        pass
    host = Host(Trial(venue=REMOTE, config=config), None, tmp_path)
    with pytest.raises(pytest.fail.Exception, match="not ready"):
        await host.open()
    await host.close()
