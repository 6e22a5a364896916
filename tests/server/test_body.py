# SPDX-License-Identifier: MIT
"""A body is counted while it comes in, and not waited for without end."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from starlette.types import Message, Scope

from fks_exec_server.http.body import BodyTooLarge, BodyTooSlow, SenderGone, drain, read_body


class Sender:
    """What a server hands on: one message for each chunk; after the last one it waits for ever.

    Args:
        chunks: the body's parts; None is the connection's end.
        complete: whether the last one is said to be the last.
    """

    def __init__(self, chunks: Iterable[bytes | None], *, complete: bool = True) -> None:
        self._chunks: Iterator[bytes | None] = iter(chunks)
        self._next = next(self._chunks, None)
        self._complete = complete
        self.handed_on = 0

    async def __call__(self) -> Message:
        chunk, self._next = self._next, next(self._chunks, None)
        if chunk is None:
            if self.handed_on and not self._complete:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        self.handed_on += len(chunk)
        await asyncio.sleep(0)
        return {"type": "http.request", "body": chunk, "more_body": self._next is not None or not self._complete}


def scope(length: str | None = None) -> Scope:
    """A request with this Content-Length."""
    return {"type": "http", "headers": [] if length is None else [(b"content-length", length.encode())]}


async def test_a_body_in_parts_is_put_together() -> None:
    """Also one of exactly the limit."""
    sender = Sender([b"a" * 5, b"", b"b" * 5])
    assert await read_body(scope("10"), sender, limit=10, seconds=1) == b"aaaaabbbbb"


@pytest.mark.parametrize("chunks", [[b"a" * 11], [b"a" * 10, b"b"], [b"a"] * 11])
async def test_a_body_above_the_limit_is_refused_whatever_its_length_says(chunks: list[bytes]) -> None:
    """A Content-Length that says less, or none, does not let it in."""
    for said in ("5", None):
        with pytest.raises(BodyTooLarge):
            await read_body(scope(said), Sender(chunks), limit=10, seconds=1)


async def test_endless_chunks_are_read_no_further_than_the_limit() -> None:
    """Else memory is the limit."""
    sender = Sender(b"x" * 4 for _ in iter(int, 1))
    with pytest.raises(BodyTooLarge):
        await read_body(scope(), sender, limit=10, seconds=1)
    assert sender.handed_on <= 12


@pytest.mark.parametrize("length", ["11", "9" * 18, "9" * 5000, "١٢"])
async def test_a_length_above_the_limit_is_refused_before_a_byte_is_read(length: str) -> None:
    """Whether it is true or not."""
    sender = Sender([b"a"])
    with pytest.raises(BodyTooLarge):
        await read_body(scope(length), sender, limit=10, seconds=1)
    assert sender.handed_on == 0


async def test_a_body_that_does_not_end_is_given_up_in_time() -> None:
    """A Content-Length that says more than comes looks the same."""
    with pytest.raises(BodyTooSlow):
        async with asyncio.timeout(5):
            await read_body(scope("9"), Sender([b"a"], complete=False), limit=10, seconds=0.01)


async def test_the_deadline_is_that_of_the_whole_body() -> None:
    """A byte now and then does not move it."""

    async def trickle() -> Message:
        await asyncio.sleep(0.002)
        return {"type": "http.request", "body": b"", "more_body": True}

    with pytest.raises(BodyTooSlow):
        async with asyncio.timeout(5):
            await read_body(scope(), trickle, limit=10, seconds=0.02)


async def test_a_sender_that_goes_is_told_apart() -> None:
    """Half an alert is not an alert, and there is nobody to answer."""
    with pytest.raises(SenderGone):
        await read_body(scope("9"), Sender([None]), limit=10, seconds=1)


async def test_what_is_still_sent_is_read_and_forgotten() -> None:
    """So that the answer arrives before the connection is reset."""
    sender = Sender([b"a" * 1000] * 100)
    assert await drain(sender)
    assert sender.handed_on == 100_000


async def test_draining_ends_too() -> None:
    """At 16 MiB, or after a second."""
    endless = Sender(b"x" * 1024 * 1024 for _ in iter(int, 1))
    assert not await drain(endless)
    assert endless.handed_on == 16 * 1024 * 1024
    assert not await drain(Sender([b"a"], complete=False))
