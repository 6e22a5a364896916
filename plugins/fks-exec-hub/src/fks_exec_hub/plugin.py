# SPDX-License-Identifier: MIT
"""What the hub brings as a plugin: its guards, and the journals. Imports no engine."""

from __future__ import annotations

from collections.abc import Sequence

from fks_exec import GuardType, hookimpl

from .guards import GUARD_TYPES
from .journal import JournalType, open_memory, open_sqlite


@hookimpl
def fks_exec_guards() -> Sequence[GuardType]:
    """The guards that an account can list without a prefix."""
    return GUARD_TYPES


@hookimpl
def fks_exec_journals() -> Sequence[JournalType]:
    """The engines behind ``sqlite:PATH`` and ``memory:``."""
    return (JournalType(scheme="sqlite", open=open_sqlite), JournalType(scheme="memory", open=open_memory))
