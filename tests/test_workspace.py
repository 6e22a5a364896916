# SPDX-License-Identifier: MIT
"""What holds for the files of this repository as a whole."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = sorted(path.parent for depth in ("*", "*/*") for path in ROOT.glob(f"{depth}/pyproject.toml"))
PUBLISHED = [folder for folder in DISTRIBUTIONS if folder.parent.name != "tests"]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
SOURCES = sorted(path for folder in DISTRIBUTIONS for path in (folder / "src").rglob("*.py"))


def shown(path: Path) -> str:
    """The path as a test's id: from the root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def project(folder: Path) -> dict[str, object]:
    """The [project] table of a distribution."""
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]


def git(*arguments: str) -> str:
    """What git says in this repository; skips where there is no git or no repository."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git here")
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_workspace_has_its_five_distributions() -> None:
    """An empty glob would let every other test of this file pass."""
    names = {project(folder)["name"] for folder in DISTRIBUTIONS}
    assert names >= {"fks-exec", "fks-exec-hub", "fks-exec-paper", "fks-exec-server", "fks-exec-simulators"}
    assert SOURCES


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=shown)
def test_pins_have_hashes_and_no_addresses(path: Path) -> None:
    """pip refuses hashes beside editables, and an address would tie the pins to one index."""
    text = path.read_text("utf-8")
    assert "://" not in text
    assert "file:" not in text
    entries = text.replace("\\\n", "").splitlines()
    assert entries
    assert not [entry for entry in entries if entry.startswith("-") or "==" not in entry]
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=shown)
def test_every_distribution_has_pins(folder: Path) -> None:
    """Of the newest versions that it allows, and of the lowest."""
    for kind in ("", "oldest-"):
        pins = ROOT / "requirements" / f"{kind}{project(folder)['name']}.txt"
        assert pins.is_file(), f"{shown(pins)} is missing: run `nox -s pins`"


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=shown)
def test_what_a_distribution_needs_of_ours_comes_from_the_workspace(folder: Path) -> None:
    """Not from an index, where somebody else's may have its name."""
    name = project(folder)["name"]
    sources = TOOLS["uv"]["sources"]
    assert sources.get(name) == {"workspace": True}, f"[tool.uv.sources] lacks {name} = {{ workspace = true }}"


@pytest.mark.parametrize("folder", PUBLISHED, ids=shown)
def test_what_is_published_is_measured(folder: Path) -> None:
    """Else its tests could vanish unseen."""
    module = str(project(folder)["name"]).replace("-", "_")
    assert module in TOOLS["coverage"]["run"]["source_pkgs"], f"[tool.coverage.run] source_pkgs lacks {module}"


@pytest.mark.parametrize("folder", PUBLISHED, ids=shown)
def test_what_is_published_has_its_news(folder: Path) -> None:
    """Fragments of no known type stop the next release."""
    kinds = {kind["name"]: kind["directory"] for kind in TOOLS["towncrier"]["type"]}
    name = project(folder)["name"]
    assert kinds.get(name) == folder.name.removeprefix("fks-exec-"), f"[[tool.towncrier.type]] lacks a proper one for {name}"


@pytest.mark.parametrize("folder", PUBLISHED, ids=shown)
def test_a_plugin_is_found_by_the_name_of_its_folder(folder: Path) -> None:
    """As the noxfile does."""
    assert folder.name in ("core", project(folder)["name"])


@pytest.mark.parametrize("pattern", ["uv.lock", "*.db", ".env", "*.pem", "*.key", "fks-exec.toml", "*.pyc"])
def test_what_belongs_to_one_machine_is_not_tracked(pattern: str) -> None:
    """A lock with addresses, a journal, a secret or a host's own configuration (at the root) never lands."""
    spec = pattern if pattern == "fks-exec.toml" else f":(glob)**/{pattern}"
    assert git("ls-files", "--", spec) == ""


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=shown)
def test_a_distribution_carries_licence_readme_and_type_marker(folder: Path) -> None:
    """A wheel without py.typed hides its annotations from whoever depends on it."""
    package = folder / "src" / str(project(folder)["name"]).replace("-", "_")
    assert (folder / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")
    assert (folder / "README.md").read_text("utf-8").startswith(f"# {project(folder)['name']}\n")
    assert (package / "__init__.py").is_file()
    assert (package / "py.typed").is_file()


def test_the_core_depends_on_exactly_four_distributions() -> None:
    """Every venue plugin and every host inherits what the core depends on."""
    needs = project(ROOT / "core")["dependencies"]
    assert isinstance(needs, list)
    assert {need.split(">=")[0] for need in needs} == {"attrs", "cattrs", "importlib-metadata", "pluggy"}
    assert len(needs) == 4


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_a_module_names_its_licence_and_stays_short(path: Path) -> None:
    """One idea per module: 400 lines are the most that one may have."""
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "# SPDX-License-Identifier: MIT"
    assert len(lines) <= 400
