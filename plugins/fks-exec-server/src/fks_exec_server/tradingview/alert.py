# SPDX-License-Identifier: MIT
"""What a TradingView alert means: which accounts, which instruction, under which id. Pure: bytes in, records out.

Two texts of one alert are the same instruction if they mean the same: ``BUY`` and ``buy``, ``0.10`` and ``".1"``, ``qty`` and
``quantity``, two renderings of one moment. What they mean is compared by the hub, under the id that is made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve, frozen

from fks_exec import ClosePosition, Instruction, InvalidOrder, Order, ReversePosition, SizedOrder, TargetPosition

from .fields import Fields, read_fields
from .meaning import instruction_of, position_size, signal_price


class NoDedupKey(InvalidOrder):
    """Neither ``id`` nor ``timenow``: next week's equal alert could not be told from this one sent again."""

    def __init__(self) -> None:
        super().__init__("id", 'is missing, and so is timenow; add "timenow": "{{timenow}}" to the alert\'s message')


@frozen(kw_only=True)
class Signal:
    """What an alert tells of itself and of its strategy.

    Args:
        time: when it was made, epoch milliseconds.
        position: what the strategy is in after its order: ``long``, ``short`` or ``flat``; after a close that does not say it,
            flat.
        before: what it was in before.
        size: after its order, signed.
        price: what the strategy was calculated with, quote currency.
        exits: whether it can only reduce what is held, by what it says itself; None: it does not say.
        test: nothing is to be sent.
    """

    time: int | None = None
    position: str | None = None
    before: str | None = None
    size: Decimal | None = None
    price: Decimal | None = None
    exits: bool | None = None
    test: bool = False

    @property
    def turns(self) -> bool:
        """The strategy has gone from long to short, or from short to long."""
        return {self.before, self.position} == {"long", "short"}


@frozen(kw_only=True)
class Child:
    """The order of one account; without an id where nothing but the moment tells the alert from an equal one."""

    account: str
    instruction: Instruction

    def named(self, client_order_id: str) -> Child:
        """With this id."""
        return evolve(self, instruction=evolve(self.instruction, client_order_id=client_order_id))


@frozen(kw_only=True)
class Alert:
    """An alert, understood.

    Args:
        children: one order for each account.
        group: the alert named several accounts, or its key spreads it.
    """

    children: tuple[Child, ...]
    signal: Signal
    group: bool = False

    @property
    def account(self) -> str:
        """Of the first order."""
        return self.children[0].account

    @property
    def instruction(self) -> Instruction:
        """The first order."""
        return self.children[0].instruction


def read_alert(
    raw: bytes,
    *,
    key: str,
    accounts: Sequence[str],
    spread: bool = False,
    mode: str = "order",
    windowed: bool = False,
) -> Alert:
    """What an alert's body asks for, whatever its content type says.

    Args:
        raw: as it came, a body secret blanked.
        key: the name of the sender's key; part of each order's id.
        accounts: those that the key may trade.
        spread: an alert that names no account is for all of them.
        mode: of the key, ``order`` or ``target``.
        windowed: an alert with neither id nor time is allowed; its orders have no id yet.

    Raises:
        NoDedupKey: it says nothing that tells it from another alert.
        InvalidOrder: it is no alert, or no order; the sentence names the field as the alert spells it.
    """
    fields = read_fields(raw)
    names = _accounts(fields, accounts, spread=spread)
    try:
        ids = {name: _client_order_id(key, name, fields, raw) for name in names}
        if None in ids.values() and not windowed:
            raise NoDedupKey
        first = instruction_of(fields, None, mode=mode)
        children = tuple(Child(account=name, instruction=evolve(first, client_order_id=ids[name])) for name in names)
        return Alert(children=children, signal=_signal(fields, first), group=spread or "accounts" in fields.values)
    except NoDedupKey:
        raise
    except InvalidOrder as error:
        raise InvalidOrder(fields.spelling(error.field), error.problem) from None


def window_id(key: str, account: str, raw: bytes, moment: int) -> str:
    """The id of an alert that only its moment tells from an equal one.

    Args:
        moment: epoch milliseconds at which the first of its window came.
    """
    return _hashed(key, account, f"window:{moment}", raw)


def _accounts(fields: Fields, accounts: Sequence[str], *, spread: bool) -> tuple[str, ...]:
    one, several = fields.named("account"), fields.named("accounts")
    if one is not None and several is not None:
        raise InvalidOrder("accounts", "stands beside account; leave one of them out")
    named = (one,) if one is not None else several
    if named is None and len(accounts) > 1 and not spread:
        raise InvalidOrder("account", f"is missing; this key may trade: {', '.join(accounts)}")
    for name in named or ():
        if name not in accounts:
            field = "account" if several is None else "accounts"
            raise InvalidOrder(field, f"{name[:40]!a} is not one that this key may trade: {', '.join(accounts)}")
    return tuple(named or (accounts if spread else accounts[:1]))


def _client_order_id(key: str, account: str, fields: Fields, raw: bytes) -> str | None:
    """The same for the same alert sent again, whoever of several hosts takes it; ``id`` counts before the body."""
    given = fields.named("id")
    if given is not None:
        return _hashed(key, account, "id", given.encode("utf-8", "surrogatepass"))
    return _hashed(key, account, "body", raw) if "timenow" in fields.values else None


def _hashed(key: str, account: str, kind: str, what: bytes) -> str:
    return "tv-" + hashlib.sha256(f"{key}\0{account}\0{kind}\0".encode() + what).hexdigest()[:32]


def _signal(fields: Fields, instruction: Instruction) -> Signal:
    position = fields.named("position")
    return Signal(
        time=fields.named("timenow"),
        position=_left_flat(instruction) if position is None else position,
        before=fields.named("before"),
        size=position_size(fields),
        price=signal_price(fields),
        exits=_exits(instruction, position),
        test=fields.named("test", False),
    )


def _left_flat(instruction: Instruction) -> str | None:
    """``flat`` after what closes all that is held."""
    closes = isinstance(instruction, ClosePosition) or (isinstance(instruction, TargetPosition) and not instruction.quantity)
    return "flat" if closes else None


def _exits(instruction: Instruction, position: str | None) -> bool | None:
    """A strategy that sells and is long afterwards has sold a part of what it holds."""
    if isinstance(instruction, ClosePosition):
        return True
    if isinstance(instruction, TargetPosition):
        return not instruction.quantity
    if isinstance(instruction, ReversePosition):
        return False
    if isinstance(instruction, Order) and instruction.reduce_only:
        return True
    if position is None:
        return None
    return isinstance(instruction, Order | SizedOrder) and instruction.side == ("sell" if position == "long" else "buy")
