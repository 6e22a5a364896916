# SPDX-License-Identifier: MIT
"""What a write is: all of its steps or none, of one account, in the order of the calls."""

from __future__ import annotations

import asyncio

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Accept, Exists, Halted, HaltState, Intent, Journal, Note, Recorded, Term
from ..steps import ACCOUNT, NOW, accept, halt, intent, key, names, note, outcome
from .base import Promises


@all_floor
class Writing(Promises):
    """What a write is: all of its steps or none, of one account, in the order of the calls."""

    async def test_an_accepted_order_is_read_back_as_it_was_given(self, journal: Journal) -> None:
        raw = bytes(range(256))
        written = await journal.write(accept(lane="ETH/USDT", digest="d", instruction='{"ä":"\\"\n"}', raw=raw))
        assert await journal.order(key()) == Recorded(
            key=key(),
            position=written.position,
            lane="ETH/USDT",
            digest="d",
            instruction='{"ä":"\\"\n"}',
            raw=raw,
            accepted_at=NOW,
            status="pending",
            terminal=False,
            result=None,
        )

    async def test_an_order_without_raw_bytes_has_none(self, journal: Journal) -> None:
        await journal.write(accept("a"), accept("b", raw=b""))
        orders = [await journal.order(key("a")), await journal.order(key("b"))]
        assert [order and order.raw for order in orders] == [None, b""]

    async def test_an_unknown_order_is_none(self, journal: Journal) -> None:
        assert await journal.order(key("never")) is None

    async def test_positions_grow_in_the_order_of_the_calls_of_one_tick(self, journal: Journal) -> None:
        waiting = [journal.write(accept(f"o-{number}")) for number in range(50)]
        positions = [(await written).position for written in waiting]
        assert positions == sorted(set(positions))
        assert names(await journal.pending(ACCOUNT)) == [f"o-{number}" for number in range(50)]

    async def test_written_is_the_position_of_the_last_step(self, journal: Journal, term: Term) -> None:
        first = await journal.write(accept())
        second = await journal.write(intent(), outcome(), term=term)
        assert second.position == (await journal.history(key()))[-1].position
        assert second.position > first.position

    async def test_all_steps_of_one_write_name_one_account(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="one account"):
            await journal.write(accept(), accept(account="other"))
        assert await journal.order(key()) is None

    async def test_a_write_without_steps_is_the_hosts_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="at least one step"):
            await journal.write()

    async def test_a_write_that_excludes_itself_is_the_hosts_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="twice"):
            await journal.write(accept(), accept())

    @pytest.mark.parametrize(
        "step",
        [accept("\ud800"), intent("\ud800"), intent(venue_client_order_id="\ud800"), note("\ud800")],
        ids=["accept", "intent", "venue's", "note"],
    )
    async def test_an_id_that_is_no_text_is_the_hosts_mistake_and_disturbs_nobody(
        self, journal: Journal, term: Term, step: Accept | Intent | Note
    ) -> None:
        good = journal.write(accept("good"))
        with pytest.raises(ValueError):
            await journal.write(step, term=term)
        await good
        assert names(await journal.pending(ACCOUNT)) == ["good"]

    async def test_all_steps_are_stored_or_none(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("old"))
        with pytest.raises(Exists):
            await journal.write(accept("new"), note(), accept("old"), term=term)
        assert await journal.order(key("new")) is None
        assert await journal.note(ACCOUNT, "nonce", "n") is None
        assert len(await journal.history(key("old"))) == 1

    async def test_a_failed_write_takes_no_position_and_disturbs_no_other_of_its_tick(self, journal: Journal) -> None:
        waiting = [journal.write(accept(name)) for name in ("a", "b", "a", "c")]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["Written", "Written", "Exists", "Written"]
        assert names(await journal.pending(ACCOUNT)) == ["a", "b", "c"]

    async def test_a_condition_sees_the_earlier_writes_of_the_same_tick(self, journal: Journal, term: Term) -> None:
        stored = journal.write(accept())
        sent = journal.write(intent(), term=term)
        stopped = journal.write(halt(HaltState.HALTED))
        late = journal.write(outcome(), intent(attempt=2), term=term)
        await asyncio.gather(stored, sent, stopped)
        with pytest.raises(Halted):
            await late

    async def test_a_cancelled_caller_loses_the_answer_not_the_order(self, journal: Journal) -> None:
        async def caller() -> None:
            await journal.write(accept())

        task = asyncio.create_task(caller())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.write(accept("after"))
        assert names(await journal.pending(ACCOUNT)) == ["order-1", "after"]
