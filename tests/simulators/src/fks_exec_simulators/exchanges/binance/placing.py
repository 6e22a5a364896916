# SPDX-License-Identifier: MIT
"""A new order, or an OCO, from the parameters of its request: which are needed by which type, and which are not wanted."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from .matching import Engine
from .parameters import CLIENT_ID, Parameters
from .records import LIMITED, ZERO, OrderList, SpotOrder
from .refusals import NO_BOOK, RELATION, Refused, missing
from .rules import ORDER_TYPES, Symbol

SIDES = ("BUY", "SELL")
ANSWERS = ("ACK", "RESULT", "FULL")
TIMES = ("GTC", "IOC", "FOK")
TIMED = frozenset({"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
STOPPED = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})


def named_symbol(engine: Engine, parameters: Parameters) -> Symbol:
    """The symbol of a request.

    Raises:
        Refused: -1121, there is none.
    """
    symbol = engine.symbols.get(parameters.needed("symbol"))
    if symbol is None:
        raise Refused(-1121)
    return symbol


def client_id(parameters: Parameters, name: str, number: int) -> str:
    """What the client calls it, or a name that the exchange makes.

    Args:
        number: of the order or list.
    """
    return parameters.matching(name, CLIENT_ID) or f"x{number:021d}"


def needed_number(parameters: Parameters, name: str) -> Decimal:
    """A number that is above 0.

    Raises:
        Refused: -1102, -1013, -1100, -1111.
    """
    if name not in parameters:
        raise missing(name)
    number = parameters.number(name)
    if not number:
        raise Refused(-1013, f"Invalid {name}.")
    return number


@frozen(kw_only=True)
class Leg:
    """One order in the parameters of a request; a list's have ``above`` or ``below`` before their names."""

    parameters: Parameters
    prefix: str = ""

    def _name(self, name: str) -> str:
        return self.prefix + name[0].upper() + name[1:] if self.prefix else name

    def made(self, engine: Engine, symbol: Symbol, account: str, side: str, kind: str, quantity: Decimal) -> SpotOrder:
        """The order, its prices and its time in force; what its type has no use for is not wanted.

        Raises:
            Refused: a parameter is missing, of another form, or not wanted.
        """
        parameters, number = self.parameters, engine.book.next_order()
        name = "clientOrderId" if self.prefix else "newClientOrderId"
        made = SpotOrder(
            order_id=number,
            client_id=client_id(parameters, self._name(name), number),
            account=account,
            symbol=symbol.name,
            side=side,
            type=kind,
            quantity=quantity,
            time=engine.now(),
        )
        made.price = self._number("price", wanted=kind in LIMITED)
        made.stop_price = self._number("stopPrice", wanted=kind in STOPPED)
        made.time_in_force = self._time_in_force(kind)
        return made

    def _number(self, name: str, *, wanted: bool) -> Decimal | None:
        if wanted:
            return needed_number(self.parameters, self._name(name))
        self.parameters.unwanted(self._name(name))
        return None

    def _time_in_force(self, kind: str) -> str:
        name = self._name("timeInForce")
        if kind not in TIMED:
            self.parameters.unwanted(name)
            return "GTC"
        self.parameters.needed(name)
        return self.parameters.one_of(name, TIMES, -1115) or "GTC"


def new_order(engine: Engine, parameters: Parameters, account: str) -> SpotOrder:
    """The order of a POST to ``order``; not checked against the market yet.

    Raises:
        Refused: a parameter is missing, of another form, not wanted, or unknown.
    """
    symbol = named_symbol(engine, parameters)
    parameters.needed("side")
    side = parameters.one_of("side", SIDES, -1117) or ""
    parameters.needed("type")
    kind = parameters.one_of("type", ORDER_TYPES, -1116) or ""
    quantity, quote = _quantity(engine, parameters, symbol, side, kind)
    order = Leg(parameters=parameters).made(engine, symbol, account, side, kind, quantity)
    order.quote_quantity = quote
    default = "FULL" if kind in ("MARKET", "LIMIT") else "ACK"
    order.answer = parameters.one_of("newOrderRespType", ANSWERS, -1130) or default
    parameters.finish()
    return order


def _quantity(engine: Engine, parameters: Parameters, symbol: Symbol, side: str, kind: str) -> tuple[Decimal, Decimal]:
    """Base quantity and, where one was sent instead, the quote quantity."""
    if kind != "MARKET" or "quoteOrderQty" not in parameters:
        if kind == "MARKET" and "quantity" not in parameters:
            raise Refused(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!")
        parameters.unwanted("quoteOrderQty")
        return needed_number(parameters, "quantity"), ZERO
    parameters.unwanted("quantity")
    quote, market = needed_number(parameters, "quoteOrderQty"), engine.markets[symbol.name]
    size, quantity = market.size(side == "BUY"), symbol.down(quote / market.price(side == "BUY"))
    if size is not None and size < symbol.least:
        raise Refused(-2010, NO_BOOK)
    return quantity if size is None else min(quantity, size), quote


def new_list(engine: Engine, parameters: Parameters, account: str) -> OrderList:
    """The list of a POST to ``orderList/oco``; not checked against the market yet.

    Raises:
        Refused: as for an order; its legs do not belong together.
    """
    symbol = named_symbol(engine, parameters)
    parameters.needed("side")
    side = parameters.one_of("side", SIDES, -1117) or ""
    quantity = needed_number(parameters, "quantity")
    kinds = [_kind(parameters, name) for name in ("aboveType", "belowType")]
    _check_kinds(side, *kinds)
    number = engine.book.next_list()
    linked = OrderList(
        list_id=number,
        client_id=client_id(parameters, "listClientOrderId", number),
        account=account,
        symbol=symbol.name,
        time=engine.now(),
    )
    for prefix, kind in zip(("below", "above"), reversed(kinds), strict=True):
        leg = Leg(parameters=parameters, prefix=prefix)
        linked.orders.append(leg.made(engine, symbol, account, side, kind, quantity))
    answer = parameters.one_of("newOrderRespType", ANSWERS, -1130) or "RESULT"
    parameters.finish()
    for order in linked.orders:
        order.answer = answer
    return linked


def check_relation(engine: Engine, linked: OrderList) -> None:
    """The last price lies between the two.

    Raises:
        Refused: -2010, it does not.
    """
    last = engine.markets[linked.symbol].last
    below, above = (_reference(order) for order in linked.orders)
    if not below < last < above:
        raise Refused(-2010, RELATION)


def _reference(order: SpotOrder) -> Decimal:
    """Of a limit leg its price, of a stop leg its trigger price; quote."""
    if order.type in ("LIMIT_MAKER", "TAKE_PROFIT_LIMIT"):
        return order.price or ZERO
    return order.stop_price or ZERO


def _kind(parameters: Parameters, name: str) -> str:
    parameters.needed(name)
    return parameters.one_of(name, STOPPED | {"LIMIT_MAKER"}, -1158) or ""


def _check_kinds(side: str, above: str, below: str) -> None:
    """A list has a stop on one side and a target on the other, and each where its side of the market is."""
    buys = side == "BUY"
    stop_side, target_side = (above, below) if buys else (below, above)
    if above == below == "LIMIT_MAKER":
        raise Refused(-1168)
    if stop_side == "LIMIT_MAKER":
        raise Refused(-1165 if buys else -1166)
    if target_side in STOPS:
        raise Refused(-1196 if buys else -1197)
    if stop_side not in STOPS:
        raise Refused(-1198 if buys else -1199)
