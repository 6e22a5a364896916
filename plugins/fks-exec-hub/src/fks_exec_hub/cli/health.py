# SPDX-License-Identifier: MIT
"""``fks-exec health``: each account opened for a moment, and asked how it is."""

from __future__ import annotations

import asyncio

import click

from fks_exec.convert import to_dict
from fks_exec.errors import ConfigError, FksExecError
from fks_exec.model.account import Capabilities, Check, Health
from fks_exec.plugins import Plugins
from fks_exec_hub import HubConfig, open_account
from fks_exec_hub.accounts.proof import demand_of
from fks_exec_hub.control import ask_host
from fks_exec_hub.journal.protocol import HaltRecord, HaltState, JournalError

from .access import configuration, named_accounts, reading
from .failures import ExitCode
from .output import Console, json_option, pass_console, table


@click.command()
@click.argument("account", required=False)
@json_option
@pass_console
@click.pass_context
def health(ctx: click.Context, console: Console, account: str | None) -> None:
    """Open the accounts and ask each how it is. Exit 1 when one is not well.

    They are opened for these questions alone, without their state, beside a running host too. The journal is read for what
    each may do: an account that is halted is well, and says so. A host that runs is asked for its circuit breakers.
    """
    config = configuration(console)
    found = asyncio.run(_checked(config, named_accounts(config, account)))
    document = {name: {"ok": bool(health), "checks": [to_dict(c) for c in health.checks]} for name, health in found.items()}
    console.show(document, health_text(found))
    if not all(found.values()):
        ctx.exit(ExitCode.FAILED)


async def _checked(config: HubConfig, names: list[str]) -> dict[str, Health]:
    found = await check_accounts(config, names)
    try:
        async with reading(config) as journal:
            halts = {name: await journal.halt(name) for name in names}
    except (ConfigError, JournalError):
        return found  # 'fks-exec check' and 'journal verify' say what is wrong with it
    rests = await _breakers(config)
    return {name: _with_rest(_with_halt(name, health, halts[name]), rests.get(name)) for name, health in found.items()}


async def _breakers(config: HubConfig) -> dict[str, str]:
    """Of the accounts of a host that runs: why entries rest."""
    try:
        told = await ask_host(config, "status")
        return {each["name"]: f"{each['breaker']}: {each['breaker_reason']}" for each in told if each["breaker"] != "closed"}
    except (FksExecError, OSError, KeyError, TypeError):  # none runs, or one of another version
        return {}


def _with_rest(health: Health, reason: str | None) -> Health:
    if reason is None:
        return health
    remedy = "entries rest meanwhile; it tries the venue by itself"
    return Health([*health.checks, Check(name="breaker", ok=False, message=f"the circuit breaker is {reason}", remedy=remedy)])


def _with_halt(name: str, health: Health, halt: HaltRecord) -> Health:
    if halt.state is HaltState.ACTIVE:
        return health
    message, remedy = f"the account is {halt.state.value}: {halt.reason}", f"fks-exec resume {name} --because TEXT"
    return Health([*health.checks, Check(name="halt", ok=True, message=message, remedy=remedy)])


async def check_accounts(config: HubConfig, names: list[str]) -> dict[str, Health]:
    """The health of some accounts, asked at the same time."""
    answers = await asyncio.gather(*(_ask(config, name) for name in names))
    return dict(zip(names, answers, strict=True))


async def _ask(config: HubConfig, name: str) -> Health:
    try:
        plugins = config.load_plugins()
        async with open_account(config, name, plugins) as account:
            health = await account.health_check()
            found = await asyncio.to_thread(record_check, config, name, plugins, account.capabilities)
            return health if found is None else Health([*health.checks, found])
    except FksExecError as error:
        return Health([Check(name="open", ok=False, message=str(error))])
    except Exception as error:  # a stranger's venue may raise anything; the other accounts are asked all the same
        return Health([Check(name="open", ok=False, message=f"opening raised {type(error).__name__}")])


def record_check(config: HubConfig, name: str, plugins: Plugins, capabilities: Capabilities | None = None) -> Check | None:
    """What an account's conformance record lets through; None where none is required.

    Args:
        capabilities: as the opened account declares them; None: it was not opened.

    Raises:
        ConfigError: the account cannot be configured.
    """
    demand = demand_of(config, name, plugins, *config.venue(name, plugins))
    return None if demand is None else demand.prove(capabilities).check


def health_text(found: dict[str, Health]) -> str:
    """One line for each check."""
    rows = [
        (name, check.name, "ok" if check.ok else "FAILED", "; ".join(filter(None, (check.message, check.remedy))))
        for name, health in found.items()
        for check in health.checks
    ]
    return table(("account", "check", "", ""), rows, empty="there is nothing to check")
