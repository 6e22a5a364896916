# SPDX-License-Identifier: MIT
"""The page docs/guards.md: every guard has its section, and what it shows is right."""

import re
import sys
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import attrs
import pytest

from fks_exec import GuardType
from fks_exec_hub.config import parse_config
from fks_exec_hub.guards import GUARD_TYPES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "guards.md").read_text("utf-8")
SECTIONS = {text.partition("\n")[0]: text for text in PAGE.split("\n## ")[1:]}
NAMES = [kind.name for kind in GUARD_TYPES]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The generator of the page."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    import guard_tables

    yield guard_tables
    for name in ("guard_tables", "code_tables"):
        sys.modules.pop(name, None)


def test_the_page_has_a_section_for_every_guard_and_is_reached_from_the_first() -> None:
    """In their order, each with its tables."""
    assert [name for name in SECTIONS if name in NAMES] == NAMES
    for name in NAMES:
        assert re.findall(r"```\{guard-table\} (\S+)\n", SECTIONS[name]) == [name]
    assert "\nguards\n" in (DOCS / "index.md").read_text("utf-8")


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_every_key_and_every_code_has_its_row(kind: GuardType, tables: ModuleType) -> None:
    """With what the class itself says of it; a key that nobody explained would have an empty cell."""
    rows = tables.GUARDS[kind.name]().splitlines()
    for name in [field.name for field in attrs.fields(kind.config)]:
        [row] = [row for row in rows if row.startswith(f"| `{name}` |")]
        assert not row.endswith("|  |"), name
    for code, said in kind.create.codes.items():
        assert f"| `{code}` | {said.meaning} | {said.remedy} |" in rows


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_the_tables_of_the_page_are_configurations(kind: GuardType, tmp_path: Path) -> None:
    """Each that has keys shows one."""
    blocks = re.findall(r"```toml\n(.*?)```", SECTIONS[kind.name], re.DOTALL)
    assert bool(blocks) is bool(attrs.fields(kind.config))
    for block in blocks:
        tables = tomllib.loads(block, parse_float=Decimal)
        account = {"venue": "paper", "guards": [kind.name]}
        config = parse_config({"accounts": {"paper": account}, **tables}, tmp_path)
        [(listed, _)] = config.guards_of("paper", config.load_plugins())
        assert listed.name == kind.name
