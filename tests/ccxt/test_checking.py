# SPDX-License-Identifier: MIT
"""A configuration that cannot be meant is refused without a connection, and without importing ccxt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import ccxt
import pytest

from fks_exec import Secret
from fks_exec.errors import ConfigError
from fks_exec_ccxt import fks_exec_venues
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.exchanges import TABLES
from fks_exec_ccxt.session.checking import NEEDED, check, of_account
from fks_exec_ccxt.session.ids import installed
from fks_exec_ccxt.session.loading import exchange_class
from fks_exec_ccxt.session.starting import _NAMES
from fks_exec_ccxt.session.urls import has_sandbox
from fks_exec_hub.cli import run

KEYS: dict[str, Any] = {"api_key": Secret("k"), "secret": Secret("s")}


def test_the_ids_in_the_folder_are_those_of_ccxt() -> None:
    assert installed() == set(ccxt.exchanges)


def test_what_an_exchange_needs_is_what_ccxt_says() -> None:
    theirs = {theirs: ours for ours, theirs in _NAMES.items()}
    for name, needed in NEEDED.items():
        wanted = exchange_class(name)().requiredCredentials
        assert set(needed) == {theirs[field] for field, is_needed in wanted.items() if is_needed}, name


def test_the_market_types_and_test_systems_of_the_table_are_those_of_ccxt() -> None:
    for name, kinds in TABLES.items():
        plain = exchange_class(name)()
        assert {kind for kind in ("spot", "swap") if plain.has.get(kind)} == set(kinds), name
        assert has_sandbox(plain) <= all(known.sandbox for known in kinds.values()), name


@pytest.mark.parametrize(
    ("words", "live", "field", "said"),
    [
        ({"exchange": "binanc"}, False, "exchange", r"ccxt \S+ knows no exchange 'binanc'; did you mean binance"),
        ({"exchange": "bitmex"}, False, "exchange", "has dropped BitMEX"),
        ({"exchange": "huobi"}, False, "exchange", "it is 'htx' there"),
        ({"exchange": "okx"}, False, "password", "okx needs password; write password = { env"),
        ({"exchange": "binance", "secret": None}, False, "secret", "binance needs secret"),
        ({"exchange": "binance", "base_url": "http://127.0.0.1:8600"}, True, "base_url", "base_url is on this machine"),
        ({"exchange": "binance", "demo": True}, True, "demo", "the account is live, and demo is not"),
        ({"exchange": "deribit", "demo": True, "market_type": "swap"}, False, "demo", "no demo trading"),
        ({"exchange": "kraken"}, False, "live", "kraken has no sandbox that could be used; say live = true"),
        ({"exchange": "kraken"}, True, "accept_unproved", "never traded against a counterpart"),
        ({"exchange": "kraken", "market_type": "swap"}, True, "market_type", "kraken has no swap markets"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: dict[str, Any], live: bool, field: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        check(CCXTConfig(**{**KEYS, **words}), live)
    assert refused.value.where == field


@pytest.mark.parametrize(
    ("words", "live"),
    [
        ({"exchange": "binance"}, False),
        ({"exchange": "binance"}, True),
        ({"exchange": "bybit", "market_type": "swap", "base_url": "http://127.0.0.1:8600"}, False),
        ({"exchange": "kraken", "base_url": "http://127.0.0.1:8600"}, False),
        ({"exchange": "kraken", "accept_unproved": True}, True),
        ({"exchange": "phemex"}, False),
    ],
)
def test_what_can_be_meant_passes(words: dict[str, Any], live: bool) -> None:
    check(CCXTConfig(**{**KEYS, **words}), live)


def test_the_venue_type_has_the_check_and_it_imports_no_ccxt() -> None:
    [kind] = fks_exec_venues()
    assert kind.check is check
    text = """
import sys, time
from fks_exec import Secret
from fks_exec_ccxt import fks_exec_venues
from fks_exec_ccxt.config import CCXTConfig
[kind] = fks_exec_venues()
kind.check(CCXTConfig(exchange="binance", api_key=Secret("k"), secret=Secret("s")), False)
assert "ccxt" not in sys.modules, "ccxt was imported"
"""
    subprocess.run([sys.executable, "-c", text], check=True, timeout=60)


def test_the_place_of_a_fault_names_the_account() -> None:
    for where, told in (
        ("base_url", "accounts.a.config.base_url"),
        ("live", "accounts.a.live"),
        ("", "accounts.a"),
        ("accounts.a.config.leverage", "accounts.a.config.leverage"),
    ):
        assert of_account(ConfigError(where, "no"), "a").where == told


FILE = """
[accounts.a]
venue = "ccxt"
live = {live}
guards = []
[accounts.a.config]
{lines}
"""


@pytest.mark.parametrize(
    ("lines", "live", "said"),
    [
        ('exchange = "binanc"', "false", "accounts.a.config.exchange: ccxt"),
        ('exchange = "binance"', "false", "accounts.a.config.api_key: binance needs api_key and secret"),
        ('exchange = "binance"\napi_key = {env="K"}\nsecret = {env="K"}\nbase_url = "http://127.0.0.1:1"', "true", "base_url"),
        ('exchange = "kraken"\napi_key = {env="K"}\nsecret = {env="K"}', "false", "accounts.a.live: kraken has no sandbox"),
    ],
)
def test_the_check_of_a_host_refuses_it_and_opens_nothing(
    lines: str, live: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("K", "k" * 8)
    path = tmp_path / "fks-exec.toml"
    path.write_text(FILE.format(live=live, lines=lines))
    assert run(["--config", str(path), "check"]) == 78
    assert said in capsys.readouterr().out
