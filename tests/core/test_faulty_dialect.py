# SPDX-License-Identifier: MIT
"""A simulated venue in a dialect of its own: translated over real HTTP, and as unkind there as in process."""

import ast
import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import ExecutionResult, Order, OrderRef, OrderUpdate, VenueError, VenueRejected
from fks_exec.testing import Asked, FaultyCounterpart, FaultyVenue, HttpDialect, HttpRequest, Refuse
from fks_exec.testing import faulty as simulated
from fks_exec.testing.trial import Kind
from fks_exec_simulators.stage import until

BUY = {"market": "BTC/USDT", "size": "0.5", "name": "n-1"}


class Terse(HttpDialect):
    """An exchange of few words."""

    heard: list[tuple[str, OrderUpdate]]

    def read(self, request: HttpRequest) -> Asked:
        account = request.headers["account"]
        match request.method, request.path:
            case "POST", "/orders":
                body = request.json()
                order = Order(symbol=body["market"], side="buy", quantity=body["size"])
                return Asked(kind="place", account=account, order=order, venue_client_order_id=body["name"])
            case "GET", "/orders":
                return Asked(kind="look_up", account=account, ref=OrderRef(venue_client_order_id=request.query["name"]))
            case "GET", "/balances":
                return Asked(kind="balance", account=account)
        raise VenueRejected(f"no {request.target}", code="NO_PATH")

    def answer(self, asked: Asked, answer: Any) -> tuple[int, object]:
        if asked.kind == "balance":
            raise ZeroDivisionError("a mistake of the author's")
        if answer is None:
            return 404, {"code": "NONE"}
        assert isinstance(answer, ExecutionResult)
        return 201, {"status": answer.status, "filled": answer.filled_quantity}

    def refuse(self, error: VenueError) -> tuple[int, object]:
        return 422, {"code": error.code}

    def push(self, account: str, update: OrderUpdate) -> None:
        self.heard.append((account, update))


@asynccontextmanager
async def talking(venue: FaultyVenue | None = None) -> AsyncIterator[tuple[Terse, httpx.AsyncClient]]:
    async with Terse(venue) as dialect:
        dialect.heard = []
        async with httpx.AsyncClient(base_url=dialect.url, headers={"account": "mine"}) as client:
            yield dialect, client


async def test_a_request_is_translated_there_and_back() -> None:
    async with talking() as (dialect, client):
        answer = await client.post("/orders", json=BUY)
        assert (answer.status_code, answer.json()) == (201, {"status": "filled", "filled": "0.5"})
        assert (await client.get("/orders", params={"name": "n-1"})).json()["filled"] == "0.5"
        none = await client.get("/orders", params={"name": "n-2"})
        assert (none.status_code, none.json()) == (404, {"code": "NONE"})
        assert [(order.account, order.venue_client_order_id) for order in dialect.venue.placed] == [("mine", "n-1")]


async def test_refusals_are_written_in_its_own_words() -> None:
    async with talking() as (dialect, client):
        await FaultyCounterpart(dialect.venue).fault("refuse")
        assert (await client.post("/orders", json=BUY)).json() == {"code": "NO_MONEY"}
        assert (await client.get("/nowhere")).json() == {"code": "NO_PATH"}
        assert (await client.post("/orders", json={**BUY, "size": "-1"})).json() == {"code": "INVALID"}
        assert (await client.post("/orders", content=b"[1]")).status_code == 422
        assert dialect.venue.placed == []


@pytest.mark.parametrize(("word", "placed"), [("drop", 1), ("lost", 0)])
async def test_an_answer_that_is_lost_is_a_connection_that_breaks(word: str, placed: int) -> None:
    async with talking() as (dialect, client):
        await FaultyCounterpart(dialect.venue).fault(word)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/orders", json=BUY)
        assert len(dialect.venue.placed) == placed
        assert (await client.post("/orders", json=BUY)).status_code == 201


