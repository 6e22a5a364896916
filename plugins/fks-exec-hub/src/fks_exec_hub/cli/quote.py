# SPDX-License-Identifier: MIT
"""``fks-exec quote``: one look at the market, through an account's venue."""

from __future__ import annotations

import asyncio

import click

from fks_exec.model.market import MarketData
from fks_exec_hub import HubConfig, open_account

from .access import configuration, named_accounts
from .output import Console, cell, json_option, pass_console, when


@click.command()
@click.argument("account")
@click.argument("symbol")
@json_option
@pass_console
def quote(console: Console, account: str, symbol: str) -> None:
    """Ask an account's venue for a price.

    The account is opened for this look alone, without the journal and without its state, beside a running host too.
    """
    config = configuration(console)
    named_accounts(config, account)
    data = asyncio.run(_look(config, account, symbol))
    console.show(data, _text(data))


async def _look(config: HubConfig, name: str, symbol: str) -> MarketData:
    async with open_account(config, name) as account:
        return await account.fetch_data(account.resolve_symbol(symbol))


def _text(data: MarketData) -> str:
    prices = "  ".join(f"{name} {cell(getattr(data, name))}" for name in ("bid", "ask", "last", "volume"))
    return f"{data.symbol}  {prices}  {when(data.timestamp)}"
