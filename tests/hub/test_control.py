# SPDX-License-Identifier: MIT
"""An operator's words reach a running host through its socket, and nobody else's do."""

import asyncio
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec.testing import AcceptThenHang, EmptyLookUp, Lost
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub, control, sockets
from fks_exec_hub.config import HubConfig
from fks_exec_hub.control import HostRefused, NoHost, NoReply, ask_host, serve_control
from fks_exec_hub.sockets import CannotServe
from fks_exec_simulators.stage import ACCOUNT, buy, configure

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such sockets")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short name: the path of a socket has an end."""
    with tempfile.TemporaryDirectory(prefix="fks-") as folder:
        yield Path(folder).resolve()


def config_of(folder: Path, **top: Any) -> HubConfig:
    """One account on the faulty venue."""
    return configure(folder, account={"venue": "faulty", "deadline": 1}, **top)


@asynccontextmanager
async def host_at(venue: Venue, config: HubConfig) -> AsyncIterator[tuple[ExecutionHub, Path]]:
    """A hub that takes commands, and its socket."""
    async with ExecutionHub.open(config, plugins=[venue.plugin]) as hub, serve_control(hub) as path:
        assert path is not None
        yield hub, path


def limit(name: str = "one") -> Any:
    """A buy far below the market."""
    return buy(order_type="limit", price="50", client_order_id=name)


async def raw(path: Path, line: bytes) -> dict[str, Any]:
    """What the host answers to some bytes."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    writer.write_eof()
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    found = json.loads(answer)
    assert isinstance(found, dict)
    return found


async def test_every_command_reaches_the_hub(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And stands in the host's log."""
    venue, config = Venue(), config_of(tmp_path)
    async with host_at(venue, config) as (hub, _):
        for name in ("one", "two"):
            await hub.execute_order(ACCOUNT, limit(name))
        changed = await ask_host(config, "amend", account=ACCOUNT, id="one", change={"price": "60.5"})
        assert (changed["status"], str(venue.placed[0].order.price)) == ("accepted", "60.5")
        assert (await ask_host(config, "cancel", account=ACCOUNT, id="one"))["status"] == "canceled"
        assert (await ask_host(config, "order", account=ACCOUNT, id="one"))["status"] == "canceled"
        assert await ask_host(config, "order", account=ACCOUNT, id="nobody") is None
        await ask_host(config, "halt", account=ACCOUNT, state="halted", because="a test")
        assert [(each.halt, each.halt_reason) for each in hub.status()] == [("halted", "a test")]
        assert (await hub.execute_order(ACCOUNT, buy())).code == "HALTED"
        assert [(each["halt"], each["breaker"]) for each in await ask_host(config, "status")] == [("halted", "closed")]
        await ask_host(config, "halt", account="*", state="active", because="it is over")
        assert [(each.halt, each.halt_reason) for each in hub.status()] == [("active", "")]
    logged = [record.getMessage() for record in caplog.records if record.name == control.__name__]
    assert [line.split()[1] for line in logged] == ["amend", "cancel", "halted", "active"]


async def test_an_order_of_unknown_fate_is_settled_in_a_running_host(tmp_path: Path) -> None:
    venue = Venue([Lost()], otherwise=lambda request: EmptyLookUp() if request.kind == "look_up" else None)
    config = config_of(tmp_path)
    async with host_at(venue, config) as (hub, _):
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="one"))).status == "unknown"
        assert (await hub.execute_order(ACCOUNT, buy())).code == "UNRESOLVED_ORDER"
        word = {"as_": "not_placed", "because": "not in the venue's history"}
        assert (await ask_host(config, "resolve", account=ACCOUNT, id="one", word=word))["status"] == "not_placed"
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


