# SPDX-License-Identifier: MIT
"""A sender's table beside the host's accounts: what can never work stops the start, what is probably a mistake is told."""

import logging
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ConfigError
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_server import create_app
from fks_exec_server.config import check, check_reach, doubts, read_config
from fks_exec_server.http.app import config_of
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.signed import clients, kept
from fks_exec_simulators.stage import Stage
from fks_exec_simulators.venues import MemoryVenue

LISTED = {"instruments": [{"symbol": "BTC/USDT", "bid": 1, "ask": 2}, {"symbol": "ETH/USDT", "bid": 1, "ask": 2}]}


def hub_config(base: Path, *, key: dict[str, Any] | None = None, client: dict[str, Any] | None = None) -> HubConfig:
    """Two accounts on the stage and a simulated one, which lists its instruments; the key ``tv`` may trade ``main``.

    Args:
        key, client: further fields of ``tv``, and of the client ``desk``, which is there only if some are given.
    """
    server: dict[str, Any] = {"keys": {"tv": {"secret": kept(base, "secret", KEY), "accounts": ["main"], **(key or {})}}}
    if client is not None:
        server["clients"] = clients(base, **client)
    staged = {"venue": "stage", "guards": []}
    accounts = {"main": staged, "other": staged, "paper": {"venue": "paper", "guards": [], "config": LISTED}}
    return parse_config({"journal": "memory:", "accounts": accounts, "plugins": {"server": server}}, base)


def refusal(config: HubConfig) -> str:
    """Why ``fks-exec check`` fails."""
    with pytest.raises(ConfigError) as refused:
        check(config)
    return str(refused.value)


IMPOSSIBLE = {
    "venues of no account": (
        {"venues": ["ccxt"]},
        "venues: none of its accounts trades there, so it could do nothing; they are main at stage",
    ),
    "no venue at all": ({"venues": []}, "venues: none of its accounts trades there"),
    "another spelling of a venue": ({"venues": ["stage/stage"]}, "venues: none of its accounts trades there"),
    "a blank in a symbol": ({"symbols": ["BTC/USDT", "BTC USDT"]}, "symbols: 'BTC USDT' is no symbol"),
    "targets on one side": (
        {"mode": "target", "sides": ["buy"]},
        "mode: it may send no alert: with target each of them goes either way",
    ),
    "targets with a limit": ({"mode": "target", "order_types": ["limit"]}, "mode: it may send no alert"),
}


