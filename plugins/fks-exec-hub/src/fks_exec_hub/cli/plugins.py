# SPDX-License-Identifier: MIT
"""``fks-exec plugins``: what is installed and what became of each."""

from __future__ import annotations

import click

from fks_exec.plugins import PluginInfo, Plugins, PluginStatus
from fks_exec_hub.config import find_config, load_config

from .failures import ExitCode
from .output import Console, json_option, pass_console, table

_WRONG = frozenset({PluginStatus.FAILED, PluginStatus.CONFLICT})


@click.command()
@click.option("--load", is_flag=True, help="Import each plugin that may be loaded.")
@json_option
@pass_console
@click.pass_context
def plugins(ctx: click.Context, console: Console, load: bool) -> None:
    """List the installed plugins and what became of each.

    Nothing is imported without --load. Where there is a configuration, its allow, block and require count. Exit 1 when a
    plugin failed or two have the same name.
    """
    found = _visible(console)
    infos = found.load_all() if load else found.infos()
    console.show(infos, _text(infos))
    if any(info.status in _WRONG for info in infos):
        ctx.exit(ExitCode.FAILED)


def _visible(console: Console) -> Plugins:
    """As the configuration allows; a missing one that nobody named counts as empty."""
    if console.path is None and not find_config().exists():
        return Plugins(own="hub")
    return load_config(console.path).load_plugins()


def _text(infos: list[PluginInfo]) -> str:
    rows = [(info.name, info.status.value, f"{info.distribution} {info.version}", info.reason) for info in infos]
    empty = "no plugins are installed; a venue comes with a package of its own: pip install fks-exec-paper"
    return table(("plugin", "status", "from", ""), rows, empty=empty)
