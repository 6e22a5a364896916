# SPDX-License-Identifier: MIT
"""The look-ups of an order of unknown fate stand in the journal and in ``fks-exec trace``: asked when, by what, what came."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec.testing import CAPABILITIES, AcceptThenDrop, EmptyLookUps, FailLookUp, FaultyVenue, Lost
from fks_exec_hub import ExecutionHub
from fks_exec_hub.cli import run
from fks_exec_hub.following.looked import LOOKED, Answer, Look, read_look
from fks_exec_hub.following.unknown import Schedule
from fks_exec_hub.journal import JournalUncertain, Key, NamedStep
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.seen import see
from fks_exec_simulators.stage import ACCOUNT, buy, configure, journal_of, until

TTL, DEADLINE = 20.0, 10.0
OVER = DEADLINE + 1.0 + TTL
SILENT = evolve(CAPABILITIES, request_ttl=TTL, publishes=False)
CONFIG = """
journal = "sqlite:fks-exec.db"
[accounts.main]
venue = "faulty"
guards = []
"""


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often; whether an answer counts is told by the clock, which a test turns by hand."""
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,), watch=(1e6,)))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def hub_at(venue: FaultyVenue, folder: Path, clock: HandClock) -> ExecutionHub:
    table = {"venue": "faulty", "polls_per_second": 100_000.0, "poll": 1000.0, "deadline": DEADLINE}
    return ExecutionHub.open(configure(folder, account=table), plugins=[venue.plugin], clock=clock)


async def become(hub: ExecutionHub, status: str) -> None:
    """Wait until the order is so."""
    async with asyncio.timeout(8):
        while True:
            known = await hub.order(ACCOUNT, "a")
            if known is not None and known.status == status:
                return
            await asyncio.sleep(0.005)


async def looks(folder: Path) -> list[Look]:
    """Those that a host has left in its journal."""
    async with journal_of(folder) as journal:
        bodies = [json.loads(event.body) for event in await journal.history(Key(ACCOUNT, "a")) if event.kind == "step"]
    found = [read_look(body["data"]) for body in bodies if body["name"] == LOOKED]
    return [look for look in found if look is not None]


async def proved(venue: FaultyVenue, folder: Path, clock: HandClock) -> None:
    """An order that never arrived, looked up until that is proved."""
    async with hub_at(venue, folder, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: venue.count("look_up") > 5)
        clock.move(OVER)
        before = venue.count("look_up")
        await until(lambda: venue.count("look_up") > before + 4)
        clock.move(1.0)
        await become(hub, "not_placed")


async def test_each_look_up_that_says_something_new_is_written_down_and_the_others_are_counted(
    tmp_path: Path, clock: HandClock
) -> None:
    """A venue may be asked for days."""
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    await proved(venue, tmp_path, clock)
    early, first, soon, second = await looks(tmp_path)
    assert [look.answer for look in (early, first, soon, second)] == [Answer.NOTHING] * 4
    assert "no proof yet: a request of ours may still be on its way" in early.why
    assert "the first clean answer that counts" in first.why
    assert "too soon after the first" in soon.why
    assert "the second clean answer that counts: it was not placed" in second.why
    assert (early.again, first.again >= 4, soon.again) == (0, True, 0)
    assert 4 + first.again + second.again == venue.count("look_up")
    assert list(early.names) == ["venue_client_order_id"]
    assert early.asked < first.asked <= soon.asked < second.asked


async def test_one_that_fails_and_one_that_finds_it_say_so(tmp_path: Path, clock: HandClock) -> None:
    """With the error as it is told in the alarm: the text of a stranger's exception is not quoted."""
    venue = FaultyVenue([AcceptThenDrop(), FailLookUp()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await become(hub, "filled")
    failed, shown = await looks(tmp_path)
    assert (failed.answer, failed.why.startswith("which proves nothing: ")) == (Answer.FAILED, True)
    assert (shown.answer, shown.why) == (Answer.SHOWN, "which is the venue's word: filled")


async def test_a_look_up_stands_before_what_follows_from_it(tmp_path: Path, clock: HandClock) -> None:
    """So that a reader sees why the order became what it is."""
    venue = FaultyVenue([EmptyLookUps(looks=1)], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await become(hub, "filled")
    async with journal_of(tmp_path) as journal:
        kinds = [event.kind for event in await journal.history(Key(ACCOUNT, "a"))]
    assert kinds == ["accept", "intent", "outcome", "step", "step", "outcome", "fill"]


async def test_an_order_is_settled_also_where_its_look_up_cannot_be_written_down(tmp_path: Path, clock: HandClock) -> None:
    """The journal is taken up again as after any write that failed."""

    async def uncertain() -> None:
        raise JournalUncertain("an input/output error; what was being written may be stored or not")

    venue = FaultyVenue([AcceptThenDrop()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        see(hub._desks[ACCOUNT], NamedStep, uncertain)
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await become(hub, "filled")
        await until(lambda: hub.status()[0].ready)
        assert [position.quantity for position in await hub.positions(ACCOUNT)] == [1]
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
    assert recorded is not None
    assert recorded.status == "filled"


def test_the_trace_tells_each_look_up_in_a_line(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And does not say that none is recorded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fks-exec.toml").write_text(CONFIG, "utf-8")
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    asyncio.run(proved(venue, tmp_path, clock))
    assert run(["trace", "a"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if " look-up " in line]
    assert len(lines) == 4
    assert " by our name " in lines[0]
    assert "no such order, no proof yet" in lines[0]
    assert "Z by our name" in lines[0]
    assert "; the answer before this one came " in lines[1]
    assert run(["trace", "a", "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    facts = [step["facts"] for step in document["steps"] if step["what"] == "look-up"]
    assert set(facts[0]) == {"asked", "names", "answer", "why", "again"}
    assert (facts[0]["answer"], document["not_recorded"]) == ("no such order", [])
    assert document["steps"][-1]["text"].startswith("not_placed, NOT_FOUND")


def test_a_look_up_of_a_later_version_is_a_step_like_any_other() -> None:
    """It is shown as it is."""
    assert read_look('{"asked":1,"answer":"maybe","why":"","new":2}') is None
    assert read_look("no JSON") is None
