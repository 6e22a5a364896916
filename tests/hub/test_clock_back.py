# SPDX-License-Identifier: MIT
"""A wall clock that was set back makes no old order young."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from fks_exec import Status
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.exits.family import role_of
from fks_exec_hub.journal import Key
from fks_exec_hub.orders.concrete import entry_after
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, leave

NOW = 1_700_000_000_000


@pytest.mark.parametrize(("ahead", "status"), [(4_000, Status.FILLED), (6_000, Status.DENIED)])
async def test_an_entry_that_was_accepted_in_the_future_is_not_sent(tmp_path: Path, ahead: int, status: Status) -> None:
    """By five seconds two clocks may differ; beyond that the order's age is not known, and a market order waits for nobody."""
    await leave(tmp_path, buy(client_order_id="old"), intent=False, time=NOW + ahead)
    stage = Stage()
    async with hub_on(stage, configure(tmp_path), clock=HandClock(NOW)) as hub:
        async with asyncio.timeout(5):
            result = await hub.execute_order(ACCOUNT, buy(client_order_id="old"))
    assert (result.status, len(stage.requests)) == (status, int(status is Status.FILLED))
    assert status is Status.FILLED or result.code == "STALE"


async def test_an_entry_that_is_split_again_after_the_clock_went_back_is_as_old_as_before() -> None:
    """The order came, the clock was set back, and both the order and what was opened after its exit met the other side."""
    came, after = NOW + 7_200_000, NOW
    order = buy("2", client_order_id="a")
    whole = Live(key=Key(ACCOUNT, "a"), lane=order.symbol, instruction=order, digest="", accepted_at=came)
    first = entry_after(whole, "a~en1", Decimal(1))
    part = Live(
        key=Key(ACCOUNT, "a~en1"), lane=order.symbol, instruction=first, digest="", accepted_at=after, role=role_of("a~en1")
    )
    assert (first.signal_time, entry_after(part, "a~en1~en1", Decimal(1)).signal_time) == (came, came)
