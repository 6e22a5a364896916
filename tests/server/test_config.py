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
    assert (found.body_limit, found.body_timeout) == (8192, 5.0)
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
    assert found.keys["tv"].digests == config(tmp_path).keys["tv"].digests


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
        ({"keys": {}}, "nobody may send alerts; run 'fks-exec keys new NAME'"),
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


CLIENT = {"secrets": [{"file": "secret"}], "accounts": ["main"]}
TOKEN = {"key": {"file": "secret"}, "algorithm": "HS256", "issuer": "me", "accounts": ["main"]}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"clients": {"bot": {**CLIENT, "secrets": []}}}, "a client has one secret, or two"),
        ({"clients": {"bot": {**CLIENT, "secrets": [{"file": "secret"}] * 2}}}, "the two secrets are the same"),
        ({"clients": {"bot": {**CLIENT, "secrets": [{"file": "short"}]}}}, "a secret is shorter than 32 bytes; make one"),
        ({"clients": {"bot": CLIENT, "cat": CLIENT}}, "the clients bot and cat have the same secret"),
        ({"clients": {"tv": CLIENT}}, "the name tv stands for two senders"),
        ({"tokens": {"tv": TOKEN}}, "the name tv stands for two senders"),
        ({"clients": {"bot": CLIENT}, "tokens": {"bot": TOKEN}}, "the name bot stands for two senders"),
        ({"clients": {"bot": {**CLIENT, "accounts": ["savings"]}}}, "there is no account 'savings'"),
        ({"clients": {"bot": {**CLIENT, "sides": ["long"]}}}, "'long' is not one of buy, sell"),
        ({"clients": {"bot": {**CLIENT, "actions": ["hlat"]}}}, "'hlat' is not one of read, trade, halt"),
        ({"clients": {"bot": {**CLIENT, "max_notional": 0}}}, "max_notional"),
        ({"clients": {"bot": {**CLIENT, "rate": 0}}}, "rate 0 does not lie between"),
        ({"clients": {"bot": {**CLIENT, "burst": 0}}}, "burst 0 does not lie between"),
        ({"tokens": {"ops": {**TOKEN, "algorithm": "none"}}}, "algorithm 'none' is not one of EdDSA, ES256, HS256"),
        ({"tokens": {"ops": {**TOKEN, "key": {"file": "short"}}}}, "the key of HS256 is shorter than 32 bytes"),
        ({"tokens": {"ops": {**TOKEN, "issuer": ""}}}, "issuer is empty"),
        ({"tokens": {"ops": {**TOKEN, "lifetime": 901}}}, "lifetime 901 does not lie between 1 and 900 seconds"),
        ({"tokens": {"ops": {name: value for name, value in TOKEN.items() if name != "key"}}}, "the tokens have no key"),
        ({"limits": {"strangers": 0}}, "strangers 0 does not lie between"),
        ({"limits": {"orders_per_address": 0}}, "orders_per_address 0 does not lie between"),
        ({"limits": {"head_timeout": 61}}, "head_timeout 61 does not lie between"),
        ({"limits": {"connections": 0}}, "connections 0 does not lie between"),
        ({"concurrency": 0}, "concurrency 0 does not lie between"),
        ({"trusted_proxies": ["*"]}, "trusted_proxies '*' trusts every sender to say who it is"),
        ({"log": "xml"}, "log 'xml' is not one of text, json"),
    ],
)
def test_senders_and_limits_that_cannot_be_meant_stop_the_start(tmp_path: Path, table: dict[str, Any], sentence: str) -> None:
    """With their place and a sentence, and never the secret."""
    short = tmp_path / "short"
    short.touch(0o600)
    short.write_text("only-31-bytes-0123456789abcdefg", "utf-8")
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, **table)
    assert str(refused.value).startswith("plugins.server")
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)


ALERTS: list[dict[str, Any]] = [
    {"mode": "both"},
    {"on_gap": "ignore"},
    {"max_age": 0},
    {"max_ahead": 0},
    {"dedup_window": 29},
    {"collar_percent": 0},
    {"expect_every": "15"},
]


@pytest.mark.parametrize("kind", ["keys", "clients", "tokens"])
@pytest.mark.parametrize("wrong", ALERTS, ids=[next(iter(each)) for each in ALERTS])
def test_how_alerts_are_taken_is_checked_alike_for_each_sender(tmp_path: Path, kind: str, wrong: dict[str, Any]) -> None:
    """By the same words, with the place."""
    usual = {"keys": {"sha256": "0" * 64, "accounts": ["main"]}, "clients": CLIENT, "tokens": TOKEN}[kind]
    [name] = wrong
    with pytest.raises(ConfigError, match=f"{name} .* (is not|is no|does not lie)") as refused:
        config(tmp_path, **{"keys": {}, kind: {"who": {**usual, **wrong}}})
    assert str(refused.value).startswith(f"plugins.server.{kind}.who")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ({"next_secret": {"file": "secret"}}, "have the same secret"),
        ({"next_sha256": "x"}, "the next_sha256 is not 64 hexadecimal digits"),
        ({"addresses": ["tradingview.com"]}, "addresses 'tradingview.com' is not an address or a network"),
        ({"rate": -1}, "rate -1 does not lie between"),
    ],
)
def test_the_further_words_of_a_key_are_checked_too(tmp_path: Path, key: dict[str, Any], sentence: str) -> None:
    """A second secret that is the first is no rotation."""
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, key)
    assert sentence in str(refused.value)


def test_clients_alone_are_enough(tmp_path: Path) -> None:
    """A host need not take alerts; its senders are known by name."""
    found = config(tmp_path, keys={}, clients={"bot": CLIENT})
    assert list(found.senders) == ["bot"]
    assert found.clients["bot"].scope.actions == {"read", "trade"}


def test_a_second_secret_is_right_beside_the_first(tmp_path: Path) -> None:
    """While one takes the place of the other."""
    found = config(tmp_path, {"next_sha256": "0" * 64}).keys["tv"]
    assert found.digests == (hashlib.sha256(SECRET.encode()).digest(), bytes(32))
