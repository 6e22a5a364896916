# SPDX-License-Identifier: MIT
"""Fresh environments: our distributions as wheels beside the pinned ones of all that they need, and no index behind them."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[4]
OURS = ("core", "plugins/fks-exec-hub", "plugins/fks-exec-paper")
PINS = ("fks-exec", "fks-exec-hub", "fks-exec-paper", "test", "build")
NOT_NEEDED = {"coverage", "fastapi", "hypothesis", "pydantic", "pydantic-core", "starlette", "opentelemetry-api"}
"""Pins of the group ``test`` that no distribution of ours and no extra of it asks for; the largest of them."""


@frozen
class Wheelhouse:
    """A folder of wheels.

    Args:
        folder: of the wheels.
        pip: the command line that begins with it.
    """

    folder: Path
    pip: tuple[str, ...]

    def environment(self, home: Path, *path: Path) -> dict[str, str]:
        """The variables of somebody whose pip knows these wheels alone.

        Args:
            path: where programs are found, besides the system's folders.
        """
        return {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([*map(str, path), "/usr/bin", "/bin"]),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_FIND_LINKS": str(self.folder),
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_COMPILE": "1",  # what is imported is compiled then
            "PIP_NO_INDEX": "1",
        }

    def venv(self, folder: Path, *packages: str) -> Path:
        """The python of a new environment in which these packages are installed, and what they need."""
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        python = folder / "bin" / "python"
        run([*self.pip, "--python", str(python), "install", "--quiet", *packages], self.environment(folder))
        return python


def make_wheelhouse(folder: Path) -> Wheelhouse:
    """Build our wheels, fetch the pinned ones, each checked against its hash."""
    wheels = folder / "wheels"
    wheelhouse = Wheelhouse(wheels, _pip(folder))
    for name in OURS:
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], cwd=ROOT / name)
    pins = folder / "pins.txt"
    pins.write_text("\n".join(_pins()), "utf-8")
    run([*wheelhouse.pip, "wheel", "--quiet", "--require-hashes", "--no-deps", "-w", str(wheels), "-r", str(pins)])
    return wheelhouse


def _pip(folder: Path) -> tuple[str, ...]:
    """This environment's, or one of its own: there is none in an environment that uv made."""
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    run([sys.executable, "-m", "venv", str(folder / "pip")])
    return (str(folder / "pip" / "bin" / "python"), "-m", "pip")


def _pins() -> Iterable[str]:
    """The entries of all pins, each once."""
    entries: dict[str, str] = {}
    for name in PINS:
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        for entry in re.findall(r"^[a-z0-9].*(?:\n +--hash.*)*", text, re.MULTILINE):
            entries.setdefault(entry.partition("==")[0], entry)
    return [entry for name, entry in entries.items() if name not in NOT_NEEDED]


def run(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None, seconds: float = 180) -> str:
    """What a program prints; it ends well, or the test fails with all of it."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=cwd,
        timeout=seconds,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout
