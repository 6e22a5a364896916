# SPDX-License-Identifier: MIT
# ruff: noqa: S608 -- the texts are made of names that stand in this package
"""Finds what was changed in a journal file from outside: the chain is computed again, the projections made again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from .chain import link
from .codec import ACCOUNT_STEPS, decode
from .faults import sentence
from .projection import Projection
from .protocol import Accept, JournalUnavailable
from .schema import NO_HASH, PROJECTIONS, TABLES, connect, statements, tables_of

#: So many sentences are enough to know that a file was changed.
MOST = 50
CHUNK = 1000

#: The columns that identify a row of each projection, and what else it says.
_COLUMNS = {
    "orders": (("position",), ("account", "client_order_id", "lane", "state", "attempt", "outcome")),
    "names": (("account", "venue_client_order_id"), ("order_position",)),
    "fills": (("account", "trade_id"), ("event",)),
    "positions": (("account", "lane", "strategy"), ("event",)),
    "halts": (("account",), ("event",)),
    "notes": (("account", "namespace", "name"), ("event",)),
    "steps": (("order_position", "name"), ("event",)),
}


def verify(where: str, vfs: str | None = None) -> list[str]:
    """All that does not fit together; at most :data:`MOST` sentences. Reads the file without changing it."""
    try:
        connect(where, read_only=True, vfs=vfs).close()
    except JournalUnavailable as error:
        return [str(error)]
    connection = _attach(where, vfs)
    found: list[str] = []
    try:
        # A generator, so that what was found before SQLite gives up on a damaged page is still reported.
        found.extend(islice(_Verification(connection).run(), MOST))
    except (apsw.Error, ValueError) as error:  # ValueError: bytes that are no text
        found.append(sentence(error, where))
    finally:
        connection.close(True)
    return found


def _attach(where: str, vfs: str | None) -> apsw.Connection:
    """The file, read-only, beside an empty temporary database for the second set of projections.

    That one spills to the disk: a million orders do not go through memory.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection("", flags=flags)
    connection.pragma("synchronous", "off")
    connection.pragma("journal_mode", "off")
    for name, definition in (*TABLES[1:2], *PROJECTIONS):
        connection.execute(f"CREATE TABLE {name} {definition}")
    other = f"&vfs={vfs}" if vfs else ""
    connection.execute("ATTACH ? AS journal", (f"{Path(where).as_uri()}?mode=ro{other}",))
    return connection


class _Verification:
    """One look at one moment of the file."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._projection = Projection(connection)
        self._count = 0
        self._hash = NO_HASH
        self._replayed = True
        self._version: int = connection.pragma("user_version", schema="journal")

    def run(self) -> Iterator[str]:
        self._connection.execute("BEGIN")
        yield from self._structure()
        self._connection.execute("INSERT INTO main.accounts SELECT id, name FROM journal.accounts")
        yield from self._events()
        yield from self._head()
        if self._replayed:
            for table in sorted(tables_of(self._version) & set(_COLUMNS)):
                yield from self._compare(table)

    def _structure(self) -> Iterator[str]:
        """Pages and indexes: the promise that a key is unique rests on an index."""
        for (text,) in self._connection.execute(f"PRAGMA journal.integrity_check({MOST})").fetchall():
            if text != "ok":
                yield f"the file is damaged: {text}"
        found = {sql for (sql,) in self._connection.execute("SELECT sql FROM journal.sqlite_schema") if sql}
        if found != set(statements(self._version)):
            yield "the file's tables or indexes are not the ones that fks-exec made"

    def _events(self) -> Iterator[str]:
        """The chain, and the projections anew."""
        cursor = self._connection.execute(
            "SELECT e.position, a.name, e.account, e.order_position, e.kind, e.time, e.body, e.hash "
            "FROM journal.events AS e LEFT JOIN journal.accounts AS a ON a.id = e.account ORDER BY e.position"
        )
        while rows := list(islice(cursor, CHUNK)):
            for row in rows:
                yield from self._event(*row)
            yield from self._store_chunk()

    def _event(
        self,
        position: int,
        name: str | None,
        account: int,
        order: int | None,
        kind: str,
        time: int,
        body: str,
        hash_: bytes,
    ) -> Iterator[str]:
        if position != self._count + 1:
            yield f"events {self._count + 1} to {position - 1} are missing"
        self._count = position
        if name is None or link(self._hash, position, name, order or 0, kind, time, body) != hash_:
            yield f"event {position} ({kind} of account {name!r}) is not as it was written, or the one before it"
        self._hash = hash_
        try:
            self._replay(position, name or "", account, order, kind, time, body)
        except (LookupError, TypeError, ValueError) as error:
            yield f"event {position} cannot be read: {type(error).__name__}: {error}"

    def _replay(
        self, position: int, name: str, account: int, order_position: int | None, kind: str, time: int, body: str
    ) -> None:
        step: Any = decode(kind, name, "", time, body)
        if isinstance(step, Accept):
            self._projection.accept(step.key, step.lane, position)
            return
        order = None
        if not isinstance(step, ACCOUNT_STEPS):
            order = self._projection.order_at(order_position or 0)
        self._projection.apply(step, position, account, order)

    def _store_chunk(self) -> Iterator[str]:
        try:
            self._projection.flush()
        except apsw.ConstraintError:
            self._replayed = False
            yield f"the events up to {self._count} hold the same order or the same fill twice"
        self._projection.forget()

    def _head(self) -> Iterator[str]:
        rows: list[Any] = self._connection.execute("SELECT count, hash FROM journal.head").fetchall()
        if len(rows) != 1:
            yield f"the head has {len(rows)} rows instead of one"
            return
        count, hash_ = rows[0]
        if count > self._count:
            yield f"the tail is cut: the head counts {count} events, the file holds {self._count}"
        elif count < self._count:
            yield f"the head counts {count} events, the file holds {self._count}"
        elif hash_ != self._hash:
            yield f"the head's hash is not the hash of event {self._count}"

    def _compare(self, table: str) -> Iterator[str]:
        """Row by row along the primary keys, in both directions."""
        identity, rest = _COLUMNS[table]
        same_row = " AND ".join(f"there.{column} = here.{column}" for column in identity)
        differs = " OR ".join(f"there.{column} IS NOT here.{column}" for column in rest)
        shown = ", ".join(f"here.{column}" for column in identity)
        for schema, other, extra, said in (
            ("journal", "main", f"OR {differs}", "is not what its events say"),
            ("main", "journal", "", "is missing"),
        ):
            query = (
                f"SELECT {shown} FROM {schema}.{table} AS here LEFT JOIN {other}.{table} AS there ON {same_row} "
                f"WHERE there.{identity[0]} IS NULL {extra}"
            )
            for row in self._connection.execute(query):
                place = ", ".join(f"{column} {value!r}" for column, value in zip(identity, row, strict=True))
                yield f"the row of {table} with {place} {said}"
