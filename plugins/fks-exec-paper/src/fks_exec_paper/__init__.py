# SPDX-License-Identifier: MIT
"""The simulated venue: orders fill in memory against quotes that are set; nothing is connected to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fks_exec import VenueType, hookimpl

from .config import PaperConfig, PaperInstrument
from .declared import CAPABILITIES

if TYPE_CHECKING:
    from .venue import PaperVenue

__all__ = ["PaperConfig", "PaperInstrument", "PaperVenue"]


@hookimpl
def fks_exec_venues() -> Sequence[VenueType]:
    """The venue type ``paper``."""
    return [
        VenueType(
            name="paper",
            create=_create,
            config=PaperConfig,
            summary="A simulated venue: balances, positions, resting orders, protection; no money moves.",
            capabilities=CAPABILITIES,
            simulated=True,
        )
    ]


def _create() -> PaperVenue:
    from .venue import PaperVenue

    return PaperVenue()


def __getattr__(name: str) -> Any:
    """``PaperVenue`` is imported on first use, so that listing the installed venues stays cheap."""
    if name == "PaperVenue":
        from .venue import PaperVenue

        return PaperVenue
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
