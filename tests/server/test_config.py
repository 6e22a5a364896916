# SPDX-License-Identifier: MIT
"""The table [plugins.server]: what is taken, and that a start fails closed."""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ConfigError
from fks_exec_server import ServerConfig
from fks_exec_server.config import Address, read_config

SECRET = "canary-0123456789abcdefghijklmnopqrstuvwxyz"
SHA256 = hashlib.sha256(SECRET.encode()).hexdigest()


def config(base: Path, key: dict[str, Any] | None = None, *, secret: str = SECRET, **table: Any) -> ServerConfig:
    """A configuration with one key, ``tv``.

    Args:
        key: further fields of the key; None takes one out.
        secret: what its file holds.
        table: further fields of the table.
    """
    file = base / "secret"
    file.touch(0o600)
    file.write_text(secret, "utf-8")
    tv = {"secret": {"file": "secret"}, "accounts": ["main"], **(key or {})}
    tv = {name: value for name, value in tv.items() if value is not None}
    return read_config({"keys": {"tv": tv}, **table}, accounts=("main", "other"), base=base)


def test_the_defaults_listen_on_the_loopback_address_only(tmp_path: Path) -> None:
    """Who wants more says so."""
    found = config(tmp_path)
    assert (found.bind, found.operations) == ("127.0.0.1:8080", "127.0.0.1:9090")
    assert (found.body_limit, found.body_timeout) == (8192, 10.0)
    assert (found.keys["tv"].respond, found.keys["tv"].wait) == ("outcome", 2.0)


def test_another_address_can_be_meant(tmp_path: Path) -> None:
    """A container binds all addresses; its host decides who comes in."""
    found = config(tmp_path, bind="0.0.0.0:80", operations="[::1]:9090")
    assert found.address == Address("0.0.0.0", 80)
    assert found.operations_address == Address("::1", 9090)
    assert str(found.operations_address) == "[::1]:9090"


def test_seconds_are_numbers_of_any_kind(tmp_path: Path) -> None:
    """The configuration's reader makes Decimals."""
    assert config(tmp_path, {"wait": Decimal("0.5")}).keys["tv"].wait == 0.5
    assert config(tmp_path, {"wait": 3}).keys["tv"].wait == 3.0


def test_a_hash_stands_for_the_secret(tmp_path: Path) -> None:
    """Then the secret is not on this machine at all."""
    found = config(tmp_path, {"secret": None, "sha256": SHA256.upper()})
    assert found.keys["tv"].digest == config(tmp_path).keys["tv"].digest


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    """Configurations end up in logs."""
    assert SECRET not in repr(config(tmp_path))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ({"secret": None}, "a key has a secret, or its sha256: one of the two"),
        ({"sha256": SHA256}, "a key has a secret, or its sha256: one of the two"),
        ({"secret": None, "sha256": SHA256[:-1]}, "the sha256 is not 64 hexadecimal digits"),
        ({"secret": SECRET}, "a secret does not stand in the configuration itself"),
        ({"secret": {"env": "FKS_EXEC_NO_SUCH_VARIABLE"}}, "the environment variable FKS_EXEC_NO_SUCH_VARIABLE is not set"),
        ({"accounts": None}, "the key may trade no account"),
        ({"accounts": []}, "the key may trade no account"),
        ({"accounts": ["main", "savings"]}, "there is no account 'savings'; the accounts are: main, other"),
        ({"respond": "later"}, "respond 'later' is not one of outcome, accepted"),
        ({"wait": 0}, "wait 0 does not lie between 0 and 60 seconds"),
        ({"wait": 61}, "wait 61 does not lie between 0 and 60 seconds"),
        ({"wiat": 1}, "is unknown; did you mean wait?"),
    ],
)
def test_a_key_that_cannot_be_meant_stops_the_start(tmp_path: Path, key: dict[str, Any], sentence: str) -> None:
    """The error names the key's table and what to write instead, and never the secret."""
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, key)
    assert str(refused.value).startswith("plugins.server.keys.tv")
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("secret", ["too-short-by-one-0123456789abcd", "with/slash/0123456789abcdefghijklmnop", "é" * 40])
def test_a_secret_that_is_short_or_stands_in_no_path_stops_the_start(tmp_path: Path, secret: str) -> None:
    """The second would never match, and nobody would know why."""
    with pytest.raises(ConfigError, match=r"32 to 256 letters, digits or - \. _ ~; make one: python3 -c") as refused:
        config(tmp_path, secret=secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"keys": {}}, "nobody may send alerts; add a table [plugins.server.keys.NAME]"),
        ({"keys": {"a b": {"sha256": SHA256, "accounts": ["main"]}}}, "the key's name 'a b' is not 1 to 32 letters"),
        ({"bind": "8080"}, "bind '8080' is not an address"),
        ({"bind": "::1:8080"}, "bind '::1:8080' is not an address"),
        ({"bind": "[localhost]:8080"}, "bind '[localhost]:8080' is not an address"),
        ({"bind": "127.0.0.1:http"}, "bind '127.0.0.1:http' is not an address"),
        ({"bind": "127.0.0.1:65536"}, "bind '127.0.0.1:65536' has a port above 65535"),
        ({"bind": "127.0.0.1:9090"}, "operations 127.0.0.1:9090 is also bind"),
        ({"body_limit": 0}, "body_limit 0 does not lie between"),
        ({"body_timeout": 61}, "body_timeout 61 does not lie between"),
        ({"workers": 4}, "is unknown"),
    ],
)
def test_a_table_that_cannot_be_meant_stops_the_start(tmp_path: Path, table: dict[str, Any], sentence: str) -> None:
    """With its place and a sentence."""
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, **table)
    assert str(refused.value).startswith("plugins.server")
    assert sentence in str(refused.value)


def test_two_keys_with_one_secret_stop_the_start(tmp_path: Path) -> None:
    """Which of the two an alert came with could not be told; also when one of them is a hash."""
    keys = {"a": {"sha256": SHA256, "accounts": ["main"]}, "b": {"secret": {"file": "secret"}, "accounts": ["other"]}}
    with pytest.raises(ConfigError, match="the keys a and b have the same secret"):
        config(tmp_path, keys=keys)


def test_no_key_at_all_stops_the_start(tmp_path: Path) -> None:
    """An empty table is no open door."""
    with pytest.raises(ConfigError, match="nobody may send alerts"):
        read_config({}, accounts=("main",), base=tmp_path)
