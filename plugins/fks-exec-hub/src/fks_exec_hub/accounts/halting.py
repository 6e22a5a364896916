# SPDX-License-Identifier: MIT
"""What an account may do: everything, only reduce, or nothing but cancel; written to the journal, ordered with the intents."""

from __future__ import annotations

import logging

from fks_exec.model.events import AccountHalted

from ..journal.protocol import HaltRecord, HaltState, HaltStep
from .desk import Desk

log: logging.Logger = logging.getLogger(__name__)


async def halt(desk: Desk, state: HaltState, because: str) -> HaltRecord:
    """Set what an account may do, from this write on; ``active`` resumes it.

    Args:
        because: kept in the journal, and told with every denial.

    Raises:
        JournalError: it is not durable.
    """
    async with desk.halting:
        return await _set(desk, state, because)


async def _set(desk: Desk, state: HaltState, because: str) -> HaltRecord:
    step = HaltStep(account=desk.name, state=state, reason=because, time=desk.clock.now())
    await desk.journal.write(step)
    desk.halt = HaltRecord(state=state, reason=because, time=step.time)
    log.warning("account %s is %s: %s", desk.name, state.value, because)
    desk.emit(AccountHalted(account=desk.name, time=step.time, state=state.value, reason=because))
    return desk.halt


async def trip(desk: Desk, code: str, because: str) -> None:
    """From here on the account only reduces, until an operator resumes it; one that is halted stays so.

    Args:
        code: of the alarm.
    """
    desk.alarm(code, f"{because}; the account only reduces until it is resumed: fks-exec resume {desk.name} --because TEXT")
    async with desk.halting:
        if desk.halt.state is HaltState.ACTIVE:
            await _set(desk, HaltState.REDUCING, because)
