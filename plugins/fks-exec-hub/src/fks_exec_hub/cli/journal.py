# SPDX-License-Identifier: MIT
"""``fks-exec journal``: is everything as it was written."""

from __future__ import annotations

import asyncio

import click

from fks_exec.errors import FksExecError
from fks_exec_hub import HubConfig

from .access import configuration, journal_file, reading
from .failures import ExitCode
from .output import Console, json_option, pass_console


@click.group()
def journal() -> None:
    """Verify the journal."""


@journal.command()
@json_option
@pass_console
@click.pass_context
def verify(ctx: click.Context, console: Console) -> None:
    """Compute the chain of events again and compare: what was changed from outside? Exit 1 when anything was.

    A journal that is not there is a fault too. Reads the file without changing it, beside a running host too.
    """
    config = configuration(console)
    _check_there(config)
    found = asyncio.run(_verify(config))
    text = "\n".join(found) or f"{config.journal}: everything is as it was written"
    console.show({"journal": config.journal, "ok": not found, "found": found}, text)
    if found:
        ctx.exit(ExitCode.FAILED)


def _check_there(config: HubConfig) -> None:
    """An empty answer must not pass for a good one."""
    if config.journal.partition(":")[0] == "memory":
        raise click.UsageError(f"the journal is {config.journal}, which keeps nothing: there is nothing to verify")
    file = journal_file(config)
    if file is not None and not file.exists():
        raise FksExecError(
            f"there is no journal at {file}; the first order makes it: if there were orders, say where it is (journal = "
            '"sqlite:PATH"), or bring it back'
        )


async def _verify(config: HubConfig) -> list[str]:
    async with reading(config) as opened:
        return await opened.verify()
