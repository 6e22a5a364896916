# SPDX-License-Identifier: MIT
"""What every sender has in its table: SenderConfig."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import field, frozen

from fks_exec import ConfigError
from fks_exec.model.numbers import to_optional

from ..access.scopes import Caller, Scope

_RESPOND = ("outcome", "accepted")


def texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def maybe_texts(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


@frozen(kw_only=True)
class SenderConfig:
    """What every sender has: what it may do, how fast, and how it is answered.

    Args:
        accounts: the accounts that it may see and trade; with one, an order need not name it.
        venues: of those accounts only these venues; left out: whatever the accounts have.
        symbols: these instruments only, canonical.
        sides: ``buy`` or ``sell`` only.
        order_types: ``market``, ``limit``, ``stop``, ``stop_limit``: these only.
        max_notional: quote currency that one order may add to a position.
        orders_a_minute: orders in any 60 seconds.
        reduce_only: only what can do nothing but reduce a position.
        rate: orders a second, over time.
        burst: orders at once before that counts.
        respond: ``outcome`` waits for the order's outcome, ``accepted`` answers once the order is written down.
        wait: seconds to wait for the outcome at most; TradingView gives up after 3.
    """

    accounts: tuple[str, ...] = field(default=(), converter=texts)
    venues: tuple[str, ...] | None = field(default=None, converter=maybe_texts)
    symbols: tuple[str, ...] | None = field(default=None, converter=maybe_texts)
    sides: tuple[str, ...] | None = field(default=None, converter=maybe_texts)
    order_types: tuple[str, ...] | None = field(default=None, converter=maybe_texts)
    max_notional: Decimal | None = field(default=None, converter=to_optional)
    orders_a_minute: int | None = None
    reduce_only: bool = False
    rate: float = 5.0
    burst: int = 200
    respond: str = "outcome"
    wait: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not self.accounts:
            raise ConfigError("accounts", 'the key may trade no account; write accounts = ["paper"], say')
        if not 0 < self.rate <= 10_000:
            raise ConfigError("rate", f"rate {self.rate:g} does not lie between 0 and 10000 orders a second")
        if not 1 <= self.burst <= 100_000:
            raise ConfigError("burst", f"burst {self.burst} does not lie between 1 and 100000 orders")
        if self.respond not in _RESPOND:
            raise ConfigError("respond", f"respond {self.respond[:40]!a} is not one of {', '.join(_RESPOND)}")
        if not 0 < self.wait <= 60:
            raise ConfigError("wait", f"wait {self.wait:g} does not lie between 0 and 60 seconds")
        _ = self.scope  # which refuses words that are none

    @property
    def scope(self) -> Scope:
        """What it may do."""
        return Scope(
            accounts=self.accounts,
            venues=self.venues,
            symbols=self.symbols,
            sides=self.sides,
            order_types=self.order_types,
            max_notional=self.max_notional,
            orders_a_minute=self.orders_a_minute,
            reduce_only=self.reduce_only,
            actions=frozenset(self.may),
        )

    @property
    def may(self) -> tuple[str, ...]:
        """The actions of its scope."""
        return ("read", "trade")

    @property
    def patience(self) -> float | None:
        """Seconds to wait for the outcome; None answers once the order is written down."""
        return self.wait if self.respond == "outcome" else None

    def caller(self, name: str, kind: str) -> Caller:
        """The sender, once it has proved who it is.

        Args:
            kind: ``path``, ``hmac`` or ``jwt``.
        """
        return Caller(name=name, scope=self.scope, wait=self.patience, kind=kind)
