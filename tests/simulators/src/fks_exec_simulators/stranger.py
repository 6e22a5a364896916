# SPDX-License-Identifier: MIT
"""A stranger's venue as pip would leave it: a distribution with an SDK of its own, whose versions a test can change."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve, frozen

from fks_exec import Secret, VenueContext, VenueType
from fks_exec.testing import FaultyVenue
from fks_exec.testing.faulty.hooks import AsyncConnection

from .distributions import install

PLUGIN = "stranger-plugin"
SDK = "stranger-sdk"
MODULE = "stranger_plugin"

_SOURCE = """
from fks_exec import hookimpl
from fks_exec_simulators.stranger import venue_types


@hookimpl
def fks_exec_venues():
    return venue_types()
"""

_NEEDS = (
    "fks-exec>=0.1",
    "Stranger_SDK>=3 ; python_version > '3'",
    "not-there>=1 ; sys_platform == 'other'",
    "pytest ; extra == 'test'",
)

_types: list[Callable[[], VenueType]] = []
"""Of what is installed now, the last one counts."""


@frozen(kw_only=True)
class StrangerConfig:
    """The account's table.

    Args:
        host: where it is.
        login: whose account.
        key: of the account.
    """

    host: str = "sandbox"
    login: int = 1
    key: Secret | None = None


def venue_types() -> list[VenueType]:
    """What the distribution brings; in a process where nothing was installed by hand, a venue of its own."""
    return [_types[-1]() if _types else _type(FaultyVenue())]


def _type(venue: FaultyVenue, **fields: Any) -> VenueType:
    venue._kind = Noting
    [kind] = venue.plugin.fks_exec_venues()
    return evolve(kind, **{"name": "stranger", "config": StrangerConfig, "simulated": False, **fields})


class Noting(AsyncConnection):
    """A connection that notes whether the account was said to be live."""

    live: ClassVar[list[bool]] = []

    def opened(self, context: VenueContext, loop: asyncio.AbstractEventLoop | None) -> None:
        """Note it."""
        self.live.append(context.live)
        super().opened(context, loop)


class Stranger:
    """What is installed.

    Args:
        folder: that is on the path.
        venue: what its accounts connect to; it outlives them.

    ``live`` has, for each account that was opened, whether it was said to be live.
    """

    def __init__(self, folder: Path, venue: FaultyVenue) -> None:
        self.folder = folder
        self.venue = venue
        self.live: list[bool] = []
        Noting.live = self.live

    def upgrade(self, name: str, version: str) -> None:
        """Another version of the plugin or its SDK is installed."""
        [file] = self.folder.glob(f"{name.replace('-', '_')}-*.dist-info/METADATA")
        file.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", file.read_text("utf-8")), "utf-8")


@contextmanager
def installed(folder: Path, venue: FaultyVenue | None = None, **fields: Any) -> Iterator[Stranger]:
    """The distribution on the path, until the end.

    Args:
        folder: where it is written.
        venue: None: one that has oco.
        fields: of the venue type, which is no simulation if not said otherwise.
    """
    made = Stranger(folder, venue or FaultyVenue(protection="oco"))
    (folder / MODULE).mkdir(parents=True)
    files = {f"{MODULE}/__init__.py": _SOURCE, f"{MODULE}/py.typed": ""}
    install(folder, SDK, "3.1", {}, {})
    install(folder, PLUGIN, "1.0", {"stranger": MODULE}, files)
    metadata = folder / f"{PLUGIN.replace('-', '_')}-1.0.dist-info" / "METADATA"
    needs = "".join(f"Requires-Dist: {need}\n" for need in _NEEDS)
    metadata.write_text(f"{metadata.read_text('utf-8')}License-Expression: MIT\n{needs}", "utf-8")
    _types.append(lambda: _type(made.venue, **fields))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield made
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(MODULE, None)
        importlib.invalidate_caches()
        _types.pop()
