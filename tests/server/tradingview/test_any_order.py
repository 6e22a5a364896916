# SPDX-License-Identifier: MIT
"""However often, in whatever order and over however many restarts alerts are delivered: one order of each at most."""

import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec_simulators.alerts import MOMENT, alerting, body
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage

BOTH = ["one", "two"]
ALERTS: list[dict[str, Any]] = [
    {"account": "one"},
    {"account": "one", "timenow": MOMENT + 1000, "order_id": "Long"},
    {"account": "one", "action": "sell", "id": "an id"},
    {"accounts": BOTH, "timenow": MOMENT + 2000},
    {"accounts": BOTH, "action": "sell", "market_position": "flat", "prev_market_position": "long", "timenow": MOMENT + 3000},
    {"accounts": BOTH, "market_position": "long", "prev_market_position": "flat", "position_size": "1"},
    {"account": "two", "timenow": None, "quantity": "3"},
    {"account": "two", "market_position": "short", "prev_market_position": "long", "action": "sell", "position_size": "-1"},
]
"""Of one strategy and instrument, so that they overtake one another."""
STEPS = st.lists(st.integers(0, len(ALERTS) - 1) | st.just("restart"), max_size=12)


def named(answer: Any) -> list[tuple[str, str]]:
    """Account and id of each order that an answer names."""
    content = answer.json()
    children = (content["result"] or {}).get("children") or [content]
    return [(child.get("account", ""), child["client_order_id"]) for child in children if child["client_order_id"]]


async def deliver(folder: Path, steps: list[int | str], on_gap: str) -> None:
    """The steps, alerts between two restarts at once; afterwards each alert has one order for an account at most."""
    stage, clock = Stage(), HandClock()
    ids: dict[tuple[int, str], set[str]] = {}
    key = {"on_gap": on_gap, "dedup_window": 3600}
    parts: list[list[int]] = [[]]
    for step in steps:
        parts.append([]) if isinstance(step, str) else parts[-1].append(step)
    for part in parts:
        clock.move(1)
        async with alerting(folder, stage, clock=clock, accounts=BOTH, key=key) as sender:
            answers = await asyncio.gather(*(sender.raw(body(**ALERTS[step])) for step in part))
            for step, answer in zip(part, answers, strict=True):
                assert answer.status_code < 500, answer.text
                for account, name in named(answer):
                    ids.setdefault((step, account), set()).add(name)
            recorded = await sender.hub.orders()
    own = [order for order in recorded if "~" not in order.key.client_order_id]
    assert all(len(names) == 1 for names in ids.values()), ids
    assert {order.key.client_order_id for order in own} <= {name for names in ids.values() for name in names}
    raws = Counter((order.key.account, order.raw) for order in own)
    assert max(raws.values(), default=0) <= 1  # one order of an alert and an account, whatever its id
    sent = Counter(json.dumps([s.account, o.client_order_id]) for o, s in stage.requests)
    assert max(sent.values(), default=0) <= 1


@pytest.mark.parametrize("on_gap", ["alarm", "block_entries", "resync"])
@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_any_delivery_makes_one_order_of_each_alert_at_most(on_gap: str, steps: list[int | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(deliver(Path(folder), steps, on_gap))


async def test_the_same_alerts_again_and_again_over_restarts_are_each_an_order_once(tmp_path: Path) -> None:
    every: list[int | str] = list(range(len(ALERTS)))
    await deliver(tmp_path, [*every, *every, "restart", *reversed(every), "restart", *every], "resync")
