# SPDX-License-Identifier: MIT
"""What must hold before a host takes the first order: real money has limits, and nobody else can rewrite the configuration.

And what it says then of the senders' tables that is probably a mistake: :func:`warn`.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fks_exec import ConfigError, FksExecError, UnknownSymbol

from ..config import ServerConfig, all_taken_back, doubts

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub, HubConfig

logger: logging.Logger = logging.getLogger(__name__)

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def check_startup(config: HubConfig, path: Path) -> None:
    """Refuse to start where it would not be safe.

    Args:
        path: the file that the configuration was read from.

    Raises:
        ConfigError: an account with real money has no guard; others may write the file, or, where real money is at stake,
            read it: it names the accounts, the limits, and where the secrets are.
    """
    live = [name for name, account in config.accounts.items() if account.live]
    for name in live:
        if not config.accounts[name].guards:
            problem = "the account has real money and no limits; list guards such as position_size, daily_loss and price_collar"
            raise ConfigError(f"accounts.{name}.guards", problem)
    if os.name == "posix":
        _check_mode(path, live=bool(live))


def _check_mode(path: Path, *, live: bool) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise ConfigError("", f"the configuration {path} cannot be looked at: {error.strerror or 'it is gone'}") from None
    remedy = f"run: chmod 600 {path}"
    if mode & _OTHERS_WRITE:
        raise ConfigError("", f"the configuration {path} can be written by others (mode {mode:o}); {remedy}")
    if not mode & _OTHERS_READ:
        return
    problem = f"the configuration {path} can be read by others (mode {mode:o})"
    if live:
        raise ConfigError("", f"{problem}, and an account has real money; {remedy}")
    logger.info("%s; before an account has real money, %s", problem, remedy)


def warn(hub: ExecutionHub, server: ServerConfig) -> None:
    """Log what is probably a mistake in the senders' tables; of ``symbols``, what the accounts that have opened say to them."""
    found = (*doubts(server, hub.config.accounts), *strange_symbols(hub, server), *all_taken_back(server, hub.config.state))
    for each in found:
        logger.warning("%s", each)


def strange_symbols(hub: ExecutionHub, server: ServerConfig) -> tuple[str, ...]:
    """Symbols that no order of their sender can have, since none of its accounts calls an instrument so.

    Where one of its accounts has not opened, nobody knows, and nothing is said.
    """
    found = []
    for where, sender in server.tables.items():
        for symbol in sender.symbols or ():
            names = [_name(hub, account, symbol) for account in sender.accounts]
            if symbol not in names and None not in names:
                canonical = ", ".join(sorted({name for name in names if name}))
                remedy = f"write {canonical}" if canonical else "look at its spelling, or take it out"
                found.append(f"{where}.symbols: {symbol!a} is no instrument's name in {', '.join(sender.accounts)}; {remedy}")
    return tuple(found)


def _name(hub: ExecutionHub, account: str, symbol: str) -> str | None:
    """What an account calls an instrument; empty: it has none; None: it cannot say now."""
    try:
        return hub.resolve_symbol(account, symbol)
    except UnknownSymbol:
        return ""
    except FksExecError:
        return None
