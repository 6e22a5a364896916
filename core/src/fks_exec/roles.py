# SPDX-License-Identifier: MIT
"""Is this object a venue, a guard, an observer, a wrapper; and does it keep the contract? Checked before it is used."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

import pluggy
from attrs import frozen

from .errors import PluginError
from .hookspecs import (
    EXECUTION_HOOKS,
    GUARD_HOOKS,
    OBSERVER_HOOKS,
    PROJECT,
    VENUE_FIVE,
    VENUE_HOOKS,
    VENUE_PLAIN,
    ExecutionSpec,
)
from .model.account import ABILITIES, Capabilities

_COMPUTED = (property, functools.cached_property)
"""Never read: a venue's ``session`` may raise before ``init``, and pluggy before 1.7 would read it."""

_WRAP = "to wrap the venue's, write @hookimpl(wrapper=True) above it"

Role: TypeAlias = Literal["venue", "guard", "observer", "wrapper"]


@frozen
class Implementation:
    """One marked method of a plugin."""

    hook: str
    function: Callable[..., Any]
    wrapper: bool


def implementations(plugin: object, label: str) -> dict[str, Implementation]:
    """The marked methods of an object, by hook.

    Args:
        label: how errors call the plugin, with distribution and version where known.

    Raises:
        PluginError: a marked method that no hook is named like.
    """
    if isinstance(plugin, type):
        raise PluginError(f"{label}: {plugin.__name__} is a class; pass an instance, not the class")
    found: dict[str, Implementation] = {}
    for attribute, function, options in _marked(plugin):
        hook = options.get("specname") or attribute
        if hook not in EXECUTION_HOOKS:
            raise PluginError(f"{label}: {attribute} is marked with @hookimpl, but there is no such hook{_near(hook)}")
        wrapper = bool(options.get("wrapper") or options.get("hookwrapper"))
        _check_arguments(label, hook, function)
        if hook in found:
            raise PluginError(f"{label}: marks two implementations of {hook}; keep one")
        found[hook] = Implementation(hook, function, wrapper)
    return found


def roles(plugin: object, label: str) -> frozenset[Role]:
    """What an object handed over in code is: guard, observer, wrapper, or several.

    Raises:
        PluginError: none of them, or something that the role may not be.
    """
    found = implementations(plugin, label)
    played: set[Role] = set()
    if any(i.wrapper for i in found.values()):
        played.add("wrapper")
    if GUARD_HOOKS & found.keys():
        played.add("guard")
    if OBSERVER_HOOKS & found.keys():
        played.add("observer")
    _refuse_venue_hooks(label, found)
    if not played:
        raise PluginError(f"{label}: marks no hook of a guard, an observer or a wrapper with @hookimpl{_unmarked(plugin)}")
    if "execute_order" not in found and callable(getattr(plugin, "execute_order", None)):
        raise PluginError(f"{label}: execute_order is not marked; {_WRAP}")
    _refuse_async(label, found, GUARD_HOOKS | OBSERVER_HOOKS | {"close"})
    _refuse_unmarked(plugin, label, found, GUARD_HOOKS | OBSERVER_HOOKS)
    return frozenset(played)


def check_venue(plugin: object, label: str) -> dict[str, Implementation]:
    """The marked methods of a venue: the five are there, nothing is unmarked, misspelt or async where it must be plain.

    Raises:
        PluginError: with plugin, hook and the near miss.
    """
    found = implementations(plugin, label)
    for hook in VENUE_FIVE:
        if hook not in found:
            near = _near_attribute(plugin, hook)
            raise PluginError(f"{label}: a venue implements {hook}, and this one does not{near}")
    for hook, implementation in found.items():
        if implementation.wrapper:
            raise PluginError(f"{label}: {hook} is a wrapper; only objects that the host passes in code wrap")
        if hook not in VENUE_HOOKS:
            raise PluginError(f"{label}: a venue does not implement {hook}; put it into a guard or an observer")
    _refuse_async(label, found, VENUE_PLAIN)
    _refuse_unmarked(plugin, label, found, VENUE_HOOKS)
    return found


