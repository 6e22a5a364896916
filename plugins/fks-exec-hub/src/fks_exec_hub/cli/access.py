# SPDX-License-Identifier: MIT
"""What the commands open: the configuration, the journal for reading beside a host, the hub for writing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from fks_exec.errors import ConfigError
from fks_exec_hub import ExecutionHub, HubConfig, load_config, open_journal
from fks_exec_hub.journal.memory import MemoryJournal
from fks_exec_hub.journal.protocol import Journal, JournalUnavailable, Key, Recorded

from .nearest import meant
from .output import Console

NO_JOURNAL = "nothing is recorded yet"


def configuration(console: Console) -> HubConfig:
    """The configuration of this run.

    Raises:
        ConfigError: with table and field.
    """
    return load_config(console.path)


def named_accounts(config: HubConfig, name: str | None) -> list[str]:
    """The account that was named, or all.

    Raises:
        click.BadParameter: there is none of that name.
    """
    if name is None:
        return list(config.accounts)
    if name not in config.accounts:
        known = ", ".join(sorted(config.accounts))
        raise click.BadParameter(f"there is no account {name[:64]!a}; the configuration has: {known}", param_hint="ACCOUNT")
    return [name]


def journal_file(config: HubConfig) -> Path | None:
    """Where the journal is, if it is a file."""
    scheme, _, where = config.journal.partition(":")
    return config.base / where if scheme == "sqlite" else None


@asynccontextmanager
async def reading(config: HubConfig) -> AsyncIterator[Journal]:
    """The journal, read-only: a host may write it meanwhile. A file that no order has made yet reads as empty.

    Raises:
        ConfigError: it cannot be read.
    """
    journal: Journal
    file = journal_file(config)
    if file is not None and file.parent.is_dir() and not file.exists():
        journal = MemoryJournal()
    else:
        journal = await _opened(config, read_only=True)
    try:
        yield journal
    finally:
        await journal.close()


@asynccontextmanager
async def writing(config: HubConfig) -> AsyncIterator[Journal]:
    """The journal, owned: no host may run.

    Raises:
        JournalInUse: one does.
        ConfigError: it cannot be opened.
    """
    journal = await _opened(config, read_only=False)
    try:
        yield journal
    finally:
        await journal.close()


@asynccontextmanager
async def hub_of(config: HubConfig, *, take_up: bool = True) -> AsyncIterator[ExecutionHub]:
    """The hub, open.

    Args:
        take_up: send what an earlier host had accepted and not begun.

    Raises:
        JournalInUse: another process owns the journal.
        ConfigError: the journal cannot be opened, or a plugin not be configured.
    """
    hub = ExecutionHub.open(config, take_up=take_up)
    try:
        await hub.__aenter__()
    except JournalUnavailable as error:
        raise ConfigError("journal", str(error)) from error
    try:
        yield hub
    finally:
        await hub.__aexit__(None, None, None)


async def find_order(
    journal: Journal, config: HubConfig, client_order_id: str, account: str | None, *, venue_names: bool = False
) -> Recorded:
    """The order of this id.

    Args:
        venue_names: or the one that was given to the venue under this name.

    Raises:
        click.UsageError: there is none, or two accounts have one.
    """
    names = [account] if account else list(config.accounts)
    found = [order for name in names if (order := await journal.order(Key(name, client_order_id))) is not None]
    if not found and venue_names:
        found = [order for name in names if (order := await journal.by_venue_id(name, client_order_id)) is not None]
    if not found:
        where = f"account {account}" if account else "any account of the configuration"
        raise click.UsageError(
            f"no order {client_order_id[:64]!a} is recorded for {where}; {await _hint(journal, names, client_order_id)}"
        )
    if len(found) > 1:
        both = " and ".join(order.key.account for order in found)
        raise click.UsageError(f"{both} both have an order {client_order_id[:64]!a}; say which with --account")
    return found[0]


async def _hint(journal: Journal, accounts: list[str], wanted: str) -> str:
    near = await meant(journal, accounts, wanted)
    ways = "'fks-exec orders list' shows the ids, with --containing TEXT by what an alert said"
    return f"{near}; {ways}" if near else ways


async def _opened(config: HubConfig, *, read_only: bool) -> Journal:
    try:
        return await open_journal(config, read_only=read_only)
    except JournalUnavailable as error:
        raise ConfigError("journal", str(error)) from error
