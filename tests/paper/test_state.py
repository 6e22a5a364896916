# SPDX-License-Identifier: MIT
"""What an account keeps in its folder: a restart continues, a damaged file is never taken for a new one."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fks_exec import NotSent, OrderRef, VenueError, VenueRejected
from fks_exec_paper import PaperInstrument
from fks_exec_paper.journal import Journal
from fks_exec_paper.store import Store
from fks_exec_paper.writer import Grouped

PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


async def busy(desk: Any) -> list[str]:
    """A bit of everything; the ids of the orders."""
    sent = [
        await desk.send("buy", 2, stop_loss=90, take_profit=120, client_order_id="mine"),
        await desk.send("sell", 3, PERP),
        await desk.send("buy", 1, order_type="limit", price=95, stop_loss=80),
        await desk.send("buy", 1, order_type="limit", price=90, time_in_force="ioc"),
        await desk.send("buy", 1, PERP, reduce_only=True),
        await desk.send("buy", 1, order_type="stop_limit", stop_price=105, price=106),
    ]
    desk.venue.set_quote("BTC/USDT", bid="109.5", ask=110, last="109.5")
    return [result.order_id for result in sent]


@pytest.mark.parametrize("durable", [True, False])
async def test_a_restart_continues_with_everything(open_desk: Open, tmp_path: Path, durable: bool) -> None:
    """Orders, legs, positions, money, quotes, every name of every order."""
    first = await open_desk(tmp_path, durable=durable)
    ids = await busy(first)
    everything = await first.everything()
    orders = [await first.venue.fetch_order(ref=OrderRef(order_id=i)) for i in ids]
    await first.venue.close()
    second = await open_desk(tmp_path, durable=durable)
    assert await second.everything() == everything
    assert [await second.venue.fetch_order(ref=OrderRef(order_id=i)) for i in ids] == orders
    by_caller = await second.venue.fetch_order(ref=OrderRef(client_order_id="mine"))
    assert by_caller == orders[0]
    assert second.published == []


async def test_after_a_restart_the_stop_still_protects(open_desk: Open, tmp_path: Path) -> None:
    """What rested goes on resting; ids go on counting."""
    first = await open_desk(tmp_path)
    before = await first.send("buy", 2, stop_loss=90, take_profit=120)
    await first.venue.close()
    second = await open_desk(tmp_path)
    second.venue.set_quote("BTC/USDT", bid=89, ask=90)
    [update] = second.published
    assert (update.ref.order_id, update.leg, len(update.result.fills)) == (before.order_id, "stop_loss", 2)
    after = await second.send("buy", 1)
    trades = [fill.trade_id for result in (update.result, after) for fill in result.fills]
    assert len(set(trades)) == 3
    assert after.order_id not in {before.order_id, *(leg.order_id for leg in before.legs)}


async def test_an_id_stays_taken_after_a_restart(open_desk: Open, tmp_path: Path) -> None:
    """Of orders that have ended too."""
    first = await open_desk(tmp_path)
    await first.send("buy", 1, id="once")
    await first.venue.close()
    second = await open_desk(tmp_path)
    with pytest.raises(VenueRejected) as caught:
        await second.send("buy", 1, id="once")
    assert caught.value.code == "DUPLICATE_ID"


async def test_two_lives_without_a_folder_share_no_id(open_desk: Open) -> None:
    """A hub that remembers the trades of the first would take those of the second for the same."""
    first, second = await open_desk(), await open_desk()
    one, two = await first.send("buy", 1), await second.send("buy", 1)
    assert one.order_id != two.order_id
    assert one.fills[0].trade_id != two.fills[0].trade_id


async def test_a_set_quote_outlives_the_configured_one(open_desk: Open, tmp_path: Path) -> None:
    """The market does not jump back at a restart."""
    first = await open_desk(tmp_path)
    first.venue.set_quote("BTC/USDT", bid=50, ask=51)
    await first.venue.close()
    second = await open_desk(tmp_path)
    assert (await second.send("buy", 1)).average_price == 51


async def test_a_configured_quote_that_was_edited_is_followed_at_the_start(open_desk: Open, tmp_path: Path) -> None:
    """What it reaches trades, and is published."""
    first = await open_desk(tmp_path)
    await first.send("buy", 1, order_type="limit", price=90)
    await first.venue.close()
    second = await open_desk(tmp_path, instruments=[PaperInstrument(symbol="BTC/USDT", bid=80, ask=81)])
    [update] = second.published
    assert (update.result.status, update.result.average_price) == ("filled", 90)


async def test_an_edited_configuration_changes_no_past(open_desk: Open, tmp_path: Path) -> None:
    """Neither cash nor fees of orders that were filled."""
    first = await open_desk(tmp_path)
    order = await first.send("buy", 1)
    money = await first.money()
    await first.venue.close()
    second = await open_desk(tmp_path, cash=5, fee_percent=3)
    assert await second.money() == money
    assert await second.venue.fetch_order(ref=OrderRef(order_id=order.order_id)) == order


async def test_before_the_first_order_the_configured_cash_counts(open_desk: Open, tmp_path: Path) -> None:
    """An account that was opened only is still a new one."""
    await (await open_desk(tmp_path)).venue.close()
    assert (await (await open_desk(tmp_path, cash=5)).money()).total == 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"currency": "EUR", "instruments": [PaperInstrument(symbol="BTC/EUR")]}, "counts in USDT"),
        ({"instruments": [PaperInstrument(symbol="SOL/USDT")]}, "orders or holdings of BTC/USDT, ETH/USDT:USDT"),
    ],
)
async def test_a_configuration_that_does_not_fit_the_state_is_refused(
    open_desk: Open, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    """Nothing is dropped in silence; with the old configuration the account opens again."""
    first = await open_desk(tmp_path)
    await busy(first)
    await first.venue.close()
    with pytest.raises(VenueError, match=sentence):
        await open_desk(tmp_path, **change)
    await open_desk(tmp_path)


async def test_an_instrument_that_holds_nothing_may_be_taken_off_the_list(open_desk: Open, tmp_path: Path) -> None:
    """Its finished orders are still known."""
    first = await open_desk(tmp_path)
    order = await first.send("buy", 1, PERP, client_order_id="old")
    await first.send("sell", 1, PERP)
    first.venue.set_quote(PERP, bid=1, ask=2)
    await first.venue.close()
    second = await open_desk(tmp_path, instruments=[PaperInstrument(symbol="BTC/USDT", bid=1, ask=2)])
    for names in ({"order_id": order.order_id}, {"client_order_id": "old"}):
        assert await second.venue.fetch_order(ref=OrderRef(**names)) == order
    assert list(second.venue.quotes) == ["BTC/USDT"]


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file with their ends."""
    return path.read_bytes().splitlines(keepends=True)


