# SPDX-License-Identifier: MIT
"""A hub on venues of a test's own, an observer that keeps what it heard, and the parts that follow orders, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from fks_exec import Alarm, Event, VenueType, hookimpl
from fks_exec.clock import Clock
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import HubConfig, parse_config
from fks_exec_hub.following.compare import Comparison
from fks_exec_hub.following.polling import Pace, Poller
from fks_exec_hub.orders.lookups import Lookups

ACCOUNT = "main"


class Heard:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def observe(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def alarms(self) -> list[str]:
        """Their codes."""
        return [event.code for event in self.of(Alarm)]


class Types:
    """A plugin with venue types of the test's own.

    Args:
        types: as ``fks_exec_venues`` yields them.
    """

    __name__ = "types"

    def __init__(self, *types: VenueType) -> None:
        self._types = types

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """All of them."""
        return self._types


def type_of(venue: FaultyVenue, name: str) -> VenueType:
    """A venue under a name of its own, so that a hub can have several."""
    return evolve(venue.plugin.fks_exec_venues()[0], name=name)


def table(
    folder: Path, venues: Mapping[str, str] | None = None, *, journal: str = "sqlite:fks-exec.db", **account: Any
) -> HubConfig:
    """A configuration whose accounts poll often and compare only when they are opened.

    Args:
        venues: the venue of each account; the account ``main`` on ``faulty`` if None.
        account: further fields of each account.
    """
    common = {"guards": [], "currency": "USDT", "poll": 0.01, "compare_every": 3600.0, "polls_per_second": 1000.0, **account}
    accounts = {name: {"venue": venue, **common} for name, venue in (venues or {ACCOUNT: "faulty"}).items()}
    return parse_config({"journal": journal, "accounts": accounts}, folder)


def hub_with(config: HubConfig, *plugins: object, clock: Clock | None = None) -> ExecutionHub:
    """A hub that is not started yet."""
    return ExecutionHub.open(config, plugins=plugins, clock=clock)


def poller_of(hub: ExecutionHub, account: str = ACCOUNT, pace: Pace | None = None) -> Poller:
    """A poller beside the hub's own, which looks only when it is told to."""
    desk = hub._desks[account]
    poller = Poller(desk, hub._staff[account].follower.take, Lookups(desk).ask, pace)
    desk.listeners.append(poller.take)
    poller.opened()
    return poller


def comparison_of(hub: ExecutionHub, account: str = ACCOUNT) -> Comparison:
    """A comparison beside the hub's own, which compares only when it is told to."""
    desk = hub._desks[account]
    comparison = Comparison(desk, poller_of(hub, account), hub._staff[account].follower)
    desk.listeners.append(comparison.take)
    return comparison
