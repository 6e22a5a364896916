# SPDX-License-Identifier: MIT
"""A nonce counts once, for all accounts of its key together, in this host and in the next one over its journal."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fks_exec import SystemClock
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import JournalUnavailable, Note, NoteRecord
from fks_exec_server import create_app
from fks_exec_server.access import nonces
from fks_exec_server.access.nonces import Nonces
from fks_exec_server.access.proof import Once, Proof, Unauthenticated
from fks_exec_server.access.scopes import Caller, Scope
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

NONCE = "a-nonce-0123456789"
ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1"}


@asynccontextmanager
async def host_at(base: Path, venue: object) -> AsyncIterator[SigningClient]:
    """A host over the journal file of this folder; what comes after it is a restart."""
    config = host_config(base, journal="sqlite:journal.db", clients=client_table(base, accounts=["main", "other"]))
    hub = ExecutionHub.open(config, plugins=[TheVenue(venue)])
    async with hub, httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url="http://host") as http:
        yield SigningClient(http)


@pytest.mark.parametrize(("first", "second"), [("main", "other"), ("other", "main")])
async def test_a_nonce_spent_on_one_account_is_spent_on_the_others_after_a_restart(
    tmp_path: Path, first: str, second: str
) -> None:
    """For an order, and for what operators say."""
    venue = MemoryVenue()
    async with host_at(tmp_path, venue) as ask:
        taken = await ask("POST", "/orders", {**ORDER, "account": first}, nonce=NONCE)
    found = []
    for path, body in (("/orders", {**ORDER, "account": second}), ("/halt", {"because": "x"}), ("/close", {"because": "x"})):
        async with host_at(tmp_path, venue) as ask:
            found.append((await ask("POST", path, body, nonce=NONCE)).status_code)
    assert (taken.status_code, found, len(venue.seen)) == (200, [401] * 3, 1)


async def test_the_very_same_order_is_answered_as_it_stands_after_a_restart(tmp_path: Path) -> None:
    """Whichever of its accounts the key named."""
    venue, now = MemoryVenue(), SystemClock().now()
    body = json.dumps({**ORDER, "account": "other"}).encode()
    told = []
    for _ in range(3):
        async with host_at(tmp_path, venue) as ask:
            told.append((await ask("POST", "/orders", body, nonce=NONCE, now=now)).status_code)
    assert (told, len(venue.seen)) == ([200] * 3, 1)


class SlowHub:
    """Its journal answers when it is let."""

    def __init__(self, *, broken: bool = False) -> None:
        self.let = asyncio.Event()
        self.broken = broken

    async def read_note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        if self.broken:
            raise JournalUnavailable("the disk is gone")
        await self.let.wait()
        return None

    async def write_note(self, note: Note) -> None:
        await self.let.wait()


PROOF = Proof(
    caller=Caller(name="desk", scope=Scope(accounts=["main", "other"]), kind="hmac"),
    once=Once(key="hmac:desk", value=NONCE, digest="d", until=SystemClock().now() + 60_000),
)


@pytest.mark.parametrize("broken", [True, False], ids=["broken", "slow"])
async def test_a_halt_waits_for_no_journal(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """And its number counts once all the same."""
    monkeypatch.setattr(nonces, "HALT_WAITS", 0.01)
    hub, seen = SlowHub(broken=broken), Nonces()
    await asyncio.wait_for(seen.admit(hub, PROOF, "halt"), 5)  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await seen.admit(hub, PROOF, "halt")  # type: ignore[arg-type]
    hub.let.set()


async def test_what_could_not_be_looked_up_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sender was told that it was not taken."""
    hub, seen = SlowHub(broken=True), Nonces()
    with pytest.raises(JournalUnavailable):
        await seen.admit(hub, PROOF, "operate")  # type: ignore[arg-type]
    hub.broken = False
    hub.let.set()
    await seen.admit(hub, PROOF, "operate")  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await seen.admit(hub, PROOF, "operate")  # type: ignore[arg-type]
