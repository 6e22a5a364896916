# SPDX-License-Identifier: MIT
"""What an account shows of itself (logs, events, results, errors, files), kept with its places, to look for secrets in it."""

from __future__ import annotations

import base64
import logging
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from ...convert import to_dict
from ...discretion import Discretion
from ...errors import FksExecError
from ...hookspecs import hookimpl
from ...model.events import Event
from .desk import Desk, told


class Ears(logging.Handler):
    """Hears log records and an account's events, and keeps every text with the place where it was shown."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """A record with its arguments, its extras and its trace."""
        self.texts.append((f"a log record of {record.name!r}", f"{self.format(record)} {vars(record)!r}"))

    @hookimpl
    def observe(self, event: Event) -> None:
        """An event."""
        self.texts.append((f"an event ({type(event).__name__})", f"{event!r} {to_dict(event)}"))

    def keep(self, place: str, record: object) -> None:
        """A record of the model."""
        self.texts.append((place, f"{record!r} {to_dict(record) if attrs.has(type(record)) else ''}"))

    async def heeds(self, name: str, call: Callable[[], Awaitable[object]], *, every: bool = False) -> bool:
        """Call something; the text of what fks-exec shows of an error is kept.

        Args:
            every: the text of any exception is shown, as it is of ``init``.

        Returns:
            Whether it came to an end.
        """
        try:
            answer = await call()
        except Exception as error:
            if every or isinstance(error, FksExecError):
                self.texts.append((f"the error of {name}", f"{error} {error!r}"))
            return False
        self.keep(f"the answer of {name}", answer)
        return True


class Unblanked(Discretion):
    """Knows no secret, and blanks none."""

    def __init__(self, *records: object) -> None:
        super().__init__()


@contextmanager
def listening() -> Iterator[Ears]:
    """Hear every logger from DEBUG on, also those that do not pass their records on."""
    ears, root = Ears(), logging.getLogger()
    known = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    loggers = [root, *(each for each in known if each.level or not each.propagate)]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
        if each is root or not each.propagate:
            each.addHandler(ears)
    try:
        yield ears
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
            each.removeHandler(ears)


async def life(ears: Ears, desk: Desk, before: Callable[[], Awaitable[None]] | None = None) -> None:
    """Open, trade, ask everything, close; whatever is refused is part of the life."""
    if await ears.heeds("init", lambda: _opened(desk), every=True):
        if before is not None:
            await before()
        await ears.heeds("execute_order", lambda: _ordered(ears, desk))
        await ears.heeds("fetch_data", lambda: desk.account.fetch_data(desk.symbol))
        await ears.heeds("fetch_data of an unknown symbol", lambda: desk.account.fetch_data(desk.trial.no_symbol))
        for name in ("fetch_positions", "fetch_balance", "fetch_open_orders"):
            if name in desk.account.capabilities.abilities:
                await ears.heeds(name, getattr(desk.account, name))
    ears.texts.append(("the reason of the account", desk.account.reason))
    ears.keep("a health check", await desk.account.health_check())
    await desk.close()
    for update in desk.updates:
        ears.keep("a push", update)


async def _opened(desk: Desk) -> None:
    await desk.open()


async def _ordered(ears: Ears, desk: Desk) -> None:
    sent = await desk.send()
    ears.keep("a result", sent.result)
    ears.texts.append(("the answer to an order", told(sent)))
    if "fetch_order" in desk.account.capabilities.abilities:
        await ears.heeds("fetch_order", lambda: desk.account.fetch_order(sent.ref))


def venue_object(desk: Desk) -> object:
    """What ``create`` made."""
    function = desk.account._hooks.found["execute_order"].function
    return getattr(function, "__self__", function)


def texts_of(thing: object) -> list[tuple[str, str]]:
    """Its repr and its str."""
    return [("the repr", repr(thing)), ("the text", str(thing))]


def printed(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """What was written to the standard streams."""
    both = capsys.readouterr()
    return [("what is printed", both.out), ("what is printed as an error", both.err)]


def files(folder: Path) -> list[tuple[str, str]]:
    """What the account keeps on disk."""
    every = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(f"the file {path.name} of the account's folder", path.read_bytes().decode("utf-8", "replace")) for path in every]


def _forms(secret: str) -> set[str]:
    """As it is, as in an address, and in Base64."""
    return {secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")}


def shows(value: object, secrets: Sequence[str]) -> bool:
    """Whether one of them can be read in a text."""
    return any(form in str(value) for secret in secrets for form in _forms(secret))


def check(texts: Sequence[tuple[str, str]], secrets: Sequence[str]) -> None:
    """Fail with the places that show a secret, and not with the text that does."""
    places = sorted({place for place, text in texts if shows(text, secrets)})
    if places:
        pytest.fail(f"a secret stands in {'; '.join(places)}; leave it out, or let it stay a fks_exec.Secret", pytrace=False)
