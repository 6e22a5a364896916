# SPDX-License-Identifier: MIT
"""``fks-exec journal``: is everything as it was written."""

from __future__ import annotations

import asyncio

import click

from fks_exec_hub import HubConfig

from .access import configuration, reading
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

    Reads the file without changing it, beside a running host too.
    """
    config = configuration(console)
    found = asyncio.run(_verify(config))
    text = "\n".join(found) or f"{config.journal}: everything is as it was written"
    console.show({"journal": config.journal, "ok": not found, "found": found}, text)
    if found:
        ctx.exit(ExitCode.FAILED)


async def _verify(config: HubConfig) -> list[str]:
    async with reading(config) as opened:
        return await opened.verify()