@pytest.mark.parametrize(
    ("do", "words", "code", "says"),
    [
        ("cancel", {"account": "nobody", "id": "one"}, "UNKNOWN_ACCOUNT", "configured are: main"),
        ("cancel", {"account": ACCOUNT, "id": "nobody"}, "UNKNOWN_ORDER", "orders list"),
        ("cancel", {"account": ACCOUNT}, "INVALID", "id: is missing"),
        ("cancel", {"account": ACCOUNT, "id": 5}, "INVALID", "id: is missing, or no text"),
        ("cancel", {"account": ACCOUNT, "id": "one", "force": "yes"}, "INVALID", "force: is unknown"),
        ("amend", {"account": ACCOUNT, "id": "one"}, "INVALID", ""),
        ("amend", {"account": ACCOUNT, "id": "one", "change": {"side": "sell"}}, "INVALID", "side"),
        ("amend", {"account": ACCOUNT, "id": "one", "change": {}}, "INVALID", "changes nothing"),
        ("halt", {"account": ACCOUNT, "state": "off", "because": "x"}, "INVALID", "active, reducing, halted"),
        ("halt", {"account": ACCOUNT, "state": "halted", "because": " "}, "INVALID", "because"),
        ("halt", {"state": "halted", "because": "x"}, "INVALID", "account: is missing"),
        ("halt", {"account": ACCOUNT, "state": "halted", "because": "x", "entries": "no"}, "INVALID", "cancel, keep"),
        ("resolve", {"account": ACCOUNT, "id": "one", "word": {"as_": "placed"}}, "INVALID", "word"),
        ("resolve", {"account": ACCOUNT, "id": "one", "word": {"as_": "gone", "because": "x"}}, "FAILED", "gone"),
        ("resolve", {"account": ACCOUNT, "id": "ended", "word": {"as_": "placed", "because": "x"}}, "FAILED", "has ended"),
        ("execute", {"account": ACCOUNT}, "INVALID", "is not one of cancel, amend"),
    ],
)
async def test_a_command_that_cannot_be_meant_is_refused(
    tmp_path: Path, do: str, words: dict[str, Any], code: str, says: str
) -> None:
    venue, config = Venue(), config_of(tmp_path)
    async with host_at(venue, config) as (hub, _):
        await hub.execute_order(ACCOUNT, limit("one"))
        await hub.execute_order(ACCOUNT, buy(client_order_id="ended"))
        with pytest.raises(HostRefused) as refused:
            await ask_host(config, do, **words)
        assert (refused.value.code, says in str(refused.value)) == (code, True), refused.value
        assert venue.count("cancel") + venue.count("amend") == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "INVALID"),
        (b"cancel everything\n", "INVALID"),
        (b"[]\n", "INVALID"),
        (b'{"version": 2, "do": "cancel"}\n', "INVALID"),
        (b'{"do": "cancel"}\n', "INVALID"),
        (b"x" * (control.LINE + 10), "INVALID"),
        (b'{"a":' * 2000 + b"\n", "INVALID"),
    ],
    ids=["nothing", "words", "a list", "another version", "no version", "too long", "too deep"],
)
async def test_bytes_that_are_no_command_are_refused(tmp_path: Path, line: bytes, code: str) -> None:
    config = config_of(tmp_path)
    async with host_at(Venue(), config) as (_, path):
        answer = await raw(path, line)
        assert (answer["code"], bool(answer["error"])) == (code, True)
        assert await ask_host(config, "order", account=ACCOUNT, id="one") is None


async def test_a_command_for_another_journal_is_refused(tmp_path: Path) -> None:
    """Two configurations with one state folder: it would be the wrong account."""
    config = config_of(tmp_path)
    async with host_at(Venue(), config):
        other = evolve(config, journal="sqlite:other.db")
        with pytest.raises(HostRefused, match=r"this host owns sqlite:.*fks-exec\.db"):
            await ask_host(other, "cancel", account=ACCOUNT, id="one")


