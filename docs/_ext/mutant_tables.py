# SPDX-License-Identifier: MIT
"""Which class of the suite catches which wrong venue: ``_data/wrong.json``, which a test holds against a run of them all."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from code_tables import table

DATA = Path(__file__).resolve().parents[1] / "_data/wrong.json"


def rows() -> list[dict[str, Any]]:
    """A row for each: ``mutant``, ``wrong``, ``tried_by``, ``caught_by``."""
    found: list[dict[str, Any]] = json.loads(DATA.read_text("utf-8"))
    return found


def mutants() -> str:
    """What is wrong, and who sees it."""
    lines = [(f"`{row['mutant']}`", row["wrong"], ", ".join(f"`{name}`" for name in row["caught_by"])) for row in rows()]
    return table(("wrong", "what it does", "caught by"), lines)


def matrix() -> str:
    """A line for each class: how many it tries, catches, and catches alone."""
    names = list(dict.fromkeys(name for row in rows() for name in row["tried_by"]))
    lines = []
    for name in names:
        caught = [row for row in rows() if name in row["caught_by"]]
        alone = [f"`{row['mutant']}`" for row in caught if row["caught_by"] == [name]]
        tried = sum(name in row["tried_by"] for row in rows())
        lines.append((f"`{name}`", str(tried), str(len(caught)), ", ".join(alone)))
    return table(("class", "tries", "catches", "alone it catches"), lines)


TABLES: Mapping[str, Callable[[], str]] = {"mutants": mutants, "classes": matrix}
"""What the directive ``mutant-table`` takes."""
