# SPDX-License-Identifier: MIT
"""Broken plugins: each function takes one rule away from the ccxt plugin of its own process. exchanges.py must catch each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fks_exec import hookimpl
from fks_exec.errors import NotSent


def timeout_is_not_sent() -> None:
    """An answer that did not come is taken for proof that nothing was sent."""
    from fks_exec_ccxt.session import connection
    from fks_exec_ccxt.wire import outcomes

    original = outcomes.judged

    def judged(*arguments: Any, **more: Any) -> Exception:
        error = original(*arguments, **more)
        return NotSent(str(error)) if isinstance(error, outcomes.Unsettled) else error

    outcomes.judged = judged
    if hasattr(connection, "judged"):
        connection.judged = judged


def error_is_absence() -> None:
    """A look-up that failed is taken for "no such order"."""
    from fks_exec_ccxt.venue import CCXTPlugin

    original = CCXTPlugin.fetch_order

    @hookimpl
    async def fetch_order(self: Any, ref: Any) -> Any:
        try:
            return await original(self, ref)
        except Exception:
            return None

    CCXTPlugin.fetch_order = fetch_order


MUTANTS: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function for function in (timeout_is_not_sent, error_is_absence)
}