@pytest.mark.parametrize(("key", "sentence"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_what_can_never_work_is_refused_by_the_check_and_at_the_start(
    tmp_path: Path, key: dict[str, Any], sentence: str
) -> None:
    """With the table, the field and what to write; also where a host of one's own mounts the routes."""
    config = hub_config(tmp_path, key=key)
    assert refusal(config).startswith(f"plugins.server.keys.tv.{sentence}")
    server = read_config(config.plugins["server"], accounts=config.accounts, base=config.base)
    async with ExecutionHub.open(config, plugins=[Stage()]) as hub:
        for start in (lambda: config_of(hub), lambda: create_app(hub), lambda: create_app(hub, server)):
            with pytest.raises(ConfigError, match=f"keys.tv.{sentence[:20]}"):
                start()


def test_an_account_that_a_hosts_own_configuration_names_and_does_not_have_is_refused(tmp_path: Path) -> None:
    """It did not come through read_config, which looks at that as well."""
    config = hub_config(tmp_path)
    server = read_config(config.plugins["server"], accounts=config.accounts, base=config.base)
    with pytest.raises(ConfigError, match=r"keys.tv.accounts: there is no account 'main'; the accounts are: other"):
        check_reach(server, {"other": config.accounts["other"]})


BOTH = ["main", "paper"]
MISTAKES = {
    "a venue too many": ({"venues": ["stage", "stge"]}, "venues: none of its accounts trades at 'stge', they are main at"),
    "an account too many": ({"accounts": BOTH, "venues": ["stage"]}, "venues: it may do nothing with its account paper"),
    "an account twice": ({"accounts": ["main", "main"]}, "accounts: one of them stands there twice"),
    "no side": ({"sides": []}, "sides: the list is empty, so it may send no order"),
    "no symbol": ({"symbols": []}, "symbols: the list is empty"),
    "as long as TradingView": ({"wait": 3}, "wait: TradingView hangs up after 3 s, and an answer may take 3; write wait = 2"),
    "longer than TradingView": ({"wait": 10}, "wait: TradingView hangs up after 3 s, and an answer may take 10; write"),
    "no exits, by their side": ({"sides": ["BUY"]}, "sides: it may open a position and not close it"),
    "no exits, by their type": ({"order_types": ["limit"]}, "order_types: it may open a position and not close it"),
    "TradingView's symbol": ({"symbols": ["BINANCE:BTCUSDT"]}, "symbols: 'BINANCE:BTCUSDT' is a spelling of TradingView's"),
    "TradingView's contract": ({"symbols": ["BTCUSDT.P"]}, "symbols: 'BTCUSDT.P' is a spelling of TradingView's"),
    "not in the list": ({"accounts": ["paper"], "symbols": ["BTCUSDT"]}, "symbols: 'BTCUSDT' is no instrument of its accounts"),
}  # fmt: skip
MEANT: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "all of it": {"accounts": BOTH, "venues": ["paper", "stage"], "sides": ["Buy", "sell"], "order_types": ["market", "limit"]},
    "a wait that nobody waits": {"wait": 10, "respond": "accepted"},
    "exits only": {"sides": ["sell"], "reduce_only": True},
    "canonical": {"symbols": ["BTC/USDT", "BTC/USDT:USDT", "AAPL"]},
    "listed": {"accounts": ["paper"], "symbols": ["ETH/USDT"]},
    "perhaps at the other": {"accounts": BOTH, "symbols": ["XRP/USDT"]},
}


@pytest.mark.parametrize(("key", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_probably_a_mistake_is_a_warning_of_the_check(tmp_path: Path, key: dict[str, Any], sentence: str) -> None:
    """One, and the check is still well."""
    said = check(hub_config(tmp_path, key=key))
    assert said.count("WARNING: ") == 1
    assert f"keys: tv; WARNING: plugins.server.keys.tv.{sentence}" in said


@pytest.mark.parametrize("key", MEANT.values(), ids=MEANT)
def test_what_can_be_meant_is_no_warning(tmp_path: Path, key: dict[str, Any]) -> None:
    """A warning that is always there is not read."""
    assert "WARNING" not in check(hub_config(tmp_path, key=key))


@pytest.mark.parametrize(("seconds", "warned"), [(2.5, True), (3, False), (5, False)])
def test_a_body_that_is_given_up_before_tradingview_does_is_warned_of(tmp_path: Path, seconds: float, warned: bool) -> None:
    """An alert that would have been here in time is lost by it; an own client sends again what it likes."""
    said = check(host_config(tmp_path, body_timeout=seconds))
    told = "WARNING: plugins.server.body_timeout: an alert that takes more than 2.5 s is answered 408"
    assert (told in said, "WARNING" in said) == (warned, warned)
    own = host_config(tmp_path, keys={}, clients=clients(tmp_path), body_timeout=seconds)
    assert "body_timeout" not in check(own)


AWAY = {"addresses": ["52.89.214.238"]}
UNREACHED = [
    ({}, AWAY, True),
    ({"bind": "[::1]:8080"}, AWAY, True),
    ({"bind": "localhost:8080"}, AWAY, True),
    ({"trusted_proxies": ["127.0.0.1"]}, AWAY, False),
    ({"bind": "0.0.0.0:8080"}, AWAY, False),
    ({"bind": "a-name:8080"}, AWAY, False),
    ({}, {"addresses": ["52.89.214.238", "127.0.0.1"]}, False),
    ({}, {"addresses": ["::/1"]}, False),
    ({}, {}, False),
]


@pytest.mark.parametrize(("server", "key", "told"), UNREACHED)
def test_addresses_that_cannot_reach_the_host_are_told(
    tmp_path: Path, server: dict[str, Any], key: dict[str, Any], told: bool
) -> None:
    """Behind a proxy that nobody has named each alert is lost: 404."""
    said = check(host_config(tmp_path, key=key, **{"bind": "127.0.0.1:8080", **server}))
    assert ("WARNING: plugins.server.keys.tv.addresses: only this machine reaches" in said) is told
    assert ("trusted_proxies = " in said) is told


async def test_a_host_that_serves_says_so_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One that is mounted elsewhere does not listen on ``bind``."""
    config = host_config(tmp_path, key=AWAY)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])):
        assert caplog.text.count("keys.tv.addresses: only this machine reaches") == 1
    caplog.clear()
    create_app(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]))
    assert "addresses" not in caplog.text


@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        ({"wait": 30, "sides": ["buy"]}, None),
        ({"actions": ["read"], "sides": [], "expect_every": None}, None),
        ({"actions": ["read"], "expect_every": "15m"}, "expect_every: it may not trade"),
        ({"mode": "target", "sides": ["buy"]}, "mode: it may send no alert"),
        ({"dedup_window": 60}, "dedup_window: an alert is signed without its moment"),
    ],
)
def test_a_client_of_ones_own_is_warned_of_what_concerns_it(
    tmp_path: Path, client: dict[str, Any], sentence: str | None
) -> None:
    """It may wait for as long as it likes, and sends orders as well as alerts."""
    said = check(hub_config(tmp_path, client={name: value for name, value in client.items() if value is not None}))
    assert said.count("WARNING: ") == (sentence is not None)
    assert sentence is None or f"WARNING: plugins.server.clients.desk.{sentence}" in said


async def test_a_host_that_starts_says_the_same_and_which_symbols_its_accounts_do_not_have(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By what the accounts themselves call their instruments, so only once they have opened."""
    symbols = ["BTCUSDT", "NOTHING", "BTC/USDT"]
    config = hub_config(tmp_path, key={"wait": 10, "symbols": symbols})
    with caplog.at_level(logging.WARNING, "fks_exec_server.access.startup"):
        async with ExecutionHub.open(config, plugins=[Stage()]) as hub:
            create_app(hub)
    told = [text.removeprefix("plugins.server.keys.tv.") for text in caplog.messages]
    assert [text.partition(";")[0] for text in told] == [
        "wait: TradingView hangs up after 3 s, and an answer may take 10",
        "symbols: 'BTCUSDT' is no instrument's name in main",
        "symbols: 'NOTHING' is no instrument's name in main",
    ]
    assert "write BTC/USDT" in told[1]


async def test_of_an_account_that_has_not_opened_no_symbol_is_doubted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody knows what it calls its instruments."""
    stage = Stage()
    stage.open_errors.extend([ConnectionError("the exchange is away")] * 2)
    async with ExecutionHub.open(hub_config(tmp_path, key={"symbols": ["NOTHING"]}), plugins=[stage], patience=0.1) as hub:
        ready = {account.name: account.ready for account in hub.status()}
        create_app(hub)
    assert ready == {"main": False, "other": False, "paper": True}
    assert not [text for text in caplog.messages if "NOTHING" in text]


def test_a_table_without_a_doubt_has_none(tmp_path: Path) -> None:
    """As the README's."""
    config = hub_config(tmp_path)
    assert doubts(read_config(config.plugins["server"], accounts=config.accounts, base=tmp_path), config.accounts) == ()
