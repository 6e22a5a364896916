# SPDX-License-Identifier: MIT
"""Calls without an answer, several in a row, let entries rest; a read, then one order, find out whether that is over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ExecutionResult, Order, OrderChange
from fks_exec.model.events import BreakerChanged
from fks_exec.testing import (
    AcceptThenHang,
    EmptyLookUp,
    Fault,
    FaultyVenue,
    Fill,
    Garbage,
    Lost,
    RateLimit,
    Refuse,
    Request,
    Rest,
    Unsent,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.breaker import CircuitBreaker, is_fault
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.accounts.settings import BreakerConfig
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import ACCOUNT, Heard, hub_with, table
from fks_exec_simulators.stage import buy, sell, until

LONG = {"faults": 3, "seconds": 600.0, "refusals": 1000}
SHORT = {"faults": 3, "seconds": 0.05, "refusals": 1000}


@asynccontextmanager
async def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, **account: Any) -> AsyncIterator[ExecutionHub]:
    """A hub with one account on this venue; three calls without an answer open its breaker."""
    account.setdefault("breaker", LONG)
    async with hub_with(table(folder, **account), venue.plugin, *plugins) as hub:
        yield hub


def breaker_of(hub: ExecutionHub) -> CircuitBreaker:
    return hub._desks[ACCOUNT].breaker


def on(kind: str, fault: Fault) -> Callable[[Request], Fault | None]:
    """Every request of a kind meets a fault."""
    return lambda request: fault if request.kind == kind else None


async def opened(hub: ExecutionHub, venue: FaultyVenue) -> None:
    """The breaker is open, by orders that did not leave."""
    venue.follow(*[Unsent()] * 3)
    for _ in range(3):
        assert (await hub.execute_order(ACCOUNT, buy())).code == "NOT_SENT"
    assert breaker_of(hub).state != "closed"


@pytest.mark.parametrize(
    ("status", "code", "counts"),
    [
        ("unknown", "UNKNOWN", True),
        ("unknown", "DEADLINE", True),
        ("not_placed", "NOT_SENT", True),
        ("not_placed", "UNREACHABLE", True),
        ("not_placed", "QUEUE_FULL", False),
        ("not_placed", "RATE_LIMITED", False),
        ("rejected", "REJECTED", False),
    ],
)
def test_a_call_that_the_venue_did_not_answer_counts_and_no_other(status: str, code: str, counts: bool) -> None:
    """A queue of our own that is too long says nothing of the venue."""
    assert is_fault(ExecutionResult(status=status, code=code)) is counts


async def test_calls_without_an_answer_in_a_row_open_it(tmp_path: Path) -> None:
    """Nothing of the next entry reaches the venue; the denial, an alarm, an event and the status say why."""
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        await opened(hub, venue)
        result = await hub.execute_order(ACCOUNT, buy())
        [denial] = result.denials
        assert (result.status, denial.code, denial.limit, denial.value) == ("denied", "BREAKER_OPEN", "3", "600 s")
        assert "3 calls in a row" in denial.message
        assert "nothing was sent" in denial.message
        assert venue.count() == 3
        [status] = hub.status()
        assert (status.breaker, status.breaker_reason in denial.message) == ("open", True)
        check = (await hub.health())[ACCOUNT].checks[-1]
        assert (check.name, check.ok) == ("breaker", False)
        await until(lambda: heard.of(BreakerChanged))
    assert heard.alarms == ["BREAKER_OPEN"]
    assert [event.state for event in heard.of(BreakerChanged)] == ["open"]


async def test_orders_of_unknown_fate_open_it_for_the_whole_account(tmp_path: Path) -> None:
    venue = FaultyVenue([Lost()] * 3, otherwise=on("look_up", EmptyLookUp()))
    async with hub_at(venue, tmp_path) as hub:
        for symbol in ("A/USDT", "B/USDT", "C/USDT"):
            assert (await hub.execute_order(ACCOUNT, buy(symbol=symbol))).status == "unknown"
        assert (await hub.execute_order(ACCOUNT, buy(symbol="D/USDT"))).code == "BREAKER_OPEN"


async def test_each_attempt_counts(tmp_path: Path) -> None:
    """One order that is tried three times is three calls without an answer; a fourth would be denied."""
    venue = FaultyVenue([Unsent()] * 3)
    async with hub_at(venue, tmp_path, entry_attempts=4) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).code == "NOT_SENT"
        assert (breaker_of(hub).state, venue.count()) == ("open", 3)


@pytest.mark.parametrize("fault", [Refuse("not enough margin"), RateLimit(), Refuse("a requote", retryable=True), Garbage()])
async def test_no_refusal_opens_it(tmp_path: Path, fault: Fault) -> None:
    """Story 14: one margin error locked the venue. A refusal is an answer; what is no outcome is a fault of the plugin."""
    venue = FaultyVenue([fault] * 10, otherwise=on("look_up", EmptyLookUp()))
    async with hub_at(venue, tmp_path) as hub:
        for number in range(10):
            await hub.execute_order(ACCOUNT, buy(symbol=f"A{number}/USDT"))
        assert (breaker_of(hub).state, venue.count()) == ("closed", 10)


async def test_any_answer_begins_the_row_anew(tmp_path: Path) -> None:
    venue = FaultyVenue([Unsent(), Unsent(), Refuse("not enough margin"), Unsent(), Unsent()])
    async with hub_at(venue, tmp_path) as hub:
        for _ in range(5):
            await hub.execute_order(ACCOUNT, buy())
        assert breaker_of(hub).state == "closed"
        venue.follow(Unsent())
        await hub.execute_order(ACCOUNT, buy())
        assert breaker_of(hub).state == "open"


async def test_a_cancel_without_an_answer_counts_and_one_with_an_answer_too(tmp_path: Path) -> None:
    venue = FaultyVenue([Rest(), Unsent(), Unsent(), Unsent(on="cancel")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy(order_type="limit", price="50", client_order_id="rests"))
        for _ in range(2):
            await hub.execute_order(ACCOUNT, buy())
        assert breaker_of(hub).state == "closed"
        assert (await hub.cancel_order(ACCOUNT, "rests")).status == "canceled"  # its second try
        assert breaker_of(hub).state == "open"


async def test_exits_and_cancels_pass_while_it_is_open(tmp_path: Path) -> None:
    venue = FaultyVenue([Fill(), Rest()])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        await hub.execute_order(ACCOUNT, buy(order_type="limit", price="50", client_order_id="rests"))
        await opened(hub, venue)
        assert (await hub.amend_order(ACCOUNT, "rests", OrderChange(quantity="2"))).code == "BREAKER_OPEN"
        assert (await hub.amend_order(ACCOUNT, "rests", OrderChange(quantity="0.5"))).status == "accepted"
        assert (await hub.execute_order(ACCOUNT, sell("1", reduce_only=True))).status == "filled"
        assert (await hub.execute_order(ACCOUNT, sell("1"))).status == "filled"
        assert (await hub.cancel_order(ACCOUNT, "rests")).status == "canceled"
        assert breaker_of(hub).state == "open"
        assert (await hub.execute_order(ACCOUNT, sell("1"))).code == "BREAKER_OPEN"


async def test_a_read_then_one_order_close_it(tmp_path: Path) -> None:
    """While that order has no answer yet, no other entry is sent."""
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard, breaker=SHORT) as hub:
        await opened(hub, venue)
        reads = venue.count("balance")
        await until(lambda: breaker_of(hub).state == "probing")
        assert venue.count("balance") > reads
        venue.follow(AcceptThenHang())
        trial = asyncio.create_task(hub.execute_order(ACCOUNT, buy(symbol="A/USDT")))
        await venue.arrived("place", 4)
        other = await hub.execute_order(ACCOUNT, buy(symbol="B/USDT"))
        assert (other.code, "has its answer" in (other.error or "")) == ("BREAKER_OPEN", True)
        venue.release()
        assert (await trial).status == "filled"
        assert breaker_of(hub).state == "closed"
        assert (await hub.execute_order(ACCOUNT, buy(symbol="B/USDT"))).status == "filled"
        await until(lambda: len(heard.of(BreakerChanged)) == 3)
    assert [event.state for event in heard.of(BreakerChanged)] == ["open", "probing", "closed"]


async def test_an_order_without_an_answer_opens_it_again(tmp_path: Path) -> None:
    """At once, not after as many as at first; and it is tried again later."""
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard, breaker=SHORT) as hub:
        await opened(hub, venue)
        await until(lambda: breaker_of(hub).state == "probing")
        venue.follow(Unsent())
        await hub.execute_order(ACCOUNT, buy())
        assert breaker_of(hub).state == "open"
        await until(lambda: breaker_of(hub).state == "probing")
        await hub.execute_order(ACCOUNT, buy())
        assert breaker_of(hub).state == "closed"
    assert heard.alarms == ["BREAKER_OPEN", "BREAKER_OPEN"]


async def test_it_stays_open_while_no_read_is_answered(tmp_path: Path) -> None:
    """Neither the balance nor a quote; and no human is told again and again."""
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard, breaker=SHORT) as hub:
        venue.choose(lambda request: Lost(on=request.kind) if request.kind in ("balance", "quote") else None)
        await opened(hub, venue)
        quotes = venue.count("quote")
        await until(lambda: venue.count("quote") >= quotes + 3)
        assert breaker_of(hub).state == "open"
        venue.choose(None)
        await until(lambda: breaker_of(hub).state == "probing")
    assert heard.alarms == ["BREAKER_OPEN"]


async def test_a_denial_of_a_guard_leaves_the_trial_to_the_next(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, breaker=SHORT) as hub:
        await opened(hub, venue)
        await until(lambda: breaker_of(hub).state == "probing")
        assert (await hub.execute_order(ACCOUNT, buy("0.00001"))).code == "QUANTITY"
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        assert breaker_of(hub).state == "closed"


def an_order(name: str) -> Live:
    order = Order(symbol="A/USDT", side="buy", quantity="1", client_order_id=name)
    return Live(key=Key(ACCOUNT, name), lane="A/USDT", instruction=order, digest="", accepted_at=0)


async def test_the_seconds_left_are_told_and_answers_from_before_change_nothing() -> None:
    """By the monotonic clock; what was on its way when it opened has no say."""
    clock = HandClock()
    breaker = CircuitBreaker(BreakerConfig(faults=2, seconds=60), clock)
    broken, fine = ExecutionResult(status="unknown", code="DEADLINE"), ExecutionResult(status="accepted")
    for _ in range(2):
        assert breaker.heard(broken, "A/USDT") is broken
    clock.move(45)
    breaker.heard(broken, "A/USDT")
    breaker.heard(fine, "A/USDT")
    [denial] = breaker.denials(an_order("a"), reducing=False)
    assert (breaker.state, denial.value) == ("open", "15 s")
    assert breaker.denials(an_order("a"), reducing=True) == []
    breaker.answered()
    breaker.heard(fine, "A/USDT", placing=False)
    assert breaker.state == "probing"
    first, second = an_order("a"), an_order("b")
    breaker.passes(first, reducing=False)
    assert breaker.denials(first, reducing=False) == []
    assert breaker.denials(second, reducing=False)
    first.result = ExecutionResult(status="denied")
    assert breaker.denials(second, reducing=False) == []
    breaker.heard(fine, "A/USDT")
    assert (breaker.state, breaker.reason, breaker.closed) == ("closed", "", True)
