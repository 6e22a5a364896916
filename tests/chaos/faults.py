# SPDX-License-Identifier: MIT
"""What befalls a host besides its death: a disk that fails or is slow for a while, a wall clock that steps."""

from __future__ import annotations

import asyncio

import apsw
from processes import say

from fks_exec.clock import SystemClock
from fks_exec_simulators.disk import FaultyDisk, io_error

SLOW = 0.03
"""Seconds that each fsync of a slow disk takes."""


class SteppedClock(SystemClock):
    """The machine's clocks, with a wall clock that is off.

    Args:
        offset: milliseconds.
    """

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def now(self) -> int:
        """Wall time, epoch milliseconds."""
        return super().now() + self._offset

    def step(self, offset: int) -> None:
        """From now on it is off by so much."""
        self._offset = offset
        say(stepped=offset)


async def trouble(disk: FaultyDisk, kind: str, seconds: float) -> None:
    """A while of one of ``plan.DISKS``."""
    say(disk=kind)
    if kind == "slow":
        disk.delay = SLOW
    elif kind == "sync error":
        disk.on_sync = io_error(apsw.SQLITE_IOERR_FSYNC)
    else:
        disk.on_write = apsw.FullError("simulated") if kind == "full" else io_error(apsw.SQLITE_IOERR_WRITE)
    await asyncio.sleep(seconds)
    disk.delay, disk.on_write, disk.on_sync = 0.0, None, None
