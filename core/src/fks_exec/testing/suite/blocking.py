# SPDX-License-Identifier: MIT
"""Calls of a venue that block the event loop, found by blockbuster (extra ``testing``)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from .desk import Desk, not_tried
from .shown import venue_object

OWN = "fks_exec"


def modules_of(desk: Desk) -> list[ModuleType]:
    """Where a venue's calls are looked for: the packages of its object and of its hooks, and its SDK where it is imported."""
    hook = desk.account._hooks.found["execute_order"].function
    homes = {hook.__module__, type(venue_object(desk)).__module__} - {"builtins"}
    names = dict.fromkeys([*map(_package, sorted(homes)), *sorted(homes), *desk.trial.sdk])
    return [module for name in names if (module := sys.modules.get(name)) is not None and _place(module)]


def _package(name: str) -> str:
    """All of a plugin's distribution; of ours only the folder itself, since core works for every venue."""
    top = name.partition(".")[0]
    return name.rpartition(".")[0] if top == OWN else top


@contextmanager
def watched_for_blocking(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """From here on a blocking call of the venue's in the event loop raises, and is listed, also where it is swallowed."""
    try:
        library: Any = importlib.import_module("blockbuster.blockbuster")
    except ImportError:
        not_tried("blocking calls (blockbuster is not installed; it comes with fks-exec[testing])")
    found: list[str] = []

    class Blocking(library.BlockingError):  # type: ignore[misc]  # the library is imported where it is installed
        def __init__(self, function: str) -> None:
            super().__init__(function)
            found.append(function)

    monkeypatch.setattr(library, "BlockingError", Blocking)
    watch = library.BlockBuster(modules_of(desk))
    watch.activate()
    try:
        yield found
    finally:
        watch.deactivate()


def _place(module: ModuleType) -> bool:
    return bool(getattr(module, "__path__", None) or getattr(module, "__file__", None))
