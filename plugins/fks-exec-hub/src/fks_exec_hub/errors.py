# SPDX-License-Identifier: MIT
"""What the hub raises beside core's errors and the journal's."""

from __future__ import annotations

from fks_exec.errors import FksExecError


class UnknownAccount(FksExecError, LookupError):
    """No account of this name is configured."""


class UnknownOrder(FksExecError, LookupError):
    """No order of this id was accepted for the account."""


class HubClosed(FksExecError):
    """The hub takes no more orders."""
