# SPDX-License-Identifier: MIT
"""An instruction as the journal keeps it: its kind and canonical JSON; the id is the key's."""

from __future__ import annotations

import json
from typing import TypeAlias

from fks_exec.convert import from_dict
from fks_exec.errors import InvalidOrder
from fks_exec.model.orders import ClosePosition, Order
from fks_exec.model.targets import Instruction, ReversePosition, SizedOrder, TargetPosition

__all__ = ["Instruction", "read_instruction"]

_Kind: TypeAlias = type[Order] | type[SizedOrder] | type[ClosePosition] | type[TargetPosition] | type[ReversePosition]
_KINDS: dict[str, _Kind] = {kind.__name__: kind for kind in (Order, SizedOrder, ClosePosition, TargetPosition, ReversePosition)}


def read_instruction(text: str, client_order_id: str | None = None) -> Instruction:
    """What :func:`fks_exec.convert.canonical` wrote, with its id.

    Raises:
        InvalidOrder: it was written by a later version, or changed.
    """
    kind, _, document = text.partition(":")
    if kind not in _KINDS:
        raise InvalidOrder("instruction", f"{kind[:20]!a} is not known to this version; upgrade fks-exec-hub")
    return from_dict(_KINDS[kind], {**json.loads(document), "client_order_id": client_order_id})
