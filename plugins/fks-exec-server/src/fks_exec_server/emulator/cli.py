# SPDX-License-Identifier: MIT
"""``fks-exec tradingview``: the messages to paste, and what is wrong with one."""

from __future__ import annotations

from typing import TextIO

import attrs
import click

from fks_exec_hub.cli.output import Console, json_option, pass_console

from .cli_send import emulate, send
from .lint import Severity, lint
from .setup import key_setup, read_message
from .templates import MASK, PATH, TEMPLATES

HOST = "https://YOUR-DOMAIN"


@click.group()
def tradingview() -> None:
    """Write, check and send TradingView alerts, as TradingView does."""


tradingview.add_command(send)
tradingview.add_command(emulate)


@tradingview.command()
@click.argument("kind", type=click.Choice(list(TEMPLATES)), default="strategy")
@click.option("--key", metavar="NAME", help="A key of [plugins.server.keys]: is it there, and what may it trade?")
@json_option
@pass_console
def template(console: Console, kind: str, key: str | None) -> None:
    """Print the message to paste into an alert; where to send it, the secret masked, on stderr."""
    accounts = key_setup(console, key).key.accounts if key else ()
    url = f"{HOST}{PATH}{MASK}"
    if console.json:
        document = {"kind": kind, "message": TEMPLATES[kind], "url": url, "key": key, "accounts": list(accounts)}
        console.show(document, "")
        return
    click.echo(TEMPLATES[kind], nl=False)
    secret = f"the secret of the key {key}" if key else "the secret of a key of [plugins.server.keys]"
    click.echo(f"\nwebhook URL: {url}\n{MASK} stands for {secret}, which is not shown here", err=True)
    if len(accounts) > 1:
        several = f'this key may trade {", ".join(accounts)}: add "account": "{accounts[0]}", or another one, to the message'
        click.echo(several, err=True)


@tradingview.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--key", metavar="NAME", help="The key of [plugins.server.keys] that is to take it: its accounts count.")
@json_option
@pass_console
def check(console: Console, file: TextIO, key: str | None) -> int:
    """Find what is wrong with a message (- reads standard input); exit 1 when an alert with it would be lost or misread."""
    found = lint(read_message(file), key_setup(console, key).taker if key else None)
    failed = any(each.severity is Severity.ERROR for each in found)
    lines = [f"{each.severity}: {each.sentence}" for each in found] or ["nothing is wrong with it"]
    document = {"valid": not failed, "findings": [attrs.asdict(each) for each in found]}
    console.show(document, "\n".join(lines))
    return int(failed)
