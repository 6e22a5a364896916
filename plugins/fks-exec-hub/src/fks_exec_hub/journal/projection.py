# SPDX-License-Identifier: MIT
# ruff: noqa: S608 -- the texts are made of names that stand in this package
"""The tables that the reads use, as changes gathered in memory and stored once per group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import apsw

from .bulk import LARGEST, BulkInsert, question_marks
from .protocol import (
    FillStep,
    HaltRecord,
    HaltStep,
    Intent,
    JournalStep,
    Key,
    NamedStep,
    Note,
    NoteRecord,
    Outcome,
    PositionStep,
)
from .state import DONE, OrderState

_NEWEST_EVENT = "DO UPDATE SET event = excluded.event"
_ORDERS = BulkInsert(
    "orders",
    7,
    "ON CONFLICT (position) DO UPDATE SET state = excluded.state, attempt = excluded.attempt, outcome = excluded.outcome",
)
_NAMES = BulkInsert(
    "names",
    3,
    "ON CONFLICT (account, venue_client_order_id) DO UPDATE SET order_position = max(order_position, excluded.order_position)",
)
_FILLS = BulkInsert("fills", 3)
_POSITIONS = BulkInsert("positions", 4, f"ON CONFLICT (account, lane, strategy) {_NEWEST_EVENT}")
_HALTS = BulkInsert("halts", 2, f"ON CONFLICT (account) {_NEWEST_EVENT}")
_NOTES = BulkInsert("notes", 4, f"ON CONFLICT (account, namespace, name) {_NEWEST_EVENT}")
_STEPS = BulkInsert("steps", 3, f"ON CONFLICT (order_position, name) {_NEWEST_EVENT}")

_ORDER_COLUMNS = "o.position, o.client_order_id, o.lane, o.state, o.attempt, o.outcome"
_ORDER_AT = f"SELECT a.name, {_ORDER_COLUMNS} FROM orders AS o JOIN accounts AS a ON a.id = o.account WHERE o.position = ?"
_SOME_ORDERS = [
    f"SELECT {_ORDER_COLUMNS} FROM orders AS o WHERE account = ? AND client_order_id IN ({question_marks(count)})"
    for count in range(1, LARGEST + 1)
]

_SOME_TRADES = [
    f"SELECT trade_id FROM fills WHERE account = ? AND trade_id IN ({question_marks(count)})" for count in range(1, LARGEST + 1)
]

#: So many unfinished orders are kept in memory; beyond that they are read again when needed.
KEPT = 50_000


class Projection:
    """What the conditions look at and what the steps change; one transaction at a time, in one thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Drop everything that is not in the file: after a rollback."""
        self._accounts: dict[str, int] = {}
        self._orders: dict[Key, OrderState | None] = {}
        self._halts: dict[str, HaltRecord | None] = {}
        self.stored_trades: set[tuple[int, str]] = set()
        self._forget_changes()

    def _forget_changes(self) -> None:
        self._changed: dict[int, OrderState] = {}
        self._new_names: dict[tuple[int, str], int] = {}
        self.new_fills: dict[tuple[int, str], int] = {}
        self.new_notes: dict[tuple[int, str, str], tuple[int, NoteRecord]] = {}
        self._new_positions: dict[tuple[int, str, str], int | None] = {}
        self._new_halts: dict[int, int] = {}
        self._new_steps: dict[tuple[int, str], int] = {}

    def account_id(self, name: str) -> int:
        """The short form of an account's name; a new one is stored at once."""
        known = self._accounts.get(name)
        if known is None:
            self._connection.execute("INSERT OR IGNORE INTO accounts (name) VALUES (?)", (name,))
            known = self._connection.execute("SELECT id FROM accounts WHERE name = ?", (name,)).get
            self._accounts[name] = known
        return known

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Read what the file knows of these orders, all in one statement."""
        missing: dict[str, list[str]] = {}
        for key in keys:
            if key not in self._orders:
                self._orders[key] = None
                missing.setdefault(key.account, []).append(key.client_order_id)
        for account, ids in missing.items():
            for start in range(0, len(ids), LARGEST):
                self._read(account, ids[start : start + LARGEST])

    def _read(self, account: str, ids: list[str]) -> None:
        for row in self._connection.execute(_SOME_ORDERS[len(ids) - 1], (self.account_id(account), *ids)):
            order = _order(account, *row)
            self._orders[order.key] = order

    def prefetch_trades(self, trades: Iterable[tuple[str, str]]) -> None:
        """Read which of these (account, trade id) the file has, all in one statement for each account."""
        self.stored_trades.clear()
        asked: dict[str, list[str]] = {}
        for account, trade_id in trades:
            asked.setdefault(account, []).append(trade_id)
        for account, ids in asked.items():
            number = self.account_id(account)
            for start in range(0, len(ids), LARGEST):
                some = ids[start : start + LARGEST]
                rows = self._connection.execute(_SOME_TRADES[len(some) - 1], (number, *some))
                self.stored_trades.update((number, trade_id) for (trade_id,) in rows)

    def order_state(self, key: Key) -> OrderState | None:
        """One order."""
        if key not in self._orders:
            self.prefetch([key])
        return self._orders[key]

    def order_at(self, position: int) -> OrderState:
        """The order whose accept stands at a position, this group's changes included."""
        if position in self._changed:
            return self._changed[position]
        rows: list[Any] = self._connection.execute(_ORDER_AT, (position,)).fetchall()
        for row in rows:
            return _order(*row)
        raise LookupError(f"no order was accepted at position {position}")

    def halt(self, account: str) -> HaltRecord | None:
        """What a halt of this process said last; None if not known here."""
        return self._halts.get(account)

    def learn_halt(self, account: str, record: HaltRecord) -> None:
        """Remember what the file says."""
        self._halts[account] = record

    def accept(self, key: Key, lane: str, position: int) -> OrderState:
        """A new order."""
        order = OrderState(position=position, key=key, lane=lane)
        self._orders[key] = self._changed[position] = order
        return order

    def apply(self, step: JournalStep, position: int, account: int, order: OrderState | None) -> None:
        """What a step other than an accept changes."""
        if order is not None:
            self._apply_to_order(step, position, account, order)
        elif isinstance(step, HaltStep):
            record = HaltRecord(state=step.state, reason=step.reason, time=step.time)
            self._halts[step.account] = record
            self._new_halts[account] = position
        elif isinstance(step, Note):
            note = NoteRecord(value=step.value, number=step.number)
            self.new_notes[account, step.namespace, step.name] = (position, note)
        elif isinstance(step, PositionStep):
            place = (account, step.lane, step.strategy)
            self._new_positions[place] = position if step.position else None

    def _apply_to_order(self, step: JournalStep, position: int, account: int, order: OrderState) -> None:
        if isinstance(step, Intent):
            order.intend(step)
            self._changed[order.position] = order
            if step.venue_client_order_id:
                self._name((account, step.venue_client_order_id), order)
        elif isinstance(step, Outcome):
            order.learn(step, position)
            self._changed[order.position] = order
        elif isinstance(step, FillStep):
            self.new_fills[account, step.trade_id] = position
        elif isinstance(step, NamedStep):
            self._new_steps[order.position, step.name] = position

    def _name(self, place: tuple[int, str], order: OrderState) -> None:
        self._new_names[place] = max(order.position, self._new_names.get(place, 0))

    def flush(self) -> None:
        """Store what has changed."""
        self._flush_orders()
        _store(self._connection, _NAMES, self._new_names)
        _store(self._connection, _FILLS, self.new_fills)
        _store(self._connection, _NOTES, {place: event for place, (event, _) in self.new_notes.items()})
        _store(self._connection, _STEPS, self._new_steps)
        _store(self._connection, _HALTS, {(account,): event for account, event in self._new_halts.items()})
        self._flush_positions()
        self.stored_trades.update(self.new_fills)
        self._forget_changes()

    def _flush_orders(self) -> None:
        values: list[apsw.SQLiteValue] = []
        for order in self._changed.values():
            account = self.account_id(order.key.account)
            values += (
                order.position,
                account,
                order.key.client_order_id,
                order.lane,
                order.state,
                order.attempt,
                order.outcome,
            )
        _ORDERS.store(self._connection, values)

    def _flush_positions(self) -> None:
        if not self._new_positions:
            return
        held = {place: event for place, event in self._new_positions.items() if event is not None}
        flat = [place for place, event in self._new_positions.items() if event is None]
        _store(self._connection, _POSITIONS, held)
        if flat:
            delete = "DELETE FROM positions WHERE account = ? AND lane = ? AND strategy = ?"
            self._connection.executemany(delete, flat)

    def trim(self, keys: Iterable[Key]) -> None:
        """After a commit that named these orders: keep only what the next steps probably name."""
        if len(self._orders) > KEPT:
            self._orders.clear()
            return
        for key in keys:
            order = self._orders.get(key)
            if order is None or order.state == DONE:
                self._orders.pop(key, None)


def _order(account: str, position: int, client_order_id: str, lane: str, state: int, attempt: int, outcome: int) -> OrderState:
    return OrderState(
        position=position,
        key=Key(account, client_order_id),
        lane=lane,
        state=state,
        attempt=attempt,
        outcome=outcome,
        intents=None,
    )


def _store(connection: apsw.Connection, table: BulkInsert, rows: Mapping[Any, int]) -> None:
    if rows:
        table.store(connection, [value for place, event in rows.items() for value in (*place, event)])