async def kept_orders(open_desk: Open, folder: Path) -> Path:
    """The orders' file of a closed account."""
    desk = await open_desk(folder)
    await busy(desk)
    await desk.venue.close()
    return folder / "orders.jsonl"


@pytest.mark.parametrize("name", ["orders.jsonl", "quotes.jsonl"])
@pytest.mark.parametrize("damage", ["flip", "drop", "swap", "foreign"])
async def test_a_damaged_file_is_refused_and_left_alone(open_desk: Open, tmp_path: Path, name: str, damage: str) -> None:
    """A changed byte, a missing line, two lines exchanged, another program's file."""
    desk = await open_desk(tmp_path)
    await busy(desk)
    desk.venue.set_quote(PERP, bid=5, ask=6)
    desk.venue.set_quote(PERP, bid=6, ask=7)
    await desk.venue.close()
    path = tmp_path / name
    lines = lines_of(path)
    broken = {
        "flip": [*lines[:-1], lines[-1].replace(b'"', b"'", 1)],
        "drop": [*lines[:-2], lines[-1]],
        "swap": [*lines[:-2], lines[-1], lines[-2]],
        "foreign": [b"hello\n"],
    }[damage]
    path.write_bytes(b"".join(broken))
    with pytest.raises(VenueError, match=f"{name} cannot be used: line .* move it away to start anew") as caught:
        await open_desk(tmp_path)
    assert caught.value.code == "STATE_CORRUPT"
    assert path.read_bytes() == b"".join(broken)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"format":"fks-exec-paper state 9"}', "this version reads 'fks-exec-paper state 2'"),
        ("[]", "does not say what it should"),
        ("nonsense", "does not say what it should"),
        ('{"nonsense":1}', "does not say what it should"),
    ],
)
async def test_a_whole_file_of_something_else_is_refused(open_desk: Open, tmp_path: Path, text: str, sentence: str) -> None:
    """Its checksums are right, its content is not."""
    from fks_exec_paper.journal import rewrite

    rewrite(tmp_path / "orders.jsonl", [text])
    with pytest.raises(VenueError, match=sentence):
        await open_desk(tmp_path)


@pytest.mark.parametrize("order", ['{"order_id":"p1"}', '{"order_id":"p1","nonsense":1}', "{}", "1"])
async def test_an_order_that_is_none_is_refused(open_desk: Open, tmp_path: Path, order: str) -> None:
    """A later version's, or a forged one."""
    from fks_exec_paper.journal import rewrite

    path = await kept_orders(open_desk, tmp_path)
    rewrite(path, [lines_of(path)[0][9:-1].decode(), f'{{"orders":[{order}]}}'])
    with pytest.raises(VenueError, match="should"):
        await open_desk(tmp_path)


