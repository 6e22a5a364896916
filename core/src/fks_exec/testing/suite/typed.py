# SPDX-License-Identifier: MIT
"""What holds for the type of a guard and of an observer: its words, and a table that takes no unknown key."""

from __future__ import annotations

import re
from pathlib import Path

from ...convert import from_config
from ...errors import ConfigError
from ...model.extension import API, GuardType, ObserverType

UNKNOWN = "no_such_setting"


def has_its_words(kind: GuardType | ObserverType) -> None:
    """A name that a configuration can list, a summary of one line, and the contract that this core speaks."""
    assert re.fullmatch(r"\w[\w-]*", kind.name, re.ASCII), (
        f"the type is named {kind.name!a}; a configuration lists it by a word of letters, digits, '_' and '-'"
    )
    assert re.fullmatch(r"[^\n]*\w[^\n]*", kind.summary), (
        f"the type {kind.name} has no summary of one line; 'python -m fks_exec' and the documentation show it"
    )
    assert kind.api <= API, f"the type {kind.name} speaks contract {kind.api}, and this core speaks {API}"


def takes_no_unknown_key(kind: GuardType | ObserverType, base: Path) -> None:
    """A limit under a misspelt name would be no limit."""
    try:
        from_config(kind.config, {UNKNOWN: 1}, where="table", base=base)
    except ConfigError as error:
        said = str(error)
    else:
        said = "nothing"
    assert UNKNOWN in said, (
        f"{kind.config.__name__} should refuse the key {UNKNOWN} and name it, and said {said}; make it an attrs class with a "
        "field for each key"
    )
