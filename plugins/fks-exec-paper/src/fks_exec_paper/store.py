# SPDX-License-Identifier: MIT
"""What an account keeps in its folder, and how a new run finds it again.

``orders.jsonl`` takes one line per step: the orders that changed, whole, with cash and holdings as they are then, and what was
taken of the quotes. The last line that names an order is the truth about it, so that an edited configuration changes no
past. ``quotes.jsonl`` takes the quotes that were set. Each file is rewritten when a good part of its lines is outdated: the
orders at the start, the quotes also in between.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from attrs import evolve

from fks_exec import MarketData, VenueError, from_dict
from fks_exec.convert import to_json

from .config import PaperConfig
from .display import Shown
from .engine import Engine
from .executing import Changes
from .journal import Journal, Tail, corrupt, read, rewrite
from .saved import EARLIER, FORMAT, Head, Saved, Step

_QUOTE_LINES = 10_000
_SPARE, _SPARE_LINES = 1.5, 100


class Store:
    """The folder of one account, held for as long as the account is open.

    Args:
        folder: is made when it is not there.
        currency: of the account; that of the folder must be the same.
        series: of a new account.

    Raises:
        VenueError: the folder is in use, or holds something else, or something damaged.
    """

    def __init__(self, folder: Path, *, currency: str, series: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = _hold(folder / "paper.lock")
        try:
            self.saved: Saved
            self.orders: Journal
            self.saved, self.orders = self._open_orders(Head(format=FORMAT, currency=currency, series=series))
            self.series: str = self.saved.series
            self.quotes_set: dict[str, Shown]
            self.quotes: Journal
            self.quotes_set, self.quotes = self._open_quotes()
        except BaseException:
            self._lock.close()
            raise

    def _open_orders(self, head: Head) -> tuple[Saved, Journal]:
        path = self._folder / "orders.jsonl"
        if not path.exists():
            rewrite(path, [to_json(head)])
        saved = Saved(path)
        tail = read(path, saved.take)
        found = _checked_head(path, saved.head, head)
        earlier, saved.head = found.format != head.format, evolve(found, format=head.format)
        if earlier or tail.lines > _SPARE * saved.count + _SPARE_LINES:
            tail = rewrite(path, saved.lines())
        return saved, Journal(path, tail)

    def _open_quotes(self) -> tuple[dict[str, Shown], Journal]:
        path = self._folder / "quotes.jsonl"
        quotes: dict[str, Shown] = {}

        def take(text: str) -> None:
            try:
                shown = _shown(json.loads(text))
            except ValueError as error:
                raise corrupt(path, f"a quote is not what it should be ({error})") from None
            quotes[shown.quote.symbol] = shown

        tail = read(path, take) if path.exists() else Tail()
        return quotes, Journal(path, tail)

    def write_quote(self, quote: Shown) -> None:
        """Add a quote; old ones are dropped now and then, so that the file stays small."""
        self.quotes_set[quote.quote.symbol] = quote
        if self.quotes.lines >= _QUOTE_LINES + len(self.quotes_set):
            self.quotes.replace([to_json(each) for each in self.quotes_set.values()])
        else:
            self.quotes.append(to_json(quote))

    def probe(self) -> None:
        """Try that the folder can be written, with a file of no meaning.

        Raises:
            OSError: it cannot, or the orders' file is no longer there.
        """
        if not self.orders.in_place():
            raise FileNotFoundError(f"{self.orders.path} was moved or deleted while it was in use")
        probe = self._folder / "paper.probe"
        probe.write_bytes(b"probe")
        probe.unlink()

    def close(self) -> None:
        """Let the folder go."""
        for held in (self.orders, self.quotes, self._lock):
            held.close()


def step_text(changes: Changes, cash: Decimal, counter: int) -> str:
    """The line of one step."""
    orders = tuple(entry for entry, _ in changes.orders)
    return to_json(Step(orders=orders, holdings=changes.holdings, cash=cash, counter=counter, shown=changes.shown))


def restored(config: PaperConfig, store: Store) -> Engine:
    """The engine as a former run left it.

    Raises:
        VenueError: the state holds what the configuration does not list.
    """
    saved, engine = store.saved, Engine(config, store.series)
    orders = saved.orders()
    named = {order.order.symbol for order in orders} | {h.symbol for h in saved.holdings.values() if h.quantity}
    missing = sorted(named - engine.instruments.keys())
    if missing:
        text = f"the state in {saved.path} has orders or holdings of {', '.join(missing)}; list these instruments again"
        raise VenueError(text, code="STATE_MISMATCH")
    turned = sorted(h.symbol for h in saved.holdings.values() if h.quantity and h.key not in engine.ledger.holdings)
    if turned:
        text = f"the state in {saved.path} holds {turned[0]} as hedging was configured before; set hedging back, close it there"
        raise VenueError(text, code="STATE_MISMATCH")
    holdings = [h for h in saved.holdings.values() if h.key in engine.ledger.holdings]
    for raw in saved.archive():
        engine.book.archive(raw)
    if saved.count:
        engine.restore(saved.counter, saved.cash, holdings, orders)
    if config.quotes is None:  # else they are of a time before another account gave them
        engine.display.restore(store.quotes_set.values(), saved.shown)
    return engine


def _shown(data: Any) -> Shown:
    """A line of the quotes' file; the first format had the bare quote in it."""
    bare = isinstance(data, dict) and "quote" not in data
    return Shown(quote=from_dict(MarketData, data)) if bare else from_dict(Shown, data)


def _checked_head(path: Path, found: Head | None, expected: Head) -> Head:
    if found is None:
        raise corrupt(path, "it has no first line")
    if found.format not in (expected.format, *EARLIER):
        raise corrupt(path, f"it is {found.format[:40]!a}, this version reads {expected.format!a}")
    if found.currency != expected.currency:
        raise corrupt(path, f"it counts in {found.currency}, the configuration says currency = {expected.currency!a}")
    return found


def _hold(path: Path) -> IO[bytes]:
    """Lock a folder against a second account; the system lets go when the process ends, however it ends."""
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        text = f"{path.parent} is in use by another account or process; close it, or give this account a folder of its own"
        raise VenueError(text, code="STATE_IN_USE") from None
    return file
