# SPDX-License-Identifier: MIT
"""The life of an account: made, opened, closed, opened anew; and an opening that fails."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from ...account import Account
from ...errors import AccountNotReady, FksExecError
from ...model.extension import VenueType
from ...model.results import Status
from ..trial import Counterpart, Trial
from .base import Suite, floor
from .configuration import config_of, with_wrong_key
from .desk import Desk, not_tried, told
from .openings import check_sentence, elsewhere, fails, hang, opened, traded
from .remains import watching


class Lifecycle(Suite):
    """An account opens, closes and leaves nothing behind; a new object begins anew; a failed opening says why."""

    async def test_create_works_in_a_thread_and_connects_to_nothing(
        self, venue: Trial, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the host calls it: without an argument, without a running loop, before there is a configuration."""
        kind = _type_of(venue)
        begun = _connections(monkeypatch)
        before = set(threading.enumerate())
        try:
            await asyncio.to_thread(kind.create)
        except Exception as error:
            remedy = "what needs a loop or a connection is for init"
            pytest.fail(f"create raised {type(error).__name__} in a worker thread: {error}; {remedy}", pytrace=False)
        assert not begun, f"create connected to {', '.join(begun)}; connect in init"
        threads = [each.name for each in threading.enumerate() if each not in before and not each.name.startswith("asyncio_")]
        assert not threads, f"create started the threads {', '.join(threads)}; an object that is never opened is never closed"

    async def test_create_makes_a_new_object_each_time(self, venue: Trial) -> None:
        kind = _type_of(venue)
        first, second = await asyncio.to_thread(kind.create), await asyncio.to_thread(kind.create)
        assert first is not second, "create gave the same object twice; init is called once for each object, so make a new one"

    @floor
    async def test_an_account_opens_and_closes(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Ready after the one, not after the other; closing it twice is quiet."""
        desk = await opened(venue, counterpart, tmp_path)
        assert desk.account.ready, f"the account has opened and is not ready: {desk.account.reason}"
        assert desk.account.display_name, "name() answers an empty text; it is what the venue calls itself"
        with caplog.at_level(logging.WARNING):
            await desk.close()
            await desk.account.close()
        assert not desk.account.ready
        assert not _complaints(caplog), f"closing was not quiet: {'; '.join(_complaints(caplog))}"

    @floor
    async def test_a_closed_account_refuses_orders(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> None:
        desk = await opened(venue, counterpart, tmp_path)
        await desk.close()
        with pytest.raises(AccountNotReady):
            await desk.account.execute_order(desk.order(), desk.account.submission())

    @floor
    async def test_closing_leaves_no_task_and_no_thread(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        with watching() as watch:
            await traded(await opened(venue, counterpart, tmp_path))
            left = await watch.left(watch.tasks, watch.threads)
        assert not left, f"{', '.join(left)} outlived the account; end in close what init has begun, and wait for it"

    @floor
    async def test_closing_leaves_no_open_socket(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> None:
        with watching() as watch:
            await traded(await opened(venue, counterpart, tmp_path))
            left = await watch.left(watch.sockets)
        assert not left, f"{', '.join(left)} outlived the account; close every connection in close"

    @floor
    async def test_nothing_is_forgotten_on_the_way(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> None:
        """Neither a connection that was dropped unclosed nor a coroutine that nobody awaited."""
        with watching() as watch:
            await traded(await opened(venue, counterpart, tmp_path))
            await watch.left(watch.tasks, watch.threads)
        assert not watch.warnings, f"an account's life came to {'; '.join(watch.warnings)}"

    async def test_an_order_that_hangs_does_not_keep_the_account_open(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        with watching() as watch:
            desk = await opened(venue, counterpart, tmp_path)
            try:
                hanging = await hang(desk)
            finally:
                await desk.close()
            sent = await hanging
            left = await watch.left(watch.tasks)
        assert sent.result.status is Status.UNKNOWN, f"{told(sent)}, while the account closed; nobody knows what became of it"
        assert not left, f"{', '.join(left)} outlived the account"

    async def test_files_stay_in_the_accounts_folder(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is written into the folder where the host happens to run."""
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        await traded(await opened(venue, counterpart, tmp_path / "state"))
        found = sorted(path.name for path in (tmp_path / "elsewhere").iterdir())
        assert not found, f"the venue wrote {', '.join(found)} into the current folder; its own is context.state_dir"

    @floor
    async def test_an_account_without_a_folder_opens_or_says_that_it_needs_one(self, venue: Trial) -> None:
        """``context.state_dir`` is None where nothing may be kept."""
        made = venue.make()
        upper = None if isinstance(venue.venue, VenueType) else venue.capabilities
        account = Account("trial", made, venue.config, capabilities=upper, timeout=venue.seconds, live=venue.level == "live")
        try:
            await account.open()
        except FksExecError as error:
            check_sentence(error, "without a folder")
        except Exception as error:
            text = f"{type(error).__name__}: {error}; do without a folder, or raise VenueError with a sentence"
            pytest.fail(f"without a folder (context.state_dir is None) init raised {text}", pytrace=False)
        finally:
            await account.close()

    @floor
    async def test_a_new_object_begins_anew(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> None:
        """Two openings one after the other, of new objects in the same folder: the second trades as the first did."""
        await traded(await opened(venue, counterpart, tmp_path))
        desk = await opened(venue, counterpart, tmp_path)
        try:
            await desk.filled()
        finally:
            await desk.close()

    async def test_a_closed_account_hears_no_more(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> None:
        """What fills later is told to the account that is open now."""
        former = await opened(venue, counterpart, tmp_path)
        await former.close()
        heard = len(former.updates)
        desk = await opened(venue, counterpart, tmp_path)
        try:
            desk.needs("publishes", "limit")
            sent = await desk.send(await desk.resting())
            await desk.tries("fill").fill(sent.result.order_id or "")
            await desk.until(lambda: len(desk.heard(sent)), bool, f"a push of the fill of {told(sent)}")
        finally:
            await desk.close()
        assert len(former.updates) == heard, "an account that was closed still heard a push; let go of context.publish in close"

    async def test_an_opening_where_nobody_answers_fails_with_a_sentence(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        await fails(venue, counterpart, tmp_path, elsewhere(config_of(venue)), "where nobody answers")

    async def test_an_opening_while_the_venue_is_away_fails_with_a_sentence(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        """And a new object opens when it is back."""
        desk = Desk(venue, counterpart, tmp_path)
        leaving = desk.tries("away")
        await leaving.away(True)
        try:
            await fails(venue, counterpart, tmp_path, venue.config, "while the venue is away")
        finally:
            await leaving.away(False)
        await traded(await opened(venue, counterpart, tmp_path))

    async def test_an_opening_with_a_wrong_key_fails_with_a_sentence(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        """And the next object, with the right key, opens."""
        wrong = with_wrong_key(config_of(venue))
        if wrong is None:
            not_tried("a wrong key (no field of the configuration is a Secret)")
        await fails(venue, counterpart, tmp_path, wrong, "with a wrong key")
        await traded(await opened(venue, counterpart, tmp_path))

    async def test_a_failed_opening_leaves_nothing_behind(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """``close`` is called after it, on whatever ``init`` had got to."""
        wrong = elsewhere(config_of(venue))
        with caplog.at_level(logging.WARNING), watching() as watch:
            await fails(venue, counterpart, tmp_path, wrong, "where nobody answers")
            left = await watch.left(watch.tasks, watch.threads, watch.sockets)
        left += watch.warnings
        assert not left, f"{', '.join(left)} outlived an opening that failed"
        assert not _complaints(caplog), f"after a failed init, {'; '.join(_complaints(caplog))}"


def _type_of(trial: Trial) -> VenueType:
    if not isinstance(trial.venue, VenueType):
        not_tried("create (the venue is an object)")
    return trial.venue


def _complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("fks_exec.")]


def _connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses to which other threads than this one begin to connect from now on; they are refused."""
    begun: list[str] = []
    connect, here = socket.socket.connect, threading.get_ident()

    def refuse(self: socket.socket, address: Any) -> None:
        if threading.get_ident() == here:
            return connect(self, address)
        begun.append(str(address))
        raise ConnectionRefusedError("create connects to nothing")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return begun
