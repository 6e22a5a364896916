# SPDX-License-Identifier: MIT
"""The guard ``open_orders``: an account has only so many orders that may still fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Order, hookimpl
from fks_exec.codes import Code, denial

from .settings import count


@frozen(kw_only=True)
class OpenOrdersConfig:
    """The table of a guard of type ``open_orders``.

    Args:
        maximum: so many orders of the account may be open at once, the new one included.
    """

    maximum: int = field(validator=count)


@frozen(eq=False)
class OpenOrders:
    """Denies an order when ``maximum`` others of the account may still fill, on whatever instrument.

    Protective orders that the hub placed for what is filled do not count.
    """

    config: OpenOrdersConfig

    codes: ClassVar[Mapping[str, Code]] = {
        "OPEN_ORDERS": denial(
            "So many of the account's orders are open already that no further one may be.",
            "Cancel one, wait until one is filled, or raise the guard's maximum.",
        ),
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The number of open orders, before this one."""
        maximum, others = self.config.maximum, account.open_orders
        if others < maximum:
            return None
        return Denial(
            code="OPEN_ORDERS",
            message=f"{others} orders of the account are open, and {maximum} may be; cancel one or wait until one is filled",
            limit=f"{maximum} orders",
            value=f"{others + 1} orders",
        )
