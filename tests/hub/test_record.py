# SPDX-License-Identifier: MIT
"""``require_record``: without a record that fits an account only reduces, with one it sends the kinds that are proved."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import importlib_metadata
import pytest
from attrs import evolve
from blockbuster import blockbuster_ctx

from fks_exec import Alarm, Capabilities, ConfigError, Order, OrderChange, Status
from fks_exec.clock import SystemClock
from fks_exec.testing import FaultyVenue, Level, Rest
from fks_exec.testing.record import (
    Binding,
    ClassResults,
    Record,
    RecordError,
    digests,
    moment,
    origin_of,
    read_record,
    write_record,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.opening import Opener, Recipe
from fks_exec_hub.accounts.proof import demand_of
from fks_exec_hub.accounts.settings import Evidence
from fks_exec_hub.config import HubConfig, parse_config
from fks_exec_hub.journal import HaltState
from fks_exec_simulators.desks import ACCOUNT, Heard, Types, hub_with, table, type_of
from fks_exec_simulators.stage import buy, sell, until
from fks_exec_simulators.stranger import PLUGIN, SDK, Stranger, StrangerConfig, installed

EVERY = ("amend_order", "cancel_order", "fok", "gtc", "ioc", "limit", "market", "oco", "post_only", "reduce_only", "stop")
LIVE = {"venue": "stranger", "guards": [], "live": True, "currency": "USDT", "poll": 0.01, "compare_every": 3600.0}


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    with installed(tmp_path / "site") as found:
        yield found


def configured(folder: Path, **account: Any) -> HubConfig:
    """One live account at the stranger's venue, which requires a record of a sandbox."""
    return parse_config({"accounts": {ACCOUNT: {**LIVE, "require_record": "sandbox", **account}}}, folder)


def recorded(config: HubConfig, proved: Iterable[str] = EVERY, **changes: Any) -> Record:
    """The record of a run as it stands now, written where the account looks for it."""
    plugins = config.load_plugins()
    kind, venue_config = config.venue(ACCOUNT, plugins)
    origin = origin_of(kind, plugins)
    assert origin is not None
    record = Record(
        **{
            "level": "sandbox",
            "binding": Binding.of(origin, venue_config),
            "account": "sandbox",
            "symbols": ("BTC/USDT",),
            "capabilities": kind.capabilities,
            "proved": tuple(proved),
            "tests": {
                "Orders": ClassResults(passed=("test_a_market_order_fills",), left_out={"not declared: gtd": ("test_gtd",)})
            },
            "time": 1_700_000_000_000,
            "at": moment(1_700_000_000_000),
            **changes,
        }
    )
    write_record(record, config.record_file(ACCOUNT))
    return record


def resting(**more: Any) -> Order:
    return buy(order_type="limit", price="50", client_order_id="resting", **more)


async def denied(hub: ExecutionHub, order: Order) -> tuple[str | None, str]:
    """The one denial of an order."""
    result = await hub.execute_order(ACCOUNT, order)
    assert result.status is Status.DENIED, result
    [denial] = result.denials
    return denial.code, denial.message


