# SPDX-License-Identifier: MIT
"""One alert on its way to its orders: Delivery."""

from __future__ import annotations

from attrs import field, frozen

from ..access.proof import Proof
from ..access.scopes import Caller
from ..config import AlertConfig
from .alert import Signal


@frozen(kw_only=True)
class Delivery:
    """What all orders of an alert have in common.

    Args:
        config: how the alerts of its key are taken.
        raw: as it is kept: a body secret blanked.
    """

    caller: Caller
    config: AlertConfig
    proof: Proof
    raw: bytes = field(repr=False)
    signal: Signal
