# SPDX-License-Identifier: MIT
"""From ``module:name`` on a command line to the Trial that it means."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, has

from ..convert import from_config
from ..errors import ConfigError
from ..model.extension import VenueType
from .trial import Counterpart, Trial

REMEDY = "write module:name, where name is a VenueType, a Trial, or what makes one of them or a venue object"


def found(text: str) -> tuple[Trial, Counterpart | None]:
    """What ``module:name`` names: a VenueType, a Trial, or a function or class without arguments that makes one, a venue
    object, a Trial with its Counterpart, or, as ``fks_exec_venues`` does, a list with one VenueType.

    Raises:
        ConfigError: there is no such thing, or it is none of these.
    """
    thing = _named(text)
    if isinstance(thing, Trial):
        return thing, None
    if isinstance(thing, VenueType):
        return Trial(venue=thing), None
    if not callable(thing):
        raise ConfigError(text, f"it is a {type(thing).__name__}, nothing that a venue is made by; {REMEDY}")
    made = _the_only_one(text, _called(text, thing))
    if isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], Trial):
        return made
    if isinstance(made, Trial):
        return made, None
    if isinstance(made, VenueType):
        return Trial(venue=made), None
    if not hasattr(made, "execute_order"):
        raise ConfigError(text, f"it makes a {type(made).__name__} without execute_order; {REMEDY}")
    return Trial(venue=thing, name=text.rpartition(":")[2]), None


def configured(trial: Trial, config: Mapping[str, Any] | None, **changes: Any) -> Trial:
    """The trial with what else stands on the command line.

    Args:
        config: the account's ``config`` table; None: as it is.
        changes: fields of the Trial; None leaves one as it is.

    Raises:
        ConfigError: the venue's configuration does not take it.
    """
    said = {name: value for name, value in changes.items() if value is not None}
    if config is not None and not isinstance(trial.venue, VenueType):
        raise ConfigError("--config", "only a VenueType has a configuration; let the function make a Trial with it")
    if isinstance(trial.venue, VenueType) and (config is not None or (trial.config is None and has(trial.venue.config))):
        said["config"] = from_config(trial.venue.config, config or {}, where="config", base=Path())
    return evolve(trial, **said)


def _the_only_one(text: str, made: object) -> object:
    """What ``fks_exec_venues`` answers is a list: its one type."""
    if not isinstance(made, list):
        return made
    if len(made) == 1:
        return made[0]
    names = ", ".join(str(getattr(each, "name", each)) for each in made) or "an empty list"
    raise ConfigError(text, f"it makes {len(made)} things ({names}); name a function that makes one of them")


def _named(text: str) -> Any:
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise ConfigError(text, f"it has no colon between a module and a name; {REMEDY}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does; a console script does not
    try:
        thing: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        raise ConfigError(text, f"the module {module} cannot be imported ({_said(error)})") from error
    for part in name.split("."):
        if not hasattr(thing, part):
            raise ConfigError(text, f"{module} has no {name}; {REMEDY}")
        thing = getattr(thing, part)
    return thing


def _called(text: str, thing: Any) -> Any:
    try:
        made = thing()
    except (Exception, SystemExit) as error:  # a stranger's function may raise anything
        raise ConfigError(text, f"calling it without arguments raised {_said(error)}; {REMEDY}") from error
    if inspect.iscoroutine(made):
        made.close()
        raise ConfigError(text, f"it is async, and is called without an event loop; {REMEDY} without async")
    return made


def _said(error: BaseException) -> str:
    """What was raised, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
