# SPDX-License-Identifier: MIT
"""The order that was meant where no order has that id: by what arrived for it, by what the venue calls it, by likeness."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Sequence

from fks_exec.convert import encode
from fks_exec_hub.journal.protocol import Journal, Recorded

_NEWEST = 1000
"""How many orders of each account are looked through for what was meant."""

_SHOWN = 3


def holds(recorded: Recorded, text: str) -> bool:
    """Whether an order's id, or what arrived for it, contains a text as it stands there."""
    return text in recorded.key.client_order_id or (
        recorded.raw is not None and text.encode("utf-8", "replace") in recorded.raw
    )


async def containing(journal: Journal, accounts: Sequence[str], text: str, limit: int) -> list[Recorded]:
    """Of all orders of some accounts those that hold a text, newest first, at most so many; reads every order."""
    found: list[Recorded] = []
    for account in accounts:
        newest = await journal.orders(account, limit=1)
        if not newest:  # else the first one would be waited for
            continue
        kept: deque[Recorded] = deque(maxlen=limit)
        async for recorded in journal.accepted(account):
            if holds(recorded, text):
                kept.append(recorded)
            if recorded.position >= newest[0].position:
                break
        found += kept
    return sorted(found, key=lambda recorded: recorded.accepted_at, reverse=True)[:limit]


async def meant(journal: Journal, accounts: Sequence[str], wanted: str) -> str:
    """Which orders may be meant by an id that none has, as a part of a sentence; empty: nothing is like it."""
    newest = [recorded for account in accounts for recorded in await journal.orders(account, limit=_NEWEST)]
    known = [each.key.client_order_id for each in newest if each.result and f'"order_id":{encode(wanted)}' in each.result]
    if known:
        return f"it is the venue's id of {', '.join(dict.fromkeys(known[:_SHOWN]))}"
    arrived = [each.key.client_order_id for each in newest if each.raw is not None and holds(each, wanted)] if wanted else []
    if arrived:
        return f"it stands in what arrived for {', '.join(dict.fromkeys(arrived[:_SHOWN]))}"
    ids = list(dict.fromkeys(recorded.key.client_order_id for recorded in newest))
    inside = [name for name in ids if wanted in name] if wanted else []
    near = difflib.get_close_matches(wanted, ids, n=_SHOWN)
    named = list(dict.fromkeys([*near, *inside]))[:_SHOWN]
    return f"the nearest ids are {', '.join(named)}" if len(named) > 1 else f"the nearest id is {named[0]}" if named else ""
