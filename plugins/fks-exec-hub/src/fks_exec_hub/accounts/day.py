# SPDX-License-Identifier: MIT
"""A trading day's baseline: what an account was worth when the day began, kept in the journal, and the loss since."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import evolve, frozen

from fks_exec.clock import Clock
from fks_exec.convert import encode
from fks_exec.model.numbers import ZERO, Number, decimal, plain

from ..journal.protocol import Journal, JournalError, Note, Term
from ..money import EXACT
from .settings import DayConfig

log: logging.Logger = logging.getLogger(__name__)

NAMESPACE = "day"
NAME = "start"


@frozen(kw_only=True)
class Baseline:
    """What an account was worth when a day began.

    Args:
        start: of the day, epoch milliseconds.
        equity: the first that was seen since then.
        currency: of the equity; None: not configured.
        seen: when that was, epoch milliseconds; long after ``start`` where no host ran, or its venue did not answer.
        transfers: deposits less withdrawals since then.
        because: of the last transfer.
    """

    start: int
    equity: Decimal
    currency: str | None
    seen: int
    transfers: Decimal = ZERO
    because: str = ""

    @property
    def value(self) -> Decimal:
        """What the day's equity is compared with: that of the start and what was transferred since."""
        return EXACT.add(self.equity, self.transfers)

    def text(self) -> str:
        """JSON, for the journal."""
        return encode(
            {
                "start": self.start,
                "equity": plain(self.equity),
                "currency": self.currency,
                "seen": self.seen,
                "late": (self.seen - self.start) // 1000,
                "transfers": plain(self.transfers),
                "because": self.because,
            }
        )

    @classmethod
    def read(cls, text: str) -> Baseline:
        """What :meth:`text` wrote."""
        kept = json.loads(text)
        return cls(
            start=kept["start"],
            equity=decimal(kept["equity"]),
            currency=kept["currency"],
            seen=kept["seen"],
            transfers=decimal(kept["transfers"]),
            because=kept["because"],
        )


class Day:
    """One account's trading day.

    Args:
        account: its name.
        config: when a day begins.
        currency: of the equity.
        journal, term: where the baseline is kept, and the claim by which it is written; a repair renews that.
        clock: says which day it is.

    The first equity that is seen on a day is what the day is measured by, and it stays so after a restart. Where no host ran
    over the start of the day, that is the first equity after it: the note says how many seconds ``late`` it was.

    ``listeners`` are told the loss since the start (below zero: a gain) and the start's value with each equity that is seen;
    they are plain and do not raise.
    """

    def __init__(
        self, account: str, config: DayConfig, currency: str | None, journal: Journal, term: Callable[[], Term], clock: Clock
    ) -> None:
        self.listeners: list[Callable[[Decimal, Decimal], None]] = []
        self._account = account
        self._config = config
        self._currency = currency
        self._journal = journal
        self._term = term
        self._clock = clock
        self._baseline: Baseline | None = None
        self._stored: Baseline | None = None
        self._end = 0
        self._read = False
        self._lock = asyncio.Lock()
        self._opened = asyncio.Event()

    def start(self) -> Decimal | None:
        """What the account was worth when this day began, with what was transferred since; None when not known."""
        baseline = self._baseline  # it stays so when the clock goes back over the start
        return None if baseline is None or self._clock.now() >= self._end else baseline.value

    async def see(self, equity: Decimal) -> None:
        """The account is worth so much now: the first figure of a day is what the day is measured by."""
        async with self._lock:
            await self._begin(equity)
            baseline = self._baseline
        if baseline is not None:
            for listener in self.listeners:
                listener(EXACT.subtract(baseline.value, equity), baseline.value)

    async def transfer(self, amount: Number, because: str) -> None:
        """Something was paid in (above zero) or taken out (below zero) today, in the account's currency: no profit, no loss.

        Raises:
            ValueError: what the day began with is not known yet; a transfer before that is in it.
            JournalError: it is not durable, and does not count.
        """
        async with self._lock:
            await self._recall()
            if self.start() is None or self._baseline is None:
                raise ValueError("what the account was worth at the start of the day is not known yet; try again in a while")
            transfers = EXACT.add(self._baseline.transfers, decimal(amount, "amount"))
            changed = evolve(self._baseline, transfers=transfers, because=because)
            await self._keep(changed)
            self._baseline = changed

    def opened(self) -> None:
        """The account is open (again): look now."""
        self._opened.set()

    async def run(self, ask: Callable[[], Awaitable[Decimal | None]], every: float) -> None:
        """Look at the equity again and again, and soon after each start of a day.

        Args:
            ask: answers None where nothing can be known.
            every: seconds.
        """
        while True:
            try:
                equity = await ask()
                if equity is not None:
                    await self.see(equity)
            except Exception:  # one look that fails must not end those after it
                log.exception("account %s: the day's equity could not be looked at", self._account)
            now = self._clock.now()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(every, (day_of(now, self._config)[1] - now) / 1000 + 0.001)):
                    await self._opened.wait()
            self._opened.clear()

    async def _begin(self, equity: Decimal) -> None:
        await self._recall()
        if self.start() is None:
            now = self._clock.now()
            start, self._end = day_of(now, self._config)
            self._baseline = Baseline(start=start, equity=equity, currency=self._currency, seen=now)
        if self._baseline is not None and self._baseline != self._stored:
            try:
                await self._keep(self._baseline)
            except JournalError as error:  # it counts meanwhile, and is written with the next look
                log.warning("account %s: the start of the day is not recorded yet: %s", self._account, error)

    async def _recall(self) -> None:
        """What the journal has of this day, once."""
        if self._read:
            return
        note = await self._journal.note(self._account, NAMESPACE, NAME)
        self._read = True
        kept = None if note is None else Baseline.read(note.value)
        if kept is not None and kept.currency == self._currency and kept.start in day_of(kept.start, self._config):
            self._baseline = self._stored = kept
            self._end = day_of(kept.start, self._config)[1]

    async def _keep(self, baseline: Baseline) -> None:
        note = Note(account=self._account, namespace=NAMESPACE, name=NAME, value=baseline.text(), time=self._clock.now())
        await self._journal.write(note, term=self._term())
        self._stored = baseline


def day_of(now: int, config: DayConfig) -> tuple[int, int]:
    """Start and end of the day that a moment lies in, epoch milliseconds.

    A day lasts from its local time to the same local time of the next date: 23 or 25 hours where the clocks change. A local
    time that a change leaves out is as long after midnight as on other days; of one that comes twice the first counts.
    """
    zone, at = ZoneInfo(config.timezone), time.fromisoformat(config.start)
    date = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).date()
    starts = [_moment(datetime.combine(date + timedelta(days=shift), at, zone)) for shift in (-1, 0, 1, 2)]
    index = max(number for number, start in enumerate(starts[:3]) if start <= now)
    return starts[index], starts[index + 1]


def _moment(local: datetime) -> int:
    return int(local.astimezone(UTC).timestamp()) * 1000
