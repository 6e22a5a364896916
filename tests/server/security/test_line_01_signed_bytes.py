# SPDX-License-Identifier: MIT
"""Line 1: a signature is over the raw bytes, and is looked at before they are read: one other bit, and nobody has signed."""

import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import Secret
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.proof import Unauthenticated
from fks_exec_server.access.signatures import Signatures, sign, sign_alert
from fks_exec_server.config import ClientConfig
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.signed import CLIENT_SECRET, clients
from fks_exec_simulators.venues import MemoryVenue

NOW = 1_700_000_000_000
OTHER = "canary-another-0123456789abcdefghijklmnopqrstuvwxyz"
RING = Signatures(
    {
        "desk": ClientConfig(secrets=[Secret(CLIENT_SECRET)], accounts=["main"]),
        "other": ClientConfig(secrets=[Secret(OTHER)], accounts=["main"]),
    },
    HandClock(NOW),
)
ORDER = b'{"symbol":"BTC/USDT","side":"buy","quantity":"1"}'
BODIES = st.binary(max_size=64) | st.just(ORDER)
TARGETS = st.sampled_from(["/orders", "/orders?limit=5", "/orders/a%2Fb", "/accounts/main/quote/BTC/USDT"])
NAMES = ["x-fks-key", "x-fks-timestamp", "x-fks-nonce", "x-fks-signature"]


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI gives them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def signed(method: str, target: str, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of the client ``desk``, as of now."""
    return raw(sign(method, target, body, key="desk", secret=CLIENT_SECRET, nonce="nonce-0123456789", now=NOW))


def flipped(value: bytes, at: int) -> bytes:
    """One bit of it."""
    place, bit = divmod(at % (8 * len(value)), 8)
    return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]


@given(st.sampled_from(["GET", "POST", "DELETE"]), TARGETS, BODIES)
def test_what_was_signed_is_proved(method: str, target: str, body: bytes) -> None:
    """Any bytes, also those that are no JSON."""
    proof = RING.check(method, target.encode(), signed(method, target, body), body)
    assert (proof.caller.name, proof.caller.kind) == ("desk", "hmac")


@given(BODIES.filter(bool), st.integers(min_value=0))
def test_any_other_bit_of_the_body_is_refused(body: bytes, at: int) -> None:
    """Also one that means the same to a parser of JSON."""
    with pytest.raises(Unauthenticated):
        RING.check("POST", b"/orders", signed("POST", "/orders", body), flipped(body, at))


@given(BODIES, st.sampled_from([b" ", b"\n", b"\0", b"{}"]))
def test_a_byte_more_or_less_is_refused(body: bytes, more: bytes) -> None:
    """Where the parser would not mind."""
    headers = signed("POST", "/orders", body)
    for other in (body + more, more + body, body[:-1] if body else b"x"):
        with pytest.raises(Unauthenticated):
            RING.check("POST", b"/orders", headers, other)


@given(TARGETS, st.sampled_from(NAMES), st.integers(min_value=0))
def test_any_other_bit_of_a_signed_header_is_refused(target: str, name: str, at: int) -> None:
    """Key, timestamp, nonce, signature."""
    headers = dict(signed("POST", target, ORDER))
    headers[name.encode()] = flipped(headers[name.encode()], at)
    with pytest.raises(Unauthenticated):
        RING.check("POST", target.encode(), list(headers.items()), ORDER)


@given(TARGETS, st.integers(min_value=0))
def test_any_other_bit_of_the_path_is_refused(target: str, at: int) -> None:
    """Also of the query."""
    with pytest.raises(Unauthenticated):
        RING.check("POST", flipped(target.encode(), at), signed("POST", target, ORDER), ORDER)


@pytest.mark.parametrize("method", ["GET", "PUT", "post", "POST ", "DELETE", ""])
def test_another_method_is_refused(method: str) -> None:
    """A signed look is no order."""
    with pytest.raises(Unauthenticated):
        RING.check(method, b"/orders", signed("POST", "/orders", ORDER), ORDER)


@pytest.mark.parametrize("name", NAMES)
def test_a_header_that_is_missing_or_there_twice_is_refused(name: str) -> None:
    """Of two that contradict each other nobody knows which one a proxy has looked at."""
    headers = signed("POST", "/orders", ORDER)
    [one] = [each for each in headers if each[0] == name.encode()]
    for others in ([each for each in headers if each != one], [*headers, one]):
        with pytest.raises(Unauthenticated, match=name):
            RING.check("POST", b"/orders", others, ORDER)


def test_the_name_of_another_client_is_no_proof() -> None:
    """Each has a secret of its own."""
    headers = raw(sign("POST", "/orders", ORDER, key="other", secret=CLIENT_SECRET, now=NOW))
    with pytest.raises(Unauthenticated):
        RING.check("POST", b"/orders", headers, ORDER)


def test_parts_that_are_cut_elsewhere_have_another_signature() -> None:
    """A letter that moves from the nonce to the key, or from the path to the method, makes another text."""
    first = sign("POST", "/orders", ORDER, key="desk", secret=CLIENT_SECRET, nonce="1" * 16, now=NOW)
    second = sign("POST", "/orders", ORDER, key="desk1", secret=CLIENT_SECRET, nonce="1" * 15, now=NOW)
    assert first["X-Fks-Signature"] != second["X-Fks-Signature"]


@given(BODIES.filter(bool), st.integers(min_value=0), st.booleans())
def test_a_signed_alert_is_the_bytes_that_were_signed(body: bytes, at: int, of_body: bool) -> None:
    """A proxy's alert: the signature is over the body alone."""
    good = raw(sign_alert(body, secret=OTHER))
    assert RING.check_alert(good, body).caller.name == "other"
    [(name, signature)] = good
    headers = good if of_body else [(name, flipped(signature, at))]
    with pytest.raises(Unauthenticated):
        RING.check_alert(headers, flipped(body, at) if of_body else body)


@pytest.mark.parametrize("headers", [[], [(b"x-tradingview-signature", b"")], [(b"x-fks-key", b"desk")]], ids=str)
def test_an_alert_without_a_signature_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """It is never optional: a check that runs only where the header is there is none."""
    with pytest.raises(Unauthenticated):
        RING.check_alert(headers, ORDER)


@pytest.mark.parametrize("at", range(0, 8 * len(ORDER), 29))
async def test_no_byte_of_a_body_is_read_before_it_is_proved(tmp_path: Path, at: int) -> None:
    """Over HTTP: a body that is no JSON any more is 401 as well, not 400, and the venue has no order."""
    venue = MemoryVenue()
    config = host_config(tmp_path, clients=clients(tmp_path))
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            headers = sign("POST", "/orders", ORDER, key="desk", secret=CLIENT_SECRET)
            refused = await client.post("/orders", content=flipped(ORDER, at), headers=headers)
            taken = await client.post("/orders", content=ORDER, headers=headers)
    assert (refused.status_code, json.loads(refused.content)["code"]) == (401, "UNAUTHENTICATED")
    assert taken.status_code == 200
    assert len(venue.seen) == 1
