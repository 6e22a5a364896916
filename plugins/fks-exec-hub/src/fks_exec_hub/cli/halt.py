# SPDX-License-Identifier: MIT
"""``fks-exec halt`` and ``fks-exec resume``: what an account may do, said by an operator, kept in the journal."""

from __future__ import annotations

import asyncio

import click

from fks_exec.clock import SystemClock
from fks_exec_hub import HubConfig
from fks_exec_hub.control import ask_host
from fks_exec_hub.journal.protocol import HaltState, HaltStep

from .access import configuration, named_accounts, writing
from .changes import here_or_there
from .output import Console, json_option, pass_console

_because = click.option("--because", required=True, help="Why; it is recorded, and told with every denial.")


@click.command()
@click.argument("account")
@click.option("--reducing", is_flag=True, help="Orders that only reduce a position still pass.")
@_because
@json_option
@pass_console
def halt(console: Console, account: str, reducing: bool, because: str) -> None:
    """Let an account do nothing but cancel, from here on and after a restart; works beside a running host.

    What rests at the venue goes on resting there.
    """
    _say(console, account, HaltState.REDUCING if reducing else HaltState.HALTED, because)


@click.command()
@click.argument("account")
@_because
@json_option
@pass_console
def resume(console: Console, account: str, because: str) -> None:
    """Let an account trade again; works beside a running host."""
    _say(console, account, HaltState.ACTIVE, because)


def _say(console: Console, account: str, state: HaltState, because: str) -> None:
    config = configuration(console)
    named_accounts(config, account)
    if not because.strip():
        raise click.UsageError("say why with --because; the reason is recorded")
    if config.journal.startswith("memory:"):
        raise click.UsageError('journal = "memory:" keeps nothing from one process to the next; there is nothing to halt')
    asyncio.run(here_or_there(lambda: _write(config, account, state, because), lambda: _hand(config, account, state, because)))
    document = {"account": account, "halt": state.value, "halt_reason": because}
    console.show(document, f"{account} is {state.value}: {because}")


async def _write(config: HubConfig, account: str, state: HaltState, because: str) -> None:
    async with writing(config) as journal:
        await journal.write(HaltStep(account=account, state=state, reason=because, time=SystemClock().now()))


async def _hand(config: HubConfig, account: str, state: HaltState, because: str) -> None:
    await ask_host(config, "halt", account=account, state=state.value, because=because)
