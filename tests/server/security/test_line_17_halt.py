# SPDX-License-Identifier: MIT
"""Line 17: a halt takes effect in the transaction that would store an intent: once it is answered, nothing is sent."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import httpx
import pytest

from fks_exec import ExecutionResult, Order, Submission, hookimpl
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.hosts import Host, TheVenue, host_config, served
from fks_exec_simulators.signed import KeyPair, bearer, clients, issued, tokens
from fks_exec_simulators.venues import MemoryVenue

PAIR = KeyPair()
SYMBOLS = [f"C{number}/USDT" for number in range(8)]


class Slow(MemoryVenue):
    """Takes a few milliseconds, so that there is always an order under way; says when five were begun."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = asyncio.Event()

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        if len(self.seen) == 5:
            self.busy.set()
        await asyncio.sleep(0.003)
        return self.filled(order)


@asynccontextmanager
async def hosted(folder: Path, venue: MemoryVenue) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    """A host on a journal that stays, with a token for its operator."""
    operator = {"actions": ["read", "halt", "resume"]}
    config = host_config(
        folder,
        journal="sqlite:fks-exec.db",
        key={"rate": 10_000, "burst": 10_000},
        clients=clients(folder),
        tokens=tokens(folder, PAIR, **operator),
    )
    hub = ExecutionHub.open(config, plugins=[TheVenue(venue)])
    async with served(hub) as host, httpx.AsyncClient(timeout=30) as client:
        yield host, client


async def said(host: Host, client: httpx.AsyncClient, word: str, number: int, **fields: object) -> httpx.Response:
    """``halt`` or ``resume``."""
    token = issued(PAIR, jti=f"number-{number:06}")
    body = json.dumps({"because": "a test", **fields})
    return await client.post(f"http://{host.alerts}/{word}", content=body, headers=bearer(token))


async def sent(host: Host, client: httpx.AsyncClient, number: int, **fields: object) -> httpx.Response:
    """An alert of its own."""
    body = {
        "symbol": SYMBOLS[number % len(SYMBOLS)],
        "action": "buy",
        "quantity": "1",
        "id": f"a{number}",
        "strategy": f"s{number}",
        **fields,
    }
    return await client.post(host.url, content=json.dumps({**body, "timenow": int(time.time() * 1000)}))


def names(venue: MemoryVenue) -> set[str]:
    """The orders that the venue was asked for."""
    return {order.client_order_id or "" for order, _ in venue.seen}


async def test_nothing_that_comes_after_an_answered_halt_is_sent(tmp_path: Path) -> None:
    """Twenty alerts on eight instruments, each denied with the code; the venue hears of none, also after a restart."""
    venue = MemoryVenue()
    async with hosted(tmp_path, venue) as (host, client):
        assert (await sent(host, client, 0)).status_code == 200
        assert (await said(host, client, "halt", 1)).status_code == 200
        answers = await asyncio.gather(*(sent(host, client, number) for number in range(1, 21)))
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(422, "HALTED")}
        assert len(venue.seen) == 1
    async with hosted(tmp_path, venue) as (host, client):
        assert (await sent(host, client, 21)).json()["code"] == "HALTED"
        assert len(venue.seen) == 1
        assert (await said(host, client, "resume", 2)).status_code == 200
        assert (await sent(host, client, 22)).status_code == 200
    assert len(venue.seen) == 2


@pytest.mark.parametrize("state", ["halted", "reducing"])
async def test_alerts_that_race_a_halt_are_sent_before_it_or_denied(tmp_path: Path, state: str) -> None:
    """What an answer says is what the venue saw; and the journal has no intent of an entry after the halt.

    One that says that the order is still on its way (202: the machine is busy) leaves open which of both it was.
    """
    venue = Slow()
    async with hosted(tmp_path, venue) as (host, client), httpx.AsyncClient(timeout=30) as operator:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(sent(host, client, number)) for number in range(60)]
            await venue.busy.wait()
            halt = group.create_task(said(host, operator, "halt", 1, state=state))
            tasks += [group.create_task(sent(host, client, number)) for number in range(60, 120)]
        assert halt.result().status_code in (200, 202)  # the latter: what was under way could not be cancelled
        assert halt.result().json()["result"]["states"] == {"main": state}
        late = await asyncio.gather(*(sent(host, client, number) for number in range(120, 140)))
    answers = [*(task.result() for task in tasks), *late]
    denied = {answer.json()["client_order_id"] for answer in answers if answer.json()["code"] == "HALTED"}
    taken = {answer.json()["client_order_id"] for answer in answers if answer.status_code == 200}
    pending = {answer.json()["client_order_id"] for answer in answers if answer.status_code == 202}
    assert {answer.status_code for answer in answers} <= {200, 202, 422}
    assert len(denied) + len(taken) + len(pending) == 140
    assert taken <= names(venue) <= taken | pending
    assert len(venue.seen) == len(names(venue))
    assert {answer.json()["code"] for answer in late} == {"HALTED"}
    assert_in_order(tmp_path / "fks-exec.db")


def assert_in_order(path: Path) -> None:
    """By the events themselves: the halt stands in one order with the intents."""
    with contextlib.closing(apsw.Connection(str(path))) as journal:
        found = journal.execute("SELECT kind FROM events WHERE kind IN ('halt', 'intent') ORDER BY position").fetchall()
    kinds = [kind for (kind,) in found]
    assert kinds.count("halt") == 1
    assert kinds[-1] == "halt"
    assert len(kinds) > 5


async def test_a_halt_holds_one_account_alone(tmp_path: Path) -> None:
    """Where it names it; the token may halt no other."""
    venue = MemoryVenue()
    async with hosted(tmp_path, venue) as (host, client):
        assert (await said(host, client, "halt", 1, accounts=["other"])).status_code == 403
        assert (await sent(host, client, 1)).status_code == 200


async def test_nobody_but_an_operator_halts(tmp_path: Path) -> None:
    """No token: 401. A token without the action: 403. The orders go on."""
    async with hosted(tmp_path, MemoryVenue()) as (host, client):
        body = b'{"because": "a test"}'
        assert (await client.post(f"http://{host.alerts}/halt", content=body)).status_code == 401
        assert (await sent(host, client, 1)).status_code == 200
