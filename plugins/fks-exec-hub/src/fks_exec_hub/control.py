# SPDX-License-Identifier: MIT
"""An operator's words to a running host, through a socket beside its state: cancel, amend, resolve, halt, look.

One JSON object on a line is asked, one answered: ``{"ok": ...}``, or ``{"error": "a sentence", "code": "WORD"}``. Who may enter
the folder of the socket, which is its owner's alone, could as well write the journal's file: no more is allowed here.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from fks_exec.convert import from_dict, parse_json, to_dict
from fks_exec.errors import AccountNotReady, FksExecError, InvalidOrder, NotSupported
from fks_exec.model.numbers import plain
from fks_exec.model.orders import OrderChange

from .config import HubConfig
from .errors import UnknownAccount, UnknownOrder
from .hub import ExecutionHub
from .journal.protocol import HaltState, JournalError, JournalUncertain
from .orders.resolve import Word
from .sockets import SUPPORTED, bind, let_go, place

log: logging.Logger = logging.getLogger(__name__)

VERSION = 1
LINE = 64 * 1024
"""Bytes that a request, and an answer, has at most."""

ARRIVAL = 5.0
"""Seconds in which a request must have come."""

EVERY = "*"
"""In place of an account's name, to halt: all accounts."""

PATIENCE = 20.0
"""Seconds after which an answer says that it is still under way; what was asked goes on."""

_CODES: tuple[tuple[type[Exception], str], ...] = (
    (InvalidOrder, "INVALID"),
    (UnknownAccount, "UNKNOWN_ACCOUNT"),
    (UnknownOrder, "UNKNOWN_ORDER"),
    (AccountNotReady, "ACCOUNT_NOT_READY"),
    (NotSupported, "NOT_SUPPORTED"),
    (JournalUncertain, "JOURNAL_UNCERTAIN"),
    (JournalError, "JOURNAL"),
    (FksExecError, "FAILED"),
)
"""The first that fits counts."""


class NoHost(FksExecError):
    """No host can be spoken to; the sentence says what to do."""


class HostRefused(FksExecError):
    """The host did not do it.

    Args:
        message: the host's sentence.
        code: the word for it.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class NoReply(FksExecError):
    """The host took the command, and it is not known what came of it."""


def journal_name(config: HubConfig) -> str:
    """Which journal a host owns, so that no command reaches another host."""
    scheme, _, where = config.journal.partition(":")
    return f"{scheme}:{(config.base / where).resolve()}" if where else config.journal


@asynccontextmanager
async def serve_control(hub: ExecutionHub) -> AsyncIterator[Path | None]:
    """Take an operator's commands for a started hub; yields the socket's path, None where the system has no such sockets.

    Raises:
        CannotServe: something that is not ours is in its place, or another host answers there.
    """
    if not SUPPORTED:
        yield None
        return
    path = place(hub.config.state)
    listener = bind(path)
    door = _Door(hub)
    server = await asyncio.start_unix_server(door.serve, sock=listener, limit=LINE)
    try:
        yield path
    finally:
        server.close()
        await door.close()
        let_go(path, listener)


class _Door:
    """Where operators are served."""

    def __init__(self, hub: ExecutionHub) -> None:
        self._hub = hub
        self._open: set[asyncio.Task[Any]] = set()
        self._commands: Mapping[str, Callable[[dict[str, Any]], Awaitable[object]]] = {
            "cancel": self._cancel,
            "amend": self._amend,
            "resolve": self._resolve,
            "halt": self._halt,
            "status": self._status,
            "order": self._order,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one line, one answer."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio calls this in a task)
        self._open.add(task)
        try:
            async with asyncio.timeout(ARRIVAL):
                line = await reader.readline()
            writer.write(_line(await self._answer(line)))
            await writer.drain()
        except ValueError:  # what readline makes of a line without end
            writer.write(_line(_error(f"a request has at most {LINE} bytes", "INVALID")))
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # it went away, or the host stops
        finally:
            self._open.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Nobody is answered any more."""
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(set(self._open), timeout=5)

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = parse_json(line)
            return {"ok": await self._do(request)}
        except FksExecError as error:
            code = next(code for kind, code in _CODES if isinstance(error, kind))
            if line:  # else another host only asked whether one is here
                log.warning("control: refused with %s: %s", code, error)
            return _error(str(error), code)
        except TimeoutError:
            return _error("the host is still at it; look how it ended", "IN_DOUBT")
        except Exception as error:  # its text may hold what nobody should see
            log.error("control: a command failed with %s; this is a fault of the program", type(error).__name__)
            return _error("a fault of the program, which the host's log names", "UNEXPECTED")

    async def _do(self, request: dict[str, Any]) -> object:
        if request.pop("version", None) != VERSION:
            raise InvalidOrder("version", f"this host speaks version {VERSION}; use the command line that came with it")
        journal, own = request.pop("journal", None), journal_name(self._hub.config)
        if journal != own:
            raise InvalidOrder("journal", f"this host owns {own}; give each host a state folder of its own")
        command = self._commands.get(str(request.pop("do", None)))
        if command is None:
            raise InvalidOrder("do", f"is not one of {', '.join(self._commands)}")
        async with asyncio.timeout(PATIENCE):
            return await command(request)

    async def _cancel(self, request: dict[str, Any]) -> object:
        account, name = _words(request, "account", "id")
        log.warning("control: cancel %s/%s", account, name)
        return to_dict(await self._hub.cancel_order(account, name))

    async def _amend(self, request: dict[str, Any]) -> object:
        change = from_dict(OrderChange, request.pop("change", None))
        account, name = _words(request, "account", "id")
        log.warning("control: amend %s/%s: %s", account, name, change)
        return to_dict(await self._hub.amend_order(account, name, change))

    async def _resolve(self, request: dict[str, Any]) -> object:
        word = read_word(request.pop("word", None))
        account, name = _words(request, "account", "id")
        log.warning("control: resolve %s/%s: %s", account, name, word)
        return to_dict(await self._hub.resolve_order(account, name, word))

    async def _halt(self, request: dict[str, Any]) -> object:
        entries = request.pop("entries", None)
        account, state, because = _words(request, "account", "state", "because")
        if state not in set(HaltState):
            raise InvalidOrder("state", f"is not one of {', '.join(HaltState)}")
        if entries not in (None, "cancel", "keep"):
            raise InvalidOrder("entries", "is not one of cancel, keep")
        log.warning("control: %s %s: %s", state, account, because)
        cancel = None if entries is None else entries == "cancel"
        return to_dict(await self._hub.halt(None if account == EVERY else account, state, because, cancel_entries=cancel))

    async def _status(self, request: dict[str, Any]) -> object:
        _words(request)
        return [to_dict(each) for each in self._hub.status()]

    async def _order(self, request: dict[str, Any]) -> object:
        result = await self._hub.order(*_words(request, "account", "id"))
        return None if result is None else to_dict(result)


