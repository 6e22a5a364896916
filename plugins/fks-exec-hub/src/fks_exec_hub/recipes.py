# SPDX-License-Identifier: MIT
"""From the configuration and the host's own objects to what each account is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from attrs import frozen

from fks_exec.clock import Clock
from fks_exec.guarding import Listed
from fks_exec.hookspecs import REGISTRATION_HOOKS
from fks_exec.model.market import MarketData
from fks_exec.plugins import Plugins
from fks_exec.roles import Role, roles

from .accounts.opening import Recipe
from .accounts.proof import demand_of
from .config import HubConfig, limits_document


@frozen
class Given:
    """The host's own objects, sorted.

    Args:
        registrars: they bring types, as an installed plugin does.
        everywhere: guards and wrappers of every account.
        observers: of the host.
    """

    registrars: tuple[object, ...]
    everywhere: tuple[Listed, ...]
    observers: tuple[Listed, ...]


def sort(given: Iterable[object]) -> Given:
    """What each object is, by the hooks that it marks.

    Raises:
        PluginError: an object is nothing of that.
    """
    registrars, listed = [], []
    for item in given:
        plugin = item.plugin if isinstance(item, Listed) else item
        if any(hasattr(plugin, hook) for hook in REGISTRATION_HOOKS | {"fks_exec_journals"}):
            registrars.append(plugin)
        else:
            listed.append(item if isinstance(item, Listed) else Listed(name=type(item).__name__, plugin=item))
    everywhere = tuple(item for item in listed if _plays(item, "guard", "wrapper"))
    return Given(tuple(registrars), everywhere, tuple(item for item in listed if _plays(item, "observer")))


def _plays(item: Listed, *wanted: Role) -> bool:
    return bool(roles(item.plugin, item.name) & set(wanted))


@frozen
class Made:
    """How one account is opened, and what its decisions rest on.

    Args:
        limits: JSON, for the journal.
        digest: of the limits.
    """

    recipe: Recipe
    limits: str
    digest: str


def make(
    config: HubConfig,
    found: Plugins,
    given: Given,
    clock: Clock,
    quote: Callable[[str, str], Awaitable[MarketData]],
) -> dict[str, Made]:
    """What every account is made of.

    Raises:
        ConfigError, PluginError: with table and field.
    """
    return {name: _make(config, name, found, given, clock, quote) for name in config.accounts}


def _make(
    config: HubConfig,
    name: str,
    found: Plugins,
    given: Given,
    clock: Clock,
    quote: Callable[[str, str], Awaitable[MarketData]],
) -> Made:
    account = config.accounts[name]
    venue, venue_config = config.venue(name, found)
    guards = config.guards_of(name, found)
    limits, digest = limits_document(account, guards)
    recipe = Recipe(
        name=name,
        config=account,
        venue=venue,
        venue_config=venue_config,
        plugins=(*(guard for guard, _ in guards), *given.everywhere),
        state_dir=config.state / name,
        clock=clock,
        quote=quote,
        demand=demand_of(config, name, found, venue, venue_config),
    )
    return Made(recipe, limits, digest)
