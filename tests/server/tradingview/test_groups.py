# SPDX-License-Identifier: MIT
"""One alert for several accounts: one order each, once each."""

import asyncio
from pathlib import Path
from typing import Any

from fks_exec import Order, Submission, VenueRejected
from fks_exec_simulators.alerts import Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage

BOTH = ("one", "two")


def children(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["result"]["children"]
    return found


async def sent(sender: Sender, **fields: object) -> Any:
    return await sender.send(accounts=["one", "two"], **fields)


async def test_each_account_has_an_order_of_its_own_and_the_answer_lists_them(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        answer = await sent(sender)
        both = children(answer)
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        assert [(child["account"], child["http"], child["status"]) for child in both] == [
            ("one", 200, "success"),
            ("two", 200, "success"),
        ]
        for child in both:
            known = await sender.hub.order(child["account"], child["client_order_id"])
            assert known is not None
            assert known.status == "filled"
    assert len({child["client_order_id"] for child in both}) == 2
    assert sorted(submission.account for _, submission in stage.requests) == ["one", "two"]


async def test_sent_again_each_child_is_once(tmp_path: Path) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock, accounts=BOTH) as sender:
        first = await sent(sender)
        again = await sent(sender)
    async with alerting(tmp_path, stage, clock=clock, accounts=BOTH) as sender:
        later = await sent(sender)
    for answer in (again, later):
        assert [child["result"]["duplicate"] for child in children(answer)] == [True, True]
        assert [child["order_id"] for child in children(answer)] == [child["order_id"] for child in children(first)]
    assert len(stage.requests) == 2


async def test_what_one_account_refuses_is_told_of_it_alone(tmp_path: Path) -> None:
    stage = Stage(VenueRejected("no funds", code="FUNDS"))
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        answer = await sent(sender)
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (200, "failed", "FUNDS")
    assert [child["status"] for child in children(answer)] == ["failed", "success"]
    assert "1 of 2" in answer.json()["message"]


async def test_where_one_account_is_down_the_alert_comes_again_and_both_are_once(tmp_path: Path) -> None:
    """TradingView sends what is answered 5xx again; what was taken is a repetition then."""
    stage = Stage()
    stage.open_errors.append(VenueRejected("maintenance"))
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        answer = await sent(sender)
        assert answer.status_code == 503
        assert sorted((child["http"], child["status"]) for child in children(answer)) == [(200, "success"), (503, "failed")]
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        again = await sent(sender)
    assert (again.status_code, again.json()["status"]) == (200, "success")
    assert len(stage.requests) == 2


async def test_a_denial_of_all_is_the_answer_to_the_whole(tmp_path: Path) -> None:
    async with alerting(tmp_path, Stage(), accounts=BOTH) as sender:  # by the real clock the alert is years old
        answer = await sent(sender)
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_WINDOW")
    assert [child["http"] for child in children(answer)] == [422, 422]


async def test_a_key_that_spreads_sends_to_all_and_one_that_does_not_asks_which(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH, key={"spread": True}) as sender:
        assert len(children(await sender.send())) == 2
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        assert "account: is missing" in (await sender.send()).json()["message"]
    assert len(stage.requests) == 2


async def test_an_account_that_the_key_may_not_trade_keeps_all_back(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH, key={"accounts": ["one"]}) as sender:
        answer = await sent(sender)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ALERT")
    assert stage.requests == []


async def test_the_orders_of_a_group_are_sent_together_and_answered_within_the_wait(tmp_path: Path) -> None:
    """A venue that is silent keeps no other account waiting, and TradingView is answered before it hangs up."""
    names = tuple(f"a{number}" for number in range(8))
    never = asyncio.Event()

    async def silent(order: Order, submission: Submission) -> Any:
        await never.wait()

    stage = Stage(*[silent] * 7)
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=names, key={"spread": True, "wait": 0.3}) as sender:
        async with asyncio.timeout(1.5):
            answer = await sender.send()
        never.set()
    assert len(stage.requests) == 8
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert sorted(child["status"] for child in children(answer)) == ["pending"] * 7 + ["success"]
    assert [child["account"] for child in children(answer)] == list(names)


async def test_two_groups_of_one_chain_are_sent_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=BOTH) as sender:
        one = asyncio.create_task(sent(sender, quantity="1"))
        await asyncio.sleep(0)
        two = asyncio.create_task(sent(sender, quantity="2"))
        await asyncio.gather(one, two)
    for account in BOTH:
        assert [order.quantity for order, submission in stage.requests if submission.account == account] == [1, 2]
