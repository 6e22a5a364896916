# SPDX-License-Identifier: MIT
"""Who was not let in: outside nothing more than before, in the host's own log the sender's name and the reason, paced."""

import hashlib
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.listed import place
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.telemetry.host import Telemetry
from fks_exec_server.telemetry.logs import logging_as
from fks_exec_server.telemetry.pacing import Refusals
from fks_exec_server.telemetry.redaction import Redactor
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.signed import AUDIENCE, CLIENT_SECRET, KeyPair, bearer, clients, issued, kept, tokens
from fks_exec_simulators.venues import MemoryVenue

PAIR, OTHER = KeyPair(), KeyPair()
BODY_SECRET = "canary-body-0123456789abcdef"
PATH = f"/webhook/tradingview/{KEY}"
ELSEWHERE = {"addresses": ["203.0.113.9"]}


@asynccontextmanager
async def hosting(base: Path, clock: HandClock, **table: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A host that is asked from 127.0.0.1, with all that goes around its routes."""
    table = {"limits": {"strangers": 1000}, **table}
    hub = ExecutionHub.open(host_config(base, **table), plugins=[TheVenue(MemoryVenue())], clock=clock)
    app = Telemetry(hub, callers=["tv"]).wrap(create_app(hub))
    async with hub:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield client


@contextmanager
def written(form: str) -> Iterator[io.StringIO]:
    """The log meanwhile, as a host writes it that knows no secret which it could blank."""
    root, stream = logging.getLogger(), io.StringIO()
    before, root.handlers = root.handlers, [logging.StreamHandler(stream)]
    try:
        with logging_as(form, Redactor()):
            yield stream
    finally:
        root.handlers = before


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the text log has of it."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING and "not let in" in each.msg]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_right_secret_from_a_wrong_address_is_told_in_the_log_alone(tmp_path: Path, form: str) -> None:
    """As behind a proxy that nobody has named: every alert is lost, and outside it is an unknown path."""
    with written(form) as stream:
        async with hosting(tmp_path, HandClock(), key=ELSEWHERE) as client:
            answer, unknown = await client.post(PATH, content=b"{}"), await client.post("/nowhere", content=b"{}")
    assert (answer.status_code, answer.content, answer.headers) == (404, unknown.content, unknown.headers)
    [line] = [line for line in stream.getvalue().splitlines() if "not let in" in line]
    told = json.loads(line) if form == "json" else {"event": line, "level": "warning"}
    assert told["level"] == "warning"
    for word in ("in the name of tv", "127.0.0.1 is none of the key's addresses", "trusted_proxies"):
        assert word in told["event"]
    assert KEY not in stream.getvalue()


@pytest.mark.parametrize("sent", [{"secret": "x" * 20}, {}, {"secret": 5}, None], ids=["wrong", "none", "a number", "no JSON"])
async def test_a_missing_or_wrong_body_secret_is_told_in_the_log_alone(
    tmp_path: Path, sent: Mapping[str, object] | None, caplog: pytest.LogCaptureFixture
) -> None:
    """With the key's name, without either secret."""
    key = {"body_secret": kept(tmp_path, "body-secret", BODY_SECRET)}
    content = b"no JSON" if sent is None else json.dumps({"symbol": "BTC/USDT", **sent}).encode()
    async with hosting(tmp_path, HandClock(), key=key) as client:
        answer, unknown = await client.post(PATH, content=content), await client.post("/nowhere", content=content)
    assert (answer.status_code, answer.content, answer.headers) == (404, unknown.content, unknown.headers)
    [line] = warnings(caplog)
    assert "in the name of tv" in line
    assert "body" in line
    assert not any(secret in caplog.text for secret in (KEY, BODY_SECRET, "x" * 20))


async def test_a_path_whose_secret_was_taken_back_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else who forgets to change the path at TradingView learns nothing."""
    taken_back(tmp_path, KEY)
    async with hosting(tmp_path, HandClock()) as client:
        assert (await client.post(PATH, content=b"{}")).status_code == 404
    [line] = warnings(caplog)
    assert "in the name of tv" in line
    assert "taken back" in line


def taken_back(base: Path, secret: str) -> None:
    """As ``fks-exec keys revoke`` does."""
    listed = place(host_config(base).state)
    listed.parent.mkdir(parents=True)
    listed.touch(0o600)
    listed.write_text(f"{hashlib.sha256(secret.encode()).hexdigest()}\n", "utf-8")


async def test_a_flood_is_a_line_a_minute_with_the_count_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of each sender and reason; another reason waits for none."""
    clock, signed = HandClock(), {"clients": clients(tmp_path)}
    async with hosting(tmp_path, clock, key=ELSEWHERE, **signed) as client:
        for _ in range(50):
            await client.post(PATH, content=b"{}")
        assert len(warnings(caplog)) == 1
        await client.get("/accounts", headers=sign("GET", "/accounts", key="desk", secret="x" * 40, now=clock.now()))
        assert len(warnings(caplog)) == 2
        clock.move(60)
        for _ in range(3):
            await client.post(PATH, content=b"{}")
    [first, other, later] = warnings(caplog)
    assert "desk" in other
    assert "more like it" not in first
    assert "and 49 more like it since it was told last" in later


def test_senders_and_reasons_are_paced_apart(caplog: pytest.LogCaptureFixture) -> None:
    """So a flood under one client's name hides nothing of another."""
    clock = HandClock()
    refusals = Refusals(clock.monotonic)
    for sender in ("a", "b", "a"):
        for reason in ("age", "signature"):
            refusals.tell("no", sender=sender, reason=reason, address="")
    assert len(warnings(caplog)) == 4


def of_client(now: int, **changes: Any) -> dict[str, str]:
    """The headers of a look by the client ``desk``."""
    return sign("GET", "/accounts", **{"key": "desk", "secret": CLIENT_SECRET, "now": now, **changes})


NOW = HandClock().now()
SECONDS = NOW / 1000
KNOWN = {
    "another secret": (of_client(NOW, secret="x" * 40), "desk", "signature is not right"),
    "another path": (sign("GET", "/other", key="desk", secret=CLIENT_SECRET, now=NOW), "desk", "signature is not right"),
    "too old": (of_client(NOW - 31_000), "desk", "31000 ms old"),
    "seconds": ({**of_client(NOW), "X-Fks-Timestamp": str(NOW // 1000)}, "desk", "x-fks-timestamp has not the form"),
    "ended": (bearer(issued(PAIR, now=SECONDS - 120)), "ops", "has ended"),
    "not yet": (bearer(issued(PAIR, now=SECONDS + 120)), "ops", "not valid yet"),
    "too long": (bearer(issued(PAIR, now=SECONDS, exp=int(SECONDS) + 5000)), "ops", "valid for 5000 s"),
    "another audience": (bearer(issued(PAIR, now=SECONDS, aud="other")), "ops", "another audience"),
    "no number": (bearer(issued(PAIR, now=SECONDS, jti="x")), "ops", "jti"),
    "a claim that is none": (bearer(issued(PAIR, now=SECONDS, fks_exec={"acounts": []})), "ops", "claim"),
    "another key": (bearer(issued(OTHER, now=SECONDS)), "ops", "not signed by its key"),
}
STRANGERS = {
    "nothing": {},
    "an unknown client": of_client(NOW, key="nobody", secret="x" * 40),
    "an unknown issuer": bearer(issued(OTHER, now=SECONDS, iss="https://elsewhere.example")),
    "no token": bearer("a.b.c"),
    "both": of_client(NOW) | bearer(issued(PAIR, now=SECONDS, aud=AUDIENCE)),
}


def everybody(base: Path) -> dict[str, Any]:
    """The tables of a client and an issuer."""
    return {"clients": clients(base), "tokens": tokens(base, PAIR)}


@pytest.mark.parametrize("case", KNOWN)
async def test_why_a_known_sender_is_not_let_in_is_a_warning(
    tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The text log has it, with its name; the answer says no more than to anybody."""
    headers, name, reason = KNOWN[case]
    async with hosting(tmp_path, HandClock(), **everybody(tmp_path)) as client:
        answer, nobody = await client.get("/accounts", headers=headers), await client.get("/accounts")
    assert (answer.status_code, answer.content) == (401, nobody.content)
    [line] = warnings(caplog)
    assert f"in the name of {name}: " in line
    assert reason in line
    assert not any(secret in caplog.text for secret in (CLIENT_SECRET, *headers.values()) if len(secret) > 13)


@pytest.mark.parametrize("case", STRANGERS)
async def test_a_stranger_is_no_warning(tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever scans the internet fills no text log; the JSON log has it as information."""
    caplog.set_level(logging.INFO)
    async with hosting(tmp_path, HandClock(), **everybody(tmp_path)) as client:
        assert (await client.get("/accounts", headers=STRANGERS[case])).status_code == 401
    assert warnings(caplog) == []
    [told] = [each for each in caplog.records if "not authenticated" in each.msg]
    assert told.levelno == logging.INFO


async def test_a_request_that_comes_a_second_time_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A nonce, the number of an operator's token."""
    clock = HandClock()
    halting = tokens(tmp_path, PAIR, actions=["halt"])
    async with hosting(tmp_path, clock, clients=clients(tmp_path), tokens=halting) as client:
        look, token = of_client(clock.now()), bearer(issued(PAIR, now=SECONDS))
        codes = [(await client.get("/accounts", headers=look)).status_code for _ in range(2)]
        for because in ("one", "two"):
            answer = await client.post("/halt", json={"because": because}, headers=token)
            codes.append(answer.status_code)
    assert codes == [200, 401, 200, 401]
    looked, halted = warnings(caplog)
    assert "in the name of desk: 'a request came a second time'" in looked
    assert "in the name of ops: 'a request came a second time'" in halted


async def test_an_alert_with_a_secret_that_was_taken_back_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The signature of an alert names no client; one that was right does."""
    taken_back(tmp_path, CLIENT_SECRET)
    async with hosting(tmp_path, HandClock(), clients=clients(tmp_path)) as client:
        answer = await client.post("/webhook/tradingview", content=b"{}", headers=sign_alert(b"{}", secret=CLIENT_SECRET))
    assert answer.status_code == 401
    [line] = warnings(caplog)
    assert "in the name of desk" in line
    assert "taken back" in line


@pytest.mark.parametrize("target", [PATH, "/accounts"])
async def test_the_line_is_written_after_the_answer(tmp_path: Path, target: str, caplog: pytest.LogCaptureFixture) -> None:
    """How long an answer takes does not tell whether a secret or a client's name is known."""
    config = host_config(tmp_path, key=ELSEWHERE, clients=clients(tmp_path))
    hub = ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())], clock=HandClock())
    before: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        before.append(len(warnings(caplog)))

    headers = [(name.lower().encode(), value.encode()) for name, value in of_client(NOW, secret="x" * 40).items()]
    scope = {"type": "http", "method": "POST" if target == PATH else "GET", "path": target, "headers": headers}
    async with hub:
        await create_app(hub)({**scope, "client": ("127.0.0.1", 1), "query_string": b"", "root_path": ""}, receive, send)
    assert before == [0, 0]
    assert len(warnings(caplog)) == 1
