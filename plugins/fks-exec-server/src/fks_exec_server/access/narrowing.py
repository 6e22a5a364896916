# SPDX-License-Identifier: MIT
"""A token's own claim about what it may do: it may ask for less than its issuer is allowed, never for more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from attrs import fields_dict

from fks_exec import ConfigError, InvalidOrder

from .proof import Unauthenticated
from .scopes import Scope

T = TypeVar("T", int, Decimal)

_LISTS = ("accounts", "venues", "symbols", "sides", "order_types", "actions")


def narrowed(scope: Scope, claim: object) -> Scope:
    """What both allow.

    Args:
        claim: fields of a Scope, as JSON; None: there is no such claim, and the issuer's scope counts. A list that is left out
            is the issuer's.

    Raises:
        Unauthenticated: no account is left; or it cannot be meant: a restriction that is not understood is not left out.
    """
    if claim is None:
        return scope
    asked = _asked(scope, claim)
    accounts = _both(scope.accounts, asked.accounts)
    if not accounts:
        raise Unauthenticated("a token that asks for no account of its issuer's")
    return Scope(
        accounts=accounts,
        venues=_both(scope.venues, asked.venues),
        symbols=_both(scope.symbols, asked.symbols),
        sides=_both(scope.sides, asked.sides),
        order_types=_both(scope.order_types, asked.order_types),
        max_notional=_least(scope.max_notional, asked.max_notional),
        orders_a_minute=_least(scope.orders_a_minute, asked.orders_a_minute),
        reduce_only=scope.reduce_only or asked.reduce_only,
        actions=scope.actions & asked.actions,
    )


def _asked(scope: Scope, claim: object) -> Scope:
    if not isinstance(claim, Mapping) or not set(claim) <= set(fields_dict(Scope)):
        raise Unauthenticated("the claim of a token about its scope has a field that no scope has")
    for name, value in claim.items():
        if not _meant(name, value):
            raise Unauthenticated(f"the claim of a token about its scope cannot be meant: {name}")
    given: dict[str, Any] = {"accounts": scope.accounts, "actions": scope.actions, **claim}
    try:
        return Scope(**given)
    except (ConfigError, InvalidOrder) as error:
        raise Unauthenticated(f"the claim of a token about its scope cannot be meant: {error}") from None


def _meant(name: str, value: object) -> bool:
    """JSON's own types, strictly: null is no restriction in a Scope, so it is none of the words here."""
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if name == "max_notional":
        return isinstance(value, str)
    if name == "orders_a_minute":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, bool)


def _both(first: Iterable[str] | None, second: Iterable[str] | None) -> tuple[str, ...] | None:
    if first is None or second is None:
        rest = second if first is None else first
        return None if rest is None else tuple(rest)
    wanted = set(second)
    return tuple(each for each in first if each in wanted)


def _least(first: T | None, second: T | None) -> T | None:
    known = [each for each in (first, second) if each is not None]
    return min(known, default=None)