async def test_what_is_no_answer_is_html_with_status_200() -> None:
    async with talking() as (dialect, client):
        await FaultyCounterpart(dialect.venue).fault("garbage")
        answer = await client.post("/orders", json=BUY)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
        assert answer.text.startswith("<html>")
        assert len(dialect.venue.placed) == 1


@pytest.mark.parametrize("on", ["place", "look_up"])
async def test_an_error_of_the_server_is_status_500_in_words_that_are_not_its_own(on: Kind) -> None:
    async with talking() as (dialect, client):
        if on == "look_up":
            await client.post("/orders", json=BUY)
        await FaultyCounterpart(dialect.venue).fault("error", on)
        asking = client.post("/orders", json=BUY) if on == "place" else client.get("/orders", params={"name": "n-1"})
        answer = await asking
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
        assert len(dialect.venue.placed) == 1
        assert (await client.get("/orders", params={"name": "n-1"})).status_code == 201


async def test_what_hangs_comes_when_it_is_released_and_not_before() -> None:
    async with talking() as (dialect, client):
        counterpart = FaultyCounterpart(dialect.venue)
        await counterpart.fault("hang")
        asking = asyncio.ensure_future(client.post("/orders", json=BUY))
        await dialect.venue.exchange.arrived("place", 1)
        assert not asking.done()
        await counterpart.release()
        assert (await asking).status_code == 201


async def test_a_client_that_leaves_ends_nothing() -> None:
    async with talking() as (dialect, client):
        await FaultyCounterpart(dialect.venue).fault("hang")
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/orders", json=BUY, timeout=0.1)
        assert len(dialect.venue.placed) == 1
        assert (await client.get("/orders", params={"name": "n-1"})).status_code == 201


async def test_what_happens_later_is_pushed_to_the_account_that_it_is_of() -> None:
    async with talking(FaultyVenue()) as (dialect, client):
        await FaultyCounterpart(dialect.venue).fault("late")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/orders", json=BUY)
        await until(lambda: dialect.heard)
        [(account, update)] = dialect.heard
        assert (account, update.result.filled_quantity) == ("mine", Decimal("0.5"))


async def test_by_itself_it_pushes_nothing_and_never_repeats_an_id() -> None:
    async with talking() as (first, client), talking() as (second, other):
        await client.post("/orders", json=BUY)
        await other.post("/orders", json=BUY)
        first.venue.fill(first.venue.placed[0].order_id)
        assert first.heard == []
        assert first.venue.placed[0].order_id != second.venue.placed[0].order_id


