# SPDX-License-Identifier: MIT
"""``VenueSuite``: every class that tries a venue, of this distribution and of those that are installed beside it."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import importlib_metadata

from .base import Suite
from .changes import Changes
from .concurrency import Concurrency
from .configuration import Configuration
from .health import HealthChecks
from .holdings import Holdings
from .idempotency import Idempotency
from .lifecycle import Lifecycle
from .orders import Orders
from .outcomes import Outcomes
from .packaging import Packaging
from .protection import Protecting
from .quotes import Quotes

GROUP = "fks_exec.suites"
"""The entry-point group of further classes: ``hub = "fks_exec_hub.testing.venues:ThroughTheHub"``."""

CLASSES: tuple[type[Suite], ...] = (
    Packaging,
    Configuration,
    Lifecycle,
    Quotes,
    HealthChecks,
    Orders,
    Idempotency,
    Outcomes,
    Changes,
    Protecting,
    Holdings,
    Concurrency,
)
"""The classes of this distribution, in the order in which they run."""


def further_classes() -> tuple[type[Suite], ...]:
    """Those that other distributions bring; one that cannot be imported warns and is left out."""
    found = []
    for point in sorted(importlib_metadata.entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found.append(point.load())
        except ImportError as error:
            warnings.warn(f"the class {point.value} of the suite cannot be imported ({error}); it is left out", stacklevel=2)
    return tuple(found)


def combined(name: str, classes: Iterable[type[Suite]]) -> type[Suite]:
    """One class with the tests of all.

    Raises:
        TypeError: two of them have a test of the same name, of which one would be lost.
    """
    every = tuple(classes)
    owners: dict[str, str] = {}
    for cls in every:
        for test in (test for test in vars(cls) if test.startswith("test_")):
            if owners.setdefault(test, cls.__name__) != cls.__name__:
                raise TypeError(f"{owners[test]} and {cls.__name__} both have a test {test}; rename one")
    return types.new_class(name, tuple(reversed(every)), exec_body=lambda body: body.update(_body()))


def _body() -> dict[str, Any]:
    return {"__module__": __name__, "__doc__": "All of the suite for a venue: subclass it and give the fixture ``venue``."}


if TYPE_CHECKING:

    class VenueSuite(Suite):
        """All of the suite for a venue: subclass it and give the fixture ``venue``."""
else:
    VenueSuite = combined("VenueSuite", (*CLASSES, *further_classes()))
