# SPDX-License-Identifier: MIT
"""The list of revoked secrets: whoever writes it the host can read it, and while it cannot nobody is let in."""

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import stat
from pathlib import Path

import httpx
import pytest

from fks_exec import ConfigError
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.listed import place
from fks_exec_server.access.revoked import ListUnreadable, Revoked
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue

DIGEST = b"\1" * 32


def mode(path: Path) -> int:
    """What its owner and others may."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_line_that_somebody_wrote_by_hand_is_kept(tmp_path: Path) -> None:
    """Also one without a line end, and what another process has added meanwhile."""
    first, second = Revoked(place(tmp_path)), Revoked(place(tmp_path))
    place(tmp_path).parent.mkdir()
    place(tmp_path).write_text("01" * 32, "ascii")
    first.add(b"\2" * 32, "tv")
    second.add(b"\3" * 32, "tv")
    assert Revoked(place(tmp_path)).read() == {bytes([number]) * 32 for number in (1, 2, 3)}


def test_a_list_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """Nobody knows then what was revoked."""
    path = place(tmp_path)
    path.parent.mkdir()
    for text in ("not a digest\n", "é\n", f"{'0' * 63}\n"):
        path.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match="list of revoked keys"):
            Revoked(path)


async def test_while_a_list_cannot_be_read_nobody_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look that fails is told; once it can be read again, all is as it says."""
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    revoked = Revoked(place(tmp_path))
    revoked.add(DIGEST, "tv")
    place(tmp_path).write_text("broken\n", "utf-8")
    for _ in range(2):
        with pytest.raises(ListUnreadable):
            await revoked.look()
    assert [each.levelname for each in caplog.records] == ["ERROR", "ERROR"]
    assert "until it can be read nobody is let in" in caplog.text
    place(tmp_path).write_text(f"{DIGEST.hex()}\n", "ascii")
    await revoked.look()
    assert DIGEST in revoked


async def test_between_two_looks_a_list_that_cannot_be_read_lets_nobody_in_either(tmp_path: Path) -> None:
    """Else every second request would pass."""
    revoked = Revoked(place(tmp_path))
    revoked.add(DIGEST, "tv")
    place(tmp_path).write_text("broken\n", "utf-8")
    revoked._looked = float("-inf")
    for _ in range(2):
        with pytest.raises(ListUnreadable):
            await revoked.look()


async def test_a_host_that_cannot_read_the_list_asks_to_be_sent_the_alert_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 would lose the alert for ever; a right secret and a wrong one are answered alike."""
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with hub, httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url="http://host") as client:
        path = place(hub.config.state)
        path.parent.mkdir(parents=True)
        path.write_text("broken\n", "ascii")
        right, wrong = [await client.post(f"/webhook/tradingview/{key}", content=b"{}") for key in (KEY, "x" * 43)]
        path.write_text("", "ascii")
        later = await client.post(f"/webhook/tradingview/{KEY}", content=b"{}")
    assert (right.status_code, right.json()["code"], right.content) == (503, "KEYS_UNREADABLE", wrong.content)
    assert later.status_code == 422


async def test_a_list_that_is_gone_under_a_running_host_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It held what is to be kept out; who means to let that in again empties it."""
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    revoked = Revoked(place(tmp_path))
    await revoked.look()  # there never was one
    revoked.add(DIGEST, "tv")
    place(tmp_path).rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(ListUnreadable):
            await revoked.look()
    place(tmp_path).touch()
    await revoked.look()
    assert DIGEST not in revoked
    place(tmp_path).unlink()
    await revoked.look()  # it held none


async def test_a_list_that_does_not_come_is_waited_for_once_and_not_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder on a network that hangs: no further thread hangs in it; when it answers, all is as it says."""
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    monkeypatch.setattr("fks_exec_server.access.revoked.PATIENCE", 0.05)
    revoked = Revoked(place(tmp_path))
    revoked.add(DIGEST, "tv")
    place(tmp_path).unlink()
    os.mkfifo(place(tmp_path))  # who reads it waits until somebody writes
    try:
        for _ in range(3):
            async with asyncio.timeout(5):
                with pytest.raises(ListUnreadable):
                    await revoked.look()
        assert [each.levelname for each in caplog.records] == ["ERROR"]
        assert "does not come within 0.05 s" in caplog.text
    finally:
        with open(os.open(place(tmp_path), os.O_RDWR), "wb") as writer:
            place(tmp_path).unlink()
            place(tmp_path).write_text(f"{'02' * 32}\n", "ascii")
            writer.write(b"broken")
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(ListUnreadable):
                await revoked.look()
                break
            await asyncio.sleep(0.005)
    assert b"\2" * 32 in revoked


async def test_who_sends_its_body_later_sees_why_it_is_not_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is closed before the body is here is reset, and TradingView does not send again what had no answer."""
    monkeypatch.setattr("fks_exec_server.http.body._DRAIN_SECONDS", 10.0)
    monkeypatch.setattr("fks_exec_server.access.revoked.FRESH", 0.0)
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host:
        place(hub.config.state).parent.mkdir(parents=True, exist_ok=True)
        place(hub.config.state).write_text("broken\n", "ascii")
        reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
        answer = asyncio.create_task(reader.read())
        writer.write(f"POST /webhook/tradingview/{KEY} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n".encode())
        done, _ = await asyncio.wait({answer}, timeout=0.2)
        assert not done
        writer.write(b"{}")
        async with asyncio.timeout(5):
            head, _, content = (await answer).partition(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(content)["code"] == "KEYS_UNREADABLE"


def test_what_another_user_writes_is_given_to_whom_the_state_folder_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root does with sudo: the host could not read it, and would not start again."""
    given: list[object] = []
    owner = tmp_path.stat()
    monkeypatch.setattr(os, "geteuid", lambda: owner.st_uid + 1)
    monkeypatch.setattr(os, "fchown", lambda handle, *who: given.append(("file", *who)))
    monkeypatch.setattr(os, "chown", lambda path, *who, follow_symlinks: given.append((path.name, *who)))
    Revoked(place(tmp_path)).add(DIGEST, "tv")
    who = (owner.st_uid, owner.st_gid)
    assert given == [("_server", *who), ("file", *who)]
    assert mode(place(tmp_path)) == 0o600


def test_where_it_may_not_be_given_away_everybody_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds digests of random secrets, which tell nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(os, "chown", refuse)
    Revoked(place(tmp_path)).add(DIGEST, "tv")
    assert (mode(place(tmp_path)), mode(place(tmp_path).parent)) == (0o644, 0o755)


def test_its_own_user_keeps_it_to_himself(tmp_path: Path) -> None:
    """As any file in the state folder."""
    Revoked(place(tmp_path)).add(DIGEST, "tv")
    assert mode(place(tmp_path)) == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Root would write, and give away, whatever file the host's user names."""
    victim = tmp_path / "victim"
    victim.write_text("", "ascii")
    place(tmp_path).parent.mkdir()
    place(tmp_path).symlink_to(victim)
    with pytest.raises(ConfigError, match="nothing was revoked"):
        Revoked(place(tmp_path)).add(hashlib.sha256(b"x").digest(), "tv")
    assert victim.read_text("ascii") == ""
