# SPDX-License-Identifier: MIT
"""POST /halt, /resume and /close: what an operator says, and who may not say it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from fks_exec import Order
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config

ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1"}
WHY = {"because": "the news"}
PAPER: dict[str, Any] = {"venue": "paper", "config": {"instruments": [{"symbol": "BTC/USDT", "bid": 1, "ask": 2}]}}


@asynccontextmanager
async def host_at(
    base: Path, *, accounts: list[str] | None = None, elsewhere: bool = False, **client: Any
) -> AsyncIterator[tuple[ExecutionHub, Any]]:
    """A hub on a venue that can do all, and a client of it.

    Args:
        elsewhere: the account ``other`` is at the simulated venue.
    """
    venue = FaultyVenue()
    table = client_table(base, accounts=accounts or ["main"], **client)
    config = host_config(base, clients=table, account={"deadline": 1, "poll": 0.05, "polls_per_second": 50})
    if elsewhere:
        config = evolve(config, accounts={**config.accounts, "other": evolve(config.accounts["other"], **PAPER)})
    hub = ExecutionHub.open(config, plugins=[TheVenue(venue, venue.declared)])
    async with hub, httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url="http://host") as http:
        yield hub, SigningClient(http)


def halts(hub: ExecutionHub) -> dict[str, str]:
    """What each account may do."""
    return {account.name: account.halt for account in hub.status()}


async def test_a_halt_stops_entries_and_a_resume_lets_them_in(tmp_path: Path) -> None:
    """Each is answered with what the account may do then."""
    async with host_at(tmp_path) as (hub, ask):
        halted = await ask("POST", "/halt", WHY)
        denied = await ask("POST", "/orders", {**ORDER, "client_order_id": "a"})
        assert halts(hub) == {"main": "halted", "other": "active"}
        resumed = await ask("POST", "/resume", WHY)
        taken = await ask("POST", "/orders", {**ORDER, "client_order_id": "b"})
    assert (halted.status_code, halted.json()["result"]["states"]) == (200, {"main": "halted"})
    assert (denied.status_code, denied.json()["code"]) == (422, "HALTED")
    assert (resumed.status_code, resumed.json()["result"]["states"]) == (200, {"main": "active"})
    assert taken.status_code == 200


async def test_a_halt_cancels_what_rests_and_says_so(tmp_path: Path) -> None:
    """With the orders that have ended."""
    async with host_at(tmp_path) as (_, ask):
        await ask("POST", "/orders", {**ORDER, "order_type": "limit", "price": "50", "client_order_id": "rests"})
        answer = await ask("POST", "/halt", {**WHY, "state": "reducing", "cancel_entries": True})
    assert [order["client_order_id"] for order in answer.json()["result"]["cancelled"]] == ["rests"]
    assert answer.json()["message"] == "main is reducing"


async def test_a_close_closes_what_is_held_each_with_its_own_result(tmp_path: Path) -> None:
    """And of nothing it makes nothing."""
    async with host_at(tmp_path) as (hub, ask):
        await ask("POST", "/orders", {**ORDER, "client_order_id": "a"})
        answer = await ask("POST", "/close", WHY)
        nothing = await ask("POST", "/close", {**WHY, "symbol": "BTC/USDT"})
        assert await hub.positions("main") == []
    [child] = answer.json()["result"]["children"]
    assert (answer.status_code, answer.json()["status"], child["account"]) == (200, "success", "main")
    assert child["client_order_id"].startswith("close-")
    assert (nothing.status_code, nothing.json()["result"]) == (200, {"children": []})


@pytest.mark.parametrize("route", ["/halt", "/resume", "/close"])
async def test_the_same_request_twice_is_401(tmp_path: Path, route: str) -> None:
    """What was recorded by another is not said again in an hour that it was not meant for."""
    async with host_at(tmp_path) as (_, ask):
        first = await ask("POST", route, WHY, nonce="n" * 20)
        again = await ask("POST", route, WHY, nonce="n" * 20)
    assert (first.status_code, again.status_code) == (200, 401)


@pytest.mark.parametrize("route", ["/halt", "/resume", "/close"])
async def test_who_only_trades_does_not_operate(tmp_path: Path, route: str) -> None:
    """Deny by default."""
    async with host_at(tmp_path, actions=["read", "trade"]) as (hub, ask):
        answer = await ask("POST", route, WHY)
        assert halts(hub)["main"] == "active"
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_ACTION")


async def test_an_account_beyond_the_scope_is_left_alone(tmp_path: Path) -> None:
    """Also when the others of the request are the operator's own."""
    async with host_at(tmp_path) as (hub, ask):
        answer = await ask("POST", "/halt", {**WHY, "accounts": ["main", "other"]})
        assert halts(hub) == {"main": "active", "other": "active"}
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_ACCOUNT")


async def test_all_accounts_of_the_operator_are_meant_where_none_is_named(tmp_path: Path) -> None:
    """Each by a write of its own."""
    async with host_at(tmp_path, accounts=["main", "other"]) as (hub, ask):
        answer = await ask("POST", "/halt", WHY)
        assert halts(hub) == {"main": "halted", "other": "halted"}
    assert set(answer.json()["result"]["states"]) == {"main", "other"}


