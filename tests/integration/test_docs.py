# SPDX-License-Identifier: MIT
"""The code blocks of the docs pages run; what the tables say stands in the code."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fks_exec import NotSent, OrderUpdate
from fks_exec.errors import VenueError
from fks_exec_hub.config import parse_config
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


async def test_the_guard_of_the_docs_denies(tmp_path: Path) -> None:
    import types

    module = types.ModuleType("max_quantity")
    vars(module).update(ran("plugins.md", "class MaxQuantity:"))
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["max_quantity"]), module) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("11"))).code == "TOO_LARGE"
        assert (await hub.execute_order(ACCOUNT, buy("10"))).status == "filled"


async def test_the_wrapper_of_the_docs_sees_result_and_error(tmp_path: Path) -> None:
    watch = ran("plugins.md", "class Watch")["Watch"]()
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


def test_every_guard_and_every_error_of_a_venue_has_its_row() -> None:
    configuration, plugins = ((DOCS / page).read_text("utf-8") for page in ("configuration.md", "plugins.md"))
    assert all(f"| `{kind.name}` |" in configuration for kind in GUARD_TYPES)
    errors = {kind.__name__ for kind in VenueError.__subclasses__()}
    assert all(f"`{name}`" in plugins for name in errors | {"VenueAuthError", "VenueClosed"})