async def test_a_quote_that_is_none_is_refused(open_desk: Open, tmp_path: Path) -> None:
    """The quotes' file too is one of ours or not."""
    from fks_exec_paper.journal import rewrite

    rewrite(tmp_path / "quotes.jsonl", ['{"nonsense":1}'])
    with pytest.raises(VenueError, match="a quote is not what it should be"):
        await open_desk(tmp_path)


async def test_an_empty_file_is_no_new_account(open_desk: Open, tmp_path: Path) -> None:
    """A new file is put in its place whole, so that an empty one has lost something."""
    (tmp_path / "orders.jsonl").touch()
    with pytest.raises(VenueError, match="has no first line"):
        await open_desk(tmp_path)


async def test_a_line_that_a_crash_cut_short_is_dropped(
    open_desk: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody was told of it; the next step goes to its place."""
    desk = await open_desk(tmp_path)
    for name in ("kept", "cut"):
        await desk.send("buy", 1, id=name)
    await desk.venue.close()
    path = tmp_path / "orders.jsonl"
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-5])
    with caplog.at_level(logging.WARNING):
        desk = await open_desk(tmp_path)
    assert "line 3 has no end and is dropped; a crash cut it short" in caplog.text
    assert lines_of(path) == lines[:-1]
    assert await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id="cut")) is None
    await desk.send("buy", 1, id="next")
    await desk.venue.close()
    desk = await open_desk(tmp_path)
    for name in ("kept", "next"):
        assert (await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id=name))).success


async def test_a_folder_serves_one_account_at_a_time(open_desk: Open, tmp_path: Path) -> None:
    """Two would write over each other."""
    first = await open_desk(tmp_path)
    with pytest.raises(VenueError, match="in use by another account or process") as caught:
        await open_desk(tmp_path)
    assert caught.value.code == "STATE_IN_USE"
    await first.venue.close()
    await open_desk(tmp_path)


async def test_a_folder_that_cannot_be_made_is_a_sentence(open_desk: Open, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(VenueError, match="cannot be opened"):
        await open_desk(tmp_path / "file" / "state")


async def test_each_order_costs_one_line_however_many_there_were(open_desk: Open, tmp_path: Path) -> None:
    """The write does not grow with the history."""
    desk = await open_desk(tmp_path)
    sizes = []
    for _ in range(50):
        before = (tmp_path / "orders.jsonl").stat().st_size
        await desk.send("buy", "0.1")
        sizes.append((tmp_path / "orders.jsonl").stat().st_size - before)
    assert len(lines_of(tmp_path / "orders.jsonl")) == 51
    assert max(sizes) < min(sizes) * 1.2


async def test_outdated_lines_are_dropped_at_a_start(open_desk: Open, tmp_path: Path) -> None:
    """An order that changed often keeps its last line; nothing that can be known is lost."""
    desk = await open_desk(tmp_path)
    for number in range(300):
        placed = await desk.send("buy", 1, order_type="limit", price=90, id=f"old{number}")
        await desk.cancel(placed.order_id)
    last = await desk.send("buy", 1, PERP, stop_loss=7)
    everything = await desk.everything()
    for _ in range(2):
        await desk.venue.close()
        desk = await open_desk(tmp_path)
        assert len(lines_of(tmp_path / "orders.jsonl")) == 1 + 301 + 1  # head, orders, sums
        assert await desk.everything() == everything
    assert await desk.venue.fetch_order(ref=OrderRef(order_id=last.order_id)) == last
    with pytest.raises(VenueRejected, match="was used before"):
        await desk.send("buy", 1, id="old7")


async def test_the_quotes_file_stays_small(open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A market that moves for months leaves the last quotes."""
    monkeypatch.setattr("fks_exec_paper.store._QUOTE_LINES", 20)
    desk = await open_desk(tmp_path)
    for price in range(100, 200):
        desk.venue.set_quote("BTC/USDT", bid=price, ask=price)
    assert len(lines_of(tmp_path / "quotes.jsonl")) <= 21
    await desk.venue.close()
    assert (await open_desk(tmp_path)).venue.quotes["BTC/USDT"].bid == 199


class FullDisk:
    """Makes writes fail from now on, as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        self._patch, self._method = monkeypatch, method

    def fill(self) -> None:
        """No room any more."""

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self._patch.setattr(Journal, self._method, fail)


@pytest.mark.parametrize(("durable", "method"), [(False, "append"), (True, "append"), (True, "sync")])
async def test_what_could_not_be_written_is_told_to_nobody_and_nothing_more_is_taken(
    open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool, method: str
) -> None:
    """The order's outcome is unknown (no VenueError); all later ones are proved not to exist."""
    desk = await open_desk(tmp_path, durable=durable)
    await desk.send("buy", 1, order_type="limit", price=90)
    FullDisk(monkeypatch, method).fill()
    with pytest.raises(OSError, match="No space"):
        await desk.send("buy", 2)
    for refused in (desk.send("buy", 1), desk.cancel("any")):
        with pytest.raises(NotSent, match=r"No space.* make room and open the account again"):
            await refused
    health = await desk.venue.health_check()
    assert [(check.name, check.ok) for check in health.checks] == [("quotes", True), ("state", False)]
    assert desk.published == []
    await desk.venue.close()
    monkeypatch.undo()
    again = await open_desk(tmp_path)
    assert (await again.send("buy", 1)).success


async def test_a_quote_that_could_not_be_written_moves_nothing_that_is_told(
    open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publishing waits for the writing, in the writer's thread too."""
    desk = await open_desk(tmp_path, durable=True)
    await desk.send("buy", 1, order_type="limit", price=90)
    FullDisk(monkeypatch, "append").fill()
    desk.venue.set_quote("BTC/USDT", bid=80, ask=81)
    with pytest.raises(OSError, match="No space"):
        await desk.venue.fetch_open_orders()
    assert desk.published == []


def test_after_a_write_that_failed_nothing_is_written_any_more(tmp_path: Path) -> None:
    """A later line behind a gap would make the file one that no restart reads."""

    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = Store(tmp_path, currency="USDT", series="p1")
    writer, written = Grouped(store.orders), list[str]()
    first = writer.write(fail, lambda: None)
    assert isinstance(first.exception(timeout=5), OSError)
    second = writer.write(lambda: written.append("line"), lambda: written.append("told"))
    assert isinstance(second.exception(timeout=5), OSError)
    writer.close()
    store.close()
    assert written == []


async def test_a_caller_that_gives_up_does_not_undo_the_order(open_desk: Open, tmp_path: Path) -> None:
    """It loses the answer only, as at a real venue."""
    desk = await open_desk(tmp_path, durable=True)
    waiting = asyncio.ensure_future(desk.send("buy", 1, id="lost"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id="lost"))).status == "filled"


async def test_health_notices_a_file_that_is_gone(open_desk: Open, tmp_path: Path) -> None:
    """Writes would go to a file that no restart finds."""
    desk = await open_desk(tmp_path)
    assert await desk.venue.health_check()
    os.rename(tmp_path / "orders.jsonl", tmp_path / "elsewhere")
    for _ in range(2):
        check = (await desk.venue.health_check()).checks[1]
        assert (check.ok, "was moved or deleted" in check.message) == (False, True)
        (tmp_path / "orders.jsonl").touch()


def test_a_failed_opening_lets_the_folder_go(tmp_path: Path) -> None:
    """The account is tried again with a new object."""
    (tmp_path / "orders.jsonl").write_bytes(b"x\n")
    for _ in range(2):
        with pytest.raises(VenueError, match="is damaged"):
            Store(tmp_path, currency="USDT", series="p1")


CHILD = """
import asyncio, sys
from pathlib import Path
from fks_exec import Order, Submission, VenueContext
from fks_exec_paper import PaperConfig, PaperInstrument, PaperVenue

async def main():
    venue = PaperVenue()
    config = PaperConfig(cash=10**9, durable=False, instruments=[PaperInstrument(symbol="BTC/USDT", bid=99, ask=100)])
    context = VenueContext(account="p", state_dir=Path(sys.argv[1]), publish=print, quote=None)
    await venue.init(config=config, context=context)
    for number in range(10**6):
        order = Order(symbol="BTC/USDT", side="buy", quantity=1, stop_loss=90)
        submission = Submission(account="p", venue_client_order_id=f"k{number}", deadline=1e12)
        await venue.execute_order(order=order, submission=submission)
        print(f"k{number}", flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
async def test_a_killed_process_loses_no_answered_order(open_desk: Open, tmp_path: Path) -> None:
    """Whatever it answered is there afterwards, whole; also without waiting for the disk."""
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    answered = [child.stdout.readline().decode().strip() for _ in range(200)]
    child.send_signal(signal.SIGKILL)
    answered += [line.strip() for line in child.stdout.read().decode().splitlines(keepends=True) if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    desk = await open_desk(tmp_path, cash=1)
    for name in answered:
        result = await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id=name))
        assert (result.status, result.protected) == ("filled", True)
    held = (await desk.venue.fetch_balance())[1].total
    assert held in (len(answered), len(answered) + 1)
