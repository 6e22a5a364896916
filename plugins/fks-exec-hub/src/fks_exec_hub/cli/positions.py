# SPDX-License-Identifier: MIT
"""``fks-exec positions``: what our own fills built up and brought, from the journal."""

from __future__ import annotations

import asyncio

import click
from attrs import evolve

from fks_exec.account import Account
from fks_exec.convert import from_json, to_dict
from fks_exec.errors import FksExecError
from fks_exec.model.account import Position
from fks_exec_hub import HubConfig, open_account
from fks_exec_hub.accounts.profit import open_profit

from .access import configuration, named_accounts, reading
from .output import Console, json_option, pass_console, table

_HEADERS = ("account", "symbol", "strategy", "quantity", "average price", "realised", "open")


@click.command()
@click.argument("account", required=False)
@click.option("--quotes", is_flag=True, help="Ask the venue for prices, to tell what closing would bring.")
@json_option
@pass_console
def positions(console: Console, account: str | None, quotes: bool) -> None:
    """Show the positions that our own fills built up, by account and strategy, and what they have brought.

    They are read from the journal, beside a running host too. What was traded elsewhere is not in it: ask the venue. Profit is
    in the currency in which the instrument settles: realised less fees, open (with --quotes) as closing at the quote would
    bring before fees. A flat position is shown when it has brought or cost something.
    """
    config = configuration(console)
    found = asyncio.run(_look(config, named_accounts(config, account), quotes=quotes))
    rows = [
        (name, p.symbol, p.strategy or "", p.quantity, p.average_price, p.realized_pnl, p.unrealized_pnl) for name, p in found
    ]
    width = len(_HEADERS) if quotes else len(_HEADERS) - 1
    text = table(_HEADERS[:width], [row[:width] for row in rows], empty="our own fills leave no position open")
    console.show([{"account": name, **to_dict(position)} for name, position in found], text)


async def _look(config: HubConfig, names: list[str], *, quotes: bool) -> list[tuple[str, Position]]:
    async with reading(config) as journal:
        kept = {name: [from_json(Position, row.position) for row in await journal.positions(name)] for name in names}
    if quotes:
        kept = {name: await _quoted(config, name, positions) for name, positions in kept.items()}
    return [(name, position) for name, positions in kept.items() for position in positions]


async def _quoted(config: HubConfig, name: str, positions: list[Position]) -> list[Position]:
    """The positions with their open profit; an account that cannot be opened is an error, as for ``fks-exec quote``."""
    if not any(position.quantity for position in positions):
        return positions
    async with open_account(config, name) as account:
        return [await _valued(account, position) for position in positions]


async def _valued(account: Account, position: Position) -> Position:
    if not position.quantity:
        return position
    try:
        instrument = await account.fetch_instrument(position.symbol)
        quote = await account.fetch_data(position.symbol)
    except FksExecError:  # a price that is missing is shown as missing
        return position
    return evolve(position, unrealized_pnl=open_profit(position, quote, instrument))
