# SPDX-License-Identifier: MIT
"""The tables of an account's configuration: protection, breaker, day."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from attrs import field, frozen

from fks_exec.errors import ConfigError
from fks_exec.model.account import ProtectionKind

from ..zones import zone

Evidence: TypeAlias = Literal["offline", "simulator", "sandbox", "live"]
"""What a conformance record rests on, the least first; as ``fks_exec.testing.Level`` has it."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@frozen(kw_only=True)
class ProtectionConfig:
    """``[accounts.NAME.protection]``: how what is filled is protected.

    Args:
        kind: which of the venue's kinds is used; None: the first that it has of attached, oco, reduce_only_pair, stop_only.
        on_failure: what happens when the venue refuses a stop: ``close`` what it was to protect; ``retry_then_close``: try
            again for ``retry_seconds`` first; ``keep_and_alert``: leave it open and tell.
        retry_seconds: see ``on_failure``.
        move_with_gap: where a stop can be moved only by cancelling it first, do that; else such a move is refused.
        watch_targets: where a venue has stops only, the host watches the price and takes the profit; it needs quotes, and a
            host that runs.
        watch_every: seconds between two looks at the price.
        further_entries: where a stop belongs to the whole position, an entry beside it is denied, or its prices ``replace``
            those of the position.
    """

    kind: ProtectionKind | None = None
    on_failure: Literal["close", "retry_then_close", "keep_and_alert"] = "close"
    retry_seconds: float = 5.0
    move_with_gap: bool = False
    watch_targets: bool = False
    watch_every: float = 1.0
    further_entries: Literal["deny", "replace"] = "deny"

    def __attrs_post_init__(self) -> None:
        for name in ("retry_seconds", "watch_every"):
            if getattr(self, name) <= 0:
                raise ConfigError(name, f"{getattr(self, name)} is not a number of seconds greater than zero")


@frozen(kw_only=True)
class BreakerConfig:
    """``[accounts.NAME.breaker]``: when an account rests because its venue cannot be reached, or refuses.

    Args:
        faults: so many faults of the transport in a row open the circuit breaker.
        seconds: it stays open before a read, then one order, tries.
        refusals: so many times in a row the same order is refused for the same reason before it is held back.
        hold: seconds for which it is held back.
    """

    faults: int = 5
    seconds: float = 60.0
    refusals: int = 3
    hold: float = 60.0

    def __attrs_post_init__(self) -> None:
        for name in ("faults", "refusals"):
            if getattr(self, name) < 1:
                raise ConfigError(name, f"{getattr(self, name)} is less than 1; write a large number for never")
        for name in ("seconds", "hold"):
            if getattr(self, name) <= 0:
                raise ConfigError(name, f"{getattr(self, name)} is not a number of seconds greater than zero")


def _time(instance: object, attribute: object, value: str) -> None:
    if not _TIME.fullmatch(value):
        raise ConfigError("start", f'{value[:40]!a} is no time of day; write "17:00", say')


@frozen(kw_only=True)
class DayConfig:
    """``[accounts.NAME.day]``: when a trading day starts.

    Args:
        start: local time, ``HH:MM``.
        timezone: its name in the IANA database.
    """

    start: str = field(default="00:00", validator=_time)
    timezone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        zone(self.timezone, "timezone")
