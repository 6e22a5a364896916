# SPDX-License-Identifier: MIT
"""A journal file of version 1, which has no names: read as it is, brought up to date by its owner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from fks_exec_hub.journal import JournalUnavailable, open_sqlite
from fks_exec_hub.journal.chain import link
from fks_exec_hub.journal.schema import statements
from fks_exec_hub.journal.sqlite import open_sqlite as open_on
from fks_exec_hub.journal.verify import verify
from fks_exec_hub.testing.steps import ACCOUNT, NOW, accept, intent, key, names, outcome
from fks_exec_simulators.disk import FaultyDisk

SCHEMA = """
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE events (position INTEGER PRIMARY KEY, account INTEGER NOT NULL, order_position INTEGER, kind TEXT NOT NULL, \
time INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE orders (position INTEGER PRIMARY KEY, account INTEGER NOT NULL, client_order_id TEXT NOT NULL, \
lane TEXT NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL, outcome INTEGER NOT NULL, \
UNIQUE (account, client_order_id)) STRICT;
CREATE TABLE fills (account INTEGER NOT NULL, trade_id TEXT NOT NULL, event INTEGER NOT NULL, \
PRIMARY KEY (account, trade_id)) STRICT, WITHOUT ROWID;
CREATE TABLE positions (account INTEGER NOT NULL, lane TEXT NOT NULL, strategy TEXT NOT NULL, event INTEGER NOT NULL, \
PRIMARY KEY (account, lane, strategy)) STRICT, WITHOUT ROWID;
CREATE TABLE halts (account INTEGER PRIMARY KEY, event INTEGER NOT NULL) STRICT;
CREATE TABLE notes (account INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, event INTEGER NOT NULL, \
PRIMARY KEY (account, namespace, name)) STRICT, WITHOUT ROWID;
CREATE TABLE steps (order_position INTEGER NOT NULL, name TEXT NOT NULL, event INTEGER NOT NULL, \
PRIMARY KEY (order_position, name)) STRICT, WITHOUT ROWID;
CREATE INDEX events_of_order ON events (order_position, kind) WHERE order_position IS NOT NULL;
CREATE INDEX orders_of_account ON orders (account);
CREATE INDEX orders_unfinished ON orders (account, state, lane) WHERE state < 3;
PRAGMA application_id = 0x666B7365;
PRAGMA user_version = 1;
"""


def _accept(name: str) -> tuple[str, str]:
    return (
        "accept",
        f'{{"client_order_id":"{name}","lane":"BTC/USDT","digest":"d","instruction":"{{}}","raw":null}}',
    )


def _intent(venue_id: str, attempt: int = 1) -> tuple[str, str]:
    return (
        "intent",
        f'{{"purpose":"order","attempt":{attempt},"leg":"","venue_client_order_id":"{venue_id}",'
        '"reducing":false,"decision":"{}"}',
    )


def _outcome(status: str, terminal: str, attempt: int = 1) -> tuple[str, str]:
    return "outcome", f'{{"attempt":{attempt},"leg":"","status":"{status}","terminal":{terminal},"result":"{{}}"}}'


#: (account, position of the order's accept, (kind, body)), in order; the positions count from 1.
EVENTS = [
    (1, 1, _accept("filled")),
    (1, 1, _intent("v-filled")),
    (1, 1, _outcome("filled", "true")),
    (1, 4, _accept("open")),
    (1, 4, _intent("v-open-1")),
    (1, 4, _outcome("not_placed", "true")),
    (1, 4, _intent("v-open-2", 2)),
    (1, 4, _outcome("accepted", "false", 2)),
    (2, 9, _accept("sent")),
    (2, 9, _intent("v-filled")),
    (1, 11, _accept("unnamed")),
    (1, 11, _intent("")),
    (1, 13, _accept("pending")),
]
ORDERS = [
    (1, 1, "filled", "BTC/USDT", 3, 1, 3),
    (4, 1, "open", "BTC/USDT", 2, 2, 8),
    (9, 2, "sent", "BTC/USDT", 1, 1, 0),
    (11, 1, "unnamed", "BTC/USDT", 1, 1, 0),
    (13, 1, "pending", "BTC/USDT", 0, 0, 0),
]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A closed file of version 1."""
    where = tmp_path / "old.db"
    connection = apsw.Connection(str(where))
    connection.pragma("journal_mode", "wal")
    connection.execute(SCHEMA)
    connection.executemany("INSERT INTO accounts VALUES (?, ?)", [(1, ACCOUNT), (2, "other")])
    hash_ = bytes(32)
    for position, (account, order, (kind, body)) in enumerate(EVENTS, 1):
        hash_ = link(hash_, position, (ACCOUNT, "other")[account - 1], order, kind, NOW, body)
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (position, account, order, kind, NOW, body, hash_)
        )
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", ORDERS)
    connection.execute("INSERT INTO head VALUES (1, ?, ?)", (len(EVENTS), hash_))
    connection.close()
    return where


