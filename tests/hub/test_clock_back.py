# SPDX-License-Identifier: MIT
"""A wall clock that was set back makes no old order young."""

import asyncio
from pathlib import Path

import pytest

from fks_exec import Status
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
