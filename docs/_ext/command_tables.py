# SPDX-License-Identifier: MIT
"""The reference of the command line, made from the commands themselves."""

from collections.abc import Callable, Iterator, Mapping

import click
from code_tables import table

from fks_exec_hub.cli import SUMMARIES, group


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every first-party command by its whole name, below a group its own."""
    context = click.Context(group, info_name="fks-exec")
    for name in SUMMARIES:
        command = group.get_command(context, name)
        if command is None:
            raise LookupError(f"the command {name} is not installed")
        yield from _below(name, command)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for word in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), word)
            if inner is not None:
                yield from _below(f"{name} {word}", inner)
    else:
        yield name, command


def reference() -> str:
    """A section for each command: usage, what it does, arguments and options."""
    return "\n".join(_section(name, command) for name, command in commands())


TABLES: Mapping[str, Callable[[], str]] = {"all": reference}
"""What the directive ``command-table`` takes."""


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"fks-exec {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    text = "\n".join(line.strip() for line in (command.help or "").replace("\b", "").splitlines())
    rows = [
        (f"`{_spelled(each)}`", each.help or "")
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
    ]
    shown = table(("option", "meaning"), rows) if rows else ""
    return f"**`fks-exec {name}`**\n\n```text\n{usage}\n```\n\n{text}\n\n{shown}"


def _spelled(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('x')))}"
    return "/".join([*option.opts, *option.secondary_opts]) + value
