# SPDX-License-Identifier: MIT
"""``Judge``: one guard, asked as a host asks it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy
import pytest

from ...guarding import GuardCall, Listed, ask
from ...hookspecs import GUARD_HOOKS, PROJECT, ExecutionSpec
from ...model.account import AccountState
from ...model.results import Denial
from ...roles import implementations, roles
from ..cases import Case, GuardTrial


class Judge:
    """A fresh guard behind its hooks.

    Args:
        trial: what makes it.
    """

    def __init__(self, trial: GuardTrial) -> None:
        self.plugin: object = trial.make()
        label = f"guard {trial.title!r} ({type(self.plugin).__name__})"
        self.roles: frozenset[str] = roles(self.plugin, label)
        self.found: frozenset[str] = frozenset(implementations(self.plugin, label))
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(ExecutionSpec)
        manager.register(self.plugin)
        self.hook: pluggy.HookRelay = manager.hook
        self._listed = Listed(name=trial.title, plugin=self.plugin, applies_to=trial.guard.applies_to)

    def ask(self, case: Case, account: AccountState | None = None) -> list[Denial]:
        """All its denials of an order; whatever it raises comes through.

        Args:
            account: in place of the case's.
        """
        answers: list[Any] = []
        for hook, arguments in self._questions(case, account):
            answers += getattr(self.hook, hook)(order=case.order, **arguments)
        return [denial for answer in answers for denial in _denials(answer)]

    def ask_as_host(self, case: Case, *, reducing: bool) -> list[Denial]:
        """The denials that a host hears, which asks a guard only about the orders that its type names."""
        found = []
        for hook, arguments in self._questions(case, None):
            call = GuardCall(self._listed, hook, getattr(self.hook, hook))
            found += ask([call], reducing=reducing, order=case.order, **arguments)
        return found

    def _questions(self, case: Case, account: AccountState | None) -> list[tuple[str, dict[str, Any]]]:
        every: dict[str, dict[str, Any]] = {
            "validate_order": {"instrument": case.rules},
            "check_risk": {"account": account or case.state},
        }
        return [(hook, arguments) for hook, arguments in every.items() if hook in self.found & GUARD_HOOKS]


def _denials(answer: object) -> list[Denial]:
    items = [answer] if isinstance(answer, Denial) else answer
    if isinstance(items, str | bytes | dict) or not isinstance(items, Iterable):
        pytest.fail(
            f"the guard answered a {type(answer).__name__}; it answers a Denial, a list of them, or None", pytrace=False
        )
    every = list(items)
    for item in every:
        if not isinstance(item, Denial):
            pytest.fail(f"the guard answered a list with a {type(item).__name__} in it; it answers Denials", pytrace=False)
    return every


def told(case: Case) -> str:
    """An order, for a failure's sentence."""
    order = case.order
    terms = "".join(
        f" {name} {value}"
        for name in ("price", "stop_price", "stop_loss", "take_profit", "confidence")
        if (value := getattr(order, name)) is not None
    )
    return f"the {order.order_type} order to {order.side} {order.quantity} {order.symbol}{terms}"
