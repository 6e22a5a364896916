# SPDX-License-Identifier: MIT
"""The tables of the hooks, made from their specifications: exact arguments, who implements one, what it answers."""

import inspect
from collections.abc import Callable, Iterator, Mapping

from code_tables import table

from fks_exec.hookspecs import GUARD_HOOKS, OBSERVER_HOOKS, VENUE_FIVE, VENUE_PLAIN, ExecutionSpec, RegistrationSpec
from fks_exec_hub.hookspecs import HubSpec

HEAD = ("hook", "arguments", "answers", "implemented by", "may be async")


def hooks(*specs: type) -> Iterator[tuple[type, str, Callable[..., object]]]:
    """Every hook of some specifications, in the order of the source."""
    for spec in specs:
        yield from ((spec, name, hook) for name, hook in vars(spec).items() if not name.startswith("_"))


def rows(*specs: type) -> list[tuple[str, ...]]:
    """A row for each hook."""
    return [_row(*hook) for hook in hooks(*specs)]


TABLES: Mapping[str, Callable[[], str]] = {
    "registration": lambda: table(HEAD, [*rows(RegistrationSpec), *rows(HubSpec)]),
    "execution": lambda: table(HEAD, rows(ExecutionSpec)),
}
"""What the directive ``hook-table`` takes."""


def _row(spec: type, name: str, hook: Callable[..., object]) -> tuple[str, ...]:
    signature = inspect.signature(hook)
    arguments = ", ".join(f"`{each}`" for each in signature.parameters if each != "self")
    answers = "" if signature.return_annotation in ("None", None) else f"`{signature.return_annotation}`"
    link = f"{{py:meth}}`{name} <{spec.__module__}.{spec.__name__}.{name}>`"
    return link, arguments or "none", answers, _by(name), _async(name)


def _by(name: str) -> str:
    if name in VENUE_FIVE:
        return "every venue, exactly once"
    if name in GUARD_HOOKS:
        return "guards"
    if name in OBSERVER_HOOKS:
        return "observers"
    return "a package's module" if name.startswith("fks_exec_") else "a venue, where it can"


def _async(name: str) -> str:
    plain = name in VENUE_PLAIN | GUARD_HOOKS | OBSERVER_HOOKS or name.startswith("fks_exec_")
    return "no" if plain else "yes"
