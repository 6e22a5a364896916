# SPDX-License-Identifier: MIT
"""An instruction as the journal keeps it: JSON with its kind."""

from __future__ import annotations

from typing import TypeAlias

from fks_exec.convert import from_json, to_json
from fks_exec.errors import InvalidOrder
from fks_exec.model.orders import ClosePosition, Order

Instruction: TypeAlias = Order | ClosePosition

_KINDS: dict[str, type[Order] | type[ClosePosition]] = {"order": Order, "close": ClosePosition}


def write_instruction(instruction: Instruction) -> str:
    """``order:{...}`` or ``close:{...}``."""
    return f"{'order' if isinstance(instruction, Order) else 'close'}:{to_json(instruction)}"


def read_instruction(text: str) -> Instruction:
    """What :func:`write_instruction` wrote.

    Raises:
        InvalidOrder: it was written by a later version, or changed.
    """
    kind, _, document = text.partition(":")
    if kind not in _KINDS:
        raise InvalidOrder("instruction", f"{kind[:20]!a} is not known to this version; upgrade fks-exec-hub")
    return from_json(_KINDS[kind], document)
