# SPDX-License-Identifier: MIT
"""The code blocks of the docs pages run; what the tables say stands in the code."""

import re
from pathlib import Path
from typing import Any

import pytest

from fks_exec import NotSent, Status
from fks_exec.errors import VenueError
from fks_exec_hub.config import parse_config
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def ran(page: str, index: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(blocks(page, "python")[index], names)
    return names


async def test_the_guard_of_the_docs_denies(tmp_path: Path) -> None:
    import types

    module = types.ModuleType("max_quantity")
    vars(module).update(ran("plugins.md", 0))
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["max_quantity"]), module) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("11"))).code == "TOO_LARGE"
        assert (await hub.execute_order(ACCOUNT, buy("10"))).status == "filled"


async def test_the_wrapper_of_the_docs_sees_result_and_error(tmp_path: Path) -> None:
    watch = ran("plugins.md", 1)["Watch"]()
    stage = Stage(NotSent("refused"))
    async with hub_on(stage, configure(tmp_path), watch) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "not_placed"
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    assert watch.seen == [("BTC/USDT", "NotSent"), ("BTC/USDT", "filled")]


def test_the_configuration_of_the_docs_is_one(tmp_path: Path) -> None:
    import tomllib
    from decimal import Decimal

    config = parse_config(tomllib.loads(blocks("configuration.md", "toml")[0], parse_float=Decimal), tmp_path)
    found = config.load_plugins()
    assert [listed.name for listed, _ in config.guards_of("paper", found)] == ["quantity", "confidence", "tight"]
    assert config.venue("paper", found)[0].name == "paper"


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_row(status: Status) -> None:
    assert f"`{status.value}`" in (DOCS / "orders.md").read_text("utf-8")


def test_every_guard_and_every_error_of_a_venue_has_its_row() -> None:
    configuration, plugins = ((DOCS / page).read_text("utf-8") for page in ("configuration.md", "plugins.md"))
    assert all(f"| `{kind.name}` |" in configuration for kind in GUARD_TYPES)
    errors = {kind.__name__ for kind in VenueError.__subclasses__()}
    assert all(f"`{name}`" in plugins for name in errors | {"VenueAuthError", "VenueClosed"})