def read_word(data: object) -> Word:
    """An operator's word from plain data.

    Raises:
        InvalidOrder: a field that is none, or is missing.
        CannotResolve: it cannot be meant.
    """
    known = ("as_", "because", "quantity", "price", "order_id")
    if not isinstance(data, Mapping) or not {"as_", "because"} <= set(data) <= set(known):
        raise InvalidOrder("word", f"takes {', '.join(known)}")
    if wrong := [name for name, value in data.items() if not isinstance(value, str | int | Decimal | None)]:
        raise InvalidOrder(str(wrong[0]), "takes one text or number")
    return Word(**data)


def _words(request: dict[str, Any], *names: str) -> list[str]:
    """The fields, all texts, and no others."""
    if unknown := sorted(set(request) - set(names)):
        raise InvalidOrder(unknown[0][:40], f"is unknown; known are: {', '.join(names)}")
    for name in names:
        if not isinstance(request.get(name), str) or not request[name].strip():
            raise InvalidOrder(name, "is missing, or no text")
    return [request[name] for name in names]


def _error(sentence: str, code: str) -> dict[str, Any]:
    return {"error": sentence, "code": code}


def _line(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


async def ask_host(config: HubConfig, do: str, **words: Any) -> Any:
    """Hand a command to the host that owns the journal.

    Args:
        do: the command.
        words: its fields.

    Raises:
        NoHost: none listens; nothing was done.
        HostRefused: with the host's sentence.
        NoReply: it may or may not have been done.
    """
    if not SUPPORTED:
        raise NoHost("on this system a running host takes no commands; stop it first and try again")
    path = place(config.state, make=False)
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        text = f"the process that owns the journal takes no commands ({path}: {reason}); stop it first and try again"
        raise NoHost(text) from None
    try:
        request = {"version": VERSION, "journal": journal_name(config), "do": do, **words}
        writer.write(_line(request))
        return _told(await _reply(reader))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _reply(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE + ARRIVAL):
            return await reader.readline()
    except (OSError, ValueError, TimeoutError):
        return b""


def _told(line: bytes) -> Any:
    try:
        answer = parse_json(line)
    except InvalidOrder:
        answer = {}
    if "ok" in answer:
        return answer["ok"]
    sentence, code = str(answer.get("error", "")), str(answer.get("code", ""))
    if not sentence or code == "IN_DOUBT":
        raise NoReply(sentence or "the host took the command and did not say what came of it; look before you give it again")
    raise HostRefused(sentence, code)
