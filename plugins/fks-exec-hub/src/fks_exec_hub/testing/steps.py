# SPDX-License-Identifier: MIT
"""Short ways to make the steps of a journal, for tests."""

from __future__ import annotations

from typing import Any

from ..journal import (
    Accept,
    FillStep,
    HaltState,
    HaltStep,
    Intent,
    Key,
    Note,
    Outcome,
    PositionStep,
    Recorded,
)

ACCOUNT = "paper"
NOW = 1_750_000_000_000


def key(name: str = "order-1", account: str = ACCOUNT) -> Key:
    """An order's key."""
    return Key(account, name)


def accept(name: str = "order-1", account: str = ACCOUNT, lane: str = "BTC/USDT", **fields: Any) -> Accept:
    """An instruction."""
    given: dict[str, Any] = {"digest": f"digest of {name}", "instruction": f'{{"id":"{name}"}}', "time": NOW} | fields
    return Accept(key=key(name, account), lane=lane, **given)


def intent(name: str = "order-1", account: str = ACCOUNT, **fields: Any) -> Intent:
    """An entry about to be sent."""
    given: dict[str, Any] = {"venue_client_order_id": f"v-{name}", "time": NOW + 1} | fields
    return Intent(key=key(name, account), **given)


def outcome(
    name: str = "order-1", status: str = "filled", terminal: bool = True, account: str = ACCOUNT, **fields: Any
) -> Outcome:
    """What became of it."""
    given: dict[str, Any] = {"result": f'{{"status":"{status}"}}', "time": NOW + 2} | fields
    return Outcome(key=key(name, account), status=status, terminal=terminal, **given)


def fill(name: str = "order-1", trade_id: str = "t-1", account: str = ACCOUNT, **fields: Any) -> FillStep:
    """One fill."""
    given: dict[str, Any] = {"fill": '{"quantity":"1"}', "time": NOW + 3} | fields
    return FillStep(key=key(name, account), trade_id=trade_id, **given)


def position(lane: str = "BTC/USDT", strategy: str = "", text: str = '{"quantity":"1"}') -> PositionStep:
    """A position."""
    return PositionStep(account=ACCOUNT, lane=lane, strategy=strategy, position=text, time=NOW)


def halt(state: HaltState, account: str = ACCOUNT, reason: str = "by hand") -> HaltStep:
    """The switch."""
    return HaltStep(account=account, state=state, reason=reason, time=NOW + 4)


def note(name: str = "n", value: str = "v", account: str = ACCOUNT, **fields: Any) -> Note:
    """A small fact."""
    return Note(account=account, namespace="nonce", name=name, value=value, time=NOW, **fields)


def names(orders: list[Recorded]) -> list[str]:
    """The ids of some orders."""
    return [order.key.client_order_id for order in orders]
