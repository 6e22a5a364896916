# SPDX-License-Identifier: MIT
"""All proofs at one place: one of them, never two; and nothing that is secret in what is kept, raised or logged."""

import json
import logging
from pathlib import Path

import httpx
import pytest

from fks_exec import Secret
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.gate import Gate
from fks_exec_server.access.proof import Headers, Unauthenticated
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.config import ClientConfig, KeyConfig, ServerConfig, TokenConfig
from fks_exec_simulators.canaries import canary
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.signed import AUDIENCE, CLIENT_SECRET, ISSUER, KeyPair, bearer, clients, issued, tokens
from fks_exec_simulators.venues import MemoryVenue

PAIR = KeyPair()
SHARED = canary("shared")
CONFIG = ServerConfig(
    keys={"tv": KeyConfig(secret=Secret(KEY), accounts=["main"])},
    clients={"desk": ClientConfig(secrets=[Secret(CLIENT_SECRET)], accounts=["main"])},
    tokens={
        "ops": TokenConfig(key=Secret(PAIR.public), issuer=ISSUER, audience=AUDIENCE, accounts=["main"]),
        "old": TokenConfig(key=Secret(SHARED), algorithm="HS256", issuer="old", accounts=["main"]),
    },
)
CLOCK = HandClock()
"""It stands still: between the collection of these tests and their run a token of a minute may end."""

GATE = Gate(CONFIG, clock=CLOCK)


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI gives them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def signed(body: bytes = b"") -> list[tuple[bytes, bytes]]:
    """A request of the client."""
    return raw(sign("POST", "/orders", body, key="desk", secret=CLIENT_SECRET, now=CLOCK.now()))


TOKEN = raw(bearer(issued(PAIR, now=CLOCK.now() / 1000)))
ALERT = raw(sign_alert(b"{}", secret=CLIENT_SECRET))


async def test_each_way_leads_to_its_caller() -> None:
    """And the kind of proof goes with it: what is durable, and what once, depends on it."""
    found = [await GATE.request("POST", b"/orders", headers, b"") for headers in (signed(), TOKEN)]
    found += [await GATE.alert(headers, b"{}") for headers in (ALERT, TOKEN)]
    told = [(proof.caller.name, proof.caller.kind, proof.once is not None) for proof in found]
    assert told == [("desk", "hmac", True), ("ops", "jwt", True), ("desk", "hmac", False), ("ops", "jwt", True)]
    caller = await GATE.path(KEY)
    assert caller is not None
    assert (caller.name, caller.kind) == ("tv", "path")


@pytest.mark.parametrize(
    "headers",
    [[], signed() + TOKEN, [(b"x-fks-key", b"desk"), *TOKEN], TOKEN + TOKEN, ALERT, [(b"cookie", b"token=1")]],
    ids=["none", "both", "half of one", "twice", "an alert's", "a cookie"],
)
async def test_a_request_has_one_proof(headers: Headers) -> None:
    """Of two nobody knows which one a proxy has looked at."""
    with pytest.raises(Unauthenticated):
        await GATE.request("POST", b"/orders", headers, b"")


@pytest.mark.parametrize(
    "headers", [[], ALERT + TOKEN, signed(b"{}"), ALERT + ALERT], ids=["none", "both", "a request's", "twice"]
)
async def test_an_alert_has_one_proof(headers: Headers) -> None:
    """The signature of a request is none of an alert."""
    with pytest.raises(Unauthenticated):
        await GATE.alert(headers, b"{}")


async def test_a_host_without_clients_and_issuers_knows_nobody_by_them() -> None:
    """An empty table is no open door."""
    gate = Gate(ServerConfig(keys=CONFIG.keys), clock=CLOCK)
    for headers in (signed(), TOKEN, ALERT):
        with pytest.raises(Unauthenticated):
            await gate.request("POST", b"/orders", headers, b"")
        with pytest.raises(Unauthenticated):
            await gate.alert(headers, b"{}")


def test_a_proof_does_not_show_what_proves_it() -> None:
    """Neither the gate nor its parts; a nonce would be a handle for a replay."""
    proof = GATE._signatures.check("POST", b"/orders", headers := signed(), b"")
    token = GATE._tokens.check(TOKEN)
    shown = f"{GATE!r} {vars(GATE)!r} {GATE._tokens._issuers!r} {proof!r} {token!r} {CONFIG!r}"
    nonce = dict(headers)[b"x-fks-nonce"].decode()
    for secret in (KEY, CLIENT_SECRET, SHARED, PAIR.public, nonce, "number-0001"):
        assert secret not in shown


async def test_no_refusal_and_no_log_shows_what_was_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A secret that was sent to the wrong place, or a byte off, is still a secret."""
    caplog.set_level(logging.DEBUG)
    config = host_config(tmp_path, clients=clients(tmp_path), tokens=tokens(tmp_path, PAIR), limits={"strangers": 1000})
    token = issued(PAIR)
    wrong: list[tuple[str, dict[str, str]]] = [
        (f"/webhook/tradingview/{KEY}x", {}),
        ("/orders", {**sign("POST", "/other", b"{}", key="desk", secret=CLIENT_SECRET)}),
        ("/orders", {**sign("POST", "/orders", b"{}", key="desk", secret=CLIENT_SECRET, now=1_700_000_000_000)}),
        ("/orders", {"Authorization": f"Bearer {token}x"}),
        ("/orders", {"Authorization": f"Basic {CLIENT_SECRET}"}),
        ("/orders", {"X-Fks-Key": CLIENT_SECRET, "X-Fks-Signature": CLIENT_SECRET}),
        ("/webhook/tradingview", {"X-TradingView-Signature": CLIENT_SECRET}),
    ]
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            answers = [await client.post(path, content=b"{}", headers=headers) for path, headers in wrong]
    assert {answer.status_code for answer in answers} == {401, 404}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("fks_exec")]
    said = "\n".join([*(json.dumps(answer.json()) for answer in answers), *ours])
    signatures = [
        value for _, headers in wrong for name, value in headers.items() if name in ("X-Fks-Signature", "X-Fks-Nonce")
    ]
    for secret in (KEY, CLIENT_SECRET, token, *signatures):
        assert secret not in said


@pytest.mark.parametrize("path", ["/accounts/main/positions", "/orders/a", "/halt", "/close", "/orders"])
async def test_a_token_that_asks_for_another_venue_may_do_nothing_at_this_one(tmp_path: Path, path: str) -> None:
    """In a configuration that would stop the start; a token comes later."""
    actions = ["read", "trade", "halt", "close"]
    config = host_config(tmp_path, tokens=tokens(tmp_path, PAIR, actions=actions))
    headers = bearer(issued(PAIR, fks_exec={"venues": ["elsewhere"]}))
    order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "a"}
    bodies = {"/orders": order, "/halt": {"because": "a test"}, "/close": {"because": "a test"}}
    venue = MemoryVenue()
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            if path in bodies:
                answer = await client.post(path, json=bodies[path], headers=headers)
            else:
                answer = await client.get(path, headers=headers)
        assert hub.status()[0].halt == "active"
    assert (answer.status_code, answer.json()["code"], venue.seen) == (403, "SCOPE_VENUE", [])
