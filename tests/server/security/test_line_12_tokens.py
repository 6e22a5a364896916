# SPDX-License-Identifier: MIT
"""Line 12: a token is what its configured issuer has signed for this host, for a short time; nothing in it chooses how."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ConfigError, Secret
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.proof import Proof, Unauthenticated
from fks_exec_server.access.tokens import Tokens
from fks_exec_server.config import TokenConfig
from fks_exec_simulators.canaries import canary
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.signed import AUDIENCE, ISSUER, KeyPair, bearer, claims, issued, tokens
from fks_exec_simulators.venues import MemoryVenue

NOW = 1_700_000_000
PAIR, STRANGER = KeyPair(), KeyPair()
CURVE = ec.generate_private_key(ec.SECP256R1())
SHARED = canary("shared")
SCOPE: dict[str, Any] = {"accounts": ["main", "other"], "actions": ["read", "trade", "halt"], "sides": ["buy", "sell"]}


def pem(key: Any) -> str:
    """The public part."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def ring(key: str = PAIR.public, algorithm: str = "EdDSA", **fields: Any) -> Tokens:
    """A host that knows the issuer ``ops``, at the time NOW."""
    config = TokenConfig(
        **{"key": Secret(key), "algorithm": algorithm, "issuer": ISSUER, "audience": AUDIENCE, **SCOPE, **fields}
    )
    return Tokens({"ops": config}, HandClock(NOW * 1000))


def check(token: str, tokens: Tokens | None = None) -> Proof:
    """As it arrives."""
    return (tokens or ring()).check([(b"authorization", b"Bearer " + token.encode())])


def made(header: dict[str, Any] | None = None, key: Any = None, algorithm: str = "EdDSA", **changes: Any) -> str:
    """A token as of NOW."""
    return jwt.encode(claims(NOW, **changes), key or PAIR.private, algorithm=algorithm, headers=header)


