# SPDX-License-Identifier: MIT
"""``ExchangeCounterpart``: a simulated exchange as the counterpart of a trial, all through HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import aiohttp

from fks_exec.model.numbers import Number, decimal, plain
from fks_exec.model.orders import Side
from fks_exec.testing.trial import CONTROLS, FAULTS, Kind, Placed


class ControlError(Exception):
    """Control did not understand."""


class ExchangeCounterpart:
    """A :class:`~fks_exec.testing.Counterpart` of a simulated exchange.

    Args:
        url: of the exchange, or of its control.
        account: the API key whose orders are told; None: those of all accounts.
        cannot: words of ``FAULTS`` and ``CONTROLS`` that this exchange has no means for.
    """

    def __init__(self, url: str, account: str | None = None, cannot: Iterable[str] = ()) -> None:
        self._url = url
        self._control = ""
        self._account = account
        self._can = frozenset({*FAULTS, *CONTROLS}) - frozenset(cannot)

    @property
    def can(self) -> frozenset[str]:
        """What it is able to do."""
        return self._can

    async def control(self, verb: str, **values: Any) -> Any:
        """Ask control.

        Raises:
            ControlError: it did not understand; its sentence.
        """
        async with aiohttp.ClientSession() as session:
            if not self._control:
                self._control = await _ask(session, self._url, "where", {})
            return await _ask(session, self._control, verb, values)

    async def placed(self) -> Sequence[Placed]:
        """Every order of its book, in the order of their placing."""
        told = await self.control("placed", **({} if self._account is None else {"account": self._account}))
        return [Placed(**{**each, "side": Side(each["side"])}) for each in told]

    async def requests(self) -> int:
        """How many requests to place an order have arrived, protective ones too."""
        return int(await self.control("requests"))

    async def fault(self, word: str, on: Kind = "place", **more: Any) -> None:
        """The next request of a kind meets a fault.

        Args:
            more: ``times``, ``after``, ``code``, ``seconds`` of a :class:`~fks_exec_simulators.exchanges.faults.Fault`.
        """
        await self.control("fault", word=word, on=on, **more)

    async def set_price(self, symbol: str, bid: Number, ask: Number) -> None:
        """Move the market."""
        await self.control("price", symbol=symbol, bid=plain(decimal(bid)), ask=plain(decimal(ask)))

    async def fill(self, order_id: str, quantity: Number | None = None) -> None:
        """Fill an order, all of it if None."""
        more = {} if quantity is None else {"quantity": plain(decimal(quantity))}
        await self.control("fill", order_id=order_id, **more)

    async def release(self) -> None:
        """Requests that hang go on."""
        await self.control("release")

    async def away(self, on: bool) -> None:
        """From now on it cannot be reached, or can again."""
        await self.control("away", on=on)


async def _ask(session: aiohttp.ClientSession, url: str, verb: str, values: dict[str, Any]) -> Any:
    async with session.post(f"{url}/_ctl/{verb}", json=values) as response:
        told = await response.json()
        if response.status != 200:
            raise ControlError(told["error"])
        return told
