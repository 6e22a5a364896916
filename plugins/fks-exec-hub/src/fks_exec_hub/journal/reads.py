# SPDX-License-Identifier: MIT
# ruff: noqa: S608 -- the texts are made of names that stand in this package
"""What the SQLite journal answers, from one connection; each answer is one statement, so one moment of the file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import apsw

from .codec import raw_bytes
from .protocol import (
    Attempt,
    Event,
    FillRecord,
    HaltRecord,
    HaltState,
    Key,
    NoteRecord,
    PositionRecord,
    Recorded,
)
from .state import NEVER_HALTED, OPEN, PENDING, UNRESOLVED

#: One row per attempt; the CROSS JOINs fix the order of the loops: the few orders first, then their events.
_RECORDED = """
SELECT o.position, a.name, accept.body, accept.time, outcome.body, intent.body, intent.time
FROM ({chosen}) AS chosen
CROSS JOIN orders AS o ON o.position = chosen.position
CROSS JOIN accounts AS a ON a.id = o.account
CROSS JOIN events AS accept ON accept.position = o.position
LEFT JOIN events AS outcome ON outcome.position = o.outcome
LEFT JOIN events AS intent ON intent.order_position = o.position AND intent.kind = 'intent'
ORDER BY o.position {direction}, intent.position
"""
_ACCOUNT = "account = (SELECT id FROM accounts WHERE name = ?)"

_UNFINISHED = f"orders INDEXED BY orders_unfinished WHERE {_ACCOUNT} AND state < 3"

# The numbers of the states stand in the texts: a partial index is used for constants only.
_CHOOSE = {
    "at": "SELECT ? AS position",
    "key": f"SELECT position FROM orders WHERE {_ACCOUNT} AND client_order_id = ?",
    "venue_id": f"SELECT order_position AS position FROM names WHERE {_ACCOUNT} AND venue_client_order_id = ? "
    "ORDER BY order_position DESC LIMIT 1",
    "pending": f"SELECT position FROM {_UNFINISHED} AND state = {PENDING}",
    "lane": f"SELECT position FROM {_UNFINISHED} AND state = {PENDING} AND lane = ?",
    "unresolved": f"SELECT position FROM {_UNFINISHED} AND state = {UNRESOLVED}",
    "open": f"SELECT position FROM {_UNFINISHED} AND state = {OPEN}",
    "newest": "SELECT position FROM orders ORDER BY position DESC LIMIT ?",
    "newest_of": f"SELECT position FROM orders WHERE {_ACCOUNT} ORDER BY position DESC LIMIT ?",
    "after": f"SELECT position FROM orders WHERE {_ACCOUNT} AND position > ? ORDER BY position LIMIT ?",
}
_ORDER_OF_KEY = f"(SELECT position FROM orders WHERE {_ACCOUNT} AND client_order_id = ?)"

QUERIES = {
    name: _RECORDED.format(chosen=chosen, direction="DESC" if name.startswith("newest") else "ASC")
    for name, chosen in _CHOOSE.items()
} | {
    "history": f"SELECT position, kind, body, time FROM events WHERE order_position = {_ORDER_OF_KEY} ORDER BY position",
    "fills": f"SELECT body, time FROM events WHERE order_position = {_ORDER_OF_KEY} AND kind = 'fill' ORDER BY position",
    "steps": "SELECT s.name, e.body FROM steps AS s CROSS JOIN events AS e ON e.position = s.event "
    f"WHERE s.order_position = {_ORDER_OF_KEY} ORDER BY s.name",
    "positions": "SELECT e.body FROM positions AS p CROSS JOIN events AS e ON e.position = p.event "
    f"WHERE p.{_ACCOUNT} ORDER BY p.lane, p.strategy",
    "accounts": "SELECT name FROM accounts AS a WHERE EXISTS (SELECT 1 FROM orders AS o WHERE o.account = a.id) ORDER BY name",
    "halt": f"SELECT e.body, e.time FROM halts AS h CROSS JOIN events AS e ON e.position = h.event WHERE h.{_ACCOUNT}",
    "note": "SELECT e.body FROM notes AS n CROSS JOIN events AS e ON e.position = n.event "
    f"WHERE n.{_ACCOUNT} AND n.namespace = ? AND n.name = ?",
    "fill": "SELECT e.body, e.time, o.client_order_id FROM fills AS f "
    "CROSS JOIN events AS e ON e.position = f.event CROSS JOIN orders AS o ON o.position = e.order_position "
    f"WHERE f.{_ACCOUNT} AND f.trade_id = ?",
    "intents": "SELECT body FROM events WHERE order_position = ? AND kind = 'intent'",
}


class Reads:
    """The queries on one connection, for one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def _rows(self, query: str, *values: apsw.SQLiteValue) -> list[Any]:
        # All rows at once: an open cursor would hold its snapshot and keep the WAL from starting afresh.
        return self.connection.execute(QUERIES[query], values).fetchall()

    def _orders(self, query: str, *values: apsw.SQLiteValue) -> list[Recorded]:
        return list(_recorded_orders(self._rows(query, *values)))

    def order(self, key: Key) -> Recorded | None:
        """One order, with all its attempts."""
        found = self._orders("key", *key)
        return found[0] if found else None

    def by_venue_id(self, account: str, venue_client_order_id: str) -> Recorded | None:
        """The order one of whose intents gave the venue this id."""
        found = self._orders("venue_id", account, venue_client_order_id) if venue_client_order_id else []
        return found[0] if found else None

    def order_at(self, position: int) -> Recorded:
        """The order whose accept stands at a position."""
        return self._orders("at", position)[0]

    def pending(self, account: str, lane: str | None) -> list[Recorded]:
        """Accepted orders with neither an intent to place them nor an outcome, in lane order."""
        return self._orders("pending", account) if lane is None else self._orders("lane", account, lane)

    def unresolved(self, account: str) -> list[Recorded]:
        """Orders whose last attempt has no outcome, or ``unknown``."""
        return self._orders("unresolved", account)

    def open(self, account: str) -> list[Recorded]:
        """Orders with an outcome that is neither terminal nor ``unknown``."""
        return self._orders("open", account)

    def orders(self, account: str | None, limit: int) -> list[Recorded]:
        """The newest orders, newest first."""
        return self._orders("newest", limit) if account is None else self._orders("newest_of", account, limit)

    def accounts(self) -> list[str]:
        """The accounts that an order was accepted for, by name."""
        return [name for (name,) in self._rows("accounts")]

    def accepted(self, account: str, after: int, limit: int) -> list[Recorded]:
        """At most so many orders after a position, in order."""
        return self._orders("after", account, after, limit)

    def fills(self, key: Key) -> list[FillRecord]:
        """All fills of one order, in order."""
        return [_fill(key, body, time) for body, time in self._rows("fills", *key)]

    def fill(self, account: str, trade_id: str) -> FillRecord | None:
        """The fill with this trade id."""
        for body, time, client_order_id in self._rows("fill", account, trade_id):
            return _fill(Key(account, client_order_id), body, time)
        return None

    def positions(self, account: str) -> list[PositionRecord]:
        """The positions that are not flat or have brought something."""
        return [PositionRecord(**json.loads(body)) for (body,) in self._rows("positions", account)]

    def halt(self, account: str) -> HaltRecord:
        """What the account may do."""
        for body, time in self._rows("halt", account):
            fields = json.loads(body)
            return HaltRecord(state=HaltState(fields["state"]), reason=fields["reason"], time=time)
        return NEVER_HALTED

    def note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""
        for (body,) in self._rows("note", account, namespace, name):
            fields = json.loads(body)
            return NoteRecord(value=fields["value"], number=fields["number"])
        return None

    def steps(self, key: Key) -> dict[str, str]:
        """The last data of each named step of an order."""
        return {name: json.loads(body)["data"] for name, body in self._rows("steps", *key)}

    def history(self, key: Key) -> list[Event]:
        """Everything stored about one order, in order."""
        return [
            Event(position=position, account=key.account, client_order_id=key.client_order_id, kind=kind, body=body, time=time)
            for position, kind, body, time in self._rows("history", *key)
        ]

    def intents(self, position: int) -> set[tuple[str, str, int]]:
        """(purpose, leg, attempt) of an order's intents."""
        bodies = [json.loads(body) for (body,) in self._rows("intents", position)]
        return {(fields["purpose"], fields["leg"], fields["attempt"]) for fields in bodies}


def _recorded_orders(rows: list[Any]) -> Iterator[Recorded]:
    for _, group in itertools.groupby(rows, key=lambda row: row[0]):
        yield _recorded(list(group))


def _recorded(rows: list[Any]) -> Recorded:
    position, account, accept_body, accepted_at, outcome_body = rows[0][:5]
    accept = json.loads(accept_body)
    outcome = json.loads(outcome_body) if outcome_body else {}
    return Recorded(
        key=Key(account, accept["client_order_id"]),
        position=position,
        lane=accept["lane"],
        digest=accept["digest"],
        instruction=accept["instruction"],
        raw=raw_bytes(accept["raw"]),
        accepted_at=accepted_at,
        status=outcome.get("status", "pending"),
        terminal=outcome.get("terminal", False),
        result=outcome.get("result"),
        attempts=tuple(Attempt(time=time, **json.loads(body)) for *_, body, time in rows if body is not None),
    )


def _fill(key: Key, body: str, time: int) -> FillRecord:
    return FillRecord(key=key, time=time, **json.loads(body))
