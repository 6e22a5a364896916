# SPDX-License-Identifier: MIT
"""What is proved of the crypto exchanges: ``_data/exchanges.json``, which a test holds against the installed ccxt."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from code_tables import table

DATA = Path(__file__).resolve().parents[1] / "_data/exchanges.json"


def document() -> dict[str, Any]:
    """``ccxt``, its version; ``rows``, one for each kind of market of each exchange."""
    found: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return found


def served() -> str:
    """What an account can do."""
    lines = [
        (
            f"`{row['exchange']}` {row['market']}",
            ", ".join(row["order_types"]),
            ", ".join(row["time_in_force"]),
            ", ".join(row["protection"]) or "none",
            _words(row, "reduce_only", "post_only", "amend"),
            row["look_up"],
            row["sandbox"],
        )
        for row in document()["rows"]
    ]
    headings = ("market", "orders", "time in force", "stop and target", "also", "looked up", "without real money")
    return table(headings, lines)


def differing() -> str:
    """Where the probe and ccxt's own table of features differ."""
    lines = []
    for row in document()["rows"]:
        claimed = [word[1:] for word in row["differs"] if word.startswith("-")]
        found = [word[1:] for word in row["differs"] if word.startswith("+")]
        if claimed or found:
            lines.append((f"`{row['exchange']}` {row['market']}", ", ".join(claimed) or "-", ", ".join(found) or "-"))
    return table(("market", "claimed by ccxt, and not served from here", "served, and not claimed"), lines)


def _words(row: Mapping[str, Any], *names: str) -> str:
    return ", ".join(name.replace("_", "-") for name in names if row[name]) or "-"


TABLES: Mapping[str, Callable[[], str]] = {"served": served, "differing": differing}
"""What the directive ``exchange-table`` takes."""
