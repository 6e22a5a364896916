# SPDX-License-Identifier: MIT
"""What ``new-venue``, ``new-guard`` and ``new-observer`` write: built, installed beside the core alone, and tried there.

Each is a stranger's: a wheel of its own in an environment made for it, its tests in a folder where its source is not, the hub
nowhere. All of it is the work of pip; nothing of this environment is on its path.
"""

import json
import shutil
import sys
from pathlib import Path

import pytest
from attrs import frozen

from fks_exec_hub.cli import run as fks_exec
from fks_exec_simulators.fresh import Wheelhouse, run

NAMES = {"venue": "my-broker", "guard": "my-limit", "observer": "my-ledger"}

LOOK = """
import importlib.util, json, sys
names = ["fks_exec_hub", "fks_exec_paper", "fks_exec_simulators", "hypothesis"]
package = importlib.util.find_spec(sys.argv[1])
print(json.dumps([[name for name in names if importlib.util.find_spec(name)], package.origin]))
"""


@frozen
class Stranger:
    """A project that was generated and installed.

    Args:
        role: ``venue``, ``guard`` or ``observer``.
        name: of the plugin.
        python: of its environment.
        folder: with its tests and its pyproject, without its source.
        environment: the variables of its programs.
    """

    role: str
    name: str
    python: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        """Python in its environment; what it prints."""
        return run([str(self.python), *arguments], self.environment, self.folder)


@pytest.fixture(scope="module", params=NAMES)
def stranger(request: pytest.FixtureRequest, wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    role: str = request.param
    name, base = NAMES[role], tmp_path_factory.mktemp(role)
    assert fks_exec([f"new-{role}", name, "--into", str(base)]) == 0
    project = base / f"fks-exec-{name}"
    run([sys.executable, "-m", "hatchling", "build", "-d", str(base / "dist")], cwd=project)
    [wheel] = (base / "dist").glob("*.whl")
    python = wheelhouse.venv(base / "venv", f"{wheel}[test]")
    folder = base / "apart"
    folder.mkdir()
    for part in ("pyproject.toml", "tests"):
        shutil.move(project / part, folder / part)
    return Stranger(role, name, python, folder, wheelhouse.environment(base))


def test_it_stands_beside_the_core_alone(stranger: Stranger) -> None:
    """Its package comes from its wheel; whatever it forgot to declare would be missing here."""
    others, origin = json.loads(stranger.run("-c", LOOK, f"fks_exec_{stranger.name.replace('-', '_')}"))
    assert others == []
    assert "site-packages" in origin
    listed = {info["name"]: info for info in json.loads(stranger.run("-m", "fks_exec", "--json"))}
    assert (listed[stranger.name]["status"], listed[stranger.name]["version"]) == ("installed", "0.1.0")


def test_it_passes_its_own_tests(stranger: Stranger) -> None:
    """With the line that sums up what was tried; no test of the floor is left out."""
    printed = stranger.run("-m", "pytest", "-p", "no:cacheprovider", "--color=no")
    [line] = [line for line in printed.splitlines() if line.startswith(f"{stranger.name}: ")]
    assert " passed" in line, printed
    assert "failed" not in printed
    assert "INCOMPLETE" not in line


def test_its_wheel_has_its_licence_and_its_type_marker(stranger: Stranger) -> None:
    code = "import importlib.metadata as m, sys; print(*sorted(map(str, m.files(sys.argv[1]))), sep='\\n')"
    files = stranger.run("-c", code, f"fks-exec-{stranger.name}").splitlines()
    assert f"fks_exec_{stranger.name.replace('-', '_')}/py.typed" in files
    assert any(path.endswith("licenses/LICENSE") for path in files)
    assert not any("tests" in path for path in files)
