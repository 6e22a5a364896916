# SPDX-License-Identifier: MIT
"""Time zones of a configuration, by their names."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fks_exec.errors import ConfigError


def zone(name: str, where: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(where, f'{name[:40]!a} is no time zone; write "UTC" or "America/New_York", say') from None
