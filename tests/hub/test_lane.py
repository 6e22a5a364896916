# SPDX-License-Identifier: MIT
"""Lanes: the order of acceptance is the order of sending, one at a time; other lanes do not wait."""

import asyncio
import random
from collections.abc import Awaitable
from pathlib import Path

import pytest

from fks_exec_hub import HubClosed
from fks_exec_hub.orders.lane import Lane
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, hub_on


async def test_orders_of_one_lane_are_sent_in_the_order_of_acceptance(tmp_path: Path) -> None:
    stage = Stage()
    names = [f"o{number}" for number in range(200)]
    async with hub_on(stage, configure(tmp_path)) as hub:
        await asyncio.gather(*(hub.execute_order(ACCOUNT, buy(client_order_id=name)) for name in names))
        positions = {r.key.client_order_id: r.position for r in await hub.journal.orders(ACCOUNT, limit=1000)}
    assert stage.ids == names
    assert sorted(names, key=positions.__getitem__) == names


async def test_one_order_at_a_time_in_a_lane_and_lanes_beside_each_other(tmp_path: Path) -> None:
    first, other = Held(), Held()
    stage = Stage(first, other)
    async with hub_on(stage, configure(tmp_path)) as hub:
        receipts = [await hub.submit(ACCOUNT, buy(symbol=symbol)) for symbol in ("BTC/USDT", "BTC/USDT", "ETH/USDT")]
        await first.reached.wait()
        await other.reached.wait()
        assert stage.symbols == ["BTC/USDT", "ETH/USDT"]
        first.go.set()
        other.go.set()
        for receipt in receipts:
            await receipt.result()
    assert stage.symbols == ["BTC/USDT", "ETH/USDT", "BTC/USDT"]


async def test_all_spellings_of_a_symbol_share_one_lane(tmp_path: Path) -> None:
    held = Held()
    stage = Stage(held)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.submit(ACCOUNT, buy(symbol="BTC/USDT"))
        await held.reached.wait()
        second = await hub.submit(ACCOUNT, buy(symbol="BTCUSDT"))
        await asyncio.sleep(0.05)
        assert len(stage.requests) == 1
        held.go.set()
        await second.result()


class _Journal:
    """Commits after a while, as a disk does: a later write may be acknowledged first."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    async def write(self, number: int) -> int:
        await asyncio.sleep(self._random.random() / 100)
        return number


async def _naive(journal: _Journal, lane: Lane[int], number: int) -> None:
    """The queue after the commit: what is forbidden."""
    await journal.write(number)
    lane.put(number)


async def test_queueing_after_the_commit_lets_later_orders_overtake() -> None:
    sent: list[int] = []

    async def send(number: int) -> None:
        sent.append(number)

    journal, lane = _Journal(), Lane(send)
    await asyncio.gather(*(_naive(journal, lane, number) for number in range(200)))
    await _idle(lane)
    assert sorted(sent) == list(range(200))
    assert sent != sorted(sent)


async def test_the_slot_in_the_tick_of_the_write_keeps_the_order_over_the_same_commits() -> None:
    sent: list[int] = []

    async def send(write: Awaitable[int]) -> None:
        sent.append(await write)

    journal, lane = _Journal(), Lane(send)
    for number in range(200):
        lane.put(asyncio.ensure_future(journal.write(number)))
    await _idle(lane)
    assert sent == list(range(200))


async def _idle(lane: Lane[object] | Lane[int]) -> None:
    while not lane.idle:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_closing_lets_the_call_in_hand_end_and_leaves_the_queue_accepted(tmp_path: Path) -> None:
    held = Held()
    stage = Stage(held)
    hub = hub_on(stage, configure(tmp_path))
    await hub.start()
    first = await hub.submit(ACCOUNT, buy(client_order_id="a"))
    second = await hub.submit(ACCOUNT, buy(client_order_id="b"))
    await held.reached.wait()
    closing = asyncio.create_task(hub.close())
    await asyncio.sleep(0.02)
    held.go.set()
    await closing
    assert (await first.result()).status == "filled"
    with pytest.raises(HubClosed, match="the next start goes on with it"):
        await second.result(timeout=1)
    assert stage.ids == ["a"]
    async with hub_on(stage, configure(tmp_path)) as again:
        result = await again.execute_order(ACCOUNT, buy(client_order_id="b"))
    assert (result.status, result.duplicate) == ("filled", True)
    assert stage.ids == ["a", "b"]


async def test_a_call_that_outlasts_the_closing_is_unknown(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.setattr("fks_exec_hub.hub.STOP", 0.05)  # type: ignore[attr-defined]
    held = Held()
    stage = Stage(held)
    hub = hub_on(stage, configure(tmp_path))
    await hub.start()
    receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
    await held.reached.wait()
    await hub.close()
    result = await receipt.result(timeout=5)
    assert (result.status, result.code) == ("unknown", "HOST_STOPPED")
    async with hub_on(stage, configure(tmp_path)) as again:
        assert (await again.execute_order(ACCOUNT, buy())).code == "UNRESOLVED_ORDER"
    assert len(stage.requests) == 1


async def test_what_a_lane_has_done_costs_no_memory(tmp_path: Path) -> None:
    stage = Stage(*[accepted] * 3)
    async with hub_on(stage, configure(tmp_path)) as hub:
        for _ in range(50):
            await hub.execute_order(ACCOUNT, buy())
        assert len(hub._desks[ACCOUNT].live) == 3
