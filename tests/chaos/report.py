# SPDX-License-Identifier: MIT
"""The table that a run prints."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from fks_exec_hub.journal import Recorded
from fks_exec_simulators.exchange import Request

if TYPE_CHECKING:
    from chaos import Tally
    from checks import Findings
    from client import Client

VIOLATIONS = {
    "lost": "lost: acknowledged, without a journalled state",
    "doubled": "doubled at the venue",
    "inversions": "out of lane order",
    "acceptance": "accepted out of the order sent",
    "attempts": "requests that are not the journal's attempts",
    "told": "told otherwise than recorded",
    "unsettled": "pending or unknown in the end",
    "records": "orders without exactly one record",
    "fills": "fills that journal and venue see differently",
    "positions": "positions that are not the sum of the fills",
    "verify": "findings of journal verify",
    "host": "faults of the last, clean run",
    "refused": "refusals by a host that was ready",
    "load": "too little load",
}


def table(
    tally: Tally, client: Client, recorded: list[Recorded], requests: list[Request], findings: Findings, seconds: float
) -> list[str]:
    """Lines."""
    flying = [count for count in tally.in_flight if count] or [0]
    share = f"{100 * tally.open_and_placed / tally.open_intents:.0f} %" if tally.open_intents else "-"
    states = Counter(record.status for record in recorded)
    rows = {
        "kills": f"{tally.kills}, {tally.early} of them while the host was starting",
        "in flight at a kill, median (most)": f"{median(flying):.0f} ({max(flying)})",
        "orders of the client": len(client.orders),
        "acknowledged": sum(order.accepted for order in client.orders.values()),
        "sent again under the same id": client.resent,
        "journalled": len(recorded),
        "requests at the venue": len(requests),
        "states": ", ".join(f"{count} {state}" for state, count in states.most_common()),
        "unknown after a kill": tally.open_intents,
        "... of which were at the venue": f"{tally.open_and_placed} ({share})",
        "settled from the venue's record": ", ".join(f"{n} {what}" for what, n in sorted(tally.settled.items())),
        **{title: findings.count(kind) for kind, title in VIOLATIONS.items()},
        "seconds": f"{seconds:.1f}",
    }
    width = max(map(len, rows))
    return [*(f"{title:{width}}  {value}" for title, value in rows.items()), *findings.lines()]
