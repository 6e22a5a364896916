# SPDX-License-Identifier: MIT
"""The id of an alert that brings none."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fks_exec_hub.journal import Note

from .alert import Child, window_id
from .delivery import Delivery

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

WINDOW = "window"
"""The notes of alerts that only their moment tells apart."""


async def named(hub: ExecutionHub, delivery: Delivery, child: Child) -> tuple[Child, tuple[Note, ...]]:
    """With an id; that of the first of its window, where only the moment tells it from an equal alert."""
    if child.instruction.client_order_id is not None:
        return child, ()
    key, now = delivery.caller.name, hub.clock.now()
    name = hashlib.sha256(f"{key}\0".encode() + delivery.raw).hexdigest()
    first = await hub.read_note(child.account, WINDOW, name)
    if first is not None and now - first.number < (delivery.config.dedup_window or 0) * 1000:
        return child.named(window_id(key, child.account, delivery.raw, first.number)), ()
    note = Note(account=child.account, namespace=WINDOW, name=name, value="{}", number=now, when="greater", time=now)
    return child.named(window_id(key, child.account, delivery.raw, now)), (note,)
