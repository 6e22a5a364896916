# SPDX-License-Identifier: MIT
"""Discovery: which plugins are installed, what became of each, and loading by name.

Listing imports nothing. Our own loader, since pluggy's lets one bad import take the host down and drops one of two
plugins with the same name without a word.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import importlib_metadata
import pluggy
from attrs import evolve, frozen

from .errors import NotSupported, PluginError
from .hookspecs import PROJECT, RegistrationSpec
from .model.extension import API, GuardType, ObserverType, VenueType

log: logging.Logger = logging.getLogger(__name__)

GROUP = "fks_exec"
FIRST_PARTY = {name: f"fks-exec-{name}" for name in ("hub", "paper", "server", "ccxt", "mt5", "ninja")}

AnyType = TypeVar("AnyType", VenueType, GuardType, ObserverType)


class PluginStatus(StrEnum):
    """What became of a plugin."""

    INSTALLED = "installed"
    BLOCKED = "blocked"
    NOT_ALLOWED = "not allowed"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    LOADED = "loaded"
    FAILED = "failed"


@frozen(kw_only=True)
class PluginInfo:
    """One plugin.

    Args:
        name: of its entry point.
        status: see :class:`PluginStatus`.
        reason: a sentence, where the status needs one.
        distribution, version: where it comes from; empty for an object of the host's.
        target: what the entry point names.
    """

    name: str
    status: PluginStatus
    reason: str = ""
    distribution: str = ""
    version: str = ""
    target: str = ""

    @property
    def label(self) -> str:
        """How errors call it."""
        origin = f" ({self.distribution} {self.version})" if self.distribution else ""
        return f"plugin {self.name!r}{origin}"


class Plugins:
    """The plugins that this process can see.

    Args:
        allow: entry-point names that may be loaded; None: all.
        block: entry-point names that may not.
        own: the entry point whose types are named without a prefix (the host's own guards).
        specs: registration hooks that the host adds to core's.
        entry_points: for tests; default: what is installed, read once.
    """

    def __init__(
        self,
        *,
        allow: Iterable[str] | None = None,
        block: Iterable[str] = (),
        own: str | None = None,
        specs: Iterable[type] = (),
        entry_points: Iterable[importlib_metadata.EntryPoint] | None = None,
    ) -> None:
        self._own = own
        self._points: dict[str, importlib_metadata.EntryPoint] = {}
        self._infos: dict[str, PluginInfo] = {}
        self._types: dict[str, dict[type, dict[str, Any]]] = {}
        self._given: list[str] = []
        self.manager: pluggy.PluginManager = pluggy.PluginManager(PROJECT)
        for spec in (RegistrationSpec, *specs):
            self.manager.add_hookspecs(spec)
        points = importlib_metadata.entry_points(group=GROUP) if entry_points is None else entry_points
        for point in points:
            self._discover(point, None if allow is None else frozenset(allow), frozenset(block))

    def infos(self) -> list[PluginInfo]:
        """All plugins with their status, by name; imports nothing."""
        return [self._infos[name] for name in sorted(self._infos)]

    def info(self, name: str) -> PluginInfo:
        """One plugin's status.

        Raises:
            PluginError: it is not installed; the sentence says how to install a first-party one.
        """
        try:
            return self._infos[name]
        except KeyError:
            raise PluginError(self._missing(name)) from None

    def load_all(self) -> list[PluginInfo]:
        """Load what may be loaded; a broken plugin keeps no other from loading."""
        for name in list(self._points):
            self._load(name)
        return self.infos()

    def register(self, plugin: object, name: str) -> None:
        """Take an object of the host's own that implements registration hooks; its types are named without a prefix.

        Raises:
            PluginError: the name is taken, or the object does not keep the contract.
        """
        if name in self._infos:
            raise PluginError(f"{self._infos[name].label} is there already; give yours another name")
        info = PluginInfo(name=name, status=PluginStatus.LOADED)
        if isinstance(plugin, type):
            raise PluginError(f"{info.label}: {plugin.__name__} is a class; pass an instance, not the class")
        self._types[name] = self._collect(plugin, info)
        self._infos[name] = info
        self._given.append(name)

    def venue(self, name: str) -> VenueType:
        """A venue type: ``x`` is type x of entry point x, ``x/y`` type y of entry point x.

        Raises:
            PluginError: with status and reason.
        """
        return self._find(VenueType, "venue", name)

    def guard(self, name: str) -> GuardType:
        """A guard type; the host's own have no prefix.

        Raises:
            PluginError: with status and reason.
        """
        return self._find(GuardType, "guard", name)

    def observer(self, name: str) -> ObserverType:
        """An observer type.

        Raises:
            PluginError: with status and reason.
        """
        return self._find(ObserverType, "observer", name)

    def _find(self, kind: type[AnyType], word: str, name: str) -> AnyType:
        point, slash, type_name = name.partition("/")
        if not slash:
            point, type_name = self._unprefixed(kind, name), name
        if point not in self._infos:
            raise PluginError(f"unknown {word}: {self._missing(point, () if slash else self._plain_names(kind))}")
        found: dict[str, AnyType] = self._loaded(point).get(kind, {})
        if type_name not in found:
            known = ", ".join(f"{point}/{other}" for other in sorted(found)) or f"no {word}"
            raise PluginError(f"{self._infos[point].label} brings {known}, not a {word} {type_name!r}")
        return found[type_name]

    def _unprefixed(self, kind: type[AnyType], name: str) -> str:
        """Where a type without a prefix comes from: the host's own, an object of the host's, or its entry point."""
        if self._own in self._infos and name in self._loaded(self._own or "").get(kind, {}):
            return self._own or ""
        given = [point for point in self._given if name in self._types[point][kind]]
        return given[0] if given else name

    def _plain_names(self, kind: type[AnyType]) -> set[str]:
        """The types of one kind that are named without a prefix: the host's own and those of its objects."""
        return {name for point in (self._own or "", *self._given) for name in self._types.get(point, {}).get(kind, {})}

    def _loaded(self, point: str) -> dict[type, dict[str, Any]]:
        self._load(point)
        info = self._infos[point]
        if info.status is not PluginStatus.LOADED:
            raise PluginError(f"{info.label} is {info.status}: {info.reason}")
        return self._types[point]

    def _missing(self, name: str, others: Iterable[str] = ()) -> str:
        """What to do about a name; it may have meant one of ``others``, of what is installed, or of what is ours."""
        if name in FIRST_PARTY:
            return f"plugin {name!r} is not installed; run: pip install {FIRST_PARTY[name]}"
        known = ", ".join(sorted(self._infos)) or "none"
        near = difflib.get_close_matches(name, {*others, *self._infos, *FIRST_PARTY}, n=1, cutoff=0.7)
        remedy = f"did you mean {near[0]}?" if near else "install the package that brings it"
        if near and near[0] in FIRST_PARTY and near[0] not in {*others, *self._infos}:
            remedy += f" Then run: pip install {FIRST_PARTY[near[0]]}"
        return f"no plugin named {name!r} is installed (installed: {known}); {remedy}"

    def _discover(self, point: importlib_metadata.EntryPoint, allow: frozenset[str] | None, block: frozenset[str]) -> None:
        distribution, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        info = PluginInfo(
            name=point.name,
            status=PluginStatus.INSTALLED,
            distribution=distribution,
            version=version,
            target=point.value,
        )
        if point.name in self._infos:
            info = _conflict(self._infos[point.name], info)
        elif point.name in block:
            info = evolve(info, status=PluginStatus.BLOCKED, reason="the configuration's block names it")
        elif allow is not None and point.name not in allow:
            info = evolve(info, status=PluginStatus.NOT_ALLOWED, reason="the configuration's allow does not name it")
        self._infos[point.name] = info
        self._points[point.name] = point

    def _load(self, name: str) -> None:
        info = self._infos[name]
        if info.status is not PluginStatus.INSTALLED:
            return
        try:
            module = self._points[name].load()
            self._types[name] = self._collect(module, info)
        except NotSupported as error:
            self._infos[name] = evolve(info, status=PluginStatus.UNAVAILABLE, reason=str(error))
        except PluginError as error:
            self._infos[name] = evolve(info, status=PluginStatus.FAILED, reason=str(error))
        except Exception as error:  # a stranger's module may raise anything; the others must load
            log.debug("%s failed to load", info.label, exc_info=True)
            reason = f"{info.target} raised {type(error).__name__}: {error}; reinstall or remove {info.distribution}"
            self._infos[name] = evolve(info, status=PluginStatus.FAILED, reason=reason)
        else:
            self._infos[name] = evolve(info, status=PluginStatus.LOADED)

    def _collect(self, plugin: object, info: PluginInfo) -> dict[type, dict[str, Any]]:
        _check_registration(plugin, info.label, [name for name in vars(self.manager.hook) if not name.startswith("_")])
        self.manager.register(plugin, name=info.name)
        try:
            others = [p for p in self.manager.get_plugins() if p is not plugin]
            types: dict[type, dict[str, Any]] = {}
            for kind, hook in (
                (VenueType, "fks_exec_venues"),
                (GuardType, "fks_exec_guards"),
                (ObserverType, "fks_exec_observers"),
            ):
                caller: Callable[[], Sequence[object]] = self.manager.subset_hook_caller(hook, others)
                types[kind] = _by_name(kind, caller(), info.label, hook)
            return types
        except BaseException:
            self.manager.unregister(plugin)
            raise


def _conflict(first: PluginInfo, second: PluginInfo) -> PluginInfo:
    both = " and ".join(f"{i.distribution} {i.version} ({i.target})" for i in (first, second))
    reason = f"{both} both bring a plugin named {first.name!r}; uninstall one of them"
    return evolve(first, status=PluginStatus.CONFLICT, reason=reason)


def _check_registration(plugin: object, label: str, hooks: Sequence[str]) -> None:
    """A hook of the hub's is no mistake where only core is: what is marked and unknown is refused if it is a near miss."""
    reader = pluggy.PluginManager(PROJECT)
    marked = [name for name in dir(plugin) if reader.parse_hookimpl_opts(plugin, name) is not None]
    for name in dir(plugin):
        if name in hooks and name not in marked:
            raise PluginError(f"{label}: {name} is not marked; write @hookimpl above it")
    for name in marked:
        near = difflib.get_close_matches(name, hooks, n=1, cutoff=0.85)
        if name not in hooks and near:
            raise PluginError(f"{label}: there is no hook {name}; did you mean {near[0]}?")
    if not set(marked) & set(hooks):
        wrong = f" (it marks {', '.join(marked)})" if marked else ""
        raise PluginError(f"{label}: implements none of {', '.join(sorted(hooks))}{wrong}")


def _by_name(kind: type[AnyType], answers: Sequence[object], label: str, hook: str) -> dict[str, AnyType]:
    found: dict[str, AnyType] = {}
    for answer in answers:
        if not isinstance(answer, Sequence):
            raise PluginError(f"{label}: {hook} returns a list of {kind.__name__}, not a {type(answer).__name__}")
        for item in answer:
            if not isinstance(item, kind):
                raise PluginError(f"{label}: {hook} returns {kind.__name__} records, not a {type(item).__name__}")
            if item.api > API:
                raise PluginError(f"{label}: {item.name!r} speaks contract {item.api}, this fks-exec {API}; upgrade fks-exec")
            if item.name in found:
                raise PluginError(f"{label}: {hook} returns two types named {item.name!r}")
            found[item.name] = item
    return found
