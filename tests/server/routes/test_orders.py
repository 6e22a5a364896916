# SPDX-License-Identifier: MIT
"""POST /orders and what is below it, by a client that signs."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import AccountNotReady, ExecutionResult
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.scopes import Caller, Scope
from fks_exec_server.http.failures import unavailable
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import FULL, FullVenue, MemoryVenue, ScriptedVenue, SilentVenue

ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "client_order_id": "mine-1"}


@asynccontextmanager
async def client_on(base: Path, venue: object, *, client: dict[str, Any] | None = None, **server: Any) -> AsyncIterator[Any]:
    """A client of a host on this venue."""
    capabilities = FULL if isinstance(venue, FullVenue) else getattr(venue, "declared", None)
    config = host_config(base, clients=client_table(base, **(client or {})), **server)
    async with ExecutionHub.open(config, plugins=[TheVenue(venue, capabilities)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            yield SigningClient(http)


async def test_an_order_is_executed_and_answered_with_its_outcome(tmp_path: Path) -> None:
    """Under the id that its sender gave it."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as ask:
        answer = await ask("POST", "/orders", ORDER)
        found = await ask("GET", "/orders/mine-1")
    assert (answer.status_code, answer.json()["status"], answer.json()["client_order_id"]) == (200, "success", "mine-1")
    assert (found.status_code, found.json()["result"]["status"]) == (200, "filled")
    assert [order.client_order_id for order, _ in venue.seen] == ["mine-1"]


async def test_the_same_order_again_is_one_order(tmp_path: Path) -> None:
    """Signed anew, or the very same request."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as ask:
        first = await ask("POST", "/orders", ORDER)
        again = [await ask("POST", "/orders", ORDER), await ask("POST", "/orders", ORDER)]
    assert first.status_code == 200
    assert [(each.status_code, each.json()["result"]["duplicate"]) for each in again] == [(200, True), (200, True)]
    assert len(venue.seen) == 1


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("it has not been opened yet", "has not been opened yet"),
        ("the venue refused our credentials: 401 at api.example; renew them", "does not take the account's key"),
        ("the journal cannot be written: /srv/journal.db", "its journal cannot be written"),
        ("it gives no quote of BTC/USDT", "gives no quote"),
        ("no route to api.example", "could not be opened, or does not answer; /health/ready tells why"),
    ],
)
def test_why_an_account_is_not_ready_is_told_without_internals(reason: str, said: str) -> None:
    """Neither hosts nor files: those are for the log, and for the operations address."""
    caller = Caller(name="bot", scope=Scope(accounts=["main"]))
    answer = unavailable(caller, AccountNotReady("main", reason), "")
    message = json.loads(answer.body)["message"]
    assert message.startswith("account 'main' is not ready: ")
    assert said in message
    assert not [internal for internal in ("example", "/srv", "401") if internal in message]


@pytest.mark.parametrize("account", ["", " ", "Main", 0, []])
async def test_an_account_that_is_none_is_no_account_of_the_sender(tmp_path: Path, account: object) -> None:
    """Least of all its first one."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue, client={"accounts": ["main", "other"]}) as ask:
        answer = await ask("POST", "/orders", {**ORDER, "account": account})
    assert (answer.status_code, len(venue.seen)) == (403 if account in (" ", "Main") else 400, 0)


