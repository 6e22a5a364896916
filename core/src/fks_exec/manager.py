# SPDX-License-Identifier: MIT
"""The hook manager of one account: one venue, its guards, its observers, the host's wrappers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pluggy

from .calls import CallThread, in_thread
from .errors import PluginError
from .guarding import GuardCall, Listed
from .hookspecs import GUARD_HOOKS, PROJECT, VENUE_HOOKS, VENUE_PLAIN, ExecutionSpec
from .roles import Implementation, check_venue, implementations, roles


class _Face:
    """What pluggy sees of a plugin: its checked implementations, plain ones of a venue made awaitable."""

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        vars(self).update(functions)


class HookManager:
    """One venue behind its hooks.

    Args:
        account: the account's name.
        venue: the object.
        label: how errors call the venue.
        listed: guards, observers and wrappers.
        thread: where plain methods of the venue run.

    Raises:
        PluginError: an object that does not keep the contract.
    """

    def __init__(self, account: str, venue: object, label: str, listed: Iterable[Listed], thread: CallThread) -> None:
        self._pm = pluggy.PluginManager(PROJECT)
        self._pm.add_hookspecs(ExecutionSpec)
        self.hook: pluggy.HookRelay = self._pm.hook
        self.found: dict[str, Implementation] = check_venue(venue, label)
        self._register(account, _venue_functions(self.found, thread))
        added = [(item, self._add(item)) for item in _once(listed)]
        self.guards: dict[str, list[GuardCall]] = {
            hook: [GuardCall(item, hook, self._only(hook, item)) for item, found in added if hook in found]
            for hook in sorted(GUARD_HOOKS)
        }
        needs = (getattr(call.listed.plugin, "needs", ()) for call in self.guards["check_risk"])
        self.needs: frozenset[str] = frozenset().union(*needs)
        self.observers: list[tuple[str, Callable[..., Any], Callable[[], Any] | None]] = [
            (item.name, self._only("observe", item), _closer(found)) for item, found in added if "observe" in found
        ]
        closers = [_closer(found) for _, found in added if "observe" not in found]
        self.guard_closers: list[Callable[[], Any]] = [close for close in closers if close is not None]

    def implements(self, hook: str) -> bool:
        """Whether the venue has this hook."""
        return hook in self.found

    def _register(self, name: str, functions: dict[str, Callable[..., Any]]) -> None:
        if self._pm.has_plugin(name):
            raise PluginError(f"two plugins of one account are named {name!r}; give one of them another name")
        try:
            self._pm.register(_Face(functions), name=name)
        except pluggy.PluginValidationError as error:
            raise PluginError(str(error)) from None

    def _add(self, item: Listed) -> dict[str, Implementation]:
        label = f"{item.name!r} ({type(item.plugin).__name__})"
        roles(item.plugin, label)
        found = implementations(item.plugin, label)
        kept = {hook: i.function for hook, i in found.items() if i.wrapper or hook not in VENUE_HOOKS}
        self._register(item.name, kept)
        return found

    def _only(self, hook: str, item: Listed) -> Callable[..., Any]:
        """A hook of one plugin alone, made once; only after all are registered, since it names whom to leave out."""
        others = [plugin for name, plugin in self._pm.list_name_plugin() if name != item.name]
        return self._pm.subset_hook_caller(hook, others)


def _once(listed: Iterable[Listed]) -> list[Listed]:
    names: dict[int, str] = {}
    items = list(listed)
    for item in items:
        if id(item.plugin) in names:
            both = f"{names[id(item.plugin)]!r} and {item.name!r}"
            raise PluginError(f"one object is passed twice to one account, as {both}; pass it once, or make a second object")
        names[id(item.plugin)] = item.name
    return items


def _venue_functions(found: dict[str, Implementation], thread: CallThread) -> dict[str, Callable[..., Any]]:
    def awaitable(hook: str, function: Callable[..., Any]) -> Callable[..., Any]:
        plain = hook in VENUE_PLAIN or inspect.iscoroutinefunction(function)
        return function if plain else in_thread(function, thread)

    return {hook: awaitable(hook, implementation.function) for hook, implementation in found.items()}


def _closer(found: dict[str, Implementation]) -> Callable[[], Any] | None:
    return found["close"].function if "close" in found and not found["close"].wrapper else None
