# SPDX-License-Identifier: MIT
"""One alert on its way to its orders: Delivery."""

from __future__ import annotations

from attrs import field, frozen

from ..access.proof import Proof
from ..access.scopes import Caller
from ..config import AlertConfig
from ..limits.crowd import Leave
from .alert import Signal


@frozen(kw_only=True)
class Delivery:
    """What all orders of an alert have in common.

    Args:
        config: how the alerts of its key are taken.
        raw: as it is kept: a body secret blanked.
        written: called with the first order that is written down, see :class:`~fks_exec_server.http.request.Request`.
    """

    caller: Caller
    config: AlertConfig
    proof: Proof
    raw: bytes = field(repr=False)
    signal: Signal
    written: Leave
