# SPDX-License-Identifier: MIT
"""The hub's own guards: pure checks of an order that may open or enlarge a position, one small class each.

They apply to entries only: whether an order reduces is decided in one place, by the hub, before any guard is asked.
"""

from __future__ import annotations

from fks_exec import GuardType

from .confidence import Confidence, ConfidenceConfig
from .daily_loss import DailyLoss, DailyLossConfig
from .exposure import Exposure, ExposureConfig
from .identical import Identical, IdenticalConfig
from .margin import Margin, MarginConfig
from .open_orders import OpenOrders, OpenOrdersConfig
from .order_notional import OrderNotional, OrderNotionalConfig
from .position_size import PositionSize, PositionSizeConfig
from .price_collar import PriceCollar, PriceCollarConfig
from .prices import Prices
from .quantity import Quantity
from .risk_reward import RiskReward, RiskRewardConfig
from .sessions import Sessions, SessionsConfig
from .symbols import Symbols, SymbolsConfig

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
        summary="The position after the order is worth, binds or risks at most a percentage of the equity.",
    ),
    GuardType(
        name="risk_reward",
        create=RiskReward,
        config=RiskRewardConfig,
        summary="The way to the take profit is a multiple of the way to the stop loss.",
    ),
    GuardType(
        name="order_notional",
        create=OrderNotional,
        config=OrderNotionalConfig,
        summary="No single order is worth more than an amount.",
    ),
    GuardType(
        name="open_orders",
        create=OpenOrders,
        config=OpenOrdersConfig,
        summary="So many orders of the account may be open at once.",
    ),
    GuardType(
        name="exposure",
        create=Exposure,
        config=ExposureConfig,
        summary="One instrument, and all together, may be worth a percentage of the equity or an amount.",
    ),
    GuardType(
        name="margin",
        create=Margin,
        config=MarginConfig,
        summary="An order binds at most a percentage of the free margin.",
    ),
    GuardType(
        name="daily_loss",
        create=DailyLoss,
        config=DailyLossConfig,
        summary="After so large a loss within the day, nothing is opened.",
    ),
    GuardType(
        name="price_collar",
        create=PriceCollar,
        config=PriceCollarConfig,
        summary="Limit and trigger prices are near the quote; no market order across a wide spread.",
    ),
    GuardType(
        name="identical",
        create=Identical,
        config=IdenticalConfig,
        summary="The same order is not sent again within a short time.",
    ),
    GuardType(
        name="sessions",
        create=Sessions,
        config=SessionsConfig,
        summary="Positions are opened within windows of the week only, in one time zone.",
    ),
    GuardType(
        name="symbols",
        create=Symbols,
        config=SymbolsConfig,
        summary="Which instruments may be traded, and on which side.",
    ),
)
"""What ``[accounts.NAME] guards`` can list without a prefix."""

__all__ = [
    "GUARD_TYPES",
    "Confidence",
    "ConfidenceConfig",
    "DailyLoss",
    "DailyLossConfig",
    "Exposure",
    "ExposureConfig",
    "Identical",
    "IdenticalConfig",
    "Margin",
    "MarginConfig",
    "OpenOrders",
    "OpenOrdersConfig",
    "OrderNotional",
    "OrderNotionalConfig",
    "PositionSize",
    "PositionSizeConfig",
    "PriceCollar",
    "PriceCollarConfig",
    "Prices",
    "Quantity",
    "RiskReward",
    "RiskRewardConfig",
    "Sessions",
    "SessionsConfig",
    "Symbols",
    "SymbolsConfig",
]
