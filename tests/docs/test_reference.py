# SPDX-License-Identifier: MIT
"""The reference pages leave nothing out: every hook with its arguments, every key, every command."""

import inspect
import sys
from pathlib import Path

import attrs
import pytest

from fks_exec.hookspecs import EXECUTION_HOOKS, REGISTRATION_HOOKS, ExecutionSpec, RegistrationSpec

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(autouse=True)
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    for name in ("code_tables", "guard_tables", "hook_tables", "key_tables", "command_tables"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.parametrize("name", sorted(EXECUTION_HOOKS))
def test_every_execution_hook_stands_in_the_table_with_its_exact_arguments(name: str) -> None:
    import hook_tables

    [row] = [line for line in hook_tables.TABLES["execution"]().splitlines() if f"`{name} <" in line]
    arguments = [each for each in inspect.signature(getattr(ExecutionSpec, name)).parameters if each != "self"]
    assert f"| {', '.join(f'`{each}`' for each in arguments) or 'none'} |" in row


def test_every_registration_hook_stands_in_the_table() -> None:
    import hook_tables

    found = hook_tables.TABLES["registration"]()
    assert all(f"`{name} <{RegistrationSpec.__module__}" in found for name in REGISTRATION_HOOKS)
    assert "`fks_exec_journals <fks_exec_hub" in found


def test_the_pages_show_every_table_of_keys() -> None:
    import key_tables

    page = (DOCS / "keys.md").read_text("utf-8")
    for name, kind in key_tables.CLASSES.items():
        assert f"```{{key-table}} {name}\n" in page
        rows = key_tables.TABLES[name]()
        assert all(f"| `{field}` |" in rows for field in attrs.fields_dict(kind) if field not in key_tables.NOT_IN_THE_FILE)


def test_no_key_is_without_a_meaning() -> None:
    import key_tables

    for name, make in key_tables.TABLES.items():
        silent = [line for line in make().splitlines()[2:] if line.rstrip(" |").endswith("`") or line.endswith("|  |")]
        assert not silent, f"{name}: {silent}"


def test_every_command_has_its_section() -> None:
    import command_tables

    from fks_exec_hub.cli import SUMMARIES

    text = command_tables.TABLES["all"]()
    assert all(f"**`fks-exec {name}" in text for name in SUMMARIES)
    assert "**`fks-exec orders list`**" in text
