# SPDX-License-Identifier: MIT
"""What an author hands to the suite of guards, or of observers: the type on trial, and what is to become of some orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from ..codes import Code
from ..model.account import AccountState
from ..model.extension import GuardType, ObserverType
from ..model.market import Instrument
from ..model.orders import Order


def _sealed(account: AccountState | None) -> AccountState | None:
    """With rates that cannot be written: one guard's fault is not the next test's account."""
    return None if account is None else evolve(account, rates=MappingProxyType(dict(account.rates)))


@frozen(kw_only=True)
class Case:
    """An order that a guard is asked about.

    Args:
        order: as it would be sent.
        account: what the guard sees of the account; None: nothing is known of it but its name.
        instrument: the rules that ``validate_order`` gets; None: those of ``account``.
        code: for an order that is denied: the code that one of the denials has; empty: any.
    """

    order: Order
    account: AccountState | None = field(default=None, converter=_sealed)
    instrument: Instrument | None = None
    code: str = ""

    @property
    def state(self) -> AccountState:
        """What ``check_risk`` gets."""
        return AccountState(account="trial", instrument=self.instrument) if self.account is None else self.account

    @property
    def rules(self) -> Instrument | None:
        """What ``validate_order`` gets."""
        return self.state.instrument if self.instrument is None else self.instrument


def _cases(value: Iterable[Case]) -> tuple[Case, ...]:
    return tuple(value)


@frozen(kw_only=True)
class GuardTrial:
    """A guard, and orders of which its author knows whether they pass.

    Args:
        guard: its type.
        config: what ``create`` gets; None: the type's defaults.
        allows: orders to which it has no objection.
        denies: orders that it denies.
        codes: what its codes say; empty: an attribute ``codes`` of the guard, and what is installed, say it.
        holds_exits: it is meant to deny orders that only reduce a position, too.
        name: in reports; empty: the type's.
    """

    guard: GuardType
    config: object = None
    allows: tuple[Case, ...] = field(converter=_cases)
    denies: tuple[Case, ...] = field(converter=_cases)
    codes: Mapping[str, Code] = field(factory=dict, hash=False)
    holds_exits: bool = False
    name: str = ""

    @property
    def title(self) -> str:
        """The name in reports."""
        return self.name or self.guard.name

    @property
    def cases(self) -> tuple[Case, ...]:
        """All orders."""
        return (*self.allows, *self.denies)

    def make(self) -> object:
        """A fresh guard."""
        return self.guard.create(self.guard.config() if self.config is None else self.config)


@frozen(kw_only=True)
class ObserverTrial:
    """An observer.

    Args:
        observer: its type.
        config: what ``create`` gets; None: the type's defaults.
        name: in reports; empty: the type's.
        seconds: that it may take for a hundred events at most.
    """

    observer: ObserverType
    config: object = None
    name: str = ""
    seconds: float = 5.0

    @property
    def title(self) -> str:
        """The name in reports."""
        return self.name or self.observer.name

    def make(self) -> object:
        """A fresh observer."""
        return self.observer.create(self.observer.config() if self.config is None else self.config)
