# SPDX-License-Identifier: MIT
"""The table of the docs is what the installed ccxt is made to send, exchange by exchange."""

import json
from pathlib import Path
from typing import Any

import pytest

from fks_exec_simulators.capability_table import document

DATA = Path(__file__).resolve().parents[2] / "docs/_data/exchanges.json"
RENEW = "look at what differs, then run `python -m fks_exec_simulators.capability_table docs/_data/exchanges.json`"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """As they are made now."""
    found: list[dict[str, Any]] = document()["rows"]
    return found


def test_the_table_of_the_docs_is_that_of_the_installed_ccxt(rows: list[dict[str, Any]]) -> None:
    """An upgrade that changes what an exchange is sent shows up here, and nowhere else first."""
    written = json.loads(DATA.read_text("utf-8"))
    names = lambda found: {(row["exchange"], row["market"]): row for row in found}  # noqa: E731
    assert names(written["rows"]) == names(rows), RENEW


def test_it_has_the_fourteen_exchanges(rows: list[dict[str, Any]]) -> None:
    assert len({row["exchange"] for row in rows}) == 14


def test_eight_of_them_take_a_stop_and_a_target(rows: list[dict[str, Any]]) -> None:
    """As one order, as a list, or as two that only reduce."""
    both = {"attached", "oco", "reduce_only_pair"}
    assert len({row["exchange"] for row in rows if both & set(row["protection"])}) == 8


def test_no_market_offers_a_target_that_the_probe_has_not_seen(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["take_profit"] or "reduce_only_pair" not in row["protection"], row
        assert row["stop_loss"] or "stop_only" not in row["protection"], row
