# SPDX-License-Identifier: MIT
"""The configured journal, opened by the plugin that brings its engine."""

from __future__ import annotations

from fks_exec.errors import ConfigError
from fks_exec.plugins import Plugins

from .config import HubConfig
from .journal.protocol import Journal, JournalType


async def open_journal(config: HubConfig, *, read_only: bool = False, plugins: Plugins | None = None) -> Journal:
    """The configured journal.

    Raises:
        ConfigError: no engine of this scheme is installed.
        JournalInUse, JournalUnavailable: it cannot be opened.
    """
    scheme, _, rest = config.journal.partition(":")
    found = plugins or config.load_plugins()
    found.load_all()
    engines: dict[str, JournalType] = {
        kind.scheme: kind for answer in found.manager.hook.fks_exec_journals() for kind in answer
    }
    if scheme not in engines:
        raise ConfigError("journal", f"{scheme!a} is not one of {', '.join(sorted(engines))}; write sqlite:fks-exec.db")
    place = str(config.base / rest) if rest else ""
    return await engines[scheme].open(place, read_only=read_only)
