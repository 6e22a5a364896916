# SPDX-License-Identifier: MIT
"""What another hand changes in a journal file is found."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from fks_exec_hub.journal import (
    HaltState,
    NamedStep,
    open_sqlite,
)
from fks_exec_hub.journal.chain import link
from fks_exec_hub.journal.schema import PROJECTIONS, TABLES, connect
from fks_exec_hub.journal.verify import MOST, verify
from fks_exec_hub.testing.steps import (
    ACCOUNT,
    NOW,
    accept,
    fill,
    halt,
    intent,
    key,
    note,
    outcome,
    position,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed journal with at least two rows of everything."""
    where = tmp_path_factory.mktemp("written") / "j.db"

    async def write() -> None:
        journal = await open_sqlite(where)
        for account in (ACCOUNT, "other"):
            term = await journal.claim(account)
            for name in ("a", "b"):
                order = (accept(name, account), intent(name, account), fill(name, f"t-{name}", account))
                step = NamedStep(key=key(name, account), name="close", data="1", time=NOW)
                await journal.write(*order, outcome(name, account=account), step, term=term)
                await journal.write(note(name, account=account), term=term)
            await journal.write(halt(HaltState.REDUCING, account))
        term = await journal.claim(ACCOUNT)
        await journal.write(position(), position("ETH/USDT"), term=term)
        await journal.write(accept("late"), intent("late", reducing=True), term=term)
        await journal.close()

    asyncio.run(write())
    assert verify(str(where)) == []
    return where


def _tampered(written: Path, tmp_path: Path, *statements: str) -> list[str]:
    where = tmp_path / "j.db"
    shutil.copy(written, where)
    connection = apsw.Connection(str(where))
    for statement in statements:
        connection.execute(statement)
        assert connection.changes() == 1, statement
    connection.close()
    return verify(str(where))


def _columns() -> list[tuple[str, str, str]]:
    connection = apsw.Connection(":memory:")
    for name, definition in TABLES:
        connection.execute(f"CREATE TABLE {name} {definition}")
    columns = [
        (table, column, kind)
        for table, _ in TABLES
        for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})")
    ]
    connection.close()
    return [row for row in columns if row[:2] != ("head", "id")]  # a CHECK keeps it 1


_CHANGES = {
    "INTEGER": "coalesce({0}, 0) + 1000",
    "TEXT": "substr({0}, 1, length({0}) - 1) || '~'",
    "BLOB": "CAST(unhex('00') || substr({0}, 2) AS BLOB)",
}


@pytest.mark.parametrize(("table", "column", "kind"), _columns(), ids=[f"{table}.{column}" for table, column, _ in _columns()])
def test_verify_finds_a_change_in_every_column(written: Path, tmp_path: Path, table: str, column: str, kind: str) -> None:
    change = (
        f"UPDATE {table} SET {column} = {_CHANGES[kind].format(column)} WHERE {column} IS (SELECT max({column}) FROM {table})"
    )
    if table not in ("head", "accounts"):
        place = "ORDER BY 1, 2 LIMIT 1"
        keys = {
            "fills": "trade_id, account",
            "notes": "name, account",
            "positions": "lane, account",
            "names": "venue_client_order_id, account",
        }
        first = keys.get(table, "order_position, name" if table == "steps" else "rowid")
        if first == "rowid":
            change = (
                f"UPDATE {table} SET {column} = {_CHANGES[kind].format(column)} WHERE rowid = (SELECT min(rowid) FROM {table})"
            )
        else:
            change = (
                f"UPDATE {table} SET {column} = {_CHANGES[kind].format(column)} "
                f"WHERE ({first}) = (SELECT {first} FROM {table} {place})"
            )
    found = _tampered(written, tmp_path, change)
    assert found
    assert all(sentence[0].islower() and len(sentence.split()) > 4 for sentence in found)


@pytest.mark.parametrize("table", [name for name, _ in TABLES if name != "accounts"])
def test_verify_finds_a_deleted_row(written: Path, tmp_path: Path, table: str) -> None:
    rowid = table in ("head", "events", "orders", "halts")
    column = "order_position" if table == "names" else "event"
    where = "rowid = (SELECT max(rowid) FROM {0})" if rowid else f"{column} = (SELECT min({column}) FROM {{0}})"
    assert _tampered(written, tmp_path, f"DELETE FROM {table} WHERE {where.format(table)}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders VALUES (900, 1, 'forged', 'L', 0, 0, 0)",
        "INSERT INTO names VALUES (1, 'forged', 1)",
        "INSERT INTO fills VALUES (1, 'forged', 3)",
        "INSERT INTO positions VALUES (1, 'L', 'forged', 3)",
        "INSERT INTO halts VALUES (900, 3)",
        "INSERT INTO notes VALUES (1, 'nonce', 'forged', 3)",
        "INSERT INTO steps VALUES (1, 'forged', 3)",
        "INSERT INTO events VALUES (900, 1, NULL, 'note', 1, '{}', x'00')",
    ],
)
def test_verify_finds_a_forged_row(written: Path, tmp_path: Path, statement: str) -> None:
    assert _tampered(written, tmp_path, statement)


