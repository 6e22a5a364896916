# SPDX-License-Identifier: MIT
"""Line 15: two secrets of a sender are right at once, so that one can take the other's place without a gap."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import ConfigError, Secret
from fks_exec_server.access.gate import Gate
from fks_exec_server.access.keys import KeyRing
from fks_exec_server.access.listed import place
from fks_exec_server.access.proof import Unauthenticated
from fks_exec_server.access.revoked import Revoked
from fks_exec_server.access.signatures import Signatures, sign, sign_alert
from fks_exec_server.access.tokens import Tokens
from fks_exec_server.config import ClientConfig, KeyConfig, ServerConfig, TokenConfig
from fks_exec_simulators.canaries import canary
from fks_exec_simulators.served import command, serve_process
from fks_exec_simulators.signed import AUDIENCE, ISSUER, KeyPair, issued

OLD, NEW, OTHER = (canary(name) for name in ("old", "new", "other"))
PAIRS = {OLD: KeyPair(), NEW: KeyPair(), OTHER: KeyPair()}

Known = Callable[[str], bool]


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI gives them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def by_path(*secrets: str, revoked: Callable[[bytes], bool] = lambda digest: False) -> Known:
    """Senders of alerts: the secret itself, and the next one as a hash."""
    config: dict[str, Any] = {"secret": Secret(secrets[0]), "accounts": ["main"]}
    if len(secrets) > 1:
        config["next_sha256"] = hashlib.sha256(secrets[1].encode()).hexdigest()
    ring = KeyRing({"tv": KeyConfig(**config)}, revoked=revoked)
    return lambda secret: ring.find(secret) is not None


def by_signature(*secrets: str, revoked: Callable[[bytes], bool] = lambda digest: False) -> Known:
    """Clients, by what they sign."""
    config = ClientConfig(secrets=[Secret(each) for each in secrets], accounts=["main"])
    ring = Signatures({"desk": config}, revoked=revoked)

    def known(secret: str) -> bool:
        request = sign("POST", "/orders", b"{}", key="desk", secret=secret)
        alert = sign_alert(b"{}", secret=secret)
        try:
            ring.check("POST", b"/orders", raw(request), b"{}")
            ring.check_alert(raw(alert), b"{}")
        except Unauthenticated:
            return False
        return True

    return known


def by_token(*secrets: str, revoked: Callable[[bytes], bool] = lambda digest: False) -> Known:
    """Issuers: two tables of the same issuer."""
    tables = {
        f"ops{number}": TokenConfig(key=Secret(PAIRS[each].public), issuer=ISSUER, audience=AUDIENCE, accounts=["main"])
        for number, each in enumerate(secrets)
    }
    ring = Tokens(tables, revoked=revoked)

    def known(secret: str) -> bool:
        try:
            ring.check([(b"authorization", b"Bearer " + issued(PAIRS[secret]).encode())])
        except Unauthenticated:
            return False
        return True

    return known


WAYS = pytest.mark.parametrize("way", [by_path, by_signature, by_token])


@WAYS
def test_while_one_secret_takes_the_place_of_the_other_both_are_right(way: Callable[..., Known]) -> None:
    """Before: the old one. In between: both. After: the new one."""
    table = {
        secrets: [way(*secrets)(each) for each in (OLD, NEW, OTHER)] for secrets in [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)]
    }
    assert table == {
        (OLD,): [True, False, False],
        (OLD, NEW): [True, True, False],
        (NEW, OLD): [True, True, False],
        (NEW,): [False, True, False],
    }


@WAYS
def test_one_of_the_two_can_be_revoked(way: Callable[..., Known]) -> None:
    """By its SHA-256; the other one stays right."""
    text = PAIRS[OLD].public if way is by_token else OLD
    digest = hashlib.sha256(text.encode()).digest()
    known = way(OLD, NEW, revoked=lambda each: each == digest)
    assert [known(OLD), known(NEW)] == [False, True]


def test_a_client_has_no_more_than_two_secrets() -> None:
    """A third one is a leftover."""
    for secrets in ([], [OLD, OLD], [OLD, NEW, OTHER]):
        with pytest.raises(ConfigError):
            ClientConfig(secrets=[Secret(each) for each in secrets], accounts=["main"])


async def test_a_secret_that_is_revoked_is_refused_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host looks at the list again at most once a second."""
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    key = KeyConfig(secret=Secret(OLD), next_secret=Secret(NEW), accounts=["main"])
    gate = Gate(ServerConfig(keys={"tv": key}), state=tmp_path)
    assert await gate.path(OLD)
    Revoked(place(tmp_path)).add(hashlib.sha256(OLD.encode()).digest(), "tv")
    assert await gate.path(OLD) is None
    assert await gate.path(NEW)


def test_a_host_that_runs_heeds_what_the_command_line_revokes(tmp_path: Path) -> None:
    """Within two seconds; the other key is not touched, and a restart changes nothing."""
    with serve_process(tmp_path, keys=2) as host:
        known = [httpx.get(host.url(key)).status_code for key in (0, 1)]
        name = command(tmp_path, "keys", "list").stdout.splitlines()[1].split()[0]
        done = command(tmp_path, "keys", "revoke", name)
        assert done.returncode == 0, done.stderr
        end = time.monotonic() + 10
        while httpx.get(host.url(0)).status_code != 404 and time.monotonic() < end:
            time.sleep(0.05)
        later = [httpx.get(host.url(key)).status_code for key in (0, 1)]
        host.end()
        host.start()
        assert [httpx.get(host.url(key)).status_code for key in (0, 1)] == later == [404, 405]
    assert known == [405, 405]
