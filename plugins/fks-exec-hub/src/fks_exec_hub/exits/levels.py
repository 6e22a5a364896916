# SPDX-License-Identifier: MIT
"""The prices at which an entry is protected, as they are now; they outlive the host."""

from __future__ import annotations

from fks_exec.convert import encode, to_dict

from ..accounts.desk import Desk
from ..accounts.live import Live, Plan
from ..journal.protocol import NamedStep
from ..orders.repair import write
from .legs import LEVELS


async def keep_plan(desk: Desk, entry: Live, plan: Plan) -> None:
    """From here on an entry is protected at these prices.

    Raises:
        JournalError: it is not durable; the prices are as they were.
    """
    await write(desk, NamedStep(key=entry.key, name=LEVELS, data=encode(to_dict(plan)), time=desk.clock.now()))
    entry.plan = plan
