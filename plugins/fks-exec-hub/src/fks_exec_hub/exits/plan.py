# SPDX-License-Identifier: MIT
"""How what an entry fills will be protected: decided before it is sent, so that what cannot be protected is not sent."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from fks_exec.account import Account
from fks_exec.model.account import ProtectionKind
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import plain
from fks_exec.model.orders import Order
from fks_exec.model.results import Denial

from ..accounts.desk import Desk
from ..accounts.live import Plan
from ..accounts.settings import ProtectionConfig

KINDS: tuple[ProtectionKind, ...] = ("attached", "oco", "reduce_only_pair", "stop_only")
"""Where a venue has several, the first: with one call there is no time without a stop."""


def plan_protection(
    account: Account, config: ProtectionConfig, order: Order, instrument: Instrument | None
) -> Plan | Denial | None:
    """How an order is to be protected.

    Returns:
        None when it has neither stop nor target; the denial when the account cannot serve what it has.
    """
    if order.stop_loss is None and order.take_profit is None:
        return None
    usable = _usable(account, instrument)
    wanted = [kind for kind in ([config.kind] if config.kind else KINDS) if kind in usable]
    kind = next((kind for kind in wanted if _serves(kind, order.stop_loss, order.take_profit, config)), None)
    if kind is None:
        return _denial(order, wanted, "" if config.kind is None or wanted else config.kind, sorted(usable))
    if kind != "attached" and (small := _too_small(order, instrument)) is not None:
        return small
    return Plan(kind, order.stop_loss, order.take_profit)


def other_kind(account: Account, config: ProtectionConfig, plan: Plan, instrument: Instrument | None) -> ProtectionKind | None:
    """The kind that can take the place of legs that the venue keeps with an entry; None: it has no other, or none is wanted."""
    if config.kind is not None:
        return None
    others = [kind for kind in KINDS if kind != "attached" and kind in _usable(account, instrument)]
    return next((kind for kind in others if _serves(kind, plan.stop, plan.target, config)), None)


def _too_small(order: Order, instrument: Instrument | None) -> Denial | None:
    """A stop is an order of its own: what is worth too little at its price could never have one."""
    price, least = order.stop_loss, None if instrument is None else instrument.min_notional
    if instrument is None or least is None or price is None or instrument.kind is Kind.INVERSE:
        return None
    worth = order.quantity * price * instrument.contract_size
    if worth >= least:
        return None
    text = f"its stop would be worth {plain(worth)}, less than the {plain(least)} that {order.symbol} takes at least; send more"
    return Denial(code="STOP_TOO_SMALL", message=text, limit=plain(least), value=plain(worth))


def bare(order: Order, plan: Plan | None) -> Order:
    """The order as it is sent: with its legs only where the venue takes them with it."""
    if plan is None or plan.kind == "attached":
        return order
    return evolve(order, stop_loss=None, take_profit=None)


def further_entry(desk: Desk, account: Account, order: Order, *, reducing: bool) -> list[Denial]:
    """The denial of an entry beside a position whose stop belongs to all of it, unless its prices are to be those of all."""
    if reducing or account.capabilities.protection_scope != "position" or order.symbol not in desk.protecting:
        return []
    if desk.config.protection.further_entries == "replace" and order.stop_loss is not None:
        return []
    names = ", ".join(sorted(desk.protecting[order.symbol])[:3])
    remedy = 'close it first, or configure protection.further_entries = "replace" and send a stop_loss'
    text = f"{order.symbol} is held under the stop of {names}, which belongs to the whole position; {remedy}"
    return [Denial(code="POSITION_PROTECTED", message=text, value=names)]


def _usable(account: Account, instrument: Instrument | None) -> frozenset[str]:
    """The kinds that the venue declares and can be asked for."""
    declared = account.capabilities
    kinds = frozenset(str(kind) for kind in declared.protection)
    if instrument is not None and instrument.protection is not None:
        kinds &= instrument.protection
    return kinds if "protect_position" in declared.abilities else kinds & {"attached"}


def _serves(kind: ProtectionKind, stop: Decimal | None, target: Decimal | None, config: ProtectionConfig) -> bool:
    if kind in ("attached", "reduce_only_pair"):
        return True
    if stop is None:
        return False  # a target alone takes neither a linked pair nor a stop
    return kind == "oco" or target is None or config.watch_targets


def _denial(order: Order, wanted: list[ProtectionKind], said: str, usable: list[str]) -> Denial:
    asked = " and ".join(name for name in ("stop_loss", "take_profit") if getattr(order, name) is not None)
    can = ", ".join(wanted) or "none"
    if said:
        text = f"protection.kind says {said}, which {order.symbol} does not have here; it has: {', '.join(usable) or 'none'}"
        return Denial(code="UNSUPPORTED_PROTECTION", message=f"{text}; change it, or leave it out of the table", value=asked)
    remedy = "leave it out, or configure protection.watch_targets" if wanted == ["stop_only"] else "leave it out"
    text = f"{asked} cannot be served for {order.symbol} on this account, whose protection is: {can}; {remedy}"
    return Denial(code="UNSUPPORTED_PROTECTION", message=text, limit=can, value=asked)
