# SPDX-License-Identifier: MIT
"""The code blocks of the docs pages run; what the tables say stands in the code."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs

from fks_exec import GuardType, NotSent, OrderUpdate, hookimpl
from fks_exec.errors import VenueError
from fks_exec_hub.accounts.settings import BreakerConfig, DayConfig, ProtectionConfig
from fks_exec_hub.config import AccountConfig, parse_config
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def ran(page: str, word: str) -> dict[str, Any]:
    """The names of the one block that has this word."""
    [block] = [block for block in blocks(page, "python") if word in block]
    names: dict[str, Any] = {}
    exec(block, names)
    return names


def page(name: str, count: int) -> dict[str, Any]:
    """The names of the first blocks of a page."""
    names: dict[str, Any] = {}
    for block in blocks(name, "python")[:count]:
        exec(block, names)
    return names


async def test_the_guard_of_the_docs_denies(tmp_path: Path) -> None:
    import types

    module = types.ModuleType("max_quantity")
    vars(module).update(ran("howto/guard.md", "class MaxQuantity:"))
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["max_quantity"]), module) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("11"))).code == "TOO_LARGE"
        assert (await hub.execute_order(ACCOUNT, buy("10"))).status == "filled"


async def test_the_wrapper_of_the_docs_sees_result_and_error(tmp_path: Path) -> None:
    watch = ran("howto/wrapper.md", "class Watch")["Watch"]()
    stage = Stage(NotSent("refused"))
    async with hub_on(stage, configure(tmp_path), watch) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "not_placed"
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    assert watch.seen == [("BTC/USDT", "NotSent"), ("BTC/USDT", "filled")]


def test_the_venue_type_of_the_docs_is_one() -> None:
    [kind] = ran("plugins.md", "class AcmeConfig")["fks_exec_venues"]()
    assert (kind.name, kind.config().host, kind.capabilities.publishes) == ("acme", "api.acme.example", True)


def test_the_update_of_the_docs_can_be_published() -> None:
    heard: list[OrderUpdate] = []
    message = {
        "trade": "1",
        "size": "1",
        "price": "2",
        "time": 3,
        "order": "4",
        "filled": "1",
        "average": "2",
        "client_id": "5",
    }
    ran("plugins.md", "def on_trade")["on_trade"](SimpleNamespace(publish=heard.append), message)
    [update] = heard
    assert (update.ref.order_id, update.result.fills[0].trade_id) == ("4", "1")


def test_from_nothing_to_a_filled_order(tmp_path: Path) -> None:
    """What docs/cli.md shows, but for pip; the prompts and the output taken away."""
    [block] = [text for text in blocks("cli.md", "console") if "pip install" in text]
    lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith(("$ ", "    "))]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join(line for line in lines if not line.startswith("pip "))
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nfilled\n  account       paper\n  id            first\n" in done.stdout


def test_the_block_of_the_acme_example_runs() -> None:
    """With the package on the path as an installation would have it."""
    example = DOCS / "examples/fks-exec-acme"
    [block] = re.findall(r"^```python\n(.*?)^```$", (example / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    known = 'Plugins().venue("acme")'
    assert known in block
    text = block.replace(known, "__import__('fks_exec_acme').fks_exec_venues()[0]")
    environment = {**os.environ, "PYTHONPATH": str(example / "src")}
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "filled 67500\n"), done.stderr


def test_the_hooks_can_be_read_as_the_docs_say() -> None:
    [block] = blocks("hooks.md", "sh")
    for line in block.splitlines():
        code = line.split('"')[1]
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert "Spec" in done.stdout, done.stderr


def test_the_configuration_of_the_docs_is_one(tmp_path: Path) -> None:
    import tomllib
    from decimal import Decimal

    config = parse_config(tomllib.loads(blocks("configuration.md", "toml")[0], parse_float=Decimal), tmp_path)
    found = config.load_plugins()
    assert [listed.name for listed, _ in config.guards_of("paper", found)] == ["quantity", "confidence", "tight"]
    assert config.venue("paper", found)[0].name == "paper"


def test_the_stop_of_the_docs_is_placed_moved_and_given_up(tmp_path: Path) -> None:
    """The configuration and the commands of docs/protection.md."""
    (tmp_path / "fks-exec.toml").write_text(blocks("protection.md", "toml")[0], "utf-8")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = blocks("protection.md", "sh")[0]
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.rpartition("\naccepted ")[2]
    assert "stop_loss at 67200: accepted, 0.01, as first~sl1" in shown
    assert "take_profit at 69000: canceled, 0.01, as first~tp1" in shown


def test_the_currencies_and_the_day_of_the_docs_are_a_configuration(tmp_path: Path) -> None:
    import tomllib

    config = parse_config(tomllib.loads("\n".join(blocks("positions.md", "toml"))), tmp_path)
    assert (config.accounts["main"].conversions, config.accounts["main"].day.start) == (("USDT/USD", "BTC/USDT"), "17:00")


async def test_the_guard_of_the_docs_that_needs_the_day_is_given_it(tmp_path: Path) -> None:
    import types

    module = types.ModuleType("drawdown")
    kind = GuardType(name="drawdown", create=lambda config: page("howto/guard.md", 2)["Drawdown"]())
    vars(module)["fks_exec_guards"] = hookimpl(lambda: [kind])
    stage = Stage()
    config = configure(tmp_path, guards=["drawdown"], account={"currency": "USDT", "max_equity_age": 0.01})
    async with hub_on(stage, config, module) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        stage.equity = "40000"
        await asyncio.sleep(0.02)
        assert (await hub.execute_order(ACCOUNT, buy())).code == "DRAWDOWN"


def test_every_key_of_an_account_has_its_line() -> None:
    """In the example of the configuration page, and in the table of the page on stops."""
    example, page = blocks("configuration.md", "toml")[0], (DOCS / "protection.md").read_text("utf-8")
    keys = {name for kind in (AccountConfig, ProtectionConfig, BreakerConfig, DayConfig) for name in attrs.fields_dict(kind)}
    tables = {"protection", "breaker", "day", "config"}
    assert all(re.search(rf"^(# )?{key} = ", example, re.MULTILINE) for key in keys - tables)
    assert all(f"[accounts.paper.{table}]" in example for table in tables)
    assert all(f"`{key}`" in page for key in attrs.fields_dict(ProtectionConfig))


def test_every_guard_and_every_error_of_a_venue_has_its_row() -> None:
    configuration, plugins = ((DOCS / page).read_text("utf-8") for page in ("configuration.md", "plugins.md"))
    assert all(f"| `{kind.name}` |" in configuration for kind in GUARD_TYPES)
    errors = {kind.__name__ for kind in VenueError.__subclasses__()}
    assert all(f"`{name}`" in plugins for name in errors | {"VenueAuthError", "VenueClosed"})
