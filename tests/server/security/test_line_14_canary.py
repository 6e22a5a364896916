# SPDX-License-Identifier: MIT
"""Line 14: no secret comes out. Canaries are searched for in all that a host says, answers and writes, in several lives."""

import json
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fks_exec import ConfigError, Secret
from fks_exec_hub.config import parse_config
from fks_exec_server.config import ServerConfig, check, read_config
from fks_exec_simulators.canaries import spelt
from fks_exec_simulators.canary_host import BODY, CANARIES, CLIENT, PATH, TOKEN, VENUE, CanaryHost


class KeyringLocked(Exception):
    """Known by its name, as that of the package is."""


class Keyring(ModuleType):
    """The package ``keyring`` with these passwords, by service and user."""

    def __init__(self, passwords: dict[tuple[str, str], str], *, locked: bool = False) -> None:
        super().__init__("keyring")
        self._passwords, self._locked = passwords, locked

    def get_password(self, service: str, user: str) -> str | None:
        """The password of one entry."""
        if self._locked:
            raise KeyringLocked(self._passwords[service, user])
        return self._passwords.get((service, user))


@pytest.fixture(params=[("serve", "--json", "--log", "json"), ("--verbose", "serve", "--json")], ids=["json", "verbose"])
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CanaryHost]:
    """One that says much: all lines as JSON, or as text everything down to debugging, with traces."""
    host = CanaryHost(tmp_path, tmp_path.with_name(f"{tmp_path.name}-outside"), request.param)
    try:
        yield host
    finally:
        host.end(signal.SIGKILL)


