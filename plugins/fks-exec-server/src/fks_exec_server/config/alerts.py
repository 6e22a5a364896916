# SPDX-License-Identifier: MIT
"""How the alerts of a sender are taken: AlertConfig."""

from __future__ import annotations

import re
from decimal import Decimal

from attrs import field, frozen

from fks_exec import ConfigError
from fks_exec.model.numbers import to_optional

from .sender import SenderConfig

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MODES = ("order", "target")
_ON_GAP = ("alarm", "block_entries", "resync")
RESENT = 30.0
"""Seconds within which an alert that was answered 5xx comes again: three times, 5 s apart, each given up after 3 s."""


@frozen(kw_only=True)
class AlertConfig(SenderConfig):
    """How the alerts of a sender are taken, however it proves who it is; nothing of it counts for what comes by ``/orders``.

    Args:
        spread: an alert that names no account goes to each of the sender's: one order each.
        mode: ``order`` sends what an alert orders; ``target`` brings the strategy's position to what the alert says it is,
            from its ``market_position`` and ``position_size``.
        max_age: seconds; an entry with an older ``timenow`` is refused.
        max_ahead: seconds by which the ``timenow`` of an entry may be ahead of this machine's clock; beyond 5 the account
            itself denies the entry.
        on_gap: what an alert is that does not follow from the one before it: ``alarm`` tells; ``block_entries`` lets nothing
            but exits pass until the strategy is flat; ``resync`` brings the position to ``position_size``.
        expect_every: such as ``15m``; without an alert for so long an alarm is raised.
        dedup_window: seconds in which equal alerts with neither ``id`` nor ``timenow`` are one order; left out: such an alert
            is refused.
        collar_percent: by which the quote may be worse than an entry's ``signal_price``; left out: it is not looked at.
    """

    spread: bool = False
    mode: str = "order"
    max_age: float = 60.0
    max_ahead: float = 5.0
    on_gap: str = "alarm"
    expect_every: str | None = None
    dedup_window: float | None = None
    collar_percent: Decimal | None = field(default=None, converter=to_optional)

    def __attrs_post_init__(self) -> None:
        SenderConfig.__attrs_post_init__(self)
        self._check_alerts()

    def _check_alerts(self) -> None:
        """Raises ConfigError: what cannot be meant."""
        for name, value, known in (("mode", self.mode, _MODES), ("on_gap", self.on_gap, _ON_GAP)):
            if value not in known:
                raise ConfigError(name, f"{name} {value[:40]!a} is not one of {', '.join(known)}")
        for name, seconds in (("max_age", self.max_age), ("max_ahead", self.max_ahead)):
            if not 1 <= seconds <= 86400:
                raise ConfigError(name, f"{name} {seconds:g} does not lie between 1 and 86400 seconds")
        if self.dedup_window is not None and not RESENT <= self.dedup_window <= 86400:
            problem = f"dedup_window {self.dedup_window:g} does not lie between {RESENT:g} and 86400 seconds"
            raise ConfigError("dedup_window", f"{problem}; an alert that was answered 5xx is sent again for {RESENT:g}")
        if self.collar_percent is not None and self.collar_percent <= 0:
            raise ConfigError("collar_percent", f"collar_percent {self.collar_percent} is not greater than zero")
        _ = self.silence

    @property
    def silence(self) -> float | None:
        """``expect_every`` in seconds. Raises ConfigError: it is no such text."""
        if self.expect_every is None:
            return None
        found = _DURATION.fullmatch(self.expect_every)
        if found is None:
            raise ConfigError(
                "expect_every", f'expect_every {self.expect_every[:40]!a} is no time such as "15m", "1h" or "90s"'
            )
        return float(int(found[1]) * _SECONDS[found[2]])
