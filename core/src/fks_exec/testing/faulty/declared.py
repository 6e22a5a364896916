# SPDX-License-Identifier: MIT
"""What the simulated venue declares, narrowed or widened by words; and the rules of its instruments."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import evolve

from ...model.account import Capabilities, ProtectionKind
from ...model.market import Instrument, Kind

CAPABILITIES = Capabilities(
    order_types=["market", "limit", "stop"],
    time_in_force=["gtc", "ioc", "fok"],
    abilities=[
        "cancel_order",
        "amend_order",
        "fetch_order",
        "fetch_open_orders",
        "fetch_positions",
        "fetch_balance",
        "fetch_instrument",
    ],
    reduce_only=True,
    post_only=True,
    publishes=True,
    resolution="by_id",
    request_ttl=1.0,
)
"""What it declares unless more is asked for; narrow it with ``attrs.evolve(CAPABILITIES, resolution="none")``."""

ALL = evolve(
    CAPABILITIES,
    abilities=CAPABILITIES.abilities | {"protect_position"},
    protection=["attached", "oco", "reduce_only_pair", "stop_only"],
    hedging=True,
)
"""All that it can be made to declare."""


def declare(
    capabilities: Capabilities,
    *,
    protection: ProtectionKind | Iterable[ProtectionKind] | None,
    amend: bool,
    reduce_only: bool | None,
    hedging: bool | None,
) -> Capabilities:
    """Capabilities as they stand after the words of ``FaultyVenue``; None leaves one as it is."""
    kinds = capabilities.protection if protection is None else frozenset(_words(protection))
    abilities = set(capabilities.abilities)
    if kinds - {"attached"}:
        abilities.add("protect_position")
    if not amend:
        abilities.discard("amend_order")
    return evolve(
        capabilities,
        protection=kinds,
        abilities=abilities,
        reduce_only=capabilities.reduce_only if reduce_only is None else reduce_only,
        hedging=capabilities.hedging if hedging is None else hedging,
    )


def _words(protection: ProtectionKind | Iterable[ProtectionKind]) -> Iterable[ProtectionKind]:
    return (protection,) if isinstance(protection, str) else protection


def instruments(kind: Kind) -> Callable[[str], Instrument]:
    """The rules of each symbol: of a kind, paid in USDT, in steps of 0.001."""

    def instrument(symbol: str) -> Instrument:
        base, _, rest = symbol.partition("/")
        quote = rest.partition(":")[0] or "USDT"
        return Instrument(symbol=symbol, kind=kind, base=base, quote=quote, quantity_step="0.001", min_quantity="0.001")

    return instrument


def default_instrument(symbol: str) -> Instrument:
    """Linear, paid in USDT, in steps of 0.001."""
    return instruments(Kind.LINEAR)(symbol)
