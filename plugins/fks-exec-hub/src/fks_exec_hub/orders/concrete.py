# SPDX-License-Identifier: MIT
"""An instruction becomes one order when its turn comes: sized, through zero only as far as zero, and what is to follow."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from fks_exec.account import Account
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import Denial
from fks_exec.model.targets import ReversePosition, SizedOrder, TargetPosition

from ..accounts.desk import Desk
from ..accounts.live import Live, Target
from ..exits.family import ENTRY, LEGS, is_child
from .beside import unknown_quantity
from .clearing import resting_entries
from .scope import CLOSERS, Scope, closes, scope_of
from .sizing import on_ticks, size


@frozen
class Concrete:
    """What is to be sent in an instruction's turn.

    Args:
        target: what it is one step toward.
        inputs: what its quantity was worked out from, for the journal.
    """

    order: Order
    target: Target | None = None
    inputs: Mapping[str, str] = field(factory=dict)


def concrete(desk: Desk, live: Live, account: Account, state: AccountState) -> Concrete | Denial:
    """The order of an instruction, by what is held and known at this moment; or why there is none."""
    instruction, instrument = live.instruction, state.instrument
    if (scope := scope_of(desk, live)) is not None:
        return _closing(desk, live, account, instrument, scope)
    if isinstance(instruction, TargetPosition | ReversePosition):
        return _toward(desk, live, account, instrument, instruction)
    if isinstance(instruction, SizedOrder):
        return _sized(desk, live, account, state, instruction)
    if not isinstance(instruction, Order):
        raise TypeError(f"{type(instruction).__name__} is not known")
    order = on_ticks(instruction, instrument)
    down = _rounds_down(desk, instrument) or desk.book.reduces(order.symbol, order.side, order.quantity)
    whole = quantise(order, instrument, down=down)
    return whole if isinstance(whole, Denial) else _to_zero(desk, live, account, instrument, whole)


def _rounds_down(desk: Desk, instrument: Instrument | None) -> bool:
    spot = instrument is not None and instrument.kind is Kind.SPOT
    return desk.config.quantize == "down" or (desk.config.quantize is None and spot)


def _sized(desk: Desk, live: Live, account: Account, state: AccountState, instruction: SizedOrder) -> Concrete | Denial:
    """Sized once: a further attempt keeps the quantity."""
    if (live.over or live.first_sent is not None) and live.order is not None:
        quantity = live.order.quantity + (ZERO if live.target is None else live.target.entry)
        return _to_zero(desk, live, account, state.instrument, on_ticks(instruction.order(quantity), state.instrument))
    sized = size(instruction, state)
    if isinstance(sized, Denial):
        return sized
    return evolve(_to_zero(desk, live, account, state.instrument, sized.order), inputs=sized.inputs)


def _to_zero(desk: Desk, live: Live, account: Account, instrument: Instrument | None, order: Order) -> Concrete:
    """An order through zero, as far as zero; the rest is opened when that is filled."""
    enforced = enforces_reduce_only(account, instrument)
    if _only_closes(desk, live, account, order):
        return Concrete(evolve(order, stop_loss=None, take_profit=None, reduce_only=enforced))
    exit_ = ZERO if order.reduce_only else _exit_part(desk, live, instrument, order)
    if not exit_:
        return Concrete(order)
    part = evolve(order, quantity=exit_, stop_loss=None, take_profit=None, reduce_only=enforced)
    if live.first_sent is not None and live.reducing and live.target is None:  # some of it was closed since, by something else
        return Concrete(part)
    return Concrete(part, Target(exit=exit_, entry=order.quantity - exit_, chase=False))


def _only_closes(desk: Desk, live: Live, account: Account, order: Order) -> bool:
    """Whether an order closes some of what its strategy holds, and opens nothing that a stop or a target could protect.

    Where a long and a short stand side by side it has to be told from one that opens the other side: a strategy has one.
    """
    if order.stop_loss is None and order.take_profit is None and not account.capabilities.hedging:
        return False
    held = -desk.book.position(live.lane, order.strategy).quantity * order.side.sign
    return 0 < order.quantity <= held and order.quantity <= available(desk, live.lane, order.side)


def _exit_part(desk: Desk, live: Live, instrument: Instrument | None, order: Order) -> Decimal:
    """How much of an order brings what its strategy and the account hold to zero; zero: it does not go through zero."""
    held = -desk.book.position(live.lane, order.strategy).quantity * order.side.sign
    if held <= 0 or order.quantity <= held or live.key.client_order_id.count("~") > 1:
        return ZERO
    part = max(min(held, available(desk, live.lane, order.side)), ZERO)
    return part if instrument is None else instrument.quantity_down(part)


def available(desk: Desk, symbol: str, side: Side) -> Decimal:
    """How much of an instrument can still be closed by orders of one side; below zero, none.

    What orders of unknown fate close may never leave; what is sent beside them has to fit.
    """
    if desk.account is not None and desk.account.capabilities.hedging:  # each side stands by itself
        held = (position.quantity for position in desk.book.positions() if position.symbol == symbol)
        return sum((abs(quantity) for quantity in held if quantity * side.sign < 0), ZERO)
    totals = desk.book.totals(symbol)
    leaving = totals.working_sell if side is Side.SELL else totals.working_buy
    return -totals.position * side.sign - (leaving - unknown_quantity(desk, symbol, side))


def _closing(desk: Desk, live: Live, account: Account, instrument: Instrument | None, scope: Scope) -> Concrete | Denial:
    """A market order for what is held now and not known to be closed by another order."""
    if scope.whole and account.capabilities.hedging and _both_sides(desk, live.lane):
        text = f"{live.lane} is held on both sides by several strategies; close each of them by itself, with strategy"
        return Denial(code="SCOPE_UNSUPPORTED", message=text)
    held = scope.held(desk, live.lane)
    side = Side.SELL if held > 0 else Side.BUY
    if isinstance(live.instruction, Order):
        side = live.instruction.side
    wanted = min(-held * side.sign, available(desk, live.lane, side))
    if isinstance(live.instruction, Order):
        wanted = min(wanted, live.instruction.quantity)
    if wanted <= 0:
        return _nothing(live, scope, held, against(desk, live.lane, scope))
    valid = wanted if instrument is None else instrument.quantity_down(wanted)
    if valid <= 0:
        return dust(live.lane, wanted, instrument)
    order = Order(
        symbol=live.lane,
        side=side,
        quantity=valid,
        reduce_only=enforces_reduce_only(account, instrument),
        client_order_id=live.key.client_order_id,
        strategy=live.instruction.strategy,
        signal_time=live.instruction.signal_time,
    )
    if is_child(live.key.client_order_id):  # the rest is the affair of the order for which it is sent
        return Concrete(order)
    return Concrete(order, Target(exit=wanted, older=_older(desk, live, scope), against=against(desk, live.lane, scope)))


def against(desk: Desk, symbol: str, scope: Scope) -> Decimal:
    """How much of what a scope holds the venue does not: others stand against it, and the venue holds only the sum."""
    if scope.whole or (desk.account is not None and desk.account.capabilities.hedging):
        return ZERO
    held, total = scope.held(desk, symbol), desk.book.totals(symbol).position
    return abs(held) - max(min(abs(held), total * (1 if held > 0 else -1)), ZERO)


def _both_sides(desk: Desk, symbol: str) -> bool:
    return len({position.quantity > 0 for position in desk.book.positions() if position.symbol == symbol}) > 1


def _nothing(live: Live, scope: Scope, held: Decimal, rest: Decimal) -> Denial:
    text = f"nothing of {live.lane} is held by {scope} that is not being closed already; there is nothing to close"
    if rest:
        text = opposed(live.lane, scope, rest, held)
    return Denial(code="NOTHING_TO_CLOSE", message=text, value=plain(held))


def opposed(symbol: str, scope: Scope, quantity: Decimal, held: Decimal) -> str:
    """What of a position cannot be closed, since the orders of other strategies stand against it, and what can be done.

    Args:
        quantity: of it, base units or contracts.
        held: by the scope, signed.
    """
    why = f"{plain(quantity)} of {symbol} are still held by {scope}: other strategies stand against it, so that the venue"
    way = f"{'a sell' if held > 0 else 'a buy'} of {plain(quantity)} for it, which the guards judge as an entry"
    return f"{why}, which holds only the sum, has no more of it to close; send {way}, or give each strategy its own account"


def dust(symbol: str, quantity: Decimal, instrument: Instrument | None) -> Denial:
    """What is held is less than the venue takes."""
    least = None if instrument is None else instrument.min_quantity or instrument.quantity_step
    text = f"{plain(quantity)} of {symbol} are held, less than the venue takes; add to it, or sweep it up at the venue"
    return Denial(code="DUST", message=text, limit=None if least is None else plain(least), value=plain(quantity))


def _older(desk: Desk, live: Live, scope: Scope) -> dict[str, Decimal]:
    """The orders of the scope whose fills may still change what is to be closed: unknown ones, and entries that rest."""
    unknown = [other for name in desk.questions(live.lane) if (other := desk.live.get(name)) is not None]
    others = {id(other): other for other in (*unknown, *resting_entries(desk, live, scope))}
    return {
        other.key.client_order_id: other.booked
        for other in others.values()
        if other is not live and scope.has(other) and other.role not in LEGS
    }


def _toward(
    desk: Desk, live: Live, account: Account, instrument: Instrument | None, instruction: TargetPosition | ReversePosition
) -> Concrete | Denial:
    """The difference between what a strategy holds and what it is to hold, by the market."""
    held = desk.book.position(live.lane, instruction.strategy).quantity
    wanted = instruction.quantity if isinstance(instruction, TargetPosition) else -held
    if not wanted:
        text = f"nothing of {live.lane} is held for this strategy, and nothing has no other side; send an order"
        return Denial(code="NOTHING_TO_REVERSE", message=text)
    difference = abs(wanted - held)
    whole = difference if instrument is None else instrument.quantity_down(difference)
    if not whole:
        text = f"{plain(held)} of {live.lane} are held, and {plain(wanted)} are wanted; there is nothing to send"
        return Denial(code="TARGET_REACHED", message=text, limit=plain(wanted), value=plain(held))
    order = _difference(live, instruction, Side.BUY if wanted > held else Side.SELL, difference)
    if held * wanted < 0:
        split = _to_zero(desk, live, account, instrument, order)
        if split.target is not None:  # what is left of the exit is closed too, before anything is opened
            exit_ = min(abs(held), available(desk, live.lane, order.side))
            rest = abs(wanted) + against(desk, live.lane, Scope(instruction.strategy))  # what no exit can close, the entry does
            opened = rest if instrument is None else instrument.quantity_down(rest)
            return evolve(split, target=Target(exit=exit_, entry=opened))
    if held * wanted > 0 and abs(wanted) < abs(held) and whole <= available(desk, live.lane, order.side):
        enforced = enforces_reduce_only(account, instrument)
        less = evolve(order, quantity=whole, stop_loss=None, take_profit=None, reduce_only=enforced)
        return Concrete(less, Target(exit=difference))
    more = quantise(on_ticks(order, instrument), instrument, down=True)
    return more if isinstance(more, Denial) else Concrete(more)


def _difference(live: Live, instruction: TargetPosition | ReversePosition, side: Side, quantity: Decimal) -> Order:
    return Order(
        symbol=live.lane,
        side=side,
        quantity=quantity,
        stop_loss=instruction.stop_loss,
        take_profit=instruction.take_profit,
        client_order_id=live.key.client_order_id,
        confidence=instruction.confidence,
        strategy=instruction.strategy,
        signal_time=instruction.signal_time,
    )


def entry_after(live: Live, name: str, quantity: Decimal) -> Order:
    """What is opened after the exit of an order through zero, or of a position that is turned round.

    A market order keeps its age: what came too late to open a position is denied as any other, also what is split again.

    Args:
        name: the client's id of the new order.
        quantity: base units or contracts.
    """
    instruction = live.instruction
    if isinstance(instruction, SizedOrder):
        order = instruction.order(quantity)
    elif isinstance(instruction, TargetPosition | ReversePosition) and live.order is not None:
        order = _difference(live, instruction, live.order.side, quantity)
    elif isinstance(instruction, Order):
        order = evolve(instruction, quantity=quantity)
    else:
        raise TypeError(f"nothing is opened after a {type(instruction).__name__}")
    kept = order.price is not None or live.role == ENTRY  # one that was split before has its age, whatever the clock did since
    born = order.signal_time if kept else min(order.signal_time or live.accepted_at, live.accepted_at)
    return evolve(order, client_order_id=name, signal_time=born)


def may_reduce(desk: Desk, live: Live) -> bool:
    """Whether the instruction may turn out to close something, as far as can be told before its turn: then it has no age."""
    if closes(live.instruction) or live.role in CLOSERS:
        return True
    held = desk.book.position(live.lane, live.instruction.strategy).quantity
    if isinstance(live.instruction, TargetPosition | ReversePosition):
        return bool(held)
    if live.role == ENTRY:
        return False
    return held * live.instruction.side.sign < 0 if isinstance(live.instruction, Order | SizedOrder) else False


def enforces_reduce_only(account: Account, instrument: Instrument | None) -> bool:
    """Whether the venue itself keeps a reduce-only order from opening a position."""
    if instrument is not None and instrument.reduce_only is not None:
        return instrument.reduce_only
    return account.capabilities.reduce_only


def quantise(order: Order, instrument: Instrument | None, *, down: bool) -> Order | Denial:
    """An order whose quantity the venue takes; or the denial with the nearest valid quantities."""
    if instrument is None:
        return order
    valid = instrument.quantity_down(order.quantity)
    if valid == order.quantity:
        return order
    too_large = instrument.max_quantity is not None and order.quantity > instrument.max_quantity
    if valid > 0 and down and not too_large:
        return evolve(order, quantity=valid)
    above = None if too_large else instrument.quantity_up(order.quantity)
    nearest = " or ".join(plain(q) for q in (valid, above) if q)
    text = f"{plain(order.quantity)} is no quantity that {order.symbol} takes; the nearest are {nearest}"
    return Denial(code="QUANTITY", message=text, limit=nearest, value=plain(order.quantity))
