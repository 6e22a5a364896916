# SPDX-License-Identifier: MIT
"""Line 4: a signed request counts once: twice the same is one order, in the same host and in the next one over its journal."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.nonces import Nonces
from fks_exec_server.access.proof import Once, Proof, Unauthenticated
from fks_exec_server.access.scopes import Caller, Scope
from fks_exec_server.access.signatures import sign
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.signed import CLIENT_SECRET, KeyPair, bearer, clients, issued, send, tokens
from fks_exec_simulators.venues import MemoryVenue

PAIR = KeyPair()
OPERATOR = ["read", "trade", "halt", "resume", "close"]


@asynccontextmanager
async def host(base: Path, venue: object, clock: HandClock | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A host over the journal file of this folder; what comes after it is a restart."""
    table = clients(base, accounts=["main", "other"], actions=OPERATOR)
    config = host_config(base, journal="sqlite:journal.db", clients=table, tokens=tokens(base, PAIR))
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)], clock=clock) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield client


def signed(document: bytes, target: str = "/orders", **others: object) -> dict[str, str]:
    """A signature that is sent more than once."""
    return sign("POST", target, document, **{"key": "desk", "secret": CLIENT_SECRET, **others})  # type: ignore[arg-type]


BODY = b'{"account":"main","symbol":"BTC/USDT","side":"buy","quantity":"1"}'
LARGER = b'{"account":"main","symbol":"BTC/USDT","side":"buy","quantity":"9"}'
NAMED = BODY.replace(b"{", b'{"client_order_id":"mine",', 1)


