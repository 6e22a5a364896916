# SPDX-License-Identifier: MIT
"""What of an order is not declared: refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from attrs import evolve

from .model.account import Capabilities
from .model.market import Instrument
from .model.orders import Order
from .model.results import Denial

W = TypeVar("W", bound=str)

_NO_RULES = Instrument(symbol="any")


def narrowed(declared: Capabilities, instrument: Instrument) -> Capabilities:
    """What an instrument's own rules leave of what the account declares."""
    types, tifs, kinds = instrument.order_types, instrument.time_in_force, instrument.protection
    return evolve(
        declared,
        order_types=declared.order_types if types is None else declared.order_types & types,
        time_in_force=declared.time_in_force if tifs is None else declared.time_in_force & tifs,
        protection=[kind for kind in declared.protection if kinds is None or kind in kinds],
        reduce_only=declared.reduce_only if instrument.reduce_only is None else instrument.reduce_only,
    )


def unsupported(order: Order, declared: Capabilities, instrument: Instrument | None = None) -> list[Denial]:
    """One denial for each part of an order that the account, or this instrument of it, does not declare."""
    rules = instrument or _NO_RULES
    denials = []
    types = _both(declared.order_types, rules.order_types)
    if order.order_type not in types:
        denials.append(_denial("UNSUPPORTED_ORDER_TYPE", f"{order.order_type} orders", order.order_type, types))
    times = _both(declared.time_in_force, rules.time_in_force)
    if order.time_in_force not in times:
        denials.append(_denial("UNSUPPORTED_TIME_IN_FORCE", f"time_in_force {order.time_in_force}", order.time_in_force, times))
    if order.reduce_only and not (declared.reduce_only if rules.reduce_only is None else rules.reduce_only):
        denials.append(_denial("UNSUPPORTED_REDUCE_ONLY", "reduce_only", "reduce_only", ()))
    if order.post_only and not declared.post_only:
        denials.append(_denial("UNSUPPORTED_POST_ONLY", "post_only", "post_only", ()))
    return denials + _protection(order, _both(declared.protection, rules.protection))


def _protection(order: Order, kinds: frozenset[str]) -> list[Denial]:
    if order.stop_loss is not None and not kinds:
        return [_denial("UNSUPPORTED_PROTECTION", "stop_loss", "stop_loss", ())]
    if order.take_profit is not None and not kinds - {"stop_only"}:
        return [_denial("UNSUPPORTED_PROTECTION", "take_profit", "take_profit", kinds)]
    return []


def _both(declared: frozenset[W], narrowed: frozenset[W] | frozenset[str] | None) -> frozenset[W]:
    return declared if narrowed is None else frozenset(word for word in declared if word in narrowed)


def _denial(code: str, what: str, value: str, allowed: Iterable[str]) -> Denial:
    can = ", ".join(sorted(allowed)) or "none"
    return Denial(
        code=code,
        message=f"{what} are not served for this instrument on this account; it declares: {can}",
        limit=can,
        value=str(value),
    )
