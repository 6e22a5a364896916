# SPDX-License-Identifier: MIT
"""Line 3: whatever bytes stand where a secret should, they are compared and refused; none of them is a fault."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec import Secret
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.keys import KeyRing
from fks_exec_server.access.proof import Unauthenticated
from fks_exec_server.access.signatures import Signatures, sign, sign_alert
from fks_exec_server.access.tokens import Tokens
from fks_exec_server.config import ClientConfig, KeyConfig, TokenConfig
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.signed import CLIENT_SECRET, KeyPair, bearer, claims, clients, issued, tokens
from fks_exec_simulators.venues import MemoryVenue

PAIR = KeyPair()
SIGNED = ["X-Fks-Key", "X-Fks-Timestamp", "X-Fks-Nonce", "X-Fks-Signature"]
REFUSED = {400, 401, 404}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Of a host that knows a key, a client and an issuer, and that lets anybody try as often as he likes."""
    config = host_config(
        tmp_path,
        clients=clients(tmp_path),
        tokens=tokens(tmp_path, PAIR),
        limits={"strangers": 10_000, "orders_per_address": 10_000},
    )
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield client


def with_every_byte(good: bytes) -> list[bytes]:
    """Each byte alone, before, after, in the midst of what would be right, and in place of its last one."""
    each = [bytes([value]) for value in range(256)]
    half = len(good) // 2
    forms = [form for one in each for form in (one, one + good, good + one, good[:half] + one + good[half:], good[:-1] + one)]
    return [form for form in forms if form != good]


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_any_byte_in_a_header_of_a_signature_is_refused(client: httpx.AsyncClient, name: str, method: str) -> None:
    """A comparison of texts would raise for a character that is not ASCII, and be answered 500, which is sent again."""
    good = sign(method, "/orders/x" if method == "GET" else "/orders", b"", key="desk", secret=CLIENT_SECRET)
    found = set()
    for value in with_every_byte(good[name].encode()):
        headers = [(each.encode(), text.encode()) for each, text in good.items() if each != name] + [(name.encode(), value)]
        answer = await client.request(method, "/orders/x" if method == "GET" else "/orders", headers=headers)
        found.add(answer.status_code)
    assert found == {401}


@pytest.mark.parametrize("path", ["/orders", "/webhook/tradingview", "/halt"])
async def test_any_byte_in_a_token_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """Also in the word before it."""
    good = bearer(issued(PAIR))["Authorization"].encode()
    values = [value for value in with_every_byte(good) if value.lower() != good.lower()]
    found = {(await client.post(path, headers=[(b"Authorization", value)])).status_code for value in values}
    assert found == {401}


async def test_any_byte_in_the_signature_of_an_alert_is_refused(client: httpx.AsyncClient) -> None:
    """The header that TradingView itself never sends."""
    good = sign_alert(b"{}", secret=CLIENT_SECRET)["X-TradingView-Signature"].encode()
    found = set()
    for value in with_every_byte(good):
        answer = await client.post("/webhook/tradingview", content=b"{}", headers=[(b"X-TradingView-Signature", value)])
        found.add(answer.status_code)
    assert found == {401}


async def test_any_byte_in_the_secret_of_a_path_is_refused(client: httpx.AsyncClient) -> None:
    """Told apart from an unknown path by nothing; a line end makes a path of its own."""
    found = set()
    for value in with_every_byte(KEY.encode()):
        answer = await client.post(f"/webhook/tradingview/{quote_from_bytes(value, safe='')}", content=b"{}")
        found.add(answer.status_code)
    assert found <= REFUSED


RING = Signatures({"desk": ClientConfig(secrets=[Secret(CLIENT_SECRET)], accounts=["main"])})
KEYS = KeyRing({"tv": KeyConfig(secret=Secret(KEY), accounts=["main"])})
TOKENS = Tokens({"ops": TokenConfig(key=Secret(PAIR.public), issuer="i", accounts=["main"])})
VALUES = st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(SIGNED), VALUES), VALUES, VALUES)
def test_no_header_raises_anything_but_a_refusal(headers: dict[str, bytes], target: bytes, body: bytes) -> None:
    """Any bytes, in any of them, also in the path."""
    good = sign("POST", "/orders", body, key="desk", secret=CLIENT_SECRET)
    mixed = {name.lower().encode(): headers.get(name, good[name].encode()) for name in SIGNED}
    for path in (target, b"/orders"):
        if path != b"/orders" or headers:
            with pytest.raises(Unauthenticated):
                RING.check("POST", path, list(mixed.items()), body)


@pytest.mark.parametrize("nonce", ["short", "x" * 65, "0123456789 abcdef", "0123456789+abcdef"])
def test_a_header_of_another_form_is_refused_though_it_is_signed(nonce: str) -> None:
    """What nobody has made by the documents is not looked at further."""
    signed = sign("POST", "/orders", b"{}", key="desk", secret=CLIENT_SECRET, nonce=nonce)
    with pytest.raises(Unauthenticated):
        RING.check("POST", b"/orders", [(name.lower().encode(), value.encode()) for name, value in signed.items()], b"{}")


@settings(max_examples=400)
@given(st.lists(VALUES | st.just(b"Bearer a.b.c"), max_size=3), VALUES)
def test_no_token_raises_anything_but_a_refusal(values: list[bytes], secret: bytes) -> None:
    """Nor does a secret."""
    with pytest.raises(Unauthenticated):
        TOKENS.check([(b"authorization", value) for value in values])
    assert KEYS.find(secret) is None


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"alg":['])
def test_a_header_that_is_nested_too_deeply_is_refused(opening: str) -> None:
    """It is read before it is proved, so a parser that gives up must not be a fault."""
    head = base64.urlsafe_b64encode((opening * (380 // len(opening))).encode()).rstrip(b"=")
    body = jwt.encode(claims(), "k" * 32, algorithm="HS256").encode().partition(b".")[2]
    with pytest.raises(Unauthenticated):
        TOKENS.check([(b"authorization", b"Bearer " + head + b"." + body)])
