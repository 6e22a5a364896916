# SPDX-License-Identifier: MIT
"""The suite that every venue, guard and observer passes: subclass it, give its fixtures, run pytest."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

if TYPE_CHECKING:
    from .base import Conformance, Suite, floor, since
    from .desk import Desk, Sent, told
    from .guards import GuardSuite
    from .observers import ObserverSuite
    from .summary import SuiteWarning
    from .venues import CLASSES, VenueSuite, combined

__all__ = [
    "CLASSES",
    "Conformance",
    "Desk",
    "GuardSuite",
    "ObserverSuite",
    "Sent",
    "Suite",
    "SuiteWarning",
    "VenueSuite",
    "combined",
    "floor",
    "since",
    "told",
]

_PLACES = {
    "base": ("Conformance", "Suite", "floor", "since"),
    "desk": ("Desk", "Sent", "told"),
    "guards": ("GuardSuite",),
    "observers": ("ObserverSuite",),
    "summary": ("SuiteWarning",),
    "venues": ("CLASSES", "VenueSuite", "combined"),
}


def __getattr__(name: str) -> Any:
    """Imported on first use: the suite for guards needs none of that for venues, nor what other distributions add to it."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