def good(host: CanaryHost) -> None:
    """Requests that are served: by path, by signature, by token."""
    assert host.alert().status_code == 200
    assert host.alert(id="again").status_code == host.alert(id="again").status_code == 200
    failed = host.alert(quantity="0.02", symbol="ETH/USDT")
    assert failed.status_code == 202, "the venue fails with its key in the error"
    assert host.ask("GET", f"{host.alerts}/webhook/tradingview/{PATH}/orders/{host.last}").status_code == 200
    order = {"account": "main", "symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "client_order_id": "signed"}
    assert host.signed("POST", "/orders", order).status_code == 200
    assert host.signed("GET", "/accounts").status_code == 200
    assert host.ask("GET", f"{host.alerts}/accounts", headers=host.token()).status_code == 200


def bad(host: CanaryHost) -> None:
    """Requests with a secret where it does not belong."""
    assert host.alert(secret="wrong").status_code == 404
    assert host.alert(secret=None, comment=BODY).status_code in (400, 404)
    assert host.alert(comment=BODY).status_code == 400
    assert host.alert(symbol=BODY, quantity=BODY).status_code in (400, 422)
    assert host.alert(method="PUT").status_code == 405
    assert host.alert(path=f"/webhok/tradingview/{PATH}").status_code == 404
    assert host.alert(path=f"/webhook/tradingview/{PATH}x").status_code == 404
    assert host.alert(path=f"/webhook/tradingview/{PATH}/nothing?secret={PATH}").status_code == 404
    cut_off = b'{"secret": "' + BODY.encode()
    assert host.ask("POST", f"{host.alerts}/webhook/tradingview/{PATH}", content=cut_off).status_code in (400, 404)
    assert host.signed("POST", "/orders", {"symbol": CLIENT, CLIENT: TOKEN}).status_code in (400, 422)
    assert host.signed("GET", f"/orders/{CLIENT}", secret="x" * 40).status_code == 401
    as_they_are = {"X-Fks-Signature": CLIENT, "X-Fks-Key": CLIENT}
    for headers in (as_they_are, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": TOKEN}):
        assert host.ask("GET", f"{host.alerts}/accounts", headers=headers).status_code == 401
    assert host.ask("GET", f"{host.alerts}/accounts", headers=host.token(aud="other")).status_code == 401


def looked(host: CanaryHost) -> None:
    """What infrastructure reads."""
    for path in ("/metrics", "/health/live", "/health/ready", "/openapi.json"):
        host.ask("GET", f"{host.operations}{path}")


def found(host: CanaryHost) -> list[tuple[str, str]]:
    """Where a canary got to, and which."""
    return [
        (where, bird) for where, text in host.everything() for bird in CANARIES if any(form in text for form in spelt(bird))
    ]


def test_no_secret_comes_out_of_a_host_in_any_of_its_lives(host: CanaryHost) -> None:
    """Stopped, killed, started again; and what the commands print of its journal afterwards."""
    for served, end in ((good, signal.SIGTERM), (CanaryHost.alert, signal.SIGKILL), (CanaryHost.alert, signal.SIGTERM)):
        host.start()
        served(host)
        bad(host)
        looked(host)
        host.end(end)
    for words in (
        ["orders", "list", "--json"],
        ["orders", "show", "signed"],
        ["trace", "signed", "--json"],
        ["--verbose", "check"],
    ):
        assert host.command(*words)
    assert found(host) == []
    assert "signing with ***" in host.said, "the venue's own line is there, redacted"
    where = dict(host.everything())
    assert {"answers", "said", "fks-exec.db"} <= set(where)
    assert b"BTC/USDT" in where["fks-exec.db"] + where.get("fks-exec.db-wal", b""), "the journal was looked into"


@pytest.mark.shows_secret("it puts one where the search has to find it")
def test_the_search_would_find_a_secret(tmp_path: Path) -> None:
    """Plain or wrapped, in a file or in an answer."""
    host = CanaryHost(tmp_path, tmp_path.with_name(f"{tmp_path.name}-outside"), ())
    (tmp_path / "leak").write_bytes(b"..." + VENUE.encode().hex().encode())
    host.answers.append(f'{{"key": "{CLIENT}"}}')
    assert found(host) == [("answers", CLIENT), ("leak", VENUE)]


KEYS = {
    "path": {"keys": {"tv": {"secret": {"file": "it"}, "accounts": ["main"]}}},
    "body": {"keys": {"tv": {"sha256": "0" * 64, "body_secret": {"file": "it"}, "accounts": ["main"]}}},
    "client": {"clients": {"desk": {"secrets": [{"file": "it"}], "accounts": ["main"]}}},
    "token": {"tokens": {"ops": {"algorithm": "HS256", "key": {"file": "it"}, "issuer": "ops", "accounts": ["main"]}}},
}


TAKEN: dict[str, tuple[str, Callable[[ServerConfig], Secret | None]]] = {
    "path": ("keys.tv.secret", lambda server: server.keys["tv"].secret),
    "body": ("keys.tv.body_secret", lambda server: server.keys["tv"].body_secret),
    "client": ("clients.desk.secrets.0", lambda server: server.clients["desk"].secrets[0]),
    "token": ("tokens.ops.key", lambda server: server.tokens["ops"].key),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_secret_may_come_from_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Of whatever sort it is; a keyring that is locked is told with the field that wants it, and with a remedy."""
    text = json.dumps(KEYS[kind]).replace('{"file": "it"}', '{"keyring": "fks-exec/it"}')
    field, taken = TAKEN[kind]
    monkeypatch.setitem(sys.modules, "keyring", Keyring({("fks-exec", "it"): CLIENT}))
    assert taken(read_config(json.loads(text), accounts=("main",), base=tmp_path)) == Secret(CLIENT)
    monkeypatch.setitem(sys.modules, "keyring", Keyring({("fks-exec", "it"): CLIENT}, locked=True))
    with pytest.raises(ConfigError, match=f"^plugins.server.{field}: the keyring is locked; unlock it") as told:
        read_config(json.loads(text), accounts=("main",), base=tmp_path)
    assert CLIENT not in str(told.value)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o777], ids=oct)
def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path, kind: str, mode: int) -> None:
    """Of whatever sort the secret is; the sentence names the file and the remedy, and not what is in it."""
    path = tmp_path / "it"
    path.write_text(PATH, "utf-8")
    accounts = {"main": {"venue": "paper", "guards": []}}
    config = parse_config({"accounts": accounts, "plugins": {"server": KEYS[kind]}}, tmp_path)
    os.chmod(path, stat.S_IRUSR)
    check(config)
    os.chmod(path, mode)
    with pytest.raises(ConfigError, match=f"can be read by others.*chmod 600 {path}") as refused:
        check(config)
    assert PATH not in str(refused.value)


def test_a_secret_that_stands_in_the_configuration_itself_is_refused(tmp_path: Path) -> None:
    """And is not repeated in the sentence."""
    accounts = {"main": {"venue": "paper", "guards": []}}
    table = {"keys": {"tv": {"secret": PATH, "accounts": ["main"]}}}
    with pytest.raises(ConfigError, match="does not stand in the configuration") as refused:
        check(parse_config({"accounts": accounts, "plugins": {"server": table}}, tmp_path))
    assert PATH not in str(refused.value)


def test_a_secret_is_printed_as_stars() -> None:
    """By every way in which a value becomes a text."""
    secret = Secret(PATH)
    assert {repr(secret), str(secret), f"{secret}", f"{secret!r:>1}", str([secret])[1:-1]} == {"***"}
