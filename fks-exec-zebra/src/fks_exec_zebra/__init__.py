"""Zebra for fks-exec. This module is what the entry point names; httpx is imported in `create`."""

from fks_exec import Capabilities, VenueType, hookimpl

from .config import ZebraConfig

# CHANGE: what your exchange can do. What is not declared is refused before anything is sent, and
# what is declared is tried by the tests. `python -m pydoc fks_exec.Capabilities` has every field,
# and `python -c "import fks_exec; print(*sorted(fks_exec.ABILITIES))"` the abilities there are.
CAPABILITIES = Capabilities(
    order_types=["market", "limit"],
    abilities=[
        "cancel_order",
        "fetch_order",
        "fetch_open_orders",
        "fetch_positions",
        "fetch_balance",
        "fetch_instrument",
    ],
    reduce_only=True,  # the exchange itself keeps such an order from opening a position
    resolution="by_id",  # it finds an order by the id that we gave it
    request_ttl=5.0,  # it refuses a request that is older, in seconds; no test looks, so be sure
    id_length=32,  # so many characters an id of ours may have
)


def create() -> object:
    """A venue that is not connected; called in a thread, so that a slow import holds up nobody."""
    from .venue import Zebra

    return Zebra()


@hookimpl
def fks_exec_venues() -> list[VenueType]:
    """What this package brings."""
    return [
        VenueType(
            name="zebra",
            create=create,
            config=ZebraConfig,
            capabilities=CAPABILITIES,
            summary="The Zebra exchange",
        )
    ]
