# SPDX-License-Identifier: MIT
"""Money: cash, what is held of each instrument, what is set aside for resting orders.

All sums are exact (the engine computes with 80 digits; fees and the cost of a part are rounded to 1e-12 once): what one
side gains the other loses, and only fees leave the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Context, Decimal

from attrs import frozen

from fks_exec import Kind, Side

from .records import ZERO, Holding, PaperOrder

EXACT = Context(prec=80)
"""So many digits that no sum of money is ever rounded."""

_GRAIN = Decimal("1e-12")
_BOTH = ("long", "short")

Mark = Callable[[str, Side], Decimal | None]
"""What one would get or pay now for an instrument."""


def grain(amount: Decimal) -> Decimal:
    """Round money to 1e-12 of the currency; what has fewer digits stays as it is."""
    rounded = amount.quantize(_GRAIN)
    return amount if rounded == amount else rounded


@frozen(kw_only=True)
class Charge:
    """The fee of one execution: in the account's currency, or in what was bought."""

    cash: Decimal = ZERO
    base: Decimal = ZERO


class Ledger:
    """The books of one account.

    Args:
        cash: in the account's currency.
        kinds: of every instrument, by symbol.
        leverage: notional of contracts that one unit of equity carries.
        hedging: a long and a short of a contract stand side by side.
    """

    def __init__(self, cash: Decimal, kinds: dict[str, Kind], leverage: Decimal, *, hedging: bool = False) -> None:
        self.cash: Decimal = cash
        held = [
            Holding(symbol=symbol, ticket=ticket)
            for symbol, kind in kinds.items()
            for ticket in (_BOTH if hedging and kind is not Kind.SPOT else ("",))
        ]
        self.holdings: dict[str, Holding] = {holding.key: holding for holding in held}
        self.reserved_cash: Decimal = ZERO
        self.reserved_base: dict[str, Decimal] = dict.fromkeys(kinds, ZERO)
        self._kinds = kinds
        self._leverage = leverage

    def restore(self, cash: Decimal, holdings: Iterable[Holding], resting: Iterable[PaperOrder]) -> None:
        """Go on with what a former run left."""
        self.cash = cash
        for holding in holdings:
            self.holdings[holding.key] = holding
        for entry in resting:
            self._set_aside(entry, 1)

    def holding(self, symbol: str, side: Side, *, reducing: bool) -> Holding:
        """What an order of that side changes; side by side a buy enlarges the long, and reduces the short."""
        single = self.holdings.get(symbol)
        if single is not None:
            return single
        long = (side is Side.BUY) is not reducing
        return self.holdings[f"{symbol} {_BOTH[0] if long else _BOTH[1]}"]

    def quantity(self, symbol: str) -> Decimal:
        """What is held, base units; negative is short; long and short added up where they stand side by side."""
        single = self.holdings.get(symbol)
        if single is not None:
            return single.quantity
        return sum((self.holdings[f"{symbol} {ticket}"].quantity for ticket in _BOTH), ZERO)

    def reducible(self, symbol: str, side: Side) -> Decimal:
        """How much an order of that side can take from what is held; zero when it would open or enlarge."""
        return max(ZERO, -side.sign * self.holding(symbol, side, reducing=True).quantity)

    def free_base(self, symbol: str) -> Decimal:
        """What of a spot holding no resting sell has set aside."""
        return max(ZERO, self.quantity(symbol) - self.reserved_base[symbol])

    def free_cash(self, mark: Mark) -> Decimal:
        """What can be spent, or serve as margin: after reservations, margin and open losses."""
        open_profit = sum((self.profit(h, mark) or ZERO for h in self._contracts()), ZERO)
        margin = sum((abs(h.cost) for h in self._contracts()), ZERO) / self._leverage
        return self.cash - self.reserved_cash - margin + open_profit

    def spendable(self, mark: Mark) -> Decimal:
        """What can buy things: as free cash, but open profits of contracts are not money yet."""
        return min(self.free_cash(mark), self.cash - self.reserved_cash)

    def margin_for(self, symbol: str, side: Side, quantity: Decimal, price: Decimal) -> Decimal:
        """What a contract order needs: margin for what it enlarges; nothing for what it closes."""
        held = self.holding(symbol, side, reducing=False).quantity
        return max(ZERO, abs(held + side.sign * quantity) - abs(held)) * price / self._leverage

    def profit(self, holding: Holding, mark: Mark) -> Decimal | None:
        """What closing now would bring above the cost; None without a quote."""
        if not holding.quantity:
            return ZERO
        price = mark(holding.symbol, Side.SELL if holding.quantity > 0 else Side.BUY)
        return None if price is None else holding.quantity * price - holding.cost

    def equity(self, mark: Mark) -> Decimal | None:
        """What the account is worth now, all sold at the bid and bought at the ask; None when a quote is missing."""
        total = self.cash
        for holding in self.holdings.values():
            profit = self.profit(holding, mark)
            if profit is None:
                return None
            total += profit + (holding.cost if self._kinds[holding.symbol] is Kind.SPOT else ZERO)
        return total

    def reserve(self, entry: PaperOrder, cash: Decimal, base: Decimal) -> None:
        """Set money and things aside for a resting order."""
        entry.reserved_cash, entry.reserved_base = cash, base
        self._set_aside(entry, 1)

    def release(self, entry: PaperOrder) -> None:
        """Give back what was set aside for an order."""
        self._set_aside(entry, -1)
        entry.reserved_cash = entry.reserved_base = ZERO

    def book(self, holding: Holding, side: Side, quantity: Decimal, price: Decimal, charge: Charge) -> None:
        """One execution: things, cost, profit, cash."""
        signed = side.sign * quantity
        closing = min(quantity, max(ZERO, -side.sign * holding.quantity))
        profit = self._close_part(holding, closing, price)
        holding.cost += side.sign * (quantity - closing) * price
        holding.quantity += signed - charge.base
        self.cash += (-signed * price if self._kinds[holding.symbol] is Kind.SPOT else profit) - charge.cash

    def _close_part(self, holding: Holding, closing: Decimal, price: Decimal) -> Decimal:
        if not closing:
            return ZERO
        size = abs(holding.quantity)
        cost = holding.cost if closing == size else grain(holding.cost * closing / size)
        profit = closing * price * (1 if holding.quantity > 0 else -1) - cost
        holding.cost -= cost
        holding.realized += profit
        return profit

    def _contracts(self) -> Iterable[Holding]:
        return (h for h in self.holdings.values() if h.quantity and self._kinds[h.symbol] is not Kind.SPOT)

    def _set_aside(self, entry: PaperOrder, sign: int) -> None:
        self.reserved_cash += sign * entry.reserved_cash
        self.reserved_base[entry.order.symbol] += sign * entry.reserved_base
