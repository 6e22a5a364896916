# SPDX-License-Identifier: MIT
"""The SQLite journal: every promise, and what a process's end, a second opener and another hand do to the file."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from fks_exec_hub.journal import (
    HaltState,
    Journal,
    JournalInUse,
    JournalUnavailable,
    open_sqlite,
)
from fks_exec_hub.journal.reads import QUERIES
from fks_exec_hub.journal.schema import connect
from fks_exec_hub.testing import JournalSuite
from fks_exec_hub.testing.promises.base import Reopen
from fks_exec_hub.testing.steps import (
    ACCOUNT,
    accept,
    fill,
    halt,
    intent,
    key,
    names,
    note,
)


class TestSqliteJournal(JournalSuite):
    """Every promise of the protocol."""

    @pytest.fixture
    async def journal(self, tmp_path: Path) -> AsyncIterator[Journal]:
        journal = await open_sqlite(tmp_path / "j.db")
        yield journal
        await journal.close()

    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Reopen:
        return lambda: open_sqlite(tmp_path / "j.db")


# -- durability


async def test_everything_is_there_after_a_reopening(tmp_path: Path) -> None:
    for number in range(20):
        journal = await open_sqlite(tmp_path / "j.db")
        term = await journal.claim(ACCOUNT)
        assert len(await journal.unresolved(ACCOUNT)) == number
        await journal.write(accept(f"o-{number}"), intent(f"o-{number}"), note(value=str(number)), term=term)
        await journal.close()
    journal = await open_sqlite(tmp_path / "j.db")
    assert names(await journal.unresolved(ACCOUNT)) == [f"o-{number}" for number in range(20)]
    assert len(await journal.history(key("o-7"))) == 2
    assert await journal.verify() == []
    await journal.close()


async def test_conditions_hold_against_what_another_process_stored(tmp_path: Path) -> None:
    journal = await open_sqlite(tmp_path / "j.db")
    term = await journal.claim(ACCOUNT)
    await journal.write(accept(), intent(), fill(), note(number=5), term=term)
    await journal.write(halt(HaltState.REDUCING))
    await journal.close()
    journal = await open_sqlite(tmp_path / "j.db")
    term = await journal.claim(ACCOUNT)
    refused = [
        journal.write(accept()),
        journal.write(intent(reducing=True), term=term),
        journal.write(fill(), term=term),
        journal.write(note(when="absent"), term=term),
        journal.write(note(number=5, when="greater"), term=term),
        journal.write(intent(attempt=2), term=term),
    ]
    results = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["Exists"] * 5 + ["Halted"]
    await journal.close()


CHILD = """
import asyncio, itertools, os, sys
from fks_exec_hub.journal import Accept, Intent, Key, Outcome, open_sqlite

async def lane(journal, term, name):
    for number in itertools.count():
        order = Key("paper", f"{name}-{number}-{os.getpid()}")
        await journal.write(Accept(key=order, lane=name, digest="d", instruction="{}", time=1))
        os.write(1, f"accept {order.client_order_id}\\n".encode())
        await journal.write(Intent(key=order, venue_client_order_id="v", time=1), term=term)
        os.write(1, f"intent {order.client_order_id}\\n".encode())
        await journal.write(Outcome(key=order, status="filled", terminal=True, result="{}", time=1), term=term)
        os.write(1, f"outcome {order.client_order_id}\\n".encode())

async def main():
    journal = await open_sqlite(sys.argv[1])
    term = await journal.claim("paper")
    await asyncio.gather(*[lane(journal, term, f"L{number}") for number in range(16)])

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    where = tmp_path / "j.db"
    acknowledged: dict[str, str] = {}
    for lines in (1, 700, 3000):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(where)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            said = list(itertools.islice(child.stdout, lines))
            child.kill()
            said += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL
        for line in said:
            what, _, name = line.decode().strip().partition(" ")
            acknowledged[name] = what
        journal = await open_sqlite(where)
        assert await journal.verify() == []
        for name, what in acknowledged.items():
            order = await journal.order(key(name))
            assert order is not None, name
            assert what == "accept" or order.attempts, name
            assert what != "outcome" or order.status == "filled", name
        assert len(await journal.pending(ACCOUNT)) + len(await journal.unresolved(ACCOUNT)) <= 48
        await journal.close()
    assert len(acknowledged) > 1000


