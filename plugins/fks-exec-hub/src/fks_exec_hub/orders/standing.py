# SPDX-License-Identifier: MIT
"""An order that is one step toward a target stands until the target is reached or given up, though itself it has ended."""

from __future__ import annotations

import asyncio
import json

from fks_exec.convert import from_dict
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.live import Live, Target

_REFUSED = frozenset({Status.DENIED, Status.REJECTED, Status.NOT_PLACED})


def stand(live: Live, target: Target | None) -> None:
    """It is to be sent as one step toward a target, fixed now; None: it is all that is to be done."""
    if target is None and live.target is None:
        return
    live.target = target
    live.standing = target is not None
    live.told_with = None if target is None else asyncio.get_running_loop().create_future()


def done_at_once(live: Live, result: ExecutionResult) -> bool:
    """Before a result is recorded: an order that was not sent, or has done all that was to be done, stands for nothing more.

    Returns:
        Whether it stood for something that is given up with this result: the venue would not have it.
    """
    target = live.target
    if target is None:
        return False
    if live.first_sent is None:
        stand(live, None)
        return False
    refused = result.status in _REFUSED and not result.filled_quantity
    whole = result.status is Status.FILLED and result.filled_quantity >= target.exit and not target.entry
    if (refused or (whole and not target.against)) and not target.older:
        live.standing = False
    if not live.standing or not result.status.terminal:
        tell(live)
    return refused and not live.standing and target.chase


def tell(live: Live) -> None:
    """Whoever waits for what is told together with the first outcome waits no longer."""
    if live.told_with is not None and not live.told_with.done():
        live.told_with.set_result(None)


def read_target(decision: str) -> Target | None:
    """What an order was one step toward, from the document of its decision."""
    document = json.loads(decision).get("target")
    return None if document is None else from_dict(Target, document)
