# SPDX-License-Identifier: MIT
"""What a TradingView alert means: which account, which instruction, under which id. Pure: bytes in, records out.

Two texts of one alert are the same instruction if they mean the same: ``BUY`` and ``buy``, ``0.10`` and ``".1"``, ``qty`` and
``quantity``, two renderings of one moment. What they mean is compared by the hub, under the id that is made here.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import frozen

from fks_exec import ClosePosition, InvalidOrder, Order, ReversePosition, TargetPosition, parse_json
from fks_exec.model.numbers import decimal

Scalar: TypeAlias = str | int | Decimal
Reader: TypeAlias = Callable[[str, Scalar], object]

_RENDERED = re.compile(rb'(?:"([A-Za-z_]{1,40})"\s*:\s*"?)?(\{\{[^{}"\x00-\x1f]{0,60}\}\})')
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_SECOND, _FIRST_MILLISECOND, _END = 10**9, 10**11, 10**14
_CLOSES = frozenset({"symbol", "action", "strategy", "timenow"})
_TURNS = _CLOSES | {"stop_loss", "take_profit", "confidence"}
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


class NoDedupKey(InvalidOrder):
    """Neither ``id`` nor ``timenow``: next week's equal alert could not be told from this one sent again."""

    def __init__(self) -> None:
        super().__init__("id", 'is missing, and so is timenow; add "timenow": "{{timenow}}" to the alert\'s message')


@frozen(kw_only=True)
class Alert:
    """An alert, understood."""

    account: str
    instruction: Order | ClosePosition | TargetPosition | ReversePosition


def read_alert(raw: bytes, *, key: str, accounts: Sequence[str]) -> Alert:
    """The instruction that an alert's body holds, whatever its content type says.

    Args:
        key: the name of the sender's key; part of the order's id.
        accounts: those that the key may trade.

    Raises:
        NoDedupKey: it says nothing that tells it from another alert.
        InvalidOrder: it is no alert, or no order; the sentence names the field as the alert spells it.
    """
    fields, spelled = _read_fields(_parse(raw))
    account = _account(fields.pop("account", None), accounts)
    client_order_id = _client_order_id(key, account, fields.pop("id", None), raw if "timenow" in fields else None)
    try:
        return Alert(account=account, instruction=_instruction(fields, spelled, client_order_id))
    except InvalidOrder as error:
        raise InvalidOrder(spelled.get(error.field, error.field), error.problem) from None


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        return parse_json(raw)
    except InvalidOrder:
        found = _RENDERED.search(raw)
        if found is not None:
            raise _not_rendered((found[1] or b"").decode(), found[2].decode("utf-8", "replace")) from None
        raise


def _read_fields(data: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    """What each field means, by its own name; and how the alert spells that name."""
    fields: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for name, value in data.items():
        if name not in _FIELDS:
            raise _unknown([other for other in data if other not in _FIELDS])
        if value is None:
            continue
        field, read = _FIELDS[name]
        meant = read(name, _scalar(name, value))
        if field in fields and fields[field] != meant:
            raise InvalidOrder(name, f"differs from {spelled[field]}, which means the same; leave one of them out")
        fields[field], spelled[field] = meant, name
    return fields, spelled


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, str):
        if not value:
            raise InvalidOrder(name, "is empty; fill it in, or leave it out")
        if "{{" in value:
            raise _not_rendered(name, value)
        return value
    if isinstance(value, (int, Decimal)):
        return value
    raise InvalidOrder(name, "holds a list or an object; it takes one text or number")


def _instruction(
    fields: dict[str, Any], spelled: Mapping[str, str], client_order_id: str
) -> Order | ClosePosition | TargetPosition | ReversePosition:
    for name in ("symbol", "action"):
        if name not in fields:
            raise InvalidOrder(name, "is missing")
    if fields["action"] == "close":
        return _close(fields, spelled, client_order_id)
    if fields["action"] == "reverse":
        return ReversePosition(**_turning(fields, spelled, client_order_id, _TURNS))
    if "quantity" not in fields:
        raise InvalidOrder("quantity", "is missing; an order needs one, in base units or contracts")
    if fields["action"] == "target":
        return TargetPosition(**_turning(fields, spelled, client_order_id, _TURNS | {"quantity"}))
    side, signal_time = fields.pop("action"), fields.pop("timenow", None)
    _set_prices(fields, spelled)
    return Order(side=side, signal_time=signal_time, client_order_id=client_order_id, **fields)


def _close(fields: Mapping[str, Any], spelled: Mapping[str, str], client_order_id: str) -> ClosePosition:
    further = [spelled[field] for field in fields if field not in _CLOSES]
    if further:
        raise InvalidOrder(further[0], "does not go with close, which closes all that is held; leave it out, or sell")
    return ClosePosition(
        symbol=fields["symbol"],
        strategy=fields.get("strategy"),
        client_order_id=client_order_id,
        signal_time=fields.get("timenow"),
    )


def _turning(
    fields: Mapping[str, Any], spelled: Mapping[str, str], client_order_id: str, known: frozenset[str]
) -> dict[str, Any]:
    """What a target position and a reverse are made of."""
    action = fields["action"]
    if further := [spelled[field] for field in fields if field not in known]:
        raise InvalidOrder(further[0], f"does not go with {action}, which is filled at the market; leave it out")
    words = {name: value for name, value in fields.items() if name not in ("action", "timenow")}
    return {**words, "client_order_id": client_order_id, "signal_time": fields.get("timenow")}


