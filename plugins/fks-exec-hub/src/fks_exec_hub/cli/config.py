# SPDX-License-Identifier: MIT
"""``fks-exec config NAME``: a commented table, made from the plugin's own configuration class."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TypeAlias

import attrs
import click

from fks_exec.errors import PluginError
from fks_exec.model.extension import GuardType, ObserverType, VenueType
from fks_exec.plugins import Plugins, PluginStatus

from .output import Console, json_option, pass_console, table
from .template import keys_of, quoted, render, summary_of

Extension: TypeAlias = VenueType | GuardType | ObserverType

_HOOKS = {"venue": "fks_exec_venues", "guard": "fks_exec_guards", "observer": "fks_exec_observers"}


@attrs.frozen(kw_only=True)
class Installed:
    """One type that a configuration can name.

    Args:
        role: ``venue``, ``guard`` or ``observer``.
        name: as the configuration spells it.
    """

    role: str
    name: str
    kind: Extension


@click.command()
@click.argument("name", required=False)
@json_option
@pass_console
def config(console: Console, name: str | None) -> None:
    """Print a commented table for a venue, a guard or an observer.

    Keys without a # are needed; the others show their defaults. Without NAME: list what can be named.
    """
    found = Plugins(own="hub")
    every = list(installed(found))
    if name is None:
        _list(console, every)
        return
    chosen = [item for item in every if item.name == name] or _explain_missing(found, name, every)
    documents = [{**_document(item), "toml": _toml(item)} for item in chosen]
    console.show(documents, "\n\n".join(str(document["toml"]) for document in documents))


def installed(plugins: Plugins) -> Iterator[Installed]:
    """The types of every plugin that loads."""
    plugins.load_all()
    loaded = plugins.manager.list_name_plugin()
    for point, module in loaded:
        others = [other for _, other in loaded if other is not module]
        for role, hook in _HOOKS.items():
            for kinds in plugins.manager.subset_hook_caller(hook, others)():
                yield from (Installed(role=role, name=_spelled(point, kind.name), kind=kind) for kind in kinds)


def _spelled(point: str, name: str) -> str:
    return name if point in (name, "hub") else f"{point}/{name}"


def _list(console: Console, every: list[Installed]) -> None:
    rows = [(item.name, item.role, item.kind.summary) for item in every]
    text = table(
        ("name", "is a", ""), rows, empty="no plugin is installed that could be configured; pip install fks-exec-paper"
    )
    console.show([{"name": name, "role": role, "summary": summary} for name, role, summary in rows], text)


def _explain_missing(plugins: Plugins, name: str, every: list[Installed]) -> list[Installed]:
    """Why there is nothing to print: not installed, could not be loaded, or no such type in that plugin."""
    if name == "server":
        raise PluginError("the table [plugins.server] is a host's, not a plugin's; the documentation of fks-exec-server has it")
    near = difflib.get_close_matches(name, [item.name for item in every], n=1)
    if near and "/" not in name and all(name != info.name for info in plugins.infos()):
        raise PluginError(f"there is nothing to configure by the name {name!a}; did you mean {near[0]}?")
    info = plugins.info(name.partition("/")[0])
    if info.status is not PluginStatus.LOADED:
        raise PluginError(f"{info.label} is {info.status}: {info.reason}")
    own = ", ".join(item.name for item in every if item.name.partition("/")[0] == info.name or info.name == "hub")
    raise PluginError(f"{info.label} brings no {name!a}; it brings: {own or 'nothing that is configured by name'}")


def _document(item: Installed) -> dict[str, object]:
    return {"name": item.name, "role": item.role, "summary": item.kind.summary, "keys": keys_of(item.kind.config)}


def _toml(item: Installed) -> str:
    keys = keys_of(item.kind.config)
    short = quoted(item.name.rpartition("/")[2])
    if item.role == "venue":
        return _account(item, f"accounts.{short}")
    extra = [] if item.name == short else [f'type = "{item.name}"']
    return render(f"{item.role}s.{short}", keys, doc=item.kind.summary or summary_of(item.kind.config), extra=extra)


def _account(item: Installed, header: str) -> str:
    """The account's own few keys, then the venue's table."""
    top = [
        *([f"# {item.kind.summary}"] if item.kind.summary else []),
        f"[{header}]",
        f'venue = "{item.name}"',
        "live = false  # true: real money is at stake",
        'guards = []   # in order, e.g. ["quantity", "prices", "confidence", "position_size"]',
    ]
    keys = keys_of(item.kind.config)
    return "\n".join([*top, "", render(f"{header}.config", keys, doc=summary_of(item.kind.config) if keys else "")])