def test_verify_finds_a_deleted_event_in_the_middle(written: Path, tmp_path: Path) -> None:
    found = _tampered(written, tmp_path, "DELETE FROM events WHERE position = 4")
    assert "events 4 to 4 are missing" in found
    assert any(sentence.startswith("event 5 ") for sentence in found)


def test_verify_finds_a_cut_tail(written: Path, tmp_path: Path) -> None:
    found = _tampered(written, tmp_path, "DELETE FROM events WHERE position = (SELECT max(position) FROM events)")
    assert any(sentence.startswith("the tail is cut") for sentence in found)


def test_verify_finds_a_cut_tail_behind_a_corrected_head(written: Path, tmp_path: Path) -> None:
    assert _tampered(
        written,
        tmp_path,
        "DELETE FROM events WHERE position = (SELECT max(position) FROM events)",
        "UPDATE head SET (count, hash) = (SELECT position, hash FROM events ORDER BY position DESC LIMIT 1)",
    )


def test_verify_names_the_event_that_was_changed(written: Path, tmp_path: Path) -> None:
    found = _tampered(written, tmp_path, "UPDATE events SET body = replace(body, '{}', '[]') WHERE position = 2")
    assert found == ["event 2 (intent of account 'paper') is not as it was written, or the one before it"]


def test_verify_finds_a_missing_index(written: Path, tmp_path: Path) -> None:
    where = tmp_path / "j.db"
    shutil.copy(written, where)
    connection = apsw.Connection(str(where))
    connection.execute("DROP INDEX orders_unfinished")
    connection.close()
    assert verify(str(where)) == ["the file's tables or indexes are not the ones that fks-exec made"]


def test_verify_finds_a_byte_flipped_in_an_index(written: Path, tmp_path: Path) -> None:
    """The promise that a key is unique rests on that index; the rows themselves are as they were."""
    connection = apsw.Connection(str(written), flags=apsw.SQLITE_OPEN_READONLY)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_orders_1'").get
    connection.close()
    content = written.read_bytes()
    place = content.index(b"late", (page - 1) * 4096)
    assert place < page * 4096
    where = tmp_path / "j.db"
    where.write_bytes(content[:place] + b"L" + content[place + 1 :])
    assert any(sentence.startswith("the file is damaged: ") for sentence in verify(str(where)))


def test_verify_stops_after_enough_sentences(written: Path, tmp_path: Path) -> None:
    where = tmp_path / "j.db"
    shutil.copy(written, where)
    connection = apsw.Connection(str(where))
    connection.execute("UPDATE events SET hash = zeroblob(32)")
    connection.execute("UPDATE orders SET lane = 'x'")
    connection.close()
    assert 20 < len(verify(str(where))) <= MOST


_ROW = {"position": 5, "account": "paper", "order_position": 2, "kind": "note", "time": 7, "body": "{}"}


@pytest.mark.parametrize("change", [*_ROW, "previous"])
def test_the_hash_covers_every_column_and_the_hash_before(change: str) -> None:
    row: dict[str, Any] = {"previous": bytes(32)} | _ROW
    changed = row | {change: {int: 1, str: "other", bytes: bytes(31) + b"1"}[type(row[change])]}
    assert link(**changed) != link(**row)


def test_no_character_moves_from_one_column_to_the_next_unnoticed() -> None:
    row: dict[str, Any] = {"previous": bytes(32)} | _ROW
    assert link(**row | {"account": "ab", "body": "c"}) != link(**row | {"account": "a", "body": "bc"})


def _content(where: Path) -> list[object]:
    connection = apsw.Connection(str(where), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name, _ in TABLES]
    finally:
        connection.close()


def test_a_flipped_byte_anywhere_is_found_or_changes_nothing(written: Path, tmp_path: Path) -> None:
    original, content = written.read_bytes(), _content(written)
    where, generator, found = tmp_path / "j.db", random.Random(7), 0
    for _ in range(150):
        place = generator.randrange(100, len(original))
        flipped = original[place] ^ (1 << generator.randrange(8))
        where.write_bytes(original[:place] + bytes([flipped]) + original[place + 1 :])
        if verify(str(where)):
            found += 1
        else:
            assert _content(where) == content, place
    assert found > 5


def test_finished_orders_are_not_in_the_index_of_unfinished_ones(written: Path) -> None:
    connection = connect(str(written), read_only=True)
    with pytest.raises(apsw.SQLError, match="no query solution"):
        connection.execute("SELECT position FROM orders INDEXED BY orders_unfinished WHERE account = 1")
    connection.close()


def test_every_projection_is_compared_by_verify() -> None:
    from fks_exec_hub.journal.verify import _COLUMNS

    connection = apsw.Connection(":memory:")
    for name, definition in PROJECTIONS:
        connection.execute(f"CREATE TABLE {name} {definition}")
        found = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert {column for group in _COLUMNS[name] for column in group} == found
    connection.close()
