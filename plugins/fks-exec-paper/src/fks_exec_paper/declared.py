# SPDX-License-Identifier: MIT
"""What the simulated venue declares that it can do: at most, and as one account is configured."""

from __future__ import annotations

from attrs import evolve

from fks_exec import Capabilities

from .config import PaperConfig

CAPABILITIES = Capabilities(
    order_types=["market", "limit", "stop", "stop_limit"],
    time_in_force=["gtc", "ioc", "fok"],
    abilities=[
        "amend_order",
        "cancel_order",
        "close_position",
        "fetch_balance",
        "fetch_instrument",
        "fetch_open_orders",
        "fetch_order",
        "fetch_positions",
        "protect_position",
        "resolve_symbol",
    ],
    protection=["attached", "oco", "reduce_only_pair", "stop_only"],
    protection_scope="order",
    reduce_only=True,
    post_only=True,
    hedging=True,
    publishes=True,
    resolution="by_id",
    id_alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:",
    id_length=36,
)
"""The upper bound; ids are as narrow as those of the large exchanges."""


def narrowed(config: PaperConfig) -> Capabilities:
    """What one account can do: it has one kind of protection, or none."""
    missing = set() if config.amend else {"amend_order"}
    if config.protection == "none":
        missing.add("protect_position")
    return evolve(
        CAPABILITIES,
        abilities=CAPABILITIES.abilities - missing,
        protection=CAPABILITIES.protection & {config.protection},
        hedging=config.hedging,
    )