async def test_a_command_that_takes_too_long_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says that nobody knows yet."""
    monkeypatch.setattr(control, "PATIENCE", 0.05)
    venue, config = Venue([AcceptThenHang(on="cancel")]), evolve(config_of(tmp_path))
    async with host_at(venue, config) as (hub, _):
        await hub.execute_order(ACCOUNT, limit())
        with pytest.raises(NoReply, match="still at it"):
            await ask_host(config, "cancel", account=ACCOUNT, id="one")
        venue.release()
        assert (await hub.cancel_order(ACCOUNT, "one")).status == "canceled"
    assert venue.count("cancel") == 1


async def test_a_client_that_says_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ARRIVAL", 0.05)
    async with host_at(Venue(), config_of(tmp_path)) as (_, path):
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_host_that_stops_leaves_who_waits_without_an_answer(tmp_path: Path) -> None:
    venue, config = Venue([AcceptThenHang(on="cancel")]), config_of(tmp_path)
    async with host_at(venue, config) as (hub, _):
        await hub.execute_order(ACCOUNT, limit())
        waiting = asyncio.create_task(ask_host(config, "cancel", account=ACCOUNT, id="one"))
        await venue.arrived("cancel")
    with pytest.raises(NoReply, match="look before you give it again"):
        await waiting


async def test_without_a_host_nobody_listens(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    with pytest.raises(NoHost, match="takes no commands"):
        await ask_host(config, "cancel", account=ACCOUNT, id="one")
    async with host_at(Venue(), config) as (_, path):
        assert path.exists()
    assert not path.exists()
    with pytest.raises(NoHost):
        await ask_host(config, "cancel", account=ACCOUNT, id="one")


async def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask is, and however open the folder was left."""
    (tmp_path / "state" / sockets.FOLDER).mkdir(parents=True)
    (tmp_path / "state" / sockets.FOLDER).chmod(0o777)
    before = os.umask(0)
    try:
        async with host_at(Venue(), config_of(tmp_path)) as (_, path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


async def test_a_socket_that_a_dead_host_left_is_replaced(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    path = sockets.place(config.state)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    async with host_at(Venue(), config):
        assert await ask_host(config, "order", account=ACCOUNT, id="one") is None


async def test_a_host_does_not_take_the_place_of_one_that_answers(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    async with host_at(Venue(), config):
        other = config_of(tmp_path, journal="sqlite:other.db")
        with pytest.raises(CannotServe, match="another host answers"):
            async with host_at(Venue(), other):
                pass
        assert await ask_host(config, "order", account=ACCOUNT, id="one") is None


@pytest.mark.parametrize("what", ["a file", "a symlink to a socket", "a folder"])
async def test_what_is_no_socket_of_ours_is_left_alone(tmp_path: Path, what: str) -> None:
    path = sockets.place(tmp_path / "state")
    if what == "a file":
        path.write_text("precious")
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotServe, match="no socket of this user"):
        async with host_at(Venue(), config_of(tmp_path)):
            pass
    assert path.is_symlink() or path.exists()


async def test_a_folder_that_is_a_symlink_is_refused(tmp_path: Path) -> None:
    """On both sides: a command is not given to who knows whom."""
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state" / sockets.FOLDER).symlink_to(tmp_path / "elsewhere")
    config = config_of(tmp_path)
    with pytest.raises(CannotServe, match="no folder of this user"):
        async with host_at(Venue(), config):
            pass
    with pytest.raises(CannotServe, match="no folder of this user"):
        await ask_host(config, "cancel", account=ACCOUNT, id="one")


@pytest.mark.skipif(not hasattr(os, "chown") or os.getuid() != 0, reason="only root can give a folder away")
async def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "state" / sockets.FOLDER
    folder.mkdir(parents=True)
    os.chown(folder, 12345, 12345)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(CannotServe, match="no folder of this user"):
        sockets.place(tmp_path / "state")


async def test_a_path_that_is_too_long_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides find the same place, and it is the user's alone."""
    short = tmp_path / "t"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    config = config_of(deep)
    async with host_at(Venue(), config) as (_, path):
        assert path.is_relative_to(short)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert await ask_host(config, "order", account=ACCOUNT, id="one") is None


def test_a_path_that_is_too_long_everywhere_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("t" * 120)))
    with pytest.raises(CannotServe, match="too long for a socket; set TMPDIR"):
        sockets.place(tmp_path / ("d" * 120))


async def test_where_there_are_no_such_sockets_the_host_serves_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(control, "SUPPORTED", False)
    config = config_of(tmp_path)
    async with ExecutionHub.open(config, plugins=[Venue().plugin]) as hub, serve_control(hub) as path:
        assert path is None
        with pytest.raises(NoHost, match="stop it first"):
            await ask_host(config, "cancel", account=ACCOUNT, id="one")


async def test_who_only_asks_whether_a_host_is_here_leaves_no_line_in_its_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a second host does before it gives up."""
    async with host_at(Venue(), config_of(tmp_path)) as (_, path):
        with pytest.raises(CannotServe, match="another host answers"):
            await asyncio.to_thread(sockets.bind, path)
        await raw(path, b"no JSON\n")
    assert [each.getMessage()[:58] for each in caplog.records if "control" in each.getMessage()] == [
        "control: refused with INVALID: the text is not JSON: Expec"
    ]
