# SPDX-License-Identifier: MIT
"""Notes that are stored with an order, or not at all; and by themselves."""

import asyncio
from pathlib import Path
from typing import Any

import apsw
import pytest

from fks_exec_hub import ExecutionHub, UnknownAccount
from fks_exec_hub.journal import Exists, HaltState, HaltStep, JournalError, JournalUnavailable, Note, NoteRecord
from fks_exec_hub.orders import intake
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, until

JOURNALS = ["sqlite:fks-exec.db", "memory:"]


def note(value: str = "first", **more: Any) -> Note:
    return Note(**{"account": ACCOUNT, "namespace": "seen", "name": "n", "value": value, "when": "absent", "time": 1, **more})


async def taken(hub: ExecutionHub, name: str, *notes: Note) -> str:
    receipt = await hub.submit(ACCOUNT, buy(client_order_id=name), notes=notes)
    return (await receipt.result()).status


@pytest.fixture(params=[True, False], ids=["merged", "apart"])
def merge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether accept and intent share a write."""
    monkeypatch.setattr(intake, "MERGE", request.param)


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.usefixtures("merge")
async def test_a_note_is_stored_with_its_order(tmp_path: Path, journal: str) -> None:
    async with hub_on(Stage(), configure(tmp_path, journal=journal)) as hub:
        await taken(hub, "first")  # the instrument's rules are known from here on
        assert await taken(hub, "a", note(number=7)) == "filled"
        assert await hub.read_note(ACCOUNT, "seen", "n") == NoteRecord(value="first", number=7)


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.usefixtures("merge")
async def test_an_order_whose_note_is_refused_is_no_order_and_its_id_is_unspent(tmp_path: Path, journal: str) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, journal=journal)) as hub:
        await taken(hub, "a", note())
        with pytest.raises(Exists) as refused:
            await taken(hub, "b", note("second"))
        assert refused.value.recorded == NoteRecord(value="first", number=0)
        assert await hub.order(ACCOUNT, "b") is None
        assert stage.ids == ["a"]
        assert hub.status()[0].ready
        assert await taken(hub, "b") == "filled"
    assert stage.ids == ["a", "b"]


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.usefixtures("merge")
async def test_what_a_refused_order_reserved_is_free_again(tmp_path: Path, journal: str) -> None:
    async with hub_on(Stage(), configure(tmp_path, journal=journal)) as hub:
        await taken(hub, "a", note())
        for number in range(3):
            with pytest.raises(Exists):
                await taken(hub, f"b{number}", note())
        totals = hub._desks[ACCOUNT].book.totals("BTC/USDT")
    assert (totals.position, totals.working_buy) == (1, 0)


@pytest.mark.parametrize("journal", JOURNALS)
async def test_a_known_order_is_a_duplicate_whatever_has_become_of_its_notes(tmp_path: Path, journal: str) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, journal=journal)) as hub:
        await taken(hub, "a", note())
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        again = await (await hub.submit(ACCOUNT, buy(client_order_id="a"), notes=[note("other")])).result()
        assert again.duplicate
        assert await hub.read_note(ACCOUNT, "seen", "n") == NoteRecord(value="first", number=0)
    assert stage.ids == ["a"]


async def test_a_note_is_there_after_a_restart_and_refuses_as_before(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await taken(hub, "a", note())
    async with hub_on(stage, configure(tmp_path)) as hub:
        with pytest.raises(Exists):
            await taken(hub, "b", note())
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"), notes=[note()])
        assert receipt.duplicate
    assert stage.ids == ["a"]


@pytest.mark.parametrize("journal", JOURNALS)
async def test_of_many_at_once_with_one_note_one_is_an_order(tmp_path: Path, journal: str) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, journal=journal)) as hub:
        each = [taken(hub, f"o{number}", note(str(number))) for number in range(20)]
        answers = await asyncio.gather(*each, return_exceptions=True)
    assert [answer for answer in answers if answer == "filled"] == ["filled"]
    assert sum(isinstance(answer, Exists) for answer in answers) == 19
    assert len(stage.requests) == 1


@pytest.mark.parametrize("journal", JOURNALS)
async def test_a_number_must_grow_where_the_note_says_so(tmp_path: Path, journal: str) -> None:
    async with hub_on(Stage(), configure(tmp_path, journal=journal)) as hub:
        await taken(hub, "a", note(when="greater", number=5))
        for number in (4, 5):
            with pytest.raises(Exists):
                await taken(hub, "b", note(when="greater", number=number))
        await taken(hub, "b", note(when="greater", number=6))


async def test_an_order_and_its_note_share_one_fate_when_the_disk_fails(tmp_path: Path) -> None:
    disk, stage = FaultyDisk("notes"), Stage()
    async with hub_on(stage, configure(tmp_path, journal="disk:j.db"), DiskJournals(disk)) as hub:
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(JournalError):
            await taken(hub, "a", note())
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
        assert await hub.read_note(ACCOUNT, "seen", "n") is None
        assert await hub.order(ACCOUNT, "a") is None
        assert await taken(hub, "a", note()) == "filled"
    disk.unregister()
    assert stage.ids == ["a"]


@pytest.mark.usefixtures("merge")
async def test_a_halt_denies_the_order_and_keeps_its_note(tmp_path: Path) -> None:
    """The intent is refused, the instruction stands with all that was accepted with it."""
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await taken(hub, "first")
        await hub.journal.write(HaltStep(account=ACCOUNT, state=HaltState.HALTED, time=1))  # memory does not know yet
        assert await taken(hub, "a", note()) == "denied"
        assert await hub.read_note(ACCOUNT, "seen", "n") is not None
    assert stage.ids == ["first"]


async def test_a_note_of_another_account_or_that_no_journal_can_keep_is_refused_before_anything_begins(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        for wrong in ([note(account="other")], [note(), note()], [note(name="\ud800")]):
            with pytest.raises(ValueError, match=r"other|twice|surrogates"):
                await taken(hub, "a", *wrong)
        assert hub._desks[ACCOUNT].live == {}


@pytest.mark.parametrize("journal", JOURNALS)
async def test_a_note_by_itself_is_written_under_its_condition(tmp_path: Path, journal: str) -> None:
    async with hub_on(Stage(), configure(tmp_path, journal=journal)) as hub:
        await hub.write_note(note())
        with pytest.raises(Exists):
            await hub.write_note(note("second"))
        await hub.write_note(note("third", when="always"))
        assert await hub.read_note(ACCOUNT, "seen", "n") == NoteRecord(value="third", number=0)
        assert await hub.read_note(ACCOUNT, "seen", "other") is None
        with pytest.raises(UnknownAccount):
            await hub.write_note(note(account="other"))
        with pytest.raises(UnknownAccount):
            await hub.read_note("other", "seen", "n")


async def test_a_note_is_refused_while_the_journal_cannot_be_written(tmp_path: Path) -> None:
    disk = FaultyDisk("notes-alone")
    async with hub_on(Stage(), configure(tmp_path, journal="disk:j.db"), DiskJournals(disk)) as hub:
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(JournalError):
            await hub.write_note(note())
        with pytest.raises(JournalUnavailable):
            await hub.write_note(note())
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
        await hub.write_note(note())
    disk.unregister()


@pytest.mark.usefixtures("merge")
async def test_a_refused_note_of_one_caller_keeps_no_other_ones_order_out(tmp_path: Path) -> None:
    """Both send the same id in the same moment; only the first brings a note, and that is there already."""
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await taken(hub, "first", note())
        one, two = await asyncio.gather(taken(hub, "a", note("second")), taken(hub, "a"), return_exceptions=True)
        assert (type(one), two) == (Exists, "filled")
    assert len(stage.requests) == 2
