# SPDX-License-Identifier: MIT
"""What an alert asks for: its fields as one instruction. Pure.

A strategy's alert says two things: the order that its backtest made, and the position that it is in afterwards. Where that
position is flat, the alert is a close, whatever its order is: the stop may have been hit already, and a plain sell would open
a short.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fks_exec import ClosePosition, Instruction, InvalidOrder, Order, ReversePosition, SizedOrder, TargetPosition

from .fields import Fields

_STRATEGY = ("strategy", "order_id", "position", "before", "position_size")
"""Fields that only a strategy's alert has; beside one of them a ``price`` is what the strategy was calculated with."""
_ABOUT = frozenset({"symbol", "exchange", "action", "strategy", "timenow", "signal_price", "test", "secret", "accounts"})
_ABOUT |= {"id", "order_id", "account", "position", "before", "position_size"}
"""Fields about the signal; they go with everything."""
_OPENING = frozenset({"stop_loss", "take_profit", "confidence"})


def instruction_of(fields: Fields, client_order_id: str | None, *, mode: str = "order") -> Instruction:
    """The instruction of an alert.

    Args:
        mode: of the key, ``order`` or ``target``.

    Raises:
        InvalidOrder: it cannot be meant; the sentence names the field by its own name.
    """
    common = {"symbol": _symbol(fields), "strategy": fields.named("strategy"), "client_order_id": client_order_id}
    common["signal_time"] = fields.named("timenow")
    action, position = fields.named("action"), fields.named("position")
    if position == "flat":
        return ClosePosition(**common)
    if mode == "target" and position is not None and action in (None, "buy", "sell"):
        return TargetPosition(**common, **_opening(fields), quantity=_position(fields))
    if action is None:
        raise InvalidOrder("action", "is missing")
    if action == "close":
        _only(fields, _ABOUT, "close, which closes all that is held; leave it out, or sell")
        return ClosePosition(**common)
    if action in ("target", "reverse"):
        return _turning(fields, action, common)
    if mode == "target":
        raise InvalidOrder("market_position", 'is missing; a key with mode = "target" needs it, and position_size')
    return _order(fields, common)


def signal_price(fields: Fields) -> Decimal | None:
    """What the strategy was calculated with, quote currency; never a limit."""
    price: Decimal | None = fields.named("signal_price")
    if price is None and _is_signals(fields):
        price = fields.named("price")
    return price if price is not None and price > 0 else None


def position_size(fields: Fields) -> Decimal | None:
    """How much the strategy holds after its order, signed; None where the alert does not say it.

    Raises:
        InvalidOrder: side and size contradict each other.
    """
    position = fields.named("position")
    size: Decimal | None = fields.named("position_size")
    if position == "flat":
        return Decimal(0)
    if position is None or size is None:
        return None
    if size == 0 or (position == "long" and size < 0):
        raise InvalidOrder("position_size", f"{size} is not the size of a {position} position")
    return abs(size) if position == "long" else -abs(size)


def _symbol(fields: Fields) -> str:
    if "symbol" not in fields.values:
        raise InvalidOrder("symbol", "is missing")
    symbol, exchange = str(fields.named("symbol")), fields.named("exchange")
    prefix, colon, _ = symbol.partition(":")
    if exchange is None or (colon and prefix.upper() == exchange.upper()):
        return symbol
    if colon:
        raise InvalidOrder("exchange", f"{exchange[:40]!a} differs from the one in {fields.spelling('symbol')}; leave one out")
    return f"{exchange}:{symbol}"


def _position(fields: Fields) -> Decimal:
    """The target, where the key's mode is one."""
    _only(
        fields,
        _ABOUT | _OPENING | {"quantity", "price", "unit", "order_type"},
        "a target, which is filled at the market; leave it out",
    )
    if fields.named("unit", "contracts") != "contracts" or fields.named("order_type", "market") != "market":
        raise InvalidOrder("unit", "does not go with a target, which is the position_size of the strategy at the market")
    size = position_size(fields)
    if size is None:
        raise InvalidOrder("position_size", 'is missing; a key with mode = "target" needs it beside market_position')
    return size


def _turning(fields: Fields, action: str, common: dict[str, Any]) -> Instruction:
    known = _ABOUT | _OPENING | ({"quantity"} if action == "target" else set()) | ({"price"} if _is_signals(fields) else set())
    _only(fields, known, f"{action}, which is filled at the market; leave it out")
    if action == "reverse":
        return ReversePosition(**common, **_opening(fields))
    return TargetPosition(**common, **_opening(fields), quantity=_quantity(fields))


def _order(fields: Fields, common: dict[str, Any]) -> Instruction:
    unit = fields.named("unit", "contracts")
    rest: dict[str, Any] = {name: fields.named(name) for name in ("time_in_force", "stop_price") if name in fields.values}
    made: dict[str, Any] = {**common, "side": fields.named("action"), **_opening(fields), **rest, **_prices(fields)}
    if unit == "contracts":
        return Order(**made, quantity=_quantity(fields), reduce_only=fields.named("reduce_only", False))
    if fields.spelling("quantity") == "contracts":
        raise InvalidOrder("unit", f"{unit} is no unit of contracts; call the number quantity")
    if fields.named("reduce_only"):
        raise InvalidOrder("reduce_only", f"does not go with the unit {unit}; say contracts, or close")
    return SizedOrder(**made, size=_quantity(fields), size_type=unit)


def _quantity(fields: Fields) -> Decimal:
    if "quantity" not in fields.values:
        raise InvalidOrder("quantity", "is missing; an order needs one, in base units or contracts")
    quantity: Decimal = fields.named("quantity")
    return quantity


def _opening(fields: Fields) -> dict[str, Any]:
    return {name: fields.named(name) for name in _OPENING if name in fields.values}


def _only(fields: Fields, known: frozenset[str] | set[str], what: str) -> None:
    if further := [name for name in fields.values if name not in known]:
        raise InvalidOrder(further[0], f"does not go with {what}")


def _is_signals(fields: Fields) -> bool:
    """Whether a ``price`` is the signal's: most templates hold it, and as a limit it would keep an exit from being filled."""
    if "limit" in fields.named("order_type", ""):
        return False
    return any(name in fields.values for name in _STRATEGY) or fields.spelled.get("quantity") == "contracts"


def _prices(fields: Fields) -> dict[str, Any]:
    """``limit_price`` makes a limit order, and so does the ``price`` of an alert that is no strategy's."""
    limit, price = fields.named("limit_price"), fields.named("price")
    if price is not None and _is_signals(fields):
        price = None
    if limit is not None and price is not None and limit != price:
        raise InvalidOrder("price", "differs from limit_price; leave one of them out")
    order_type = str(fields.named("order_type", "market" if limit is None and price is None else "limit"))
    if "limit" in order_type:
        return {"order_type": order_type, "price": price if limit is None else limit}
    if price is not None:
        raise InvalidOrder("price", f"a {order_type} order has none; for a limit order call it limit_price, else leave it out")
    if limit is not None:
        problem = f"a {order_type} order has none; leave it out or change {fields.spelling('order_type')}"
        raise InvalidOrder("limit_price", problem)
    return {"order_type": order_type}