# -- one owner

OWNER = """
import asyncio, sys
from fks_exec_hub.journal import Accept, Key, open_sqlite

async def main():
    journal = await open_sqlite(sys.argv[1])
    await journal.write(Accept(key=Key("paper", "order-1"), lane="L", digest="d", instruction="{}", time=1))
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_second_process_is_told_the_owner_and_may_read(tmp_path: Path) -> None:
    where = tmp_path / "j.db"
    with subprocess.Popen([sys.executable, "-c", OWNER, str(where)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        with pytest.raises(JournalInUse, match=str(owner.pid)) as caught:
            await open_sqlite(where)
        assert (caught.value.pid, caught.value.where) == (owner.pid, str(where))
        reader = await open_sqlite(where, read_only=True)
        assert names(await reader.orders()) == ["order-1"]
        assert await reader.verify() == []
        await reader.close()
        owner.kill()
    await (await open_sqlite(where)).close()


async def test_a_second_opener_in_the_same_process_is_refused_until_close(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "j.db")
    journal = await open_sqlite(tmp_path / "j.db")
    for name in ("j.db", "link.db"):
        with pytest.raises(JournalInUse) as caught:
            await open_sqlite(tmp_path / name)
        assert caught.value.pid == os.getpid()
    await journal.write(accept())
    await journal.close()
    await (await open_sqlite(tmp_path / "link.db")).close()


async def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    in_child = "    os.fork() and os._exit(0)\n    print('forked', flush=True)\n    time.sleep(20)"
    code = OWNER.replace("    await asyncio.sleep(60)", in_child).replace(
        "import asyncio, sys", "import asyncio, os, sys, time, warnings\nwarnings.simplefilter('ignore')"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "j.db")], stdout=subprocess.PIPE) as owner:
        owner.wait(20)
        assert owner.stdout is not None
        assert [owner.stdout.readline(), owner.stdout.readline()] == [b"ready\n", b"forked\n"]  # it holds the lock till then
        await (await open_sqlite(tmp_path / "j.db")).close()


async def test_a_failed_opening_lets_the_next_one_in(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="no journal of fks-exec"):
            await open_sqlite(tmp_path / "j.db")


async def test_only_the_owner_of_the_files_may_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = await open_sqlite(tmp_path / "j.db")
        await journal.write(accept())
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["j.db", "j.db-wal", "j.db-shm", "j.db.lock"], 0o600)
    await journal.close()


# -- reading beside the owner


async def test_read_only_reads_what_the_owner_writes_and_writes_nothing(tmp_path: Path) -> None:
    journal = await open_sqlite(tmp_path / "j.db")
    reader = await open_sqlite(tmp_path / "j.db", read_only=True)
    following = reader.accepted(ACCOUNT)
    waiting = asyncio.ensure_future(anext(following))
    await journal.write(accept())
    assert (await asyncio.wait_for(waiting, 5)).key == key()
    for refused in (reader.write(accept("x")), reader.claim(ACCOUNT)):
        with pytest.raises(JournalUnavailable, match="reading only"):
            await refused
    with pytest.raises(ValueError, match="at least one"):
        reader.write()
    await reader.close()
    await journal.close()


async def test_read_only_reads_a_closed_journal(tmp_path: Path) -> None:
    journal = await open_sqlite(tmp_path / "j.db")
    await journal.write(accept())
    await journal.close()
    reader = await open_sqlite(tmp_path / "j.db", read_only=True)
    assert names(await reader.pending(ACCOUNT)) == ["order-1"]
    await reader.close()


# -- places where no journal can be


def _newer(where: Path) -> None:
    connection = connect(str(_made(where)))
    connection.pragma("user_version", 99)
    connection.close()


def _made(where: Path) -> Path:
    where.touch()
    connect(str(where)).close()
    return where


def _foreign(where: Path) -> None:
    with apsw.Connection(str(where)) as connection:
        connection.execute("CREATE TABLE customers (name)")
    connection.close()


def _torn(where: Path) -> None:
    _made(where).write_bytes(where.read_bytes()[:5000])


def _changed(where: Path) -> None:
    connection = connect(str(_made(where)))
    connection.execute("UPDATE head SET count = 7")
    connection.close()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_foreign, "no journal of fks-exec"),
        (_newer, "newer fks-exec-hub"),
        (_torn, "damaged"),
        (Path.mkdir, "is a folder"),
        (lambda where: where.write_bytes(b"x" * 10_000), "no journal of fks-exec"),
    ],
    ids=["foreign", "newer", "torn", "folder", "garbage"],
)
async def test_a_file_that_is_not_ours_is_refused_unchanged(
    tmp_path: Path, make: Callable[[Path], object], said: str, read_only: bool
) -> None:
    where = tmp_path / "j.db"
    make(where)
    before = where.read_bytes() if where.is_file() else b""
    with pytest.raises(JournalUnavailable, match=said) as caught:
        await open_sqlite(where, read_only=read_only)
    assert str(where) in str(caught.value)
    assert "apsw" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert (where.read_bytes() if where.is_file() else b"") == before


async def test_a_head_that_does_not_fit_stops_the_owner(tmp_path: Path) -> None:
    _changed(tmp_path / "j.db")
    with pytest.raises(JournalUnavailable, match="changed from outside"):
        await open_sqlite(tmp_path / "j.db")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("missing/j.db", "does not exist: create it"),
        ("/proc/j.db", "cannot be used"),
        ("file/j.db", "does not exist"),
    ],
)
async def test_a_place_that_cannot_hold_a_journal_is_named(tmp_path: Path, where: str, said: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match=said):
        await open_sqlite(tmp_path / where)


async def test_read_only_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="nothing has been written yet"):
        await open_sqlite(tmp_path / "j.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


# -- the cost of the reads


@pytest.fixture
def plan(tmp_path: Path) -> Callable[[str], str]:
    """SQLite's plan of a query, one line per loop."""
    connection = connect(str(_made(tmp_path / "plan.db")))

    def explain(name: str) -> str:
        text = QUERIES[name]
        rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", (1,) * text.count("?"))
        return "\n".join(str(row[3]) for row in rows)

    return explain


@pytest.mark.parametrize("query", ["pending", "lane", "unresolved", "open"])
def test_open_state_is_read_along_the_index_of_unfinished_orders(plan: Callable[[str], str], query: str) -> None:
    assert "SEARCH orders USING COVERING INDEX orders_unfinished (account=? AND state=?" in plan(query)


def test_one_lane_is_read_along_the_index(plan: Callable[[str], str]) -> None:
    assert "orders_unfinished (account=? AND state=? AND lane=?)" in plan("lane")


def test_which_accounts_have_orders_is_asked_of_each_account_once(plan: Callable[[str], str]) -> None:
    """They are few; their orders are not."""
    assert "USING COVERING INDEX orders_of_account (account=?)" in plan("accounts")
    assert "SCAN o" not in plan("accounts")


@pytest.mark.parametrize("query", sorted(set(QUERIES) - {"newest", "accounts"}))
def test_no_read_scans_a_table(plan: Callable[[str], str], query: str) -> None:
    scans = [line for line in plan(query).splitlines() if line.startswith("SCAN")]
    assert [line for line in scans if line not in ("SCAN chosen", "SCAN CONSTANT ROW")] == []
