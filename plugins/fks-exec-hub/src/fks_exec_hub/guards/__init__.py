# SPDX-License-Identifier: MIT
"""The hub's own guards: pure checks of an order that may open or enlarge a position, one small class each.

They apply to entries only: whether an order reduces is decided in one place, by the hub, before any guard is asked.
"""

from __future__ import annotations

from fks_exec import GuardType

from .confidence import Confidence, ConfidenceConfig
from .position_size import PositionSize, PositionSizeConfig
from .prices import Prices
from .quantity import Quantity
from .risk_reward import RiskReward, RiskRewardConfig

GUARD_TYPES: tuple[GuardType, ...] = (
    GuardType(
        name="quantity",
        create=Quantity,
        summary="The quantity is on the step, within minimum and maximum, and worth the minimum notional.",
    ),
    GuardType(
        name="prices",
        create=Prices,
        summary="Prices are on the tick; stop loss, take profit and trigger are on the right side.",
    ),
    GuardType(
        name="confidence",
        create=Confidence,
        config=ConfidenceConfig,
        summary="The order's confidence is at least the minimum.",
    ),
    GuardType(
        name="position_size",
        create=PositionSize,
        config=PositionSizeConfig,
        summary="The position after the order is worth at most a percentage of the equity.",
    ),
    GuardType(
        name="risk_reward",
        create=RiskReward,
        config=RiskRewardConfig,
        summary="The way to the take profit is a multiple of the way to the stop loss.",
    ),
)
"""What ``[accounts.NAME] guards`` can list without a prefix."""

__all__ = [
    "GUARD_TYPES",
    "Confidence",
    "ConfidenceConfig",
    "PositionSize",
    "PositionSizeConfig",
    "Prices",
    "Quantity",
    "RiskReward",
    "RiskRewardConfig",
]
