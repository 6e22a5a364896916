# SPDX-License-Identifier: MIT
"""What a key may do: Scope, which allows nothing that it does not name; Caller, who asks, proved."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import field, frozen

from fks_exec import ConfigError, Denial, Instruction, Order, OrderType, Side, SizedOrder
from fks_exec.model.numbers import plain, to_optional

from .worth import Market, reduces, worth

ACTIONS: tuple[str, ...] = ("read", "trade", "halt", "resume", "close")
"""What a key may be for: to look; to send, change and cancel orders; and what only operators do."""


def _texts(value: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(value, str):
        raise ConfigError("", 'a list is needed; write ["..."]')
    return None if value is None else tuple(value)


def _accounts(value: Iterable[str]) -> tuple[str, ...]:
    return _texts(value) or ()


def _actions(value: Iterable[str]) -> frozenset[str]:
    return frozenset(_texts(value) or ())


def _words(value: Iterable[str] | None) -> tuple[str, ...] | None:
    texts = _texts(value)
    return None if texts is None else tuple(text.lower() for text in texts)


@frozen(kw_only=True)
class Facts:
    """What is known when an instruction comes; of what is None nothing is known.

    Args:
        account: the account that shall trade.
        venue: its venue, as configured.
        symbol: the instruction's instrument, canonical.
        market: for ``max_notional`` only.
        earlier: orders that the key has sent in the last 60 seconds.
        reduces: it is known that the instruction can only reduce what is held, whatever it says.
    """

    account: str
    venue: str
    symbol: str
    market: Market = field(factory=Market)
    earlier: int = 0
    reduces: bool = False


@frozen(kw_only=True)
class Scope:
    """What a key may do. None is no restriction; an empty list allows nothing.

    Args:
        accounts: those that it may see and trade.
        venues: of those accounts.
        symbols: canonical.
        sides: ``buy``, ``sell``. A close, a target and a reversal go either way, so they need both.
        order_types: ``market``, ``limit``, ``stop``, ``stop_limit``. A close, a target and a reversal are ``market``.
        max_notional: what one instruction may add to a position at most, quote currency; what cannot be told is not allowed.
        orders_a_minute: orders in any 60 seconds.
        reduce_only: only what can do nothing but reduce: a reduce-only order, a close, the target 0.
        actions: of :data:`ACTIONS`.

    Raises:
        ConfigError: a word that is none, a limit that is not above zero.
    """

    accounts: tuple[str, ...] = field(converter=_accounts)
    venues: tuple[str, ...] | None = field(default=None, converter=_texts)
    symbols: tuple[str, ...] | None = field(default=None, converter=_texts)
    sides: tuple[str, ...] | None = field(default=None, converter=_words)
    order_types: tuple[str, ...] | None = field(default=None, converter=_words)
    max_notional: Decimal | None = field(default=None, converter=to_optional)
    orders_a_minute: int | None = None
    reduce_only: bool = False
    actions: frozenset[str] = field(default=frozenset({"read", "trade"}), converter=_actions)

    def __attrs_post_init__(self) -> None:
        for name, given, known in (
            ("sides", self.sides, tuple(Side)),
            ("order_types", self.order_types, tuple(OrderType)),
            ("actions", tuple(self.actions), ACTIONS),
        ):
            for each in given or ():
                if each not in known:
                    raise ConfigError(name, f"{each[:40]!a} is not one of {', '.join(known)}")
        if self.max_notional is not None and self.max_notional <= 0:
            raise ConfigError("max_notional", f"{plain(self.max_notional)} is not greater than zero")
        if self.orders_a_minute is not None and self.orders_a_minute < 1:
            raise ConfigError("orders_a_minute", f"{self.orders_a_minute} is not greater than zero")

    def permits(self, action: str, account: str) -> Denial | None:
        """Why the key may not do something with an account; None when it may.

        Args:
            action: of :data:`ACTIONS`.
        """
        if account not in self.accounts:
            message = f"the key may do nothing with the account {account[:64]!a}; use a key that may"
            return Denial(code="SCOPE_ACCOUNT", message=message, limit=_listed(self.accounts), value=account[:64])
        if action not in self.actions:
            message = f"the key may not {action}; use one whose actions hold {action!r}"
            return Denial(code="SCOPE_ACTION", message=message, limit=_listed(sorted(self.actions)), value=action)
        return None

    def allows(self, instruction: Instruction, facts: Facts) -> Denial | None:
        """Why the key may not send an instruction; None when it may. The first reason of several."""
        return self.may_have_sent(instruction, facts) or self._too_often(facts) or self._too_much(instruction, facts)

    def at(self, venue: str) -> Denial | None:
        """Why the key may do nothing at a venue, as accounts name it; None when it may."""
        return _outside("SCOPE_VENUE", "venue", venue, self.venues)

    def may_have_sent(self, instruction: Instruction, facts: Facts, action: str = "trade") -> Denial | None:
        """As :meth:`allows`, without its worth and the pace: what a key could not have sent it does not cancel either.

        Args:
            action: of :data:`ACTIONS`; ``close`` for what an operator closes.
        """
        side, kind = _side_and_type(instruction)
        return (
            self.reaches(facts, action)
            or self._not_reducing(instruction, facts)
            or self._wrong_side(side)
            or _outside("SCOPE_ORDER_TYPE", "order type", kind, self.order_types)
        )

    def reaches(self, facts: Facts, action: str = "trade") -> Denial | None:
        """Why the key may do nothing with an instrument of an account; None when it may something."""
        symbol = _outside("SCOPE_SYMBOL", "symbol", facts.symbol, self.symbols)
        return self.permits(action, facts.account) or self.at(facts.venue) or symbol

    def _not_reducing(self, instruction: Instruction, facts: Facts) -> Denial | None:
        if not self.reduce_only or facts.reduces or reduces(instruction):
            return None
        message = "the key may only reduce positions; send it with reduce_only, as a close, or use another key"
        return Denial(code="SCOPE_REDUCE_ONLY", message=message)

    def _wrong_side(self, side: Side | None) -> Denial | None:
        if side is not None or self.sides is None:
            return None if side is None else _outside("SCOPE_SIDE", "side", side, self.sides)
        if set(Side) <= set(self.sides):
            return None
        message = "this may buy or sell, as the position stands when its turn comes, and the key may not do both"
        message += "; send an order that says its side, or use a key with both sides"
        return Denial(code="SCOPE_SIDE", message=message, limit=_listed(self.sides))

    def _too_often(self, facts: Facts) -> Denial | None:
        most = self.orders_a_minute
        if most is None or facts.earlier < most:
            return None
        message = f"the key has sent {facts.earlier} orders in the last minute, and may send {most}; wait"
        return Denial(code="SCOPE_PACE", message=message, limit=f"{most} orders a minute", value=str(facts.earlier))

    def _too_much(self, instruction: Instruction, facts: Facts) -> Denial | None:
        if self.max_notional is None:
            return None
        amount, most = worth(instruction, facts.market), plain(self.max_notional)
        if amount is None:
            message = f"what this is worth cannot be told, and the key has a limit of {most}; send a quantity, while the market"
            message += " is quoted, or use a key without max_notional"
            return Denial(code="SCOPE_NOTIONAL", message=message, limit=most)
        if amount <= self.max_notional:
            return None
        message = f"this may be worth {plain(amount)}, more than the key's limit of {most}; send less"
        return Denial(code="SCOPE_NOTIONAL", message=message, limit=most, value=plain(amount))


@frozen(kw_only=True)
class Caller:
    """Who asks, proved.

    Args:
        name: of the key; part of the id of each order that brings none, so it stays.
        scope: what the key may do.
        wait: seconds to wait for an order's outcome; None answers once the order is written down.
        kind: ``path``, ``hmac`` or ``jwt``.
    """

    name: str
    scope: Scope
    wait: float | None = None
    kind: str = "path"

    @property
    def accounts(self) -> tuple[str, ...]:
        """Those that the key may see and trade."""
        return self.scope.accounts


def _side_and_type(instruction: Instruction) -> tuple[Side | None, OrderType]:
    """None: the position decides when the turn comes."""
    if isinstance(instruction, Order | SizedOrder):
        return instruction.side, instruction.order_type
    return None, OrderType.MARKET


def _outside(code: str, what: str, value: str, allowed: tuple[str, ...] | None) -> Denial | None:
    if allowed is None or value in allowed:
        return None
    message = f"the key may not trade the {what} {value[:64]!a}; use a key that may"
    return Denial(code=code, message=message, limit=_listed(allowed), value=value[:64])


def _listed(allowed: Iterable[str]) -> str:
    return ", ".join(allowed) or "none"
