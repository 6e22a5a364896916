# SPDX-License-Identifier: MIT
"""The guard ``confidence``: the signal is at least as sure as the configuration demands."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import Answer, Denial, Instrument, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain, to_decimal, to_optional

from .settings import share


@frozen(kw_only=True)
class ConfidenceConfig:
    """The table of a guard of type ``confidence``.

    Args:
        minimum: the least confidence that passes, 0 to 1.
        default: what an order without a confidence counts as, 0 to 1; absent: such an order is denied.
    """

    minimum: Decimal = field(default=Decimal("0.6"), converter=to_decimal, validator=share)
    default: Decimal | None = field(default=None, converter=to_optional, validator=share)


@frozen(eq=False)
class Confidence:
    """Denies an order whose confidence is missing or below the minimum; exactly the minimum passes."""

    config: ConfidenceConfig = field(factory=ConfidenceConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "CONFIDENCE_MISSING": denial(
            "The order has no confidence and the configuration no default.",
            "Send a confidence, or configure the guard's default.",
        ),
        "CONFIDENCE_TOO_LOW": denial(
            "The order's confidence is below the minimum.",
            "Nothing, if the signal is as weak as it says; else lower the guard's minimum.",
        ),
    }

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """The order's own confidence, else the default, against the minimum."""
        minimum = self.config.minimum
        confidence = self.config.default if order.confidence is None else order.confidence
        if confidence is None:
            return Denial(
                code="CONFIDENCE_MISSING",
                message="the order has no confidence; send one between 0 and 1, or configure a default",
                limit=plain(minimum),
            )
        if confidence >= minimum:
            return None
        return Denial(
            code="CONFIDENCE_TOO_LOW",
            message=f"the confidence {plain(confidence)} is below the minimum of {plain(minimum)}; "
            "wait for a surer signal, or configure a lower minimum",
            limit=plain(minimum),
            value=plain(confidence),
        )
