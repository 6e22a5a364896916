# SPDX-License-Identifier: MIT
"""POST /halt, /resume and /close: what an operator says, and who may not say it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config

ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1"}
WHY = {"because": "the news"}


@asynccontextmanager
async def host_at(base: Path, *, accounts: list[str] | None = None, **client: Any) -> AsyncIterator[tuple[ExecutionHub, Any]]:
    """A hub on a venue that can do all, and a client of it."""
    venue = FaultyVenue()
    table = client_table(base, accounts=accounts or ["main"], **client)
    config = host_config(base, clients=table, account={"deadline": 1, "poll": 0.05, "polls_per_second": 50})
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
