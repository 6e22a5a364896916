# SPDX-License-Identifier: MIT
"""``fks-exec check``: every part of the configuration tried, one line for each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from functools import partial

import click

from fks_exec.errors import FksExecError
from fks_exec.plugins import Plugins
from fks_exec_hub import HubConfig
from fks_exec_hub.accounts.forgotten import forgotten
from fks_exec_hub.config import check_state, find_config

from .access import configuration, journal_file, reading
from .failures import ExitCode
from .health import check_accounts, record_check
from .output import Console, json_option, pass_console, table
from .steps import Step, attempt, table_steps


@click.command()
@click.option("--open", "open_accounts", is_flag=True, help="Open each account and run its health checks; no order is sent.")
@json_option
@pass_console
@click.pass_context
def check(ctx: click.Context, console: Console, open_accounts: bool) -> None:
    """Try the configuration, the plugins, the secrets, the journal; with --open the accounts too.

    Nothing is written and no order is sent; works beside a running host. Exit 78: a fault in the configuration; 1: an
    account is not well.
    """
    config = configuration(console)
    steps = list(_steps(console, config))
    if open_accounts and all(step.ok or step.exit_code is ExitCode.FAILED for step in steps):
        steps += _opened(config)
    failed = [step for step in steps if not step.ok]
    rows = [("ok" if step.ok else "FAILED", step.what, step.message) for step in steps]
    plain = [{"what": step.what, "ok": step.ok, "message": step.message} for step in steps]
    console.show({"ok": not failed, "steps": plain}, table(("", "what", ""), rows, empty=""))
    if failed:
        ctx.exit(max(step.exit_code for step in failed))


def _steps(console: Console, config: HubConfig) -> Iterator[Step]:
    yield Step(what="configuration", ok=True, message=str(find_config(console.path).resolve()))
    try:
        plugins = config.load_plugins()
    except FksExecError as error:
        yield Step(what="plugins", ok=False, message=str(error))
    else:
        yield Step(what="plugins", ok=True, message=_labels(plugins))
        yield from _accounts(config, plugins)
        if config.observers:
            yield attempt("observers", lambda: ", ".join(o.name for o in config.observers_of(plugins)))
    yield from table_steps(config)
    yield attempt("state", partial(_state, config))
    yield attempt("journal", lambda: asyncio.run(_journal(config)))


def _labels(plugins: Plugins) -> str:
    return ", ".join(f"{info.name} ({info.distribution} {info.version}, {info.status.value})" for info in plugins.infos())


def _accounts(config: HubConfig, plugins: Plugins) -> Iterator[Step]:
    for name in config.accounts:
        yield attempt(f"account {name}", partial(_venue, config, name, plugins))
        yield attempt(f"account {name}, guards", partial(_guards, config, name, plugins))
        if config.accounts[name].require_record is not None:
            yield _record(config, name, plugins)


def _venue(config: HubConfig, name: str, plugins: Plugins) -> str:
    kind, _ = config.venue(name, plugins)
    return f"venue {kind.name}{', REAL MONEY' if config.accounts[name].live else ''}"


def _record(config: HubConfig, name: str, plugins: Plugins) -> Step:
    """What can be said without opening the account: --open compares what it declares, too."""
    try:
        found = record_check(config, name, plugins)
    except FksExecError:
        found = None  # the account's own step says it
    message = "cannot be compared" if found is None else "; ".join(filter(None, (found.message, found.remedy)))
    ok = found is not None and found.ok
    return Step(what=f"account {name}, record", ok=ok, message=message, exit_code=ExitCode.FAILED)


def _guards(config: HubConfig, name: str, plugins: Plugins) -> str:
    return ", ".join(listed.name for listed, _ in config.guards_of(name, plugins)) or "none: every order is sent as it is"


def _state(config: HubConfig) -> str:
    check_state(config)
    return f"{config.state}{'' if config.state.exists() else ' (made when it is needed)'}"


async def _journal(config: HubConfig) -> str:
    async with reading(config) as journal:
        file = journal_file(config)
        if file is None:
            return config.journal
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise FksExecError(f"journal: {file} cannot be written: make the file and its folder writable")
        if not file.exists():
            return f"{file} (the first order makes it)"
        warnings = [f"WARNING: {each}" for each in await forgotten(journal, config.accounts)]
        return "; ".join([str(file), *warnings])


def _opened(config: HubConfig) -> list[Step]:
    found = asyncio.run(check_accounts(config, list(config.accounts)))
    return [
        Step(
            what=f"account {name}, {item.name}",
            ok=item.ok,
            message="; ".join(filter(None, (item.message, item.remedy))),
            exit_code=ExitCode.FAILED,
        )
        for name, health in found.items()
        for item in health.checks
    ]