async def test_a_mistake_in_an_answer_fails_what_used_it_and_is_no_answer_of_the_venues(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the line where it was made, whatever the client made of it; told once, and not at the next stop."""
    dialect = Terse()
    await dialect.start()
    async with httpx.AsyncClient(base_url=dialect.url, headers={"account": "mine"}) as client:
        answer = await client.get("/balances")
        assert (answer.status_code, answer.text) == (500, "Terse raised ZeroDivisionError: a mistake of the author's")
    with pytest.raises(AssertionError) as told:
        await dialect.stop()
    line = line_of('raise ZeroDivisionError("a mistake')
    start = (
        f"core/test_faulty_dialect.py, line {line}, answer: ZeroDivisionError: a mistake of the author's (at GET /balances); "
    )
    assert str(told.value) == start + "write every answer that a request of this kind can have"
    assert isinstance(told.value.__cause__, ZeroDivisionError)
    assert start in caplog.text
    await dialect.stop()


class Clumsy(Terse):
    """Its author has not thought of everything."""

    def read(self, request: HttpRequest) -> Asked:
        account = name_of(request)
        return super().read(request) if account == "mine" else Asked(kind="place", account=account)

    def refuse(self, error: VenueError) -> tuple[int, object]:
        return 422, {"code": {"NO_PATH": "none"}[error.code]}

    def push(self, account: str, update: OrderUpdate) -> None:
        raise LookupError("nobody listens")


def name_of(request: HttpRequest) -> str:
    return request.headers["account"]


async def refused(dialect: HttpDialect, client: httpx.AsyncClient) -> None:
    """Twice: the connection breaks, and a plugin would call that unknown, rightly."""
    for _ in range(2):
        await FaultyCounterpart(dialect.venue).fault("refuse")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/orders", json=BUY)


async def pushed(dialect: HttpDialect, client: httpx.AsyncClient) -> None:
    """The order is placed all the same, and filled later."""
    await FaultyCounterpart(dialect.venue).fault("late")
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/orders", json=BUY)
    await until(lambda: dialect.venue.placed and dialect.venue.placed[0].result.filled_quantity)


async def unread(dialect: HttpDialect, client: httpx.AsyncClient) -> None:
    """A header that is not there."""
    del client.headers["account"]
    assert (await client.get("/balances")).status_code == 500


async def half_read(dialect: HttpDialect, client: httpx.AsyncClient) -> None:
    """What was read has no order."""
    assert (await client.get("/balances", headers={"account": "other"})).status_code == 500


@pytest.mark.parametrize(
    ("meet", "sentence"),
    [
        (
            refused,
            r", refuse: KeyError: 'NO_MONEY' \(at POST /orders\); give every code its answer, and a default .* \(2 times\)$",
        ),
        (pushed, r", push: LookupError: nobody listens \(at an update of mine\); take every update$"),
        (
            unread,
            r"dialect.py, line \d+, name_of: KeyError: 'account' \(at GET /balances\); read whatever the plugin may send, ",
        ),
        (half_read, r"Error: .* \(at GET /balances\); look at what `read` and `answer` returned$"),
    ],
)
async def test_no_mistake_of_its_author_passes_unseen(meet: Any, sentence: str) -> None:
    dialect = Clumsy(FaultyVenue())
    await dialect.start()
    async with httpx.AsyncClient(base_url=dialect.url, headers={"account": "mine"}) as client:
        await meet(dialect, client)
    with pytest.raises(AssertionError, match=sentence):
        await dialect.__aexit__()


def line_of(text: str) -> int:
    """Of this file."""
    return 1 + next(number for number, line in enumerate(Path(__file__).read_text("utf-8").splitlines()) if text in line)


def codes_raised() -> set[str]:
    """What a venue of the kit raises, by its source; not what is raised on the way to one that runs elsewhere."""
    found = {"AUTH", "CLOSED", "RATE_LIMITED"}  # those of their kinds
    for path in Path(simulated.__file__).parent.glob("*.py"):
        if path.stem not in {"hooks", "remote", "server", "wire"}:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                    found.add(node.value.value)
    return {*found, Refuse().code}


def test_whatever_is_refused_is_listed_where_an_author_looks() -> None:
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", HttpDialect.refuse.__doc__ or "")) == codes_raised()


SERVED = """
from fks_exec.testing import HttpDialect

class Quiet(HttpDialect):
    read = answer = refuse = None

Quiet().main()
"""


async def serving(*words: str) -> tuple[asyncio.subprocess.Process, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVED, *words, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode()


@pytest.mark.parametrize("words", [[], ["ok", "drop", "hang"]])
async def test_an_author_serves_it_by_hand_until_it_is_interrupted(words: list[str]) -> None:
    process, line = await serving(*words)
    assert line.startswith("Quiet listens on http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.communicate(), 20) == (b"stopped\n", b"")
    assert process.returncode == 0


async def test_a_word_that_is_no_fault_and_a_port_that_is_taken_are_sentences() -> None:
    process, _ = await serving("explode")
    assert b"'explode' is not one of ok, refuse" in (await process.communicate())[1]
    async with Terse() as dialect:
        process, _ = await serving("--port", str(dialect.port))
        assert b"does another one run there? Say another --port" in (await process.communicate())[1]
        assert process.returncode == 1