@pytest.mark.parametrize("body", [BODY, NAMED], ids=["without an id", "with an id"])
async def test_the_same_request_is_one_order_after_a_restart_too(tmp_path: Path, body: bytes) -> None:
    """And is answered as the first would be now: a client whose answer was lost sends the same bytes again."""
    venue, headers = MemoryVenue(), signed(body)
    async with host(tmp_path, venue) as client:
        first = [await client.post("/orders", content=body, headers=headers) for _ in range(2)]
    async with host(tmp_path, venue) as client:
        later = [await client.post("/orders", content=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in (*first, *later)] == [200] * 4
    assert len({answer.json()["client_order_id"] for answer in (*first, *later)}) == 1
    assert len(venue.seen) == 1


async def test_two_signatures_over_the_same_order_are_two_orders(tmp_path: Path) -> None:
    """A further nonce says that it is meant."""
    venue = MemoryVenue()
    async with host(tmp_path, venue) as client:
        answers = [await client.post("/orders", content=BODY, headers=signed(BODY)) for _ in range(2)]
    assert len({answer.json()["client_order_id"] for answer in answers}) == len(venue.seen) == 2


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
async def test_a_nonce_that_is_spent_takes_no_other_order(tmp_path: Path, restart: bool) -> None:
    """Also with an id of its own, and with a right signature."""
    venue, nonce = MemoryVenue(), "a-nonce-0123456789"
    others = [LARGER, NAMED]
    async with host(tmp_path, venue) as client:
        taken = await client.post("/orders", content=BODY, headers=signed(BODY, nonce=nonce))
        refused = [] if restart else [await client.post("/orders", content=b, headers=signed(b, nonce=nonce)) for b in others]
    if restart:
        async with host(tmp_path, venue) as client:
            refused = [await client.post("/orders", content=b, headers=signed(b, nonce=nonce)) for b in others]
    assert [taken.status_code, *(answer.status_code for answer in refused)] == [200, 401, 401]
    assert len(venue.seen) == 1


@pytest.mark.parametrize(("seconds", "expected"), [(0, 200), (29, 200), (31, 401), (-29, 200), (-31, 401), (3600, 401)])
async def test_a_request_is_taken_within_30_seconds_of_its_time(tmp_path: Path, seconds: int, expected: int) -> None:
    """Either way: beyond it the host need not remember a nonce in memory."""
    clock = HandClock()
    headers = signed(BODY, now=clock.now())
    async with host(tmp_path, MemoryVenue(), clock) as client:
        clock.move(seconds)
        answer = await client.post("/orders", content=BODY, headers=headers)
    assert answer.status_code == expected


async def test_an_order_that_was_sent_is_no_order_again_once_its_time_is_over(tmp_path: Path) -> None:
    """What was recorded an hour ago is refused for its age."""
    clock, venue = HandClock(), MemoryVenue()
    headers = signed(BODY, now=clock.now())
    async with host(tmp_path, venue, clock) as client:
        first = await client.post("/orders", content=BODY, headers=headers)
        clock.move(3600)
        second = await client.post("/orders", content=BODY, headers=headers)
    assert (first.status_code, second.status_code, len(venue.seen)) == (200, 401, 1)


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("kind", ["hmac", "jwt"])
async def test_a_halt_is_taken_once(tmp_path: Path, kind: str, restart: bool) -> None:
    """Else who has recorded a resume could take back the next halt."""
    body = b'{"because":"a test","accounts":["main"]}'
    headers = signed(body, "/halt") if kind == "hmac" else bearer(issued(PAIR))
    async with host(tmp_path, MemoryVenue()) as client:
        found = [await client.post("/halt", content=body, headers=headers)]
        found += [] if restart else [await client.post("/halt", content=body, headers=headers)]
    if restart:
        async with host(tmp_path, MemoryVenue()) as client:
            found += [await client.post("/halt", content=body, headers=headers)]
    assert [answer.status_code for answer in found] == [200, 401]


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
async def test_a_cancel_is_taken_once(tmp_path: Path, restart: bool) -> None:
    """Whatever the venue says to it; the second comes from somebody else, or its sender signs anew."""
    headers = sign("DELETE", "/orders/mine", key="desk", secret=CLIENT_SECRET)
    venue = MemoryVenue()
    async with host(tmp_path, venue) as client:
        taken = await send(client, "POST", "/orders", json.loads(NAMED))
        found = [await client.delete("/orders/mine", headers=headers)]
        found += [] if restart else [await client.delete("/orders/mine", headers=headers)]
    if restart:
        async with host(tmp_path, venue) as client:
            found += [await client.delete("/orders/mine", headers=headers)]
    assert taken.status_code == 200
    assert [found[0].json()["code"], found[1].status_code] == ["FILLED_FIRST", 401]


async def test_a_look_is_taken_once(tmp_path: Path) -> None:
    """What it would show is nobody else's business."""
    headers = sign("GET", "/accounts", key="desk", secret=CLIENT_SECRET)
    async with host(tmp_path, MemoryVenue()) as client:
        found = [await client.get("/accounts", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in found] == [200, 401]


def proof(number: int, clock: HandClock) -> Proof:
    """A signed look."""
    caller = Caller(name="desk", scope=Scope(accounts=["main"]), kind="hmac")
    return Proof(caller=caller, once=Once(key="hmac:desk", value=f"{number:020}", digest="d", until=clock.now() + 30_000))


async def test_nonces_are_forgotten_once_their_time_is_over(tmp_path: Path) -> None:
    """Memory is bounded by what can come within the window, not by all that ever came."""
    clock = HandClock()
    nonces = Nonces(clock)
    async with ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())]) as hub:
        for number in range(20_000):
            await nonces.admit(hub, proof(number, clock), "read")
            clock.move(0.1)
    assert len(nonces) < 3000


async def test_a_full_memory_forgets_nothing(tmp_path: Path) -> None:
    """It refuses what is new instead: what was forgotten too early could be used twice."""
    clock = HandClock()
    nonces = Nonces(clock, most=2000)
    async with ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())]) as hub:
        for number in range(2000):
            await nonces.admit(hub, proof(number, clock), "read")
        with pytest.raises(Unauthenticated, match="more than 2000"):
            await nonces.admit(hub, proof(2000, clock), "read")
        for number in (0, 1999):
            with pytest.raises(Unauthenticated, match="a second time"):
                await nonces.admit(hub, proof(number, clock), "read")
        clock.move(31)
        await nonces.admit(hub, proof(2000, clock), "read")
