# SPDX-License-Identifier: MIT
"""fks-exec-hub: gives each order a durable, idempotent life."""

from .accounts.halting import HaltAnswer, HaltedOrder
from .accounts.opening import open_account
from .config import HubConfig, load_config
from .engines import open_journal
from .errors import HubClosed, UnknownAccount, UnknownOrder
from .hub import ExecutionHub
from .orders.receipt import Receipt
from .orders.resolve import CannotResolve, Word
from .status import AccountStatus

__all__ = [
    "AccountStatus",
    "CannotResolve",
    "ExecutionHub",
    "HaltAnswer",
    "HaltedOrder",
    "HubClosed",
    "HubConfig",
    "Receipt",
    "UnknownAccount",
    "UnknownOrder",
    "Word",
    "load_config",
    "open_account",
    "open_journal",
]