async def test_an_account_without_the_key_needs_no_record(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_with(table(tmp_path), venue.plugin) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        [status] = hub.status()
        assert (status.halt, status.record) == ("active", "")
        assert all(check.name != "record" for check in (await hub.health())[ACCOUNT].checks)


async def test_without_the_record_no_entry_is_sent_and_the_way_out_is_said(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    file = config.record_file(ACCOUNT)
    assert file == tmp_path / "conformance" / f"{ACCOUNT}.json"
    async with hub_with(config) as hub:
        code, message = await denied(hub, buy())
        assert code == "NO_RECORD"
        assert f"there is no record {file}" in message
        assert f"fks-exec conformance SANDBOX-ACCOUNT --record {file} --symbol SYMBOL" in message
        assert stranger.venue.count() == 0


async def test_it_is_told_in_an_alarm_the_status_and_the_health(tmp_path: Path, stranger: Stranger) -> None:
    heard = Heard()
    async with hub_with(configured(tmp_path), heard) as hub:
        [status] = hub.status()
        assert (status.ready, status.halt) == (True, "reducing")
        assert status.halt_reason == status.record
        assert status.record.startswith("there is no record ")
        [check] = [check for check in (await hub.health())[ACCOUNT].checks if check.name == "record"]
        assert not check.ok
        assert status.record in check.message
        assert check.remedy.startswith("run: fks-exec conformance ")
    [alarm] = heard.of(Alarm)
    assert (alarm.code, status.record in alarm.message) == ("NO_RECORD", True)


async def test_exits_cancels_and_protection_pass_without_the_record(tmp_path: Path, stranger: Stranger) -> None:
    """What was opened under a good record is not held in when it is gone."""
    config = configured(tmp_path)
    recorded(config)
    stranger.venue.follow(Rest())
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, resting(stop_loss="40"))
        assert (await hub.execute_order(ACCOUNT, buy("2"))).status == "filled"
    config.record_file(ACCOUNT).unlink()
    async with hub_with(config) as hub:
        assert (await denied(hub, buy()))[0] == "NO_RECORD"
        stranger.venue.fill(stranger.venue.placed[0], "0.5")
        await until(lambda: len(stranger.venue.placed) > 2)  # the stop of what filled
        assert (await hub.cancel_order(ACCOUNT, "resting")).status == "canceled"
        assert (await hub.execute_order(ACCOUNT, sell("2"))).status == "filled"


async def test_a_record_that_fits_lets_everything_through_that_it_proves(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    recorded(config)
    async with hub_with(config) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        assert (await hub.execute_order(ACCOUNT, resting(stop_loss="40"))).status == "accepted"
        assert hub.status()[0].halt == "active"
        [check] = [check for check in (await hub.health())[ACCOUNT].checks if check.name == "record"]
        assert check.ok
        assert "denied" not in check.message


UNPROVED: list[tuple[str, Order]] = [
    ("market", buy()),
    ("limit", buy(order_type="limit", price="50")),
    ("gtc", buy(order_type="limit", price="50")),
    ("stop", buy(order_type="stop", stop_price="150")),
    ("ioc", buy(order_type="limit", price="50", time_in_force="ioc")),
    ("fok", buy(time_in_force="fok")),
    ("post_only", buy(order_type="limit", price="50", post_only=True)),
    ("oco", buy(stop_loss="40", take_profit="200")),
]


@pytest.mark.parametrize(("word", "order"), UNPROVED, ids=[word for word, _ in UNPROVED])
async def test_an_entry_of_a_kind_that_is_not_proved_is_denied(
    tmp_path: Path, stranger: Stranger, word: str, order: Order
) -> None:
    """With the word alone missing; with it, the same order passes."""
    config = configured(tmp_path)
    recorded(config, set(EVERY) - {word})
    async with hub_with(config) as hub:
        code, message = await denied(hub, order)
        assert code == "NOT_PROVED"
        assert f"does not prove {word}, only " in message
        assert stranger.venue.count() == 0
    recorded(config)
    async with hub_with(config) as hub:
        assert (await hub.execute_order(ACCOUNT, order)).status not in ("denied", "rejected")


async def test_a_market_order_needs_no_proof_of_good_till_cancelled(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    recorded(config, ["market"])
    async with hub_with(config) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


async def test_what_only_reduces_needs_no_proof_of_its_kind(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    recorded(config, ["market"])
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, buy())
        assert (await hub.execute_order(ACCOUNT, sell(order_type="limit", price="150"))).status == "accepted"


async def test_a_change_that_is_not_proved_is_denied_to_an_entry(tmp_path: Path, stranger: Stranger) -> None:
    """One that makes it smaller is not."""
    config = configured(tmp_path)
    recorded(config, set(EVERY) - {"amend_order"})
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, resting())
        assert (await hub.amend_order(ACCOUNT, "resting", OrderChange(price="60"))).code == "NOT_PROVED"
        assert stranger.venue.count("amend") == 0
        assert (await hub.amend_order(ACCOUNT, "resting", OrderChange(quantity="0.5"))).status == "accepted"
        assert stranger.venue.count("amend") == 1


async def test_without_the_record_a_resting_entry_may_only_become_smaller(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    recorded(config)
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, resting())
    config.record_file(ACCOUNT).unlink()
    async with hub_with(config) as hub:
        assert (await hub.amend_order(ACCOUNT, "resting", OrderChange(quantity="3"))).code == "NO_RECORD"
        assert (await hub.amend_order(ACCOUNT, "resting", OrderChange(quantity="0.5"))).status == "accepted"


async def test_an_order_through_zero_closes_and_opens_nothing(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    recorded(config)
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, buy())
    config.record_file(ACCOUNT).unlink()
    async with hub_with(config) as hub:
        await hub.execute_order(ACCOUNT, sell("3"))
        assert await hub.positions(ACCOUNT) == []


def _binding(**changes: Any) -> Callable[[Record], Record]:
    return lambda record: evolve(record, binding=evolve(record.binding, **changes))


OTHERS: dict[str, tuple[Callable[[Record], Record], str]] = {
    "level": (lambda r: evolve(r, level="simulator"), "its evidence is simulator, and the account requires sandbox"),
    "plugin": (_binding(version="0.9"), f"it is of {PLUGIN} 0.9, and 1.0 is installed"),
    "newer": (_binding(version="1.0.1"), f"it is of {PLUGIN} 1.0.1, and 1.0 is installed"),
    "core": (_binding(core="0.0.9"), f"it is of fks-exec 0.0.9, and {importlib_metadata.version('fks-exec')} is installed"),
    "sdk": (_binding(sdk={SDK: "3.0"}), f"it is of {SDK} 3.0, and {SDK} 3.1 is installed"),
    "no sdk": (_binding(sdk={}), f"it is of no {SDK}, and {SDK} 3.1 is installed"),
    "further sdk": (_binding(sdk={SDK: "3.1", "more": "1"}), "it is of more 1, and no more is installed"),
    "venue": (_binding(venue="stranger/other"), f"it is of the venue stranger/other of {PLUGIN}, not of stranger/stranger"),
    "distribution": (_binding(plugin="other"), "it is of the venue stranger/stranger of other, not of"),
    "config": (
        _binding(config=digests(StrangerConfig(host="other", login=2))),
        "the account that was tried differs in config.host, config.login",
    ),
    "capabilities": (
        lambda r: evolve(r, capabilities=evolve(r.capabilities, post_only=False)),
        "the account declares something else than the one that was tried: post_only",
    ),
}


@pytest.mark.parametrize(("change", "reason"), OTHERS.values(), ids=list(OTHERS))
async def test_a_record_of_something_else_does_not_count(
    tmp_path: Path, stranger: Stranger, change: Callable[[Record], Record], reason: str
) -> None:
    """Neither of another version, older or newer, nor of another venue, nor with too little evidence."""
    config = configured(tmp_path)
    write_record(change(recorded(config)), config.record_file(ACCOUNT))
    async with hub_with(config) as hub:
        code, message = await denied(hub, buy())
        assert code == "NO_RECORD"
        assert reason in message, message
        assert hub.status()[0].halt == "reducing"


async def test_every_difference_is_told_at_once(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    record = _binding(version="0.9", core="0.0.9")(recorded(config))
    write_record(evolve(record, level="offline"), config.record_file(ACCOUNT))
    async with hub_with(config) as hub:
        message = (await denied(hub, buy()))[1]
        assert all(part in message for part in ("its evidence is offline", f"{PLUGIN} 0.9", "fks-exec 0.0.9"))


@pytest.mark.parametrize("name", [PLUGIN, SDK])
async def test_an_upgrade_drops_the_account_to_reducing(tmp_path: Path, stranger: Stranger, name: str) -> None:
    config = configured(tmp_path)
    recorded(config)
    async with hub_with(config) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    stranger.upgrade(name, "3.2")
    async with hub_with(config) as hub:
        assert "3.2 is installed" in (await denied(hub, buy()))[1]
        assert (await hub.execute_order(ACCOUNT, sell())).status == "filled"


@pytest.mark.parametrize("level", ["sandbox", "live"])
async def test_more_evidence_than_is_required_counts(tmp_path: Path, stranger: Stranger, level: Level) -> None:
    config = configured(tmp_path)
    recorded(config, level=level)
    async with hub_with(config) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


async def test_keys_that_may_differ_do_not_count_and_others_do(tmp_path: Path, stranger: Stranger) -> None:
    """As the login of a sandbox does, which is not that of the live account."""
    recorded(configured(tmp_path))
    live = {"config": {"host": "live", "login": 7}}
    async with hub_with(configured(tmp_path, **live, record_may_differ=["host", "login"])) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    async with hub_with(configured(tmp_path, **live, record_may_differ=["host"])) as hub:
        assert "differs in config.login;" in (await denied(hub, buy()))[1]


async def test_another_secret_is_no_difference(tmp_path: Path, stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record holds none, and a sandbox has its own."""
    monkeypatch.setenv("SANDBOX_KEY", "canary-one")
    monkeypatch.setenv("LIVE_KEY", "canary-another")
    config = configured(tmp_path, config={"key": {"env": "SANDBOX_KEY"}})
    recorded(config)
    assert "canary-one" not in config.record_file(ACCOUNT).read_text("utf-8")
    async with hub_with(configured(tmp_path, config={"key": {"env": "LIVE_KEY"}})) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


async def test_it_is_read_when_the_account_is_opened_and_then_only(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    async with hub_with(config) as hub:
        recorded(config)
        assert (await denied(hub, buy()))[0] == "NO_RECORD"
    async with hub_with(config) as hub:
        config.record_file(ACCOUNT).unlink()
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


async def test_a_resume_does_not_stand_in_for_the_record(tmp_path: Path, stranger: Stranger) -> None:
    async with hub_with(configured(tmp_path)) as hub:
        await hub.halt(ACCOUNT, HaltState.HALTED, "a test")
        assert hub.status()[0].halt_reason == "a test"
        await hub.halt(ACCOUNT, HaltState.ACTIVE, "a test")
        assert hub.status()[0].halt == "reducing"
        assert (await denied(hub, buy()))[0] == "NO_RECORD"


async def test_nothing_can_be_bound_to_an_object_of_the_hosts_own(tmp_path: Path, stranger: Stranger) -> None:
    """It has no version; a record of an installed venue of the same name is not its own."""
    written = recorded(configured(tmp_path))
    config = table(tmp_path, require_record="offline", record="conformance/main.json")
    write_record(evolve(written, binding=evolve(written.binding, venue="faulty/faulty")), config.record_file(ACCOUNT))
    async with hub_with(config, FaultyVenue().plugin) as hub:
        assert "of no installed distribution" in (await denied(hub, buy()))[1]


async def test_an_object_of_the_hosts_own_under_an_installed_name_is_not_what_was_tried(
    tmp_path: Path, stranger: Stranger
) -> None:
    """Both are loaded; the record is of the installed one."""
    own = FaultyVenue()
    account = {**LIVE, "require_record": "sandbox", "record": "r.json"}
    accounts = {"installed": {**account, "venue": "stranger/stranger"}, ACCOUNT: account}  # which is loaded first
    config = parse_config({"accounts": accounts}, tmp_path)
    recorded(config)
    async with hub_with(config, Types(type_of(own, "stranger"))) as hub:
        assert (await hub.execute_order("installed", buy())).status == "filled"
        assert "of no installed distribution" in (await denied(hub, buy()))[1]
        assert own.count() == 0


NO_RECORDS: dict[str, tuple[Callable[[str], str], str]] = {
    "cut": (lambda text: text[:-20], "the text is not JSON"),
    "a list": (lambda text: f"[{text}]", "the JSON is not an object"),
    "a further key": (lambda text: text.replace('"format"', '"more": 1, "format"'), "more: is unknown"),
    "a missing key": (lambda text: text.replace('"level": "sandbox",', ""), "level: is missing"),
    "another format": (lambda text: text.replace('"format": 1', '"format": 2'), "format: 2 is not one of 1"),
    "another level": (lambda text: text.replace('"sandbox"', '"moon"'), "level: 'moon' is not one of"),
    "a text for a list": (lambda text: json.dumps({**json.loads(text), "proved": "market"}), "proved: "),
}


@pytest.mark.parametrize(("change", "reason"), NO_RECORDS.values(), ids=list(NO_RECORDS))
async def test_a_file_that_is_no_record_does_not_count(
    tmp_path: Path, stranger: Stranger, change: Callable[[str], str], reason: str
) -> None:
    config = configured(tmp_path)
    recorded(config, account="")
    file = config.record_file(ACCOUNT)
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    async with hub_with(config) as hub:
        message = (await denied(hub, buy()))[1]
        assert f"{file} is no record that this fks-exec can read: " in message
        assert reason in message, message


def test_what_cannot_be_compared_does_not_count(tmp_path: Path, stranger: Stranger) -> None:
    """The metadata of the plugin has gone from under the host: that is no error, and no proof."""
    config = configured(tmp_path)
    recorded(config)
    plugins = config.load_plugins()
    demand = demand_of(config, ACCOUNT, plugins, *config.venue(ACCOUNT, plugins))
    assert demand is not None
    assert not demand.prove(None).reason
    [file] = stranger.folder.glob("stranger_plugin-*.dist-info/METADATA")
    file.unlink()
    assert "cannot be compared with what is installed (" in demand.prove(None).reason


def test_a_record_is_read_as_it_was_written(tmp_path: Path, stranger: Stranger) -> None:
    config = configured(tmp_path)
    record = recorded(config)
    assert read_record(config.record_file(ACCOUNT)) == record
    assert list(config.record_file(ACCOUNT).parent.iterdir()) == [config.record_file(ACCOUNT)]


def test_a_record_that_cannot_be_written_is_a_sentence(tmp_path: Path, stranger: Stranger) -> None:
    record = recorded(configured(tmp_path))
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RecordError, match=r"cannot be written: .*; name another place"):
        write_record(record, tmp_path / "file" / "record.json")


def test_extras_and_what_is_ours_are_no_sdk(tmp_path: Path, stranger: Stranger) -> None:
    """Nor is what is needed on other systems; the name is as the index has it."""
    assert dict(recorded(configured(tmp_path)).binding.sdk) == {SDK: "3.1"}


def test_the_command_names_an_account_of_the_sandbox(tmp_path: Path, stranger: Stranger) -> None:
    """And the account itself where live evidence is required, or where it is not live."""
    accounts = {
        "live": {**LIVE, "require_record": "sandbox", "record": "live.json"},
        "proved": {**LIVE, "require_record": "live", "record": "live.json"},
        "test": {**LIVE, "live": False, "require_record": "sandbox", "record": "live.json"},
    }
    config = parse_config({"accounts": accounts}, tmp_path)
    plugins = config.load_plugins()
    demands = {name: demand_of(config, name, plugins, *config.venue(name, plugins)) for name in accounts}
    commands = {name: demand and demand.command for name, demand in demands.items()}
    file = tmp_path / "live.json"
    assert commands == {
        "live": f"fks-exec conformance test --record {file} --symbol SYMBOL",
        "proved": f"fks-exec conformance proved --record {file} --symbol SYMBOL --live --account-at-risk proved",
        "test": f"fks-exec conformance test --record {file} --symbol SYMBOL",
    }


@pytest.mark.parametrize("key", [{"record": "r.json"}, {"record_may_differ": ["host"]}])
def test_a_record_that_nothing_requires_is_a_mistake(tmp_path: Path, key: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match='nothing requires a record; write require_record = "sandbox"'):
        table(tmp_path, **key)


def test_an_unknown_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not one of offline, simulator, sandbox, live"):
        table(tmp_path, require_record="testnet")


def test_the_levels_of_hub_and_kit_are_the_same() -> None:
    """In their order, by which they are compared."""
    assert get_args(Evidence) == get_args(Level)


async def test_reading_it_does_not_block_the_loop(tmp_path: Path, stranger: Stranger) -> None:
    """From the start of the hub's own opening on; before that the configuration is read."""
    config = configured(tmp_path)
    recorded(config)
    plugins = config.load_plugins()
    kind, venue_config = config.venue(ACCOUNT, plugins)
    demand = demand_of(config, ACCOUNT, plugins, kind, venue_config)
    recipe = Recipe(
        name=ACCOUNT,
        config=config.accounts[ACCOUNT],
        venue=kind,
        venue_config=venue_config,
        plugins=(),
        state_dir=None,
        clock=SystemClock(),
        demand=demand,
    )
    async with hub_with(config) as hub:
        opener = Opener(recipe, hub._desks[ACCOUNT], lambda update: None)
        with blockbuster_ctx(scanned_modules=["fks_exec", "fks_exec_hub"]):
            await opener.first()
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


def test_capabilities_survive_the_file(tmp_path: Path, stranger: Stranger) -> None:
    """All of their fields, else an account would never be as it was."""
    config = configured(tmp_path)
    can = Capabilities(
        order_types=["market", "stop_limit"],
        time_in_force=["gtd", "day"],
        abilities=["cancel_order"],
        protection=["stop_only", "oco"],
        protection_scope="position",
        reduce_only=True,
        request_ttl=2.5,
        id_length=20,
    )
    recorded(config, capabilities=can)
    assert read_record(config.record_file(ACCOUNT)).capabilities == can
