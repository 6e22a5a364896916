# SPDX-License-Identifier: MIT
"""The tables of docs/codes.md, as Markdown, made from the code: statuses, events, codes by kind."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import attrs

from fks_exec.codes import PLUGIN_STATUSES, STATUSES, CodeKind
from fks_exec.model import events
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.plugins import PluginStatus
from fks_exec_hub.cli.explain import Explained, explained
from fks_exec_hub.codes import ACCOUNT_STATES
from fks_exec_hub.journal.protocol import HaltState


def statuses() -> str:
    """Of an order; success and end as the records themselves say."""
    rows = [(f"`{status}`", STATUSES[status], _success(status), "yes" if status.terminal else "no") for status in Status]
    return table(("status", "meaning", "success", "ended"), rows)


def words(members: type[StrEnum], meanings: Mapping[StrEnum, str]) -> str:
    """Of an account, of a plugin."""
    return table(("status", "meaning"), [(f"`{member}`", meanings[member]) for member in members])


def event_types() -> list[type[events.Event]]:
    """What observers may hear, in the order of the source."""
    kinds = [each for each in vars(events).values() if inspect.isclass(each) and issubclass(each, events.Event)]
    return [kind for kind in kinds if kind is not events.Event]


def event_table() -> str:
    """The events: name, when, fields beside those that all have."""
    return table(("event", "when", "fields"), [(_reference(kind), _when(kind), _fields(kind)) for kind in event_types()])


def codes(kind: CodeKind) -> str:
    """All codes of one kind."""
    [word] = kind.words
    rows = [(f"`{each.code}`", each.meaning, each.remedy, _origins(each)) for each in explained() if word in each.kinds]
    return table(("code", "meaning", "what to do", "from"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "statuses": statuses,
    "account-states": lambda: words(HaltState, ACCOUNT_STATES),
    "plugin-statuses": lambda: words(PluginStatus, PLUGIN_STATUSES),
    "events": event_table,
    **{f"{kind.words[0]}s": lambda kind=kind: codes(kind) for kind in CodeKind},
}
"""What the directive ``code-table`` takes."""


def _success(status: Status) -> str:
    without, filled = (ExecutionResult(status=status, filled_quantity=n).success for n in (0, 1))
    if without == filled:
        return "yes" if without else "no"
    return "when something was filled"


def _reference(kind: type) -> str:
    return f"{{py:class}}`{kind.__name__} <{kind.__module__}.{kind.__qualname__}>`"


def _when(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())


def _fields(kind: type) -> str:
    common = {field.name for field in attrs.fields(events.Event)}
    return ", ".join(f"`{field.name}`" for field in attrs.fields(kind) if field.name not in common)


def _origins(each: Explained) -> str:
    """By distribution, with what of it in brackets."""
    parts: dict[str, list[str]] = {}
    for origin in each.origins:
        distribution, _, part = origin.partition(" ")
        parts.setdefault(distribution, []).extend([part.strip("()")] if part else [])
    return "; ".join(name + (f": {', '.join(inner)}" if inner else "") for name, inner in parts.items())


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(headers)
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
