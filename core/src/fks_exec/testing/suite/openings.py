# SPDX-License-Identifier: MIT
"""How the suite opens an account: as it is, where nobody answers, with an order that hangs."""

from __future__ import annotations

import asyncio
import inspect
import socket
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from ...errors import FksExecError
from ...model.results import Status
from ..trial import Counterpart, Trial
from .desk import Desk, Sent, not_declared, not_tried, told

WORDS = 3
"""What has fewer words is no sentence."""


def elsewhere(config: object) -> Any:
    """The configuration with another place, where nobody listens: a whole number ``port``, or addresses with ``://``.

    Ends the test where there is none.
    """
    kind: Any = type(config)
    names = [field.name for field in attrs.fields(kind) if field.init] if attrs.has(kind) else []
    changes: dict[str, Any] = {}
    for name in names:
        value = getattr(config, name)
        if name == "port" and isinstance(value, int):
            changes[name] = _closed_port()
        elif isinstance(value, str) and "://" in value:
            changes[name] = f"{value.partition('://')[0]}://127.0.0.1:{_closed_port()}"
    if not changes:
        not_tried("an opening where nobody answers (the configuration has neither a port nor an address)")
    return attrs.evolve(cast(Any, config), **changes)


def plain(desk: Desk, hook: str = "execute_order") -> bool:
    """Whether a hook is no coroutine function, so that it runs in the account's one thread."""
    return not inspect.iscoroutinefunction(desk.account._hooks.found[hook].function)


async def hang(desk: Desk, seconds: float = 0.2) -> asyncio.Task[Sent]:
    """Send an order that the counterpart does not answer; it has arrived. Ends the test where that cannot be.

    Args:
        seconds: to its deadline.
    """
    counterpart = desk.tries("hang", "requests")
    if plain(desk):
        not_declared("async execute_order")
    before = await counterpart.requests()
    await counterpart.fault("hang")
    task = asyncio.ensure_future(desk.send(seconds=seconds))
    await desk.until(counterpart.requests, lambda count: count > before, "the arrival of an order at the counterpart")
    return task


async def opened(venue: Trial, counterpart: Counterpart | None, folder: Path) -> Desk:
    """The account of a trial, opened; whoever calls closes it."""
    return await Desk(venue, counterpart, folder).open()


async def traded(desk: Desk) -> None:
    """A quote, an order, a health check; then closed."""
    try:
        await desk.price(desk.order().side)
        await desk.send()
        await desk.account.health_check()
    finally:
        await desk.close()


async def fails(venue: Trial, counterpart: Counterpart | None, folder: Path, config: object, how: str) -> None:
    """Open an account that cannot be opened."""
    desk = Desk(venue, counterpart, folder, config=config)
    try:
        await desk.account.open()
    except FksExecError as error:
        check_sentence(error, how)
    except Exception as error:
        remedy = "raise a VenueError with what happened and what to do"
        pytest.fail(f"an opening {how} raised {type(error).__name__}: {error}; {remedy}", pytrace=False)
    else:
        await _check_takes_any(desk, how)
    finally:
        await desk.close()


async def _check_takes_any(desk: Desk, how: str) -> None:
    """A counterpart that takes any key serves it; whoever is not there does not."""
    sent = await desk.send()
    if sent.result.status in (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED):
        not_tried(f"an opening {how} (this venue trades all the same)")
    text = "connect and authenticate in init, and let its exception out"
    pytest.fail(f"an account opened {how}, and only its order found out: {told(sent)}; {text}", pytrace=False)


def check_sentence(error: FksExecError, how: str) -> None:
    """Fail where an error is no sentence."""
    if len(str(error).split()) < WORDS:
        pytest.fail(f"an opening {how} says {str(error)!r}; say what happened and what to do", pytrace=False)


def _closed_port() -> int:
    """A port of the loopback address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
