# SPDX-License-Identifier: MIT
"""What the simulated venue declares that it can do."""

from __future__ import annotations

from fks_exec import Capabilities

CAPABILITIES = Capabilities(
    order_types=["market", "limit", "stop", "stop_limit"],
    time_in_force=["gtc", "ioc", "fok"],
    abilities=[
        "cancel_order",
        "fetch_balance",
        "fetch_instrument",
        "fetch_open_orders",
        "fetch_order",
        "fetch_positions",
        "resolve_symbol",
    ],
    protection=["attached"],
    protection_scope="order",
    reduce_only=True,
    post_only=True,
    publishes=True,
    resolution="by_id",
    id_alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:",
    id_length=36,
)
"""The upper bound and, for every account, also what holds; ids are as narrow as those of the large exchanges."""
