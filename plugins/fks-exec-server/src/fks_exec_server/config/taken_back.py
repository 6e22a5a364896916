# SPDX-License-Identifier: MIT
"""Senders that can send nothing, since each of their secrets was taken back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..access.listed import place, read_list
from .senders import digests_of

if TYPE_CHECKING:
    from .server import ServerConfig


def all_taken_back(server: ServerConfig, state: Path) -> tuple[str, ...]:
    """One sentence for each sender none of whose secrets is right any more.

    Args:
        state: the folder in which the list is.

    Raises:
        ConfigError: the list cannot be read; the host does not start then.
    """
    revoked = read_list(place(state))
    return tuple(
        f"{where}: every secret of it was revoked, so nothing of it is let in; give it a new one with 'fks-exec keys new', or "
        "take the table out"
        for where, sender in server.tables.items()
        if revoked.issuperset(digests_of(sender))
    )