async def test_another_order_under_the_same_id_is_a_conflict(tmp_path: Path) -> None:
    """And nothing is sent for it."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as ask:
        await ask("POST", "/orders", ORDER)
        answer = await ask("POST", "/orders", {**ORDER, "side": "sell"})
    assert (answer.status_code, answer.json()["code"]) == (409, "ID_REUSED")
    assert len(venue.seen) == 1


async def test_an_order_without_an_id_is_known_by_its_nonce(tmp_path: Path) -> None:
    """The very same request is the same order; another one is another; a nonce that is spent on other bytes proves nothing."""
    venue = MemoryVenue()
    order = {name: value for name, value in ORDER.items() if name != "client_order_id"}
    async with client_on(tmp_path, venue) as ask:
        now = int(time.time() * 1000)
        first = await ask("POST", "/orders", order, nonce="n" * 20, now=now)
        again = await ask("POST", "/orders", order, nonce="n" * 20, now=now)
        later = await ask("POST", "/orders", {**order, "side": "sell"}, nonce="n" * 20, now=now)
        other = await ask("POST", "/orders", order, nonce="m" * 20)
    assert first.json()["client_order_id"] != other.json()["client_order_id"]
    assert [each.status_code for each in (first, again, other, later)] == [200, 200, 200, 401]
    assert first.json()["client_order_id"] == again.json()["client_order_id"]
    assert len(venue.seen) == 2


@pytest.mark.parametrize(
    "body",
    [
        {
            "kind": "SizedOrder",
            "symbol": "BTC/USDT",
            "side": "buy",
            "size": "100",
            "size_type": "quote",
            "client_order_id": "k",
        },
        {"kind": "ClosePosition", "symbol": "BTC/USDT", "client_order_id": "k"},
        {"kind": "TargetPosition", "symbol": "BTC/USDT", "quantity": "0.02", "client_order_id": "k"},
        {"kind": "ReversePosition", "symbol": "BTC/USDT", "client_order_id": "k"},
        {"kind": "Order", "account": "main", **ORDER},
    ],
    ids=lambda body: str(body["kind"]),
)
async def test_every_kind_of_instruction_is_taken(tmp_path: Path, body: dict[str, object]) -> None:
    """It has an answer of an order: what the account does with it is the hub's."""
    async with client_on(tmp_path, MemoryVenue()) as ask:
        answer = await ask("POST", "/orders", body)
    assert answer.status_code in (200, 202, 422), answer.text
    assert answer.json()["client_order_id"] == body["client_order_id"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"[]", "INVALID_ORDER", ""),
        (b"{", "INVALID_ORDER", ""),
        ({**ORDER, "quantity": 0}, "INVALID_ORDER", "quantity"),
        ({**ORDER, "quantiyt": 1}, "INVALID_ORDER", "quantiyt"),
        ({**ORDER, "kind": "Execution"}, "INVALID_ORDER", "kind"),
        ({**ORDER, "kind": 7}, "INVALID_ORDER", "kind"),
        ({**ORDER, "account": 7}, "INVALID_ORDER", "account"),
        ({**ORDER, "client_order_id": "a b"}, "INVALID_ORDER", "client_order_id"),
        ({**ORDER, "client_order_id": "tv~tp1"}, "INVALID_ORDER", "client_order_id"),
    ],
)
async def test_what_is_no_order_is_refused_with_its_field(tmp_path: Path, body: object, code: str, field: str) -> None:
    """And nothing is sent."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue) as ask:
        answer = await ask("POST", "/orders", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert field in answer.json()["message"]
    assert venue.seen == []


async def test_an_account_beyond_the_scope_is_403_whether_it_exists_or_not(tmp_path: Path) -> None:
    """For orders and for looks; nobody learns which accounts there are."""
    async with client_on(tmp_path, MemoryVenue()) as ask:
        answers = [await ask("POST", "/orders", {**ORDER, "account": name}) for name in ("other", "nowhere")]
        answers += [await ask("GET", f"/accounts/{name}/positions") for name in ("other", "nowhere")]
        answers += [await ask("GET", f"/accounts/{name}/quote/BTC/USDT") for name in ("other", "nowhere")]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "SCOPE_ACCOUNT")}
    assert all(each.json()["denials"] for each in answers)


async def test_a_side_beyond_the_scope_is_403_and_nothing_is_sent(tmp_path: Path) -> None:
    """With the code that says why."""
    venue = MemoryVenue()
    async with client_on(tmp_path, venue, client={"sides": ["sell"]}) as ask:
        answer = await ask("POST", "/orders", ORDER)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_SIDE")
    assert venue.seen == []


async def test_a_client_that_may_only_read_sends_nothing_and_changes_nothing(tmp_path: Path) -> None:
    """It sees its accounts."""
    venue = FullVenue()
    async with client_on(tmp_path, venue, client={"actions": ["read"]}) as ask:
        refused = [
            await ask("POST", "/orders", ORDER),
            await ask("DELETE", "/orders/mine-1"),
            await ask("PATCH", "/orders/mine-1", {"price": 1}),
            await ask("POST", "/halt", {"because": "x"}),
        ]
        seen = await ask("GET", "/accounts")
    assert [each.status_code for each in refused] == [403] * 4
    assert [each["name"] for each in seen.json()["accounts"]] == ["main"]


async def test_an_unknown_symbol_and_an_account_that_is_not_ready_leave_the_id_unspent(tmp_path: Path) -> None:
    """422 says that it never will, 503 that it may be sent again."""
    async with client_on(tmp_path, FullVenue()) as ask:
        answer = await ask("POST", "/orders", {**ORDER, "symbol": "DOGE"})
        found = await ask("GET", "/orders/mine-1")
    assert (answer.status_code, answer.json()["code"], found.status_code) == (422, "UNKNOWN_SYMBOL", 404)


async def test_a_client_that_does_not_wait_is_answered_once_the_order_is_durable(tmp_path: Path) -> None:
    """``respond = "accepted"``."""
    async with client_on(tmp_path, SilentVenue(), client={"respond": "accepted"}, account={"deadline": 1}) as ask:
        answer = await ask("POST", "/orders", ORDER)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


async def test_an_order_is_cancelled_and_changed_by_its_id(tmp_path: Path) -> None:
    """As on the path of a key."""
    limit = {**ORDER, "order_type": "limit", "price": "50"}
    async with client_on(tmp_path, FaultyVenue()) as ask:
        placed = await ask("POST", "/orders", limit)
        changed = await ask("PATCH", "/orders/mine-1", {"price": "51"})
        cancelled = await ask("DELETE", "/orders/mine-1")
        nothing = await ask("DELETE", "/orders/no-such")
    assert (placed.status_code, placed.json()["result"]["status"]) == (200, "accepted"), placed.text
    assert (changed.status_code, changed.json()["status"]) == (200, "success")
    assert (cancelled.status_code, cancelled.json()["result"]["status"]) == (200, "canceled")
    assert nothing.status_code == 404


async def test_accounts_positions_and_quotes_are_told(tmp_path: Path) -> None:
    """Money as text, and no reason that names a host or a file."""
    async with client_on(tmp_path, FullVenue()) as ask:
        await ask("POST", "/orders", ORDER)
        accounts = await ask("GET", "/accounts")
        positions = await ask("GET", "/accounts/main/positions")
        quote = await ask("GET", "/accounts/main/quote/BTC/USDT")
        unknown = await ask("GET", "/accounts/main/quote/DOGE")
        strange = await ask("GET", "/accounts/main/quote/B%C3%A4")
    assert set(accounts.json()["accounts"][0]) == {
        "name", "venue", "ready", "live", "currency", "unresolved", "halt", "breaker"
    }  # fmt: skip
    assert (positions.json()["account"], positions.json()["positions"][0]["quantity"]) == ("main", "0.01")
    assert quote.status_code in (200, 503)
    assert (unknown.status_code, strange.status_code) == (422, 400)


async def test_no_cause_of_a_fault_gets_out(tmp_path: Path) -> None:
    """An unlisted error of a venue is an unknown outcome; its words stay here."""
    venue = ScriptedVenue(
        OSError("secret words of an SDK"), AccountNotReady("main", "secret words"), ExecutionResult(status="accepted")
    )
    async with client_on(tmp_path, venue) as ask:
        answer = await ask("POST", "/orders", ORDER)
    assert answer.status_code == 202
    assert "secret words" not in answer.text


async def test_a_host_without_clients_and_tokens_has_none_of_these_routes(tmp_path: Path) -> None:
    """A door that nobody has a key for is a wall; keys of alerts open their own path only."""
    async with (
        ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())]) as hub,
        httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url="http://host") as http,
    ):
        answers = [await http.post("/orders", json=ORDER), await http.get(f"/webhook/tradingview/{KEY}/orders/x")]
    assert [each.status_code for each in answers] == [404, 404]
