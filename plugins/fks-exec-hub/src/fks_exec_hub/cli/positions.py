# SPDX-License-Identifier: MIT
"""``fks-exec positions``: what our own fills built up, from the journal."""

from __future__ import annotations

import asyncio

import click

from fks_exec.convert import from_json, to_dict
from fks_exec.model.account import Position
from fks_exec_hub import HubConfig

from .access import configuration, named_accounts, reading
from .output import Console, json_option, pass_console, table


@click.command()
@click.argument("account", required=False)
@json_option
@pass_console
def positions(console: Console, account: str | None) -> None:
    """Show the positions that our own fills built up, by account and strategy.

    They are read from the journal, beside a running host too. What was traded elsewhere is not in it: ask the venue.
    """
    config = configuration(console)
    found = asyncio.run(_read(config, named_accounts(config, account)))
    rows = [(name, p.symbol, p.strategy or "", p.quantity, p.average_price) for name, p in found]
    headers = ("account", "symbol", "strategy", "quantity", "average price")
    text = table(headers, rows, empty="our own fills leave no position open")
    console.show([{"account": name, **to_dict(position)} for name, position in found], text)


async def _read(config: HubConfig, names: list[str]) -> list[tuple[str, Position]]:
    async with reading(config) as journal:
        return [(name, from_json(Position, row.position)) for name in names for row in await journal.positions(name)]
