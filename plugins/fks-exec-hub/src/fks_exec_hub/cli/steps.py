# SPDX-License-Identifier: MIT
"""One step of ``fks-exec check``; and the steps that other distributions bring for their ``[plugins.NAME]`` tables.

A host calls :func:`check_tables` before it opens anything: limits under a misspelt name would be no limits.
"""

from __future__ import annotations

import difflib
import importlib.metadata
from collections.abc import Callable, Iterator
from functools import partial

import attrs

from fks_exec.errors import ConfigError, FksExecError
from fks_exec_hub import HubConfig

from ..cli import ELSEWHERE
from .failures import ExitCode

GROUP = "fks_exec.checks"
"""Entry points, each named as its table ``[plugins.NAME]``: they take the HubConfig, and raise ConfigError or return a line."""

_HOSTS = {"server": ELSEWHERE["serve"]}


@attrs.frozen(kw_only=True)
class Step:
    """One thing that was tried.

    Args:
        exit_code: what the process ends with if it failed.
    """

    what: str
    ok: bool
    message: str
    exit_code: ExitCode = ExitCode.CONFIGURATION


def attempt(what: str, action: Callable[[], str]) -> Step:
    """What came of an action, whatever it raises."""
    try:
        return Step(what=what, ok=True, message=action())
    except FksExecError as error:
        return Step(what=what, ok=False, message=str(error))
    except Exception as error:  # a plugin's class may raise anything; the other steps are tried all the same
        return Step(what=what, ok=False, message=f"{type(error).__name__}; the plugin is at fault, see its documentation")


def table_steps(config: HubConfig) -> Iterator[Step]:
    """A step for each ``[plugins.NAME]`` table."""
    points = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    for name in config.plugins:
        yield attempt(f"plugins.{name}", partial(_read, config, name, points))


def check_tables(config: HubConfig) -> None:
    """Refuse what :func:`table_steps` finds.

    Raises:
        ConfigError: a table that no installed host reads, or that the one which reads it refuses.
    """
    failed = [step.message for step in table_steps(config) if not step.ok]
    if failed:
        raise ConfigError("", "; ".join(failed))


def _read(config: HubConfig, name: str, points: dict[str, importlib.metadata.EntryPoint]) -> str:
    if name not in points:
        raise ConfigError(f"plugins.{name}", _nobody(name, sorted(points)))
    said: object = points[name].load()(config)
    return str(said or "")


def _nobody(name: str, known: list[str]) -> str:
    """Why no host reads the table, and what to do."""
    if name in _HOSTS:
        return f"no installed host reads this table; run: pip install {_HOSTS[name]}"
    near = difflib.get_close_matches(name, sorted({*known, *_HOSTS}), n=1)
    hint = f"did you mean plugins.{near[0]}?" if near else f"the tables that are read: {', '.join(known) or 'none'}"
    return f"no installed host reads this table; {hint}"
