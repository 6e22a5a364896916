# SPDX-License-Identifier: MIT
"""``fks-exec new-venue``, ``new-guard``, ``new-observer``: a repository of one's own that passes its tests as it is written."""

from __future__ import annotations

import datetime
import keyword
import re
import shlex
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
import click
import importlib_metadata

from fks_exec.plugins import FIRST_PARTY, Plugins
from fks_exec_hub.guards import GUARD_TYPES

from .output import Console, json_option, pass_console

Role: TypeAlias = Literal["venue", "guard", "observer"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 22
_TOKENS = re.compile("fks-exec-acme|fks_exec_acme|ACME|Acme|acme|YEAR")
_DOT = "dot-"
_SUFFIX = ".txt"


@attrs.frozen(kw_only=True)
class Project:
    """A repository that is to be written.

    The templates are the repository of a plugin called ``acme``; each file has ``.txt`` behind its name, and ``dot-`` stands
    for a dot before it.

    Args:
        name: of the plugin, as a configuration will spell it.
    """

    role: Role
    name: str

    @property
    def distribution(self) -> str:
        """As pip calls it; the folder as well."""
        return f"fks-exec-{self.name}"

    @property
    def package(self) -> str:
        """As it is imported."""
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """Of what it brings."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    def files(self) -> Iterator[tuple[str, str]]:
        """Path and text of each file."""
        for part in ("common", self.role):
            for path, text in _templates(files("fks_exec_hub") / "templates" / part):
                yield self._filled(path), self._filled(text)

    def _filled(self, text: str) -> str:
        words = {
            "fks-exec-acme": self.distribution,
            "fks_exec_acme": self.package,
            "ACME": self.name.replace("-", "_").upper(),
            "Acme": self.class_name,
            "acme": self.name,
            "YEAR": str(datetime.datetime.now(datetime.UTC).year),
        }
        return _TOKENS.sub(lambda found: words[found[0]], text)


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = "." + entry.name.removeprefix(_DOT) if entry.name.startswith(_DOT) else entry.name
        if entry.is_dir():
            yield from _templates(entry, f"{path}{name}/")
        elif name.endswith(_SUFFIX):
            yield path + name.removesuffix(_SUFFIX), entry.read_text("utf-8")


def _check_name(role: Role, name: str) -> None:
    """Raises click.BadParameter with a sentence."""
    problem = _problem(name) or _taken(role, name)
    if problem:
        raise click.BadParameter(problem, param_hint="NAME")


def _problem(name: str) -> str:
    """What is wrong with a name, whatever is installed; empty when nothing is."""
    if name.startswith(("fks-exec-", "fks_exec_")):
        return f"say the name alone: {name[len('fks-exec-') :]}; 'fks-exec-' is put before it"
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return (
            f"{name[:_LONGEST]!a} is no name for a plugin; take small letters, digits and single hyphens, a letter first, "
            f"at most {_LONGEST}, such as acme or my-broker"
        )
    if keyword.iskeyword(name.capitalize()):
        return f"{name!a} would make a class that is a word of Python's; take another"
    return ""


def _taken(role: Role, name: str) -> str:
    """Who has a name; empty when it is free."""
    if name in FIRST_PARTY:
        return f"{name!a} is a plugin of fks-exec's own, {FIRST_PARTY[name]}; take another name"
    if role == "guard" and any(kind.name == name for kind in GUARD_TYPES):
        return f"{name!a} is a guard that comes with fks-exec-hub; take another name"
    for info in Plugins(own="hub").infos():
        if info.name == name:
            return f"{info.label} is installed and has this name; take another, or uninstall {info.distribution}"
    try:
        version = importlib_metadata.version(f"fks-exec-{name}")
    except importlib_metadata.PackageNotFoundError:
        return ""
    return f"fks-exec-{name} {version} is installed; take another name"


def write(project: Project, into: Path) -> tuple[Path, list[str]]:
    """Write a repository into a folder; returns its own folder, and what was written, in order.

    Raises:
        click.UsageError: there is something already; nothing is overwritten.
    """
    folder = into / project.distribution
    if folder.exists() or folder.is_symlink():
        raise click.UsageError(
            f"{folder} is there already, and nothing is overwritten; take another name, or --into another folder"
        )
    written = []
    for path, text in project.files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return folder, sorted(written)


def _command(role: Role) -> Callable[[Console, str, Path], None]:
    def new(console: Console, name: str, into: Path) -> None:
        _check_name(role, name)
        folder, written = write(Project(role=role, name=name), into)
        then = [f"cd {shlex.quote(str(folder))}", 'pip install --editable ".[test]"', "pytest"]
        lines = [f"wrote {folder}:", *(f"  {path}" for path in written), "now run:", *(f"  {command}" for command in then)]
        console.show({"folder": folder, "files": written, "then": then}, "\n".join(lines))

    return new


def _made(role: Role, summary: str) -> click.Command:
    function = _command(role)
    function.__doc__ = f"{summary}\n\nIt passes its own tests as it is written. NAME: small letters, digits, hyphens."
    folder = click.Path(path_type=Path, file_okay=False)
    into = click.option("--into", type=folder, default=Path(), metavar="DIR", help="Where its folder is made. Default: here.")
    return click.command(f"new-{role}")(click.argument("name")(into(json_option(pass_console(function)))))


new_venue: click.Command = _made("venue", "Write the repository of a venue plugin, with a simulated exchange to try it on.")
new_guard: click.Command = _made("guard", "Write the repository of a guard.")
new_observer: click.Command = _made("observer", "Write the repository of an observer.")
