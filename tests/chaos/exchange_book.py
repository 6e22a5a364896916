# SPDX-License-Identifier: MIT
"""The simulated exchange of a run: what was asked of it, by the ids of the requests; what stands in its own book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, Protocol

from attrs import define, field, frozen
from exchange_plan import KEY, VENUES, Name

from fks_exec_simulators.exchanges.binance import BinanceExchange
from fks_exec_simulators.exchanges.bybit import BybitExchange
from fks_exec_simulators.exchanges.faults import Fault
from fks_exec_simulators.exchanges.serving import ExchangeServer
from fks_exec_simulators.exchanges.wire import Asked, Kind

PLACING = frozenset({"place", "protect"})
WITHOUT_LIMIT = 10**9

State = Literal["open", "filled", "canceled", "rejected"]

_STATES: Mapping[str, State] = {
    **dict.fromkeys(("NEW", "PENDING_NEW", "PARTIALLY_FILLED"), "open"),
    **dict.fromkeys(("New", "PartiallyFilled", "Untriggered", "Triggered"), "open"),
    **dict.fromkeys(("FILLED", "Filled"), "filled"),
    **dict.fromkeys(("CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"), "canceled"),
    **dict.fromkeys(("Cancelled", "Deactivated", "PartiallyFilledCanceled"), "canceled"),
    **dict.fromkeys(("REJECTED", "Rejected"), "rejected"),
}


@frozen(kw_only=True)
class Placed:
    """One order in the exchange's book.

    Args:
        order_id: the exchange's.
        name: what the client called it; empty for an exit that the exchange made.
        parent: of such an exit, the name of its entry.
        linked: the number of the order list that it is one of; empty: of none.
        role: of an exit.
        quantity, filled: base.
    """

    order_id: str
    name: str
    parent: str
    linked: str
    role: str
    symbol: str
    quantity: Decimal
    filled: Decimal
    state: State


@frozen
class Counts:
    """What arrived.

    Attributes:
        asked: requests to place something, by the client's name for it.
        kinds: all requests.
    """

    asked: Counter[str] = field(factory=Counter)
    kinds: Counter[str] = field(factory=Counter)


class Exchange(Protocol):
    """One of the simulated exchanges here."""

    server: ExchangeServer
    seen: Counts

    def placed(self) -> list[Placed]:
        """Its orders, oldest first."""

    def positions(self) -> dict[str, Decimal]:
        """What is held by canonical symbol, signed; base."""


class _Noting(ExchangeServer):
    """Notes each request before anything is done about it."""

    seen: Counts

    def kinds(self, asked: Asked) -> frozenset[Kind]:
        """As the exchange itself says; asked once for each request."""
        kinds = super().kinds(asked)  # type: ignore[safe-super]
        self.seen.kinds.update(kinds)
        if kinds & PLACING and not asked.path.endswith("trading-stop"):
            self.seen.asked[_name(asked)] += 1
        return kinds


def _name(asked: Asked) -> str:
    """What a request calls the order that it is to place; of a list, its stop."""
    fields: dict[str, Any] = {**dict(asked.in_query), **dict(asked.in_form)}
    if asked.body.startswith(b"{"):
        fields |= asked.json()
    for way in ("above", "below"):
        if str(fields.get(f"{way}Type", "")).startswith("STOP"):
            return str(fields.get(f"{way}ClientOrderId", ""))
    return str(fields.get("newClientOrderId") or fields.get("orderLinkId") or "")


class NotingBinance(_Noting, BinanceExchange):
    """Binance."""


class NotingBybit(_Noting, BybitExchange):
    """Bybit."""


@define
class Binance:
    """Binance spot, with its limits on the number of requests lifted."""

    server: NotingBinance = field(factory=NotingBinance)
    seen: Counts = field(factory=Counts)

    def __attrs_post_init__(self) -> None:
        self.server.seen = self.seen
        many = {"weight": WITHOUT_LIMIT, "orders": WITHOUT_LIMIT, "algorithmic": WITHOUT_LIMIT}
        self.server.verbs()["limits"](**many)

    def placed(self) -> list[Placed]:
        """Its orders."""
        told = {each["order_id"]: each for each in self.server.verbs()["placed"](KEY)}
        return [
            Placed(
                order_id=str(row["orderId"]),
                name=row["clientOrderId"],
                parent="",
                linked="" if row["orderListId"] == -1 else str(row["orderListId"]),
                role=told[str(row["orderId"])]["role"],
                symbol=told[str(row["orderId"])]["symbol"],
                quantity=Decimal(row["origQty"]),
                filled=Decimal(row["executedQty"]),
                state=_STATES[row["status"]],
            )
            for row in self.server.verbs()["book"](KEY)
        ]

    def positions(self) -> dict[str, Decimal]:
        """On spot, what there is of the base currency: there was nothing at first."""
        held = self.server.verbs()["balances"](KEY)
        return {symbol: Decimal(held[symbol.partition("/")[0]]["total"]) for symbol in VENUES["binance"].prices}


@define
class Bybit:
    """Bybit linear."""

    server: NotingBybit = field(factory=NotingBybit)
    seen: Counts = field(factory=Counts)

    def __attrs_post_init__(self) -> None:
        self.server.seen = self.seen

    def placed(self) -> list[Placed]:
        """Its orders, the exits that it made among them."""
        told = {each["order_id"]: each for each in self.server.verbs()["placed"](KEY)}
        return [
            Placed(
                order_id=row["orderId"],
                name=row["orderLinkId"],
                parent=row["parentOrderLinkId"],
                linked="",
                role=told[row["orderId"]]["role"],
                symbol=told[row["orderId"]]["symbol"],
                quantity=Decimal(row["qty"]),
                filled=Decimal(row["cumExecQty"]),
                state=_STATES[row["orderStatus"]],
            )
            for row in self.server.verbs()["orders"](KEY)
        ]

    def positions(self) -> dict[str, Decimal]:
        """Of both symbols."""
        held: Counter[str] = Counter()
        for row in self.server.verbs()["positions"](KEY):
            held[row["symbol"]] += Decimal(row["size"])  # type: ignore[assignment]
        return {symbol: Decimal(held[symbol.partition(":")[0].replace("/", "")]) for symbol in VENUES["bybit"].prices}


def make(name: Name) -> Exchange:
    """A fresh one that does not listen yet."""
    return Binance() if name == "binance" else Bybit()


def break_next(exchange: Exchange, fields: Mapping[str, Any]) -> None:
    """A fault waits for its request."""
    exchange.server.faults.add(Fault(**fields))