def _set_prices(fields: dict[str, Any], spelled: Mapping[str, str]) -> None:
    """``limit_price`` makes a limit order. A bare ``price`` does not: in most templates it is the signal's price."""
    limit = fields.pop("limit_price", None)
    order_type = str(fields.get("order_type", "market" if limit is None else "limit"))
    if limit is None:
        if "price" in fields and "limit" not in order_type:
            problem = f"a {order_type} order has none; for a limit order call it limit_price, else leave it out"
            raise InvalidOrder("price", problem)
        return
    if fields.setdefault("price", limit) != limit:
        raise InvalidOrder("price", "differs from limit_price; leave one of them out")
    if "limit" not in order_type:
        raise InvalidOrder("limit_price", f"a {order_type} order has none; leave it out or change {spelled['order_type']}")
    fields["order_type"] = order_type


def _account(named: str | None, accounts: Sequence[str]) -> str:
    if named is None and len(accounts) > 1:
        raise InvalidOrder("account", f"is missing; this key may trade: {', '.join(accounts)}")
    if named is not None and named not in accounts:
        raise InvalidOrder("account", f"{named[:40]!a} is not one that this key may trade: {', '.join(accounts)}")
    return named or accounts[0]


def _client_order_id(key: str, account: str, given: str | None, raw: bytes | None) -> str:
    """The same for the same alert sent again, whoever of several hosts takes it; ``id`` counts before the body."""
    if given is not None:
        kind, what = "id", given.encode("utf-8", "surrogatepass")
    elif raw is not None:
        kind, what = "body", raw
    else:
        raise NoDedupKey
    return "tv-" + hashlib.sha256(f"{key}\0{account}\0{kind}\0".encode() + what).hexdigest()[:32]


def _word(name: str, value: Scalar) -> str:
    return _text(name, value).lower()


def _action(name: str, value: Scalar) -> str:
    action = _word(name, value)
    if action not in ("buy", "sell", "close", "target", "reverse"):
        raise InvalidOrder(name, f"{action[:40]!a} is not one of buy, sell, close, target, reverse")
    return action


def _text(name: str, value: Scalar) -> str:
    if not isinstance(value, str):
        raise InvalidOrder(name, f"{value} is not a text; put it into quotes")
    return value


def _id(name: str, value: Scalar) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(name, value)
    if len(text) > 200 or not text.isprintable():
        raise InvalidOrder(name, "is not a text of 1 to 200 printable characters")
    return text


def _number(name: str, value: Scalar) -> Decimal:
    return decimal(value, name)


def _flag(name: str, value: Scalar) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in ("true", "false"):
        raise InvalidOrder(name, "is neither true nor false")
    return value.lower() == "true"


def _time(name: str, value: Scalar) -> int:
    """Epoch milliseconds from ISO 8601 with its zone, as TradingView renders it, or from epoch seconds or milliseconds."""
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidOrder(name, f"{value!a} is not a date and time that exists") from None
        number = Decimal((moment - _EPOCH) // _MILLISECOND)
    else:
        number = _epoch(name, value)
    if not _FIRST_MILLISECOND <= number < _END:
        raise _no_time(name, value)
    return int(number)


def _epoch(name: str, value: Scalar) -> Decimal:
    try:
        number = decimal(value)
    except InvalidOrder:
        raise _no_time(name, value) from None
    return number * 1000 if _FIRST_SECOND <= number < _FIRST_MILLISECOND else number


def _no_time(name: str, value: Scalar) -> InvalidOrder:
    return InvalidOrder(name, f"{str(value)[:40]!a} is not a time such as 2026-11-22T18:00:00Z, or epoch seconds")


def _not_rendered(name: str, text: str) -> InvalidOrder:
    return InvalidOrder(name, f"the alert's placeholder {text[:60]!a} was not rendered; check its spelling in the message")


def _unknown(names: Sequence[str]) -> InvalidOrder:
    near = difflib.get_close_matches(names[0][:40].lower(), _FIELDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(_FIELDS))}"
    others = f"; unknown too: {', '.join(_shown(name) for name in names[1:6])}" if len(names) > 1 else ""
    return InvalidOrder(_shown(names[0]), f"is unknown; {hint}{others}")


def _shown(name: str) -> str:
    return name if name.isidentifier() and name.isascii() and len(name) <= 40 else f"{name[:40]!a}"


_FIELDS: dict[str, tuple[str, Reader]] = {
    "symbol": ("symbol", _text),
    "ticker": ("symbol", _text),
    "action": ("action", _action),
    "side": ("action", _action),
    "quantity": ("quantity", _number),
    "qty": ("quantity", _number),
    "contracts": ("quantity", _number),
    "order_type": ("order_type", _word),
    "price": ("price", _number),
    "limit_price": ("limit_price", _number),
    "stop_price": ("stop_price", _number),
    "stop_loss": ("stop_loss", _number),
    "sl": ("stop_loss", _number),
    "take_profit": ("take_profit", _number),
    "tp": ("take_profit", _number),
    "time_in_force": ("time_in_force", _word),
    "confidence": ("confidence", _number),
    "strategy": ("strategy", _text),
    "id": ("id", _id),
    "timenow": ("timenow", _time),
    "timestamp": ("timenow", _time),
    "account": ("account", _text),
    "reduce_only": ("reduce_only", _flag),
}
