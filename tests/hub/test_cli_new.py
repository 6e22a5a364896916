# SPDX-License-Identifier: MIT
"""``new-venue``, ``new-guard``, ``new-observer``: what is written, under which names, and what is refused."""

import datetime
import json
import re
import tomllib
from pathlib import Path

import pytest

from fks_exec.testing import HttpDialect
from fks_exec_hub.cli import run
from fks_exec_hub.guards import GUARD_TYPES

ROLES = ["venue", "guard", "observer"]
COMMON = {".github/workflows/tests.yml", ".gitignore", "LICENSE", "README.md", "pyproject.toml"}
OWN = {
    "venue": {"__init__.py", "api.py", "config.py", "py.typed", "records.py", "venue.py"},
    "guard": {"__init__.py", "py.typed"},
    "observer": {"__init__.py", "py.typed"},
}
TESTS = {"venue": {"exchange.py", "test_conformance.py"}, "guard": {"test_guard.py"}, "observer": {"test_observer.py"}}


def written(folder: Path) -> dict[str, str]:
    """The files below a folder, by path."""
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def made(tmp_path: Path, role: str, name: str) -> dict[str, str]:
    """The files of a new repository."""
    assert run([f"new-{role}", name, "--into", str(tmp_path)]) == 0
    return written(tmp_path / f"fks-exec-{name}")


@pytest.mark.parametrize("role", ROLES)
def test_a_whole_repository_is_written(tmp_path: Path, role: str) -> None:
    files = made(tmp_path, role, "acme")
    package = {f"src/fks_exec_acme/{name}" for name in OWN[role]}
    assert set(files) >= COMMON | package | {f"tests/{name}" for name in TESTS[role]}
    assert {path for path in files if path.endswith(".txt")} == set()


@pytest.mark.parametrize("role", ROLES)
def test_every_name_follows_the_plugins(tmp_path: Path, role: str) -> None:
    """Of the template's own nothing is left, and what is written is Python."""
    files = made(tmp_path, role, "my-broker2")
    assert [path for path, text in files.items() if "acme" in (path + text).lower()] == []
    for path in [path for path in files if path.endswith(".py")]:
        compile(files[path], path, "exec")
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["name"] == "fks-exec-my-broker2"
    assert project["project"]["entry-points"]["fks_exec"] == {"my-broker2": "fks_exec_my_broker2"}
    assert 'name="my-broker2"' in files["src/fks_exec_my_broker2/__init__.py"]
    assert f"(c) {datetime.datetime.now(datetime.UTC).year} the authors of fks-exec-my-broker2" in files["LICENSE"]


def test_whatever_an_author_of_a_venue_has_to_change_says_so(tmp_path: Path) -> None:
    """Every request, every word of the exchange's own, and what it can do; not what is the same everywhere."""
    files = made(tmp_path, "venue", "acme")
    assert {path.rpartition("/")[2] for path, text in files.items() if "CHANGE" in text} == {
        "README.md",
        "__init__.py",
        "api.py",
        "config.py",
        "exchange.py",
        "records.py",
        "venue.py",
    }
    source = files["src/fks_exec_acme/venue.py"]
    hooks = re.findall(r"@hookimpl\n    async def (\w+)\(self.*?\n +\"\"\"(.*?)\"\"\"", source, re.DOTALL)
    assert {name for name, text in hooks if "CHANGE" not in text} == {"init", "close", "health_check"}
    assert len(hooks) == 11


def test_a_new_exchange_has_a_word_for_whatever_the_simulated_one_refuses(tmp_path: Path) -> None:
    """Those that the docstring of ``refuse`` lists; and the plugin knows each of these words."""
    files = made(tmp_path, "venue", "acme")
    codes = dict(re.findall(r'^    "([A-Z_]+)": "([A-Z_]+)",$', files["tests/exchange.py"], re.MULTILINE))
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", HttpDialect.refuse.__doc__ or "")) <= set(codes)
    known = set(re.findall(r'^    "([A-Z_]+)": Venue\w+,$', files["src/fks_exec_acme/api.py"], re.MULTILINE))
    assert set(codes.values()) - known == {"NO_SUCH_PATH"}


def test_what_was_written_is_told_with_the_next_three_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = made(tmp_path, "venue", "acme")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"wrote {tmp_path / 'fks-exec-acme'}:"
    assert {line.strip() for line in lines[1:-4]} == set(files)
    assert lines[-4:] == ["now run:", f"  cd {tmp_path / 'fks-exec-acme'}", '  pip install --editable ".[test]"', "  pytest"]


def test_the_same_is_told_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new-guard", "acme", "--into", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["folder"], set(told["files"])) == (str(tmp_path / "fks-exec-acme"), set(written(Path(told["folder"]))))
    assert len(told["then"]) == 3


def test_without_a_folder_it_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["new-observer", "acme"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["fks-exec-acme"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Acme", "take small letters, digits and single hyphens"),
        ("my_broker", "take small letters, digits and single hyphens"),
        ("-x", ""),
        ("x-", "a letter first"),
        ("9x", "a letter first"),
        ("a--b", "single hyphens"),
        ("../up", "is no name for a plugin"),
        ("ümlaut", "is no name for a plugin"),
        ("a" * 23, "at most 22"),
        ("", "is no name for a plugin"),
        ("fks-exec-acme", "say the name alone: acme"),
        ("none", "a word of Python's"),
        ("paper", "is a plugin of fks-exec's own"),
        ("mt5", "fks-exec-mt5"),
        ("simulators", "fks-exec-simulators 0 is installed"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, sentence: str) -> None:
    assert run(["new-venue", "--into", str(tmp_path), name]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [kind.name for kind in GUARD_TYPES if "_" not in kind.name])
def test_a_guard_is_not_called_as_one_of_the_hubs(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """The hub's are found first: its own would never be asked."""
    assert run(["new-guard", name, "--into", str(tmp_path)]) == 2
    assert "comes with fks-exec-hub" in capsys.readouterr().err
    assert run(["new-venue", name, "--into", str(tmp_path)]) == 0


def test_a_name_that_is_installed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], outside_packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(outside_packages)
    assert run(["new-venue", "weekend", "--into", str(tmp_path)]) == 2
    assert "plugin 'weekend' (fks-exec-weekend 1.0.0) is installed and has this name" in capsys.readouterr().err


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even an empty folder, nor what a link points to."""
    (tmp_path / "fks-exec-acme").mkdir()
    (tmp_path / "fks-exec-other").symlink_to(tmp_path / "nowhere")
    for name in ("acme", "other"):
        assert run(["new-venue", name, "--into", str(tmp_path)]) == 2
        assert "is there already, and nothing is overwritten" in capsys.readouterr().err
    assert written(tmp_path) == {}
