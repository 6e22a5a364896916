# SPDX-License-Identifier: MIT
"""After a write that failed, the account is claimed again: that proves the journal, or says why it cannot be written."""

from __future__ import annotations

import asyncio
import logging

from .desk import Desk
from .journal.protocol import JournalError
from .record import RETRY

log: logging.Logger = logging.getLogger(__name__)


def repair(desk: Desk) -> None:
    """Begin, unless it is under way; the account is not ready from the first claim that fails to the first that succeeds."""
    if desk.repair is None:
        desk.repair = asyncio.get_running_loop().create_task(_repair(desk))
        desk.spawn(desk.repair)


async def _repair(desk: Desk) -> None:
    try:
        for number in range(10**9):
            try:
                desk.term = await desk.journal.claim(desk.name)
            except JournalError as error:
                log.warning("account %s: %s", desk.name, error)
                desk.broken = f"the journal cannot be written: {error}"
                await asyncio.sleep(RETRY[min(number, len(RETRY) - 1)])
            else:
                desk.broken = ""
                return
    finally:
        desk.repair = None
