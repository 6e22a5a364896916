# SPDX-License-Identifier: MIT
"""``/health/live`` and ``/health/ready``: for the infrastructure, without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http import answers
from ..http.answers import Answer

if TYPE_CHECKING:
    from fks_exec_hub import AccountStatus, ExecutionHub

_SHOWN = 20


def live() -> Answer:
    """The process runs."""
    return answers.of_json(200, {"status": "live"})


def ready(hub: ExecutionHub) -> Answer:
    """Whether the host takes orders, and how each account stands."""
    content = {"status": "ready" if hub.ready else "not ready", "accounts": [_standing(each) for each in hub.status()]}
    return answers.of_json(200 if hub.ready else 503, content)


def unresolved(account: AccountStatus) -> list[str]:
    """The ids of an account's orders of unknown fate, 20 at most."""
    return list(getattr(account, "unresolved", ())[:_SHOWN])


def _standing(account: AccountStatus) -> dict[str, object]:
    return {
        "name": account.name,
        "venue": account.venue,
        "ready": account.ready,
        "reason": account.reason,
        "live": account.live,
        "unresolved": unresolved(account),
        "halt": account.halt,
        "halt_reason": account.halt_reason,
        "breaker": account.breaker,
        "breaker_reason": account.breaker_reason,
    }
