# SPDX-License-Identifier: MIT
"""A test alert: all but the order. It is decided, judged and captured; nothing is accepted, and no chain goes on from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fks_exec import to_dict
from fks_exec_hub.journal import Note

from ..http import answers
from ..http.answers import Answer
from .deciding import Decider
from .halves import halved
from .matter import Matter
from .refusing import refusal

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

TEST = "test"
"""The notes of test alerts."""


async def rehearsed(hub: ExecutionHub, decider: Decider, matter: Matter) -> Answer:
    """What would be sent, and what would become of it. Raises as :meth:`Decider.decide`."""
    decision = await decider.decide(matter, rehearsed=True)
    account, raw = matter.place.account, matter.delivery.raw
    if decision.instruction is None:
        return refusal(matter.delivery, decision.refused)
    result = await hub.rehearse_order(account, decision.instruction)
    name = matter.child.instruction.client_order_id or ""
    captured = json.dumps({"alert": raw.decode(), "result": to_dict(result)}, separators=(",", ":"))
    await hub.write_note(Note(account=account, namespace=TEST, name=name, value=captured, time=hub.clock.now()))
    answer = answers.outcome(result)
    return answer if decision.denial is None else halved(answer, decision.denial)
