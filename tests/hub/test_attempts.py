# SPDX-License-Identifier: MIT
"""A further attempt is made only after proof that the last had no effect: off for entries, on for exits, each journalled."""

from pathlib import Path

import pytest

from fks_exec import ClosePosition, ExecutionResult, Fill, NotSent, OrderRef, Position, VenueRateLimited, VenueRejected
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.stage import ACCOUNT, Stage, accepted, buy, configure, filled, hub_on, sell, until

REQUOTE = VenueRejected("the price has moved", code="REQUOTE", retryable=True)


async def holding(hub: ExecutionHub) -> None:
    await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))


async def attempts(hub: ExecutionHub, name: str) -> list[int]:
    recorded = await hub.journal.order(Key(ACCOUNT, name))
    assert recorded is not None
    return [attempt.attempt for attempt in recorded.attempts]


@pytest.mark.parametrize("proof", [REQUOTE, NotSent("no connection"), VenueRateLimited("slow down")], ids=lambda e: e.code)
async def test_an_exit_is_sent_again_after_each_kind_of_proof(tmp_path: Path, proof: Exception) -> None:
    stage = Stage(filled, proof)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.filled_quantity) == ("filled", 2)
        assert await attempts(hub, "exit") == [1, 2]
        assert len({submission.venue_client_order_id for _, submission in stage.requests}) == len(stage.requests) == 3


async def test_a_close_is_an_exit(tmp_path: Path) -> None:
    stage = Stage(filled, REQUOTE, REQUOTE)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT", client_order_id="close"))
        assert result.status == "filled"
        assert await attempts(hub, "close") == [1, 2, 3]
        assert await hub.positions(ACCOUNT) == []


async def test_an_entry_is_sent_once(tmp_path: Path) -> None:
    stage = Stage(REQUOTE)
    async with hub_on(stage, configure(tmp_path)) as hub:
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="entry"))
        assert (result.status, result.code) == ("rejected", "REQUOTE")
        assert len(stage.requests) == 1
        kinds = [event.kind for event in await hub.journal.history(Key(ACCOUNT, "entry"))]
        assert kinds == ["accept", "intent", "outcome"]


async def test_an_entry_is_sent_again_where_the_account_says_so(tmp_path: Path) -> None:
    stage = Stage(REQUOTE)
    async with hub_on(stage, configure(tmp_path, account={"entry_attempts": 2})) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="entry"))).status == "filled"
        assert await attempts(hub, "entry") == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        TimeoutError(),
        ConnectionResetError(),
        None,
        ExecutionResult(status="unknown", retryable=True),
        VenueRejected("no margin"),
        ExecutionResult(status="accepted", retryable=True),
        ExecutionResult(
            status="rejected", retryable=True, filled_quantity="1", fills=[Fill(trade_id="t", quantity="1", price="100")]
        ),
    ],
    ids=lambda answer: type(answer).__name__ if not isinstance(answer, ExecutionResult) else answer.status.value,
)
async def test_nothing_but_a_proof_of_the_moment_is_followed_by_another_attempt(tmp_path: Path, answer: object) -> None:
    stage = Stage(filled, answer)  # type: ignore[arg-type]
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert await attempts(hub, "exit") == [1]
        assert len(stage.requests) == 2


async def test_the_attempts_end_at_their_number_and_the_last_answer_stands(tmp_path: Path) -> None:
    stage = Stage(filled, *[REQUOTE] * 5)
    async with hub_on(stage, configure(tmp_path, account={"exit_attempts": 3})) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.code) == ("rejected", "REQUOTE")
        assert await attempts(hub, "exit") == [1, 2, 3]
        assert (await hub.positions(ACCOUNT))[0].quantity == 2


async def test_no_attempt_begins_after_its_time(tmp_path: Path) -> None:
    stage = Stage(filled, VenueRateLimited("slow down", retry_after=30))
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.retry_after) == ("not_placed", 30)
        assert await attempts(hub, "exit") == [1]


async def test_the_time_for_attempts_counts_from_the_first(tmp_path: Path) -> None:
    """0.05 s after the first, and 0.2 s after that it would be over: an entry is not sent a third time."""
    stage = Stage(*[REQUOTE] * 3)
    async with hub_on(stage, configure(tmp_path, account={"attempts_within": 0.22, "entry_attempts": 5})) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))).code == "REQUOTE"
        assert await attempts(hub, "entry") == [1, 2]


async def test_each_attempt_is_decided_anew(tmp_path: Path) -> None:
    """What was closed meanwhile (here by hand, in the book) is not closed a second time; the venue's answer stands."""
    stage = Stage(filled)

    def refuse(order: object, submission: object) -> ExecutionResult:
        hub._desks[ACCOUNT].book.store(Position(symbol="BTC/USDT", quantity="0"))
        raise REQUOTE

    stage.answers.append(refuse)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT", client_order_id="close"))
        assert (result.status, result.code) == ("rejected", "REQUOTE")
        assert len(stage.requests) == 2


async def test_a_reservation_is_held_once_however_often_an_order_is_sent(tmp_path: Path) -> None:
    stage = Stage(filled, REQUOTE, REQUOTE)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        totals = hub._desks[ACCOUNT].book.totals("BTC/USDT")
        assert (totals.working_sell, totals.open_orders) == (0, 0)


async def test_no_name_of_an_order_that_ended_stays_among_the_live_ones(tmp_path: Path) -> None:
    stage = Stage(filled, REQUOTE)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        await until(lambda: not hub._desks[ACCOUNT].live)
        assert not any(submission.venue_client_order_id in hub._desks[ACCOUNT].names for _, submission in stage.requests)


async def test_what_the_journal_cannot_record_of_an_attempt_ends_the_attempts(tmp_path: Path) -> None:
    """Without a durable outcome of the last attempt there is no next one."""
    stage = Stage(filled)

    async def refuse(order: object, submission: object) -> ExecutionResult:
        hub._desks[ACCOUNT].term = hub._desks[ACCOUNT].term.__class__(0)  # as if another host had claimed the account
        raise REQUOTE

    stage.answers.append(refuse)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert result.status == "rejected"
        assert await attempts(hub, "exit") == [1]


async def test_the_outcome_of_each_attempt_is_journalled_before_the_next_intent(tmp_path: Path) -> None:
    stage = Stage(filled, REQUOTE, NotSent("no connection"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        events = await hub.journal.history(Key(ACCOUNT, "exit"))
        told = [event.kind for event in events if event.kind in ("accept", "intent", "outcome")]
        assert told == ["accept", *["intent", "outcome"] * 3]


async def test_an_exit_whose_position_has_gone_is_not_sent_again_as_an_entry(tmp_path: Path) -> None:
    """While its first attempt was refused, a resting order closed the position."""
    stage = Stage(filled, accepted)

    async def refuse(order: object, submission: object) -> ExecutionResult:
        stage.publish(OrderRef(client_order_id="target"), ExecutionResult(status="filled", filled_quantity="2"))
        await until(lambda: not hub._desks[ACCOUNT].book.positions())
        raise REQUOTE

    async with hub_on(stage, configure(tmp_path)) as hub:
        await holding(hub)
        await hub.execute_order(ACCOUNT, sell("1", client_order_id="target", order_type="limit", price="120"))
        stage.answers.append(refuse)
        result = await hub.execute_order(ACCOUNT, sell("1", client_order_id="exit"))
        assert (result.status, result.code) == ("rejected", "REQUOTE")
        assert await attempts(hub, "exit") == [1]
        assert await hub.positions(ACCOUNT) == []
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").open_orders == 0