def by_hand(header: object, body: object, key: bytes | None = None) -> str:
    """What no library would make; signed with HMAC where there is a key."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, body)]
    text = b".".join(parts)
    signature = b"" if key is None else base64.urlsafe_b64encode(hmac.new(key, text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + (signature or b"AA")).decode()


@pytest.mark.parametrize(
    ("tokens", "token"),
    [
        (ring(), made()),
        (ring(pem(CURVE), "ES256"), made(key=CURVE, algorithm="ES256")),
        (ring(SHARED, "HS256"), made(key=SHARED, algorithm="HS256")),
    ],
    ids=["EdDSA", "ES256", "HS256"],
)
def test_a_token_of_the_issuer_is_proved(tokens: Tokens, token: str) -> None:
    """With the three algorithms that there are."""
    proof = check(token, tokens)
    assert (proof.caller.name, proof.caller.kind, proof.caller.accounts) == ("ops", "jwt", ("main", "other"))


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "nbf", "iat", "jti"])
def test_a_claim_that_is_missing_is_refused(name: str) -> None:
    """Each of the six."""
    with pytest.raises(Unauthenticated):
        check(made(**{name: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": []},
        {"jti": ""},
        {"jti": 12345678},
        {"jti": "a b c d e"},
        {"iat": NOW - 60, "exp": NOW - 5},
        {"exp": NOW + 901},
        {"iat": NOW - 841},
        {"iat": NOW + 6},
        {"nbf": NOW + 6},
        {"exp": NOW + 60.5},
        {"iat": True},
        {"nbf": "1700000000"},
        {"exp": 10**400},
        {"iat": NOW + 60, "exp": NOW},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_is_refused(changes: dict[str, Any]) -> None:
    """Another issuer, another host, another time; more than 15 minutes."""
    whole = claims(NOW, **changes)
    token = made(**changes) if isinstance(whole["iss"], str) else by_hand({"alg": "HS256"}, whole, SHARED.encode())
    with pytest.raises(Unauthenticated):
        check(token, ring(SHARED, "HS256") if not isinstance(whole["iss"], str) else ring())


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW - 60, "exp": NOW - 4},
        {"iat": NOW - 840},
        {"iat": NOW + 5},
        {"nbf": NOW + 5},
        {"aud": ["other", AUDIENCE]},
        {"exp": NOW + 900},
    ],
    ids=str,
)
def test_five_seconds_between_two_clocks_do_not_matter(changes: dict[str, Any]) -> None:
    """And 15 minutes are allowed."""
    check(made(**changes))


def test_an_issuer_may_be_allowed_less_than_15_minutes() -> None:
    """As its table says."""
    check(made(exp=NOW + 30), ring(lifetime=30))
    with pytest.raises(Unauthenticated, match="allowed are 30"):
        check(made(exp=NOW + 31), ring(lifetime=30))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS256", "RS256", "ES256", ["EdDSA"]], ids=repr
)
@pytest.mark.parametrize("key", [None, PAIR.public.encode(), b""], ids=["unsigned", "public key", "empty key"])
def test_the_token_does_not_choose_its_algorithm(algorithm: object, key: bytes | None) -> None:
    """Neither none, nor the public key as the secret of an HMAC."""
    with pytest.raises(Unauthenticated):
        check(by_hand({"alg": algorithm, "typ": "JWT"}, claims(NOW), key))


def test_the_public_key_of_an_rsa_pair_is_no_secret_and_no_key() -> None:
    """The confusion of HS256 with RS256 begins with a key that could be either."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for algorithm in ("EdDSA", "ES256", "HS256"):
        with pytest.raises(ConfigError):
            ring(pem(pair), algorithm)
    with pytest.raises(ConfigError):
        ring(pem(pair), "RS256")


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "x5t", "crit", "b64", "zip", "cty"])
@pytest.mark.parametrize("value", ["https://evil.example/keys", {"kty": "OKP"}, ["exp"]], ids=["text", "object", "list"])
def test_a_token_does_not_say_where_its_key_is(name: str, value: object) -> None:
    """Also where the signature is right."""
    body = claims(NOW)
    with pytest.raises(Unauthenticated, match="has more than alg, typ and kid"):
        check(by_hand({"alg": "HS256", name: value}, body, SHARED.encode()), ring(SHARED, "HS256"))


def test_a_name_of_the_key_is_no_more_than_a_name() -> None:
    """It chooses nothing: neither a file nor another key."""
    check(made({"kid": "../../etc/passwd"}))
    with pytest.raises(Unauthenticated):
        check(made({"kid": "ops"}, key=STRANGER.private))


def test_a_token_of_another_type_is_refused() -> None:
    """What was issued to log somebody in is no order."""
    with pytest.raises(Unauthenticated):
        check(made({"typ": "dpop+jwt"}))


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_any_other_byte_of_a_token_is_refused(at: int, other: int) -> None:
    """Of its header, its claims, its signature; the last character of each part may have bits that say nothing."""
    token = made()
    ends = {len(token) - 1, token.index(".") - 1, token.rindex(".") - 1}
    at %= len(token)
    value = chr((ord(token[at]) ^ other) % 128)
    if at not in ends and value != token[at]:
        with pytest.raises(Unauthenticated):
            check(token[:at] + value + token[at + 1 :])


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (PAIR.private, "EdDSA"),
        (PAIR.public, "ES256"),
        (pem(CURVE), "EdDSA"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "ES256"),
        (pem(ed448.Ed448PrivateKey.generate()), "EdDSA"),
        ("k" * 40, "EdDSA"),
        ("k" * 31, "HS256"),
        (PAIR.public, "HS256"),
        (PAIR.public, "none"),
    ],
    ids=["private", "other curve", "P-256", "P-384", "Ed448", "no key", "short", "PEM as secret", "none"],
)
def test_a_key_that_does_not_go_with_its_algorithm_is_refused_at_the_start(key: str, algorithm: str) -> None:
    """And is not shown."""
    with pytest.raises(ConfigError) as raised:
        ring(key, algorithm)
    assert key[40:60] not in str(raised.value) or len(key) < 60


