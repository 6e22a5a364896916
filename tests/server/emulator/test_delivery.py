# SPDX-License-Identifier: MIT
"""One alert as TradingView sends it: its type, its patience, what it repeats."""

import json
from collections.abc import Mapping

import pytest

from fks_exec import InvalidOrder
from fks_exec_server.emulator.client import Client, Reply, Target
from fks_exec_server.emulator.delivery import LIMIT, REPEAT_AFTER, REPEATS, Delivery, Fate, Try, content_type, deliver
from fks_exec_simulators.ports import free_port
from fks_exec_simulators.receiver import GONE, SILENT, Receiver, receiving

SHORT = 0.05
"""Seconds between repetitions in these tests."""
TAKEN = json.dumps({"status": "success", "client_order_id": "tv-1", "code": None, "message": "filled"}).encode()


async def sent(receiver: Receiver, message: bytes = b"{}", *, seconds: float = LIMIT, source: str | None = None) -> Delivery:
    """What becomes of an alert there."""
    client = Client(Target.parse(receiver.url))

    async def post(body: bytes, headers: Mapping[str, str]) -> Reply:
        return await client.post(body, headers, seconds=seconds)

    return await deliver(post, message, name="a", repeat_after=SHORT, source=source)


def test_the_times_are_those_of_tradingview() -> None:
    """Three seconds for an answer; again after five, three times."""
    assert (LIMIT, REPEAT_AFTER, REPEATS) == (3, 5, 3)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"a": 1}', "application/json"),
        (b'"text"', "application/json"),
        (b'{"a": {{close}}}', "text/plain"),
        (b"", "text/plain"),
    ],
)
async def test_the_content_type_says_json_only_of_json(message: bytes, kind: str) -> None:
    """Once it is rendered; the bytes are those of the message."""
    async with receiving(200) as receiver:
        await sent(receiver, message)
    assert receiver.headers()["content-type"] == f"{kind}; charset=utf-8"
    assert receiver.requests[0][1] == message


def test_a_message_that_is_too_deep_is_no_json() -> None:
    """Whatever the parser makes of it."""
    assert content_type(b"[" * 100_000).startswith("text/plain")


async def test_nothing_of_our_own_stands_in_the_head() -> None:
    """TradingView sends no header of the user's; the address only where a proxy is played."""
    async with receiving(200) as receiver:
        await sent(receiver)
        await sent(receiver, source="52.89.214.238")
    standing = {"host", "content-length", "connection", "content-type", "user-agent"}
    assert set(receiver.headers(0)) == standing
    assert set(receiver.headers(1)) == standing | {"x-forwarded-for"}
    assert receiver.headers(1)["x-forwarded-for"] == "52.89.214.238"


@pytest.mark.parametrize("code", [200, 202, 302, 400, 404, 409, 422, 429, 499])
async def test_an_answer_below_500_is_not_sent_again(code: int) -> None:
    """A 4xx loses the alert, 429 too."""
    async with receiving(code, body=TAKEN) as receiver:
        done = await sent(receiver)
    assert (len(receiver.requests), len(done.tries), done.last.code) == (1, 1, code)


@pytest.mark.parametrize("code", [500, 503, 599])
async def test_a_5xx_is_sent_again_three_times_at_most(code: int) -> None:
    """The same bytes, not before its time."""
    async with receiving(code) as receiver:
        done = await sent(receiver, b"same")
    assert [body for _, body in receiver.requests] == [b"same"] * 4
    assert all(later - earlier >= SHORT for earlier, later in zip(receiver.times, receiver.times[1:], strict=False))
    assert (done.fate, done.reason) == (Fate.NEVER_IN, str(code))


async def test_one_that_gets_in_after_all_is_done() -> None:
    """And sent no further."""
    async with receiving(503, 502, 200, body=TAKEN) as receiver:
        done = await sent(receiver)
    assert (len(receiver.requests), done.fate, done.client_order_id) == (3, Fate.DONE, "tv-1")


@pytest.mark.parametrize(("script", "problem"), [(SILENT, "no answer within 0.1 s"), (GONE, "the connection ended without")])
async def test_no_answer_is_doubt_and_not_sent_again(script: int, problem: str) -> None:
    """The host may have it."""
    async with receiving(script) as receiver:
        done = await sent(receiver, seconds=0.1)
    assert (len(receiver.requests), done.fate) == (1, Fate.IN_DOUBT)
    assert problem in done.reason


async def test_no_connection_is_never_in() -> None:
    """Nobody can have it."""
    receiver = Receiver([200], url=f"http://127.0.0.1:{free_port()}/x")
    done = await sent(receiver)
    assert (done.fate, len(done.tries)) == (Fate.NEVER_IN, 1)
    assert done.reason.startswith("no connection: ")


@pytest.mark.parametrize(
    ("code", "status", "name", "fate"),
    [
        (200, "success", "tv-1", Fate.DONE),
        (200, "failed", "tv-1", Fate.REFUSED),
        (202, "pending", "tv-1", Fate.PENDING),
        (422, "failed", "tv-1", Fate.REFUSED),
        (409, "failed", "tv-1", Fate.REFUSED),
        (422, "failed", None, Fate.NEVER_IN),
        (404, "failed", None, Fate.NEVER_IN),
    ],
)
def test_what_the_answer_says_is_its_fate(code: int, status: str, name: str | None, fate: Fate) -> None:
    """An id in it: the host has written it down."""
    body = json.dumps({"status": status, "client_order_id": name, "code": None, "message": "m"}).encode()
    done = Delivery(name="a", due=0, tries=(Try(sent=0, took=0.5, reply=Reply(code=code, body=body)),))
    assert (done.fate, done.reason, done.first_ms) == (fate, f"{code} (m)", 500)


def test_a_receiver_that_is_not_ours_has_what_it_answers_with_2xx() -> None:
    """Its answer is not read."""
    for code, fate in ((200, Fate.DONE), (204, Fate.DONE), (404, Fate.NEVER_IN)):
        done = Delivery(name="a", due=0, tries=(Try(sent=0, took=0, reply=Reply(code=code, body=b"ok")),))
        assert done.fate is fate


@pytest.mark.parametrize("url", ["", "ftp://x/y", "http://", "http://x:port/", "http://x/a b", "http://x/\n", "http://x/\xe9"])
def test_what_is_no_address_is_a_sentence_without_it(url: str) -> None:
    """It may hold the secret."""
    with pytest.raises(InvalidOrder, match=r"^url: is not an address such as https://"):
        Target.parse(url)


def test_a_targets_text_does_not_hold_the_secret() -> None:
    """Wherever it is printed."""
    assert repr(Target.parse("https://example.org/webhook/tradingview/canary")) == "Target(example.org)"


def test_times_count_from_when_an_alert_was_due() -> None:
    """Not from when it was sent: who sends late because the host stalled would hide it."""
    tries = (Try(sent=10, took=1, reply=Reply(code=503)), Try(sent=16, took=1, reply=Reply(code=200, body=TAKEN)))
    done = Delivery(name="a", due=8, tries=tries)
    assert (done.first_ms, done.in_ms) == (3000, 9000)