def check_declared(label: str, declared: Capabilities, found: dict[str, Implementation]) -> None:
    """What is declared is implemented, and the reverse.

    Raises:
        PluginError: with the hook.
    """
    unknown = declared.abilities - ABILITIES
    if unknown:
        raise PluginError(f"{label}: declares {_list(unknown)}, but there is no such ability{_near(min(unknown))}")
    missing = declared.abilities - found.keys()
    if missing:
        raise PluginError(f"{label}: declares {_list(missing)} in Capabilities.abilities but does not implement it")
    silent = (found.keys() & ABILITIES) - declared.abilities
    if silent:
        raise PluginError(f"{label}: implements {_list(silent)} but does not declare it in Capabilities.abilities")


def check_narrower(label: str, bound: Capabilities, now: Capabilities) -> None:
    """After ``init`` a venue may only narrow what its type declared.

    Raises:
        PluginError: with the field that was widened.
    """
    for name in ("order_types", "time_in_force", "abilities", "protection"):
        wider = getattr(now, name) - getattr(bound, name)
        if wider:
            raise PluginError(f"{label}: capabilities() adds {_list(wider)} to {name}; its type declares less")
    for name in ("reduce_only", "post_only", "hedging", "publishes"):
        if getattr(now, name) and not getattr(bound, name):
            raise PluginError(f"{label}: capabilities() turns {name} on; its type declares it off")


def _marked(plugin: object) -> list[tuple[str, Callable[..., Any], dict[str, Any]]]:
    reader = pluggy.PluginManager(PROJECT)
    marked = []
    for attribute in dir(plugin):
        if attribute.startswith("__") or isinstance(inspect.getattr_static(plugin, attribute, None), _COMPUTED):
            continue
        options = reader.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            marked.append((attribute, getattr(plugin, attribute), dict(options)))
    return marked


def _check_arguments(label: str, hook: str, function: Callable[..., Any]) -> None:
    known = list(inspect.signature(getattr(ExecutionSpec, hook)).parameters)[1:]
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in known and parameter.default is parameter.empty:
            raise PluginError(f"{label}: {hook} takes {name!r}, but the hook has the arguments {', '.join(known) or 'none'}")
        if name in known and (parameter.default is not parameter.empty or parameter.kind is parameter.KEYWORD_ONLY):
            raise PluginError(f"{label}: {hook} would not get {name!r}; write it without a default and without * before it")


def _refuse_venue_hooks(label: str, found: dict[str, Implementation]) -> None:
    for hook, implementation in found.items():
        if hook in VENUE_HOOKS - {"close"} and not implementation.wrapper:
            raise PluginError(f"{label}: a guard or observer does not implement {hook}; only a venue does; {_WRAP}")


def _refuse_async(label: str, found: dict[str, Implementation], plain: frozenset[str] | set[str]) -> None:
    for hook in plain & found.keys():
        if inspect.iscoroutinefunction(found[hook].function):
            raise PluginError(f"{label}: {hook} is async, but the hook is plain; write def instead of async def")


def _refuse_unmarked(plugin: object, label: str, found: dict[str, Implementation], hooks: frozenset[str] | set[str]) -> None:
    for hook in sorted(hooks - found.keys()):
        if callable(getattr(plugin, hook, None)):
            raise PluginError(f"{label}: {hook} has a hook's name but is not marked; write @hookimpl above it, or rename it")


def _unmarked(plugin: object) -> str:
    names = sorted(hook for hook in GUARD_HOOKS | OBSERVER_HOOKS if callable(getattr(plugin, hook, None)))
    if not names and callable(getattr(plugin, "execute_order", None)):
        return f"; execute_order is not marked; {_WRAP}"
    return f"; {_list(names)} has a hook's name but is not marked" if names else ""


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, sorted(EXECUTION_HOOKS), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _near_attribute(plugin: object, hook: str) -> str:
    if callable(getattr(plugin, hook, None)):
        return "; the method is there but not marked: write @hookimpl above it"
    near = difflib.get_close_matches(hook, [name for name in dir(plugin) if not name.startswith("_")], n=1)
    return f"; did you mean your {near[0]}?" if near else ""


def _list(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))