def _look(where: Path, *queries: str) -> list[Any]:
    connection = apsw.Connection(str(where), flags=apsw.SQLITE_OPEN_READONLY)
    found = [connection.execute(query).fetchall() for query in queries]
    connection.close()
    return found


async def _found(where: Path, *, read_only: bool) -> dict[tuple[str, str], str | None]:
    journal = await open_sqlite(where, read_only=read_only)
    asked = [(ACCOUNT, name) for name in ("v-filled", "v-open-1", "v-open-2", "", "never")] + [("other", "v-filled")]
    orders = {place: await journal.by_venue_id(*place) for place in asked}
    assert names(await journal.open(ACCOUNT)) == ["open"]
    assert names(await journal.unresolved("other")) == ["sent"]
    assert names(await journal.pending(ACCOUNT)) == ["pending"]
    assert await journal.verify() == []
    await journal.close()
    return {place: None if order is None else order.key.client_order_id for place, order in orders.items()}


FOUND = {
    (ACCOUNT, "v-filled"): "filled",
    (ACCOUNT, "v-open-1"): "open",
    (ACCOUNT, "v-open-2"): "open",
    (ACCOUNT, ""): None,
    (ACCOUNT, "never"): None,
    ("other", "v-filled"): "sent",
}


async def test_a_file_of_version_1_is_read_without_being_changed(old: Path) -> None:
    before = old.read_bytes()
    assert await _found(old, read_only=True) == FOUND
    assert old.read_bytes() == before


async def test_the_owner_brings_a_file_of_version_1_up_to_date(old: Path) -> None:
    before = _look(old, "SELECT * FROM events", "SELECT * FROM head", "SELECT * FROM orders")
    for read_only in (False, True, False):
        assert await _found(old, read_only=read_only) == FOUND
    ((version,),), schema = _look(old, "PRAGMA user_version", "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
    assert version == 2
    assert {sql for (sql,) in schema} == set(statements())
    assert _look(old, "SELECT * FROM events", "SELECT * FROM head", "SELECT * FROM orders") == before


async def test_a_journal_goes_on_in_a_file_of_version_1(old: Path) -> None:
    journal = await open_sqlite(old)
    term = await journal.claim(ACCOUNT)
    await journal.write(outcome("open", purpose="cancel", attempt=2), accept(), intent(), term=term)
    await journal.write(outcome("open", attempt=2), outcome("unnamed"), term=term)
    found = await journal.by_venue_id(ACCOUNT, "v-order-1")
    assert found is not None
    assert found.key == key()
    order = await journal.order(key("open"))
    assert order is not None
    assert order.status == "filled"
    bodies = [json.loads(event.body) for event in await journal.history(key("open")) if event.kind == "outcome"]
    assert [body.get("purpose") for body in bodies] == [None, None, "cancel", "order"]
    assert await journal.verify() == []
    await journal.close()


async def test_a_full_disk_leaves_a_file_of_version_1_as_it_is(old: Path) -> None:
    disk = FaultyDisk("upgrade")
    try:
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(JournalUnavailable, match="is full: free some space"):
            await open_on(old, vfs=disk.name)
        assert _look(old, "PRAGMA user_version") == [[(1,)]]
        assert verify(str(old)) == []
        disk.on_write = None
        await (await open_on(old, vfs=disk.name)).close()
        assert await _found(old, read_only=False) == FOUND
    finally:
        disk.unregister()


async def test_a_cancel_that_made_a_pending_order_unresolved_in_version_1_does_so_no_more(old: Path) -> None:
    """No release wrote such an intent; an engine of version 1 would have counted it."""
    connection = apsw.Connection(str(old))
    body = _intent("v-cancel")[1].replace('"order"', '"cancel"')
    last: bytes = connection.execute("SELECT hash FROM head").get
    hash_ = link(last, 14, ACCOUNT, 13, "intent", NOW, body)
    connection.execute("INSERT INTO events VALUES (14, 1, 13, 'intent', ?, ?, ?)", (NOW, body, hash_))
    connection.execute("UPDATE head SET count = 14, hash = ?", (hash_,))
    connection.execute("UPDATE orders SET state = 1 WHERE position = 13")
    connection.close()
    journal = await open_sqlite(old)
    assert names(await journal.pending(ACCOUNT)) == ["pending"]
    assert names(await journal.unresolved(ACCOUNT)) == ["unnamed"]
    assert await journal.verify() == []
    await journal.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE orders SET state = 0 WHERE position = 9", "the row of orders with position 9 is not what its events say"),
        ("DROP INDEX orders_unfinished", "the file's tables or indexes are not the ones that fks-exec made"),
        ("PRAGMA user_version = 2", "the file's tables or indexes are not the ones that fks-exec made"),
    ],
    ids=["row", "index", "version"],
)
def test_verify_finds_what_was_changed_in_a_file_of_version_1(old: Path, change: str, said: str) -> None:
    assert verify(str(old)) == []
    connection = apsw.Connection(str(old))
    connection.execute(change)
    connection.close()
    assert said in verify(str(old))