def claimed(**fields: Any) -> Proof:
    """A token that asks for these."""
    return check(made(fks_exec=fields))


def test_a_token_may_ask_for_less() -> None:
    """A list is what both have, a limit the lower one."""
    tokens = ring(max_notional=100)
    scope = check(made(fks_exec={"accounts": ["other"], "actions": ["read"], "max_notional": "50"}), tokens).caller.scope
    assert (scope.accounts, scope.actions, scope.max_notional) == (("other",), {"read"}, 50)
    assert scope.sides == ("buy", "sell")


def test_a_token_never_has_more_than_its_issuer() -> None:
    """Whatever it asks for."""
    tokens = ring(max_notional=100, orders_a_minute=5, reduce_only=True, symbols=["BTC/USDT"], sides=["sell"])
    asked = {
        "accounts": ["main", "secret"],
        "actions": ["read", "trade", "halt", "resume", "close"],
        "symbols": ["BTC/USDT", "ETH/USDT"],
        "sides": ["buy", "sell"],
        "max_notional": "1000000",
        "orders_a_minute": 1000,
        "reduce_only": False,
    }
    scope = check(made(fks_exec=asked), tokens).caller.scope
    assert (scope.accounts, sorted(scope.actions)) == (("main",), ["halt", "read", "trade"])
    assert (scope.symbols, scope.sides, scope.max_notional) == (("BTC/USDT",), ("sell",), 100)
    assert (scope.orders_a_minute, scope.reduce_only) == (5, True)


@pytest.mark.parametrize(
    "claim",
    [
        {"acounts": ["main"]},
        {"accounts": "main"},
        {"accounts": None},
        {"accounts": [1]},
        {"sides": ["long"]},
        {"actions": ["all"]},
        {"max_notional": 50},
        {"max_notional": "0"},
        {"max_notional": "NaN"},
        {"orders_a_minute": "5"},
        {"orders_a_minute": True},
        {"reduce_only": 1},
        ["main"],
        "main",
        1,
        False,
    ],
    ids=str,
)
def test_a_restriction_that_is_not_understood_is_not_left_out(claim: object) -> None:
    """A misspelt one would be none."""
    with pytest.raises(Unauthenticated):
        check(made(fks_exec=claim))


@pytest.mark.parametrize("accounts", [[], ["secret"], ["Main"]], ids=str)
def test_a_token_for_no_account_of_its_issuers_is_refused(accounts: list[str]) -> None:
    """An empty list is a list, and no wildcard."""
    with pytest.raises(Unauthenticated, match="no account"):
        claimed(accounts=accounts)


async def test_over_http_a_token_opens_what_its_scope_allows(tmp_path: Path) -> None:
    """Anything else is 403 with a code, a stranger's token 401."""
    config = host_config(tmp_path, tokens=tokens(tmp_path, PAIR))
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "mine"}
            taken = await client.post("/orders", json=order, headers=bearer(issued(PAIR)))
            unnamed = await client.post("/orders", json={**order, "client_order_id": None}, headers=bearer(issued(PAIR)))
            look = issued(PAIR, fks_exec={"actions": ["read"]})
            denied = [await client.post("/orders", json=order, headers=bearer(look))]
            denied += [await client.post("/halt", json={"because": "x"}, headers=bearer(look))]
            stranger = await client.post("/orders", json=order, headers=bearer(issued(STRANGER)))
    assert (taken.status_code, unnamed.status_code, unnamed.json()["code"]) == (200, 422, "NO_DEDUP_KEY")
    assert [(answer.status_code, answer.json()["code"]) for answer in denied] == [(403, "SCOPE_ACTION")] * 2
    assert stranger.status_code == 401
