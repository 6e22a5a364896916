# SPDX-License-Identifier: MIT
"""Three packages from outside the workspace: built as wheels, installed, listed; they trade, deny and hear.

The processes here see fks-exec and its four dependencies, and nothing else of ours can be imported.
"""

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def alone(outside: Path, *arguments: str) -> str:
    """Python without site, so that no editable install of this workspace but the core is on its path."""
    core = str(ROOT / "core" / "src")
    others = [path for path in sys.path if path.endswith("site-packages")] or [sysconfig.get_path("purelib")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(outside), core, *others])}
    command = [sys.executable, "-S", *arguments]
    done = subprocess.run(command, env=environment, cwd=outside, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


TRADE = """
import asyncio, importlib.util, json, sys
from pathlib import Path
from fks_exec import Account, AccountState, Listed, Order, Plugins
from fks_exec.convert import from_config

assert not [name for name in ("fks_exec_hub", "fks_exec_paper", "fks_exec_simulators") if importlib.util.find_spec(name)]
TAPE = Path(sys.argv[1])
BUY = Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="c-1")
SATURDAY, MONDAY = 1_704_565_800_000, 1_704_738_600_000  # 2024-01-06 and 2024-01-08, 18:30 UTC

def made(kind, where, table):
    return kind.create(from_config(kind.config, table, where=where, base=TAPE.parent))

async def main():
    plugins = Plugins(allow=["acme", "weekend", "tape"])
    acme = plugins.venue("acme")
    config = from_config(acme.config, {"symbols": ["BTC/USDT"], "ask": "70000"}, where="accounts.mine.config", base=TAPE.parent)
    table = {"days": ["saturday", "sunday"], "zone": "America/New_York"}
    weekend = Listed(name="weekend", plugin=made(plugins.guard("weekend"), "guards.weekend", table))
    tape = Listed(name="tape", plugin=made(plugins.observer("tape"), "observers.tape", {"path": TAPE.name}))
    async with Account("mine", acme, config, plugins=[weekend, tape]) as account:
        denied = account.check_risk(BUY, AccountState(account="mine", time=SATURDAY))
        exits = account.check_risk(BUY, AccountState(account="mine", time=SATURDAY), reducing=True)
        passed = account.check_risk(BUY, AccountState(account="mine", time=MONDAY))
        submission = account.submission("v-1")
        result = await account.execute_order(BUY, submission)
        again = await account.execute_order(BUY, submission)
        other = await account.execute_order(Order(symbol="DOGE/USDT", side="buy", quantity=1))
    print(json.dumps({
        "denied": [[d.guard, d.code, d.value] for d in denied],
        "exits": len(exits),
        "passed": len(passed),
        "result": [result.status, result.order_id, str(result.average_price), result == again],
        "other": [other.status, other.code],
        "plugins": {info.name: str(info.status) for info in plugins.infos()},
    }))

asyncio.run(main())
"""


def test_the_three_are_listed_with_their_distributions(outside_packages: Path) -> None:
    """By ``python -m fks_exec``, which imports none of them."""
    infos = {info["name"]: info for info in json.loads(alone(outside_packages, "-m", "fks_exec", "--json"))}
    for name in ("acme", "weekend", "tape"):
        assert infos[name]["status"] == "installed"
        assert (infos[name]["distribution"], infos[name]["version"]) == (f"fks-exec-{name}", "1.0.0")


def test_a_venue_a_guard_and_an_observer_from_outside_trade_with_the_core_alone(outside_packages: Path, tmp_path: Path) -> None:
    """Each is loaded by its name, and configured by a table of its own."""
    tape = tmp_path / "tape.jsonl"
    seen = json.loads(alone(outside_packages, "-c", TRADE, str(tape)))
    assert seen["denied"] == [["weekend", "WEEKEND", "saturday"]]
    assert (seen["exits"], seen["passed"]) == (0, 0)
    assert seen["result"] == ["filled", "acme-v-1", "70000", True]
    assert seen["other"] == ["rejected", "UNKNOWN_SYMBOL"]
    assert {name: seen["plugins"][name] for name in ("acme", "weekend", "tape")} == dict.fromkeys(
        ("acme", "weekend", "tape"), "loaded"
    )
    lines = [json.loads(line) for line in tape.read_text("utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["OrderSent", "OrderConcluded"] * 3
    assert lines[1]["result"]["status"] == "filled"
    assert lines[0]["client_order_id"] == "c-1"


def test_a_time_zone_that_does_not_exist_is_refused_in_one_sentence(outside_packages: Path) -> None:
    """By the guard itself, at the start and not at the first order."""
    code = """
    from fks_exec import ConfigError, Plugins
    kind = Plugins().guard("weekend")
    try:
        kind.create(kind.config(zone="Mars/Olympus"))
    except ConfigError as error:
        print(error)
    """
    text = alone(outside_packages, "-c", textwrap.dedent(code))
    assert text.strip() == "zone: 'Mars/Olympus' is no time zone; write one such as Europe/London"


def test_an_example_is_one_short_file(outside_packages: Path) -> None:
    """Typed, under seventy lines: what a newcomer reads before she writes her own."""
    for name in ("acme", "weekend", "tape"):
        package = outside_packages / f"fks_exec_{name}"
        assert sorted(path.name for path in package.iterdir() if path.is_file()) == ["__init__.py", "py.typed"]
        assert len((package / "__init__.py").read_text("utf-8").splitlines()) < 70