@pytest.mark.parametrize("down", ["main", "other"])
async def test_an_account_that_cannot_close_keeps_no_other_from_it(tmp_path: Path, down: str) -> None:
    """Whichever comes first; each is told, and the whole is to be said again."""
    up = {"main": "other", "other": "main"}[down]
    async with host_at(tmp_path, accounts=["main", "other"]) as (hub, ask):
        for account in ("main", "other"):
            await ask("POST", "/orders", {**ORDER, "account": account, "client_order_id": account})
        hub._desks[down].unwritable = "the journal cannot be written: /srv/disk"  # as the way back after a failed write says it
        answer = await ask("POST", "/close", WHY)
        assert (await hub.positions(up), len(await hub.positions(down))) == ([], 1)
        hub._desks[down].unwritable = ""
        again = await ask("POST", "/close", WHY)
        assert await hub.positions(down) == []
    told = {child["account"]: (child["status"], child["code"]) for child in answer.json()["result"]["children"]}
    assert (answer.status_code, told) == (503, {up: ("success", None), down: ("failed", "ACCOUNT_NOT_READY")})
    assert "/srv" not in answer.text
    assert (again.status_code, again.json()["status"]) == (200, "success")


@pytest.mark.parametrize("halted", ["main", "other"])
async def test_no_note_of_a_nonce_keeps_an_account_from_being_halted(tmp_path: Path, halted: str) -> None:
    """The host halts at once; that the number counts only once, memory knows meanwhile."""
    how = {"nonce": "n" * 20, "now": int(time.time() * 1000)}
    async with host_at(tmp_path, accounts=["main", "other"]) as (hub, ask):
        for desk in hub._desks.values():
            desk.unwritable = "the journal cannot be written: /srv/disk"
        answer = await ask("POST", "/halt", {**WHY, "accounts": [halted]}, **how)
        assert halts(hub)[halted] == "halted"
        again = await ask("POST", "/halt", {**WHY, "accounts": [halted]}, **how)
        resumed = await ask("POST", "/resume", {**WHY, "accounts": [halted]})
        for desk in hub._desks.values():
            desk.unwritable = ""
        assert halts(hub)[halted] == "halted"
    assert [each.status_code for each in (answer, again, resumed)] == [200, 401, 503]


async def test_an_account_in_repair_keeps_nobody_from_resuming_another(tmp_path: Path) -> None:
    """The note of the nonce goes where it can be written, and counts there too."""
    how = {"nonce": "n" * 20, "now": int(time.time() * 1000)}
    async with host_at(tmp_path, accounts=["main", "other"]) as (hub, ask):
        hub._desks["main"].unwritable = "the journal cannot be written: /srv/disk"
        answers = [await ask("POST", "/resume", {**WHY, "accounts": ["other"]}, **how) for _ in range(2)]
        hub._desks["main"].unwritable = ""
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_close_closes_what_the_scope_names_and_nothing_else(tmp_path: Path) -> None:
    """Of the instruments, and at the venues."""
    async with host_at(tmp_path, symbols=["BTC/USDT"]) as (hub, ask):
        await ask("POST", "/orders", {**ORDER, "client_order_id": "a"})
        await hub.execute_order("main", Order(symbol="ETH/USDT", side="buy", quantity=1, client_order_id="b"))
        refused = await ask("POST", "/close", {**WHY, "symbol": "ETH/USDT"})
        closed = await ask("POST", "/close", WHY)
        left = await ask("POST", "/close", WHY)
        assert [position.symbol for position in await hub.positions("main")] == ["ETH/USDT"]
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_SYMBOL")
    assert (closed.status_code, len(closed.json()["result"]["children"])) == (200, 1)
    assert (left.status_code, left.json()["code"]) == (403, "SCOPE_SYMBOL")


@pytest.mark.parametrize("route", ["/halt", "/resume", "/close"])
async def test_who_may_not_trade_at_a_venue_operates_nothing_there(tmp_path: Path, route: str) -> None:
    """Nor does it see what is held there; all that it may operate is what is left."""
    async with host_at(tmp_path, accounts=["main", "other"], elsewhere=True, venues=["paper"]) as (hub, ask):
        await hub.execute_order("main", Order(**ORDER, client_order_id="a"))
        refused = [await ask("POST", route, {**WHY, "accounts": ["main"]}), await ask("GET", "/accounts/main/positions")]
        hidden, all_of_it = await ask("GET", "/orders/a"), await ask("POST", route, WHY)
        assert (halts(hub)["main"], len(await hub.positions("main"))) == ("active", 1)
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "SCOPE_VENUE")] * 2
    assert (hidden.status_code, all_of_it.status_code) == (404, 200)


@pytest.mark.parametrize(
    "body",
    [{}, {"because": " "}, {"because": "a\nb"}, {"because": 7}, {**WHY, "accounts": []}, {**WHY, "accounts": "main"},
     {**WHY, "accounts": ["main", "main"]}, {**WHY, "state": "active"}, {**WHY, "cancel_entries": "no"}, {**WHY, "all": True}],
)  # fmt: skip
async def test_a_halt_that_cannot_be_meant_changes_nothing(tmp_path: Path, body: dict[str, object]) -> None:
    """With its field."""
    async with host_at(tmp_path) as (hub, ask):
        answer = await ask("POST", "/halt", body)
        assert halts(hub)["main"] == "active"
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


async def test_the_secret_of_a_path_operates_nothing(tmp_path: Path) -> None:
    """Whatever header it stands in."""
    async with host_at(tmp_path) as (hub, ask):
        for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-Fks-Key": "tv"}, {"X-Fks-Signature": KEY}, {}):
            assert (await ask.http.post("/halt", json=WHY, headers=headers)).status_code == 401
        assert halts(hub)["main"] == "active"
