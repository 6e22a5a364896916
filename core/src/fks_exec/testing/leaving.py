# SPDX-License-Identifier: MIT
"""What stands at the venue before a run and after it: a trial on somebody's account has to leave it as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import field, frozen

from ..account import Account
from ..errors import FksExecError
from ..model.extension import VenueType
from ..model.market import Instrument, Kind
from ..model.numbers import ZERO, plain
from .trial import Trial


@frozen(kw_only=True)
class Standing:
    """What an account has of the instruments of a trial.

    Args:
        held: of each instrument, base units or contracts, signed, with hedging of ``SYMBOL long`` and ``SYMBOL short``;
            None: the venue does not tell.
        orders: the names of those that rest; None: the venue does not tell.
        least: of each instrument, the smallest quantity that its venue takes; what is less cannot be traded back.
    """

    held: Mapping[str, Decimal] | None
    orders: frozenset[str] | None
    least: Mapping[str, Decimal] = field(factory=dict)

    def differences(self, after: Standing) -> Iterator[str]:
        """What is not as it was, in sentences."""
        for symbol in sorted({*(self.held or ()), *(after.held or ())}):
            before, now = ((each.held or {}).get(symbol, ZERO) for each in (self, after))
            if abs(now - before) >= self.least.get(symbol.partition(" ")[0], ZERO) and now != before:
                yield f"{symbol}: {plain(before)} was held before, {plain(now)} is held now; trade the difference back by hand"
        for name in sorted((after.orders or frozenset()) - (self.orders or frozenset())):
            yield f"the order {name} rests, and did not before; cancel it by hand"


@asynccontextmanager
async def opened(trial: Trial) -> AsyncIterator[Account]:
    """An account of the trial, for a look."""
    capabilities = None if isinstance(trial.venue, VenueType) else trial.capabilities
    with TemporaryDirectory(prefix="fks-exec-", ignore_cleanup_errors=True) as folder:
        account = Account(
            "trial",
            trial.make(),
            trial.config,
            capabilities=capabilities,
            state_dir=Path(folder),
            timeout=max(trial.seconds, 10.0),
            live=trial.level == "live",
        )
        async with account:
            yield account


async def standing(trial: Trial) -> Standing:
    """How the account stands now.

    Raises:
        FksExecError: it cannot be opened or asked.
    """
    async with opened(trial) as account:
        rules = [await rules_of(account, symbol) for symbol in (trial.symbol, trial.other_symbol) if symbol]
        names = {instrument.symbol for instrument in rules}
        abilities, orders = account.capabilities.abilities, None
        if "fetch_open_orders" in abilities:
            updates = [each for each in await account.fetch_open_orders() if each.ref.symbol in {*names, None}]
            orders = frozenset(name for each in updates if (name := each.ref.order_id or each.ref.venue_client_order_id))
        return Standing(held=await _held(account, rules), orders=orders, least={each.symbol: least(each) for each in rules})


async def rules_of(account: Account, symbol: str) -> Instrument:
    """The rules of an instrument, as far as the venue tells any."""
    told = await account.fetch_instrument(symbol) if "fetch_instrument" in account.capabilities.abilities else None
    return told or Instrument(symbol=symbol)


def least(rules: Instrument) -> Decimal:
    """The smallest quantity that the venue takes, base units or contracts; zero where it does not tell."""
    return max(rules.min_quantity or ZERO, rules.quantity_step or ZERO)


async def _held(account: Account, rules: list[Instrument]) -> dict[str, Decimal] | None:
    abilities, held = account.capabilities.abilities, {}
    for instrument in rules:
        if instrument.kind is Kind.SPOT and instrument.base is not None and "fetch_balance" in abilities:
            balances = [each for each in await account.fetch_balance() if each.currency == instrument.base]
            held[instrument.symbol] = sum((each.total for each in balances), ZERO)
        elif "fetch_positions" in abilities:
            positions = [each for each in await account.fetch_positions() if each.symbol == instrument.symbol]
            if account.capabilities.hedging:  # a long and a short of one size are not nothing
                held[f"{instrument.symbol} long"] = sum((each.quantity for each in positions if each.quantity > 0), ZERO)
                held[f"{instrument.symbol} short"] = sum((each.quantity for each in positions if each.quantity < 0), ZERO)
            else:
                held[instrument.symbol] = sum((each.quantity for each in positions), ZERO)
    return held or None


async def left_behind(trial: Trial, before: Standing) -> tuple[str, ...]:
    """What is not as it was, looked at until nothing is left or the trial's seconds are over."""
    end = asyncio.get_running_loop().time() + trial.seconds
    while True:
        try:
            after = await standing(trial)
        except FksExecError as error:
            return (f"the account could not be looked at after the run ({error}); compare it with what it was, by hand",)
        found = tuple(before.differences(after))
        if not found or asyncio.get_running_loop().time() > end:
            return (*found, *_untold(after))
        await asyncio.sleep(0.25)


def _untold(after: Standing) -> Iterator[str]:
    if after.held is None:
        yield "the venue tells neither positions nor balances; see for yourself that nothing more is held than before"
    if after.orders is None:
        yield "the venue does not list open orders; see for yourself that no order of the run rests"
