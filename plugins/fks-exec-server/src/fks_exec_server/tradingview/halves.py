# SPDX-License-Identifier: MIT
"""The exit of a reversal that is sent although its entry is refused: how that is told, also to its repetition.

Why nothing was opened is noted in the write of the order: the repetition of the alert is answered as the first one was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fks_exec import ClosePosition, Denial, Instruction, to_dict
from fks_exec_hub.journal import Note

from ..http import answers
from ..http.answers import Answer
from .alert import Child
from .continuity import Place

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

NAMESPACE = "half"


def half_note(place: Place, client_order_id: str, denial: Denial, now: int) -> Note:
    """What is written with the exit.

    Args:
        denial: why nothing is opened.
        now: epoch milliseconds.
    """
    value = json.dumps(to_dict(denial), separators=(",", ":"))
    return Note(account=place.account, namespace=NAMESPACE, name=client_order_id, value=value, time=now)


async def half_of(hub: ExecutionHub, child: Child, recorded: Instruction) -> Denial | None:
    """Why nothing was opened after the exit of an alert that came before; None: nothing was refused.

    Args:
        recorded: what was sent for it.

    Raises:
        JournalError, HubClosed: it cannot be read.
    """
    name = recorded.client_order_id
    if name is None or not isinstance(recorded, ClosePosition) or isinstance(child.instruction, ClosePosition):
        return None
    note = await hub.read_note(child.account, NAMESPACE, name)
    return None if note is None else Denial(**json.loads(note.value))


def halved(answer: Answer, denial: Denial) -> Answer:
    """The answer to the exit, with why nothing is opened after it."""
    content = json.loads(answer.body)
    content["message"] += f"; only what was held is closed, and nothing is opened: {denial.message}"
    content["code"] = content["code"] or denial.code
    content["denials"] = [*content["denials"], to_dict(denial)]
    return answers.of_json(answer.http, content, answer.headers)
