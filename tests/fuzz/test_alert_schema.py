# SPDX-License-Identifier: MIT
"""The schema of an alert and what reads one say the same: what is valid is understood, what is understood is valid."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fks_exec import InvalidOrder
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.http.schemas import alert_schema
from fks_exec_server.tradingview.alert import read_alert
from fks_exec_server.tradingview.fields import FIELDS, NAMES, AlertField, read_fields
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

SCHEMA = alert_schema()
PROPERTIES: dict[str, dict[str, Any]] = SCHEMA["properties"]
VALID = jsonschema_rs.validator_for(SCHEMA)
BASE = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1", "timenow": "2026-11-22T18:00:00Z"}

BEYOND_A_SCHEMA = (
    "a number must lie between",
    "is too large a number",
    "is not a date and time that exists",
    "is not a text of 1 to (64|200) printable characters",
    "is not asked for by this key",
    "placeholder .* was not rendered",
)
"""What of one field only its reader can tell; the document says it in words."""

TOGETHER = (
    "differs from",
    "does not go with",
    "is missing",
    "order (has none|needs it)",
    "stands beside account",
    "is not one that this key may trade",
    "is no unit of contracts",
    "is not the size of a",
    "is sized by what is at risk needs it",
    "(quantity|qty|contracts|price): .* is not greater than zero",
    "confidence: .* does not lie between 0 and 1",
    "is not 1 to 64 printable ASCII characters",
)
"""What of fields that stand together is refused: of a close, neither quantity nor prices are looked at."""

fuzzed = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema of one field allows, without null."""
    by_type = {"string": _texts, "number": _numbers, "integer": _whole, "boolean": lambda _: st.booleans(), "array": _lists}
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    drawn = st.one_of([by_type[kind](schema) for kind in kinds if kind != "null"])
    return drawn.filter(jsonschema_rs.validator_for(schema).is_valid)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    patterns = [each["pattern"] for each in (schema, *schema.get("anyOf", ())) if "pattern" in each]
    return st.one_of([st.from_regex(each) for each in patterns]) if patterns else st.text(min_size=1, max_size=20)


def _numbers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema["exclusiveMaximum"]
    low, high = max(int(least) + 1, 1 - 10**19), min(int(most) - 1, 10**20 - 1)
    return st.floats(least, most) | st.integers(low, high)


def _whole(schema: dict[str, Any]) -> st.SearchStrategy[int]:
    return st.integers(schema["minimum"], schema["maximum"])


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values_of(schema["items"]), min_size=schema["minItems"], max_size=4)


def body(fields: dict[str, Any]) -> bytes:
    """As a sender writes it."""
    return json.dumps(fields).encode()


DRAWN = {name: values_of(schema) for name, schema in PROPERTIES.items()}


@contextmanager
def unless(reasons: Sequence[str]) -> Iterator[None]:
    """What is done here may be refused for one of these, and for nothing else."""
    try:
        yield
    except InvalidOrder as error:
        if not any(re.search(reason, str(error)) for reason in reasons):
            raise


@pytest.mark.parametrize("each", FIELDS, ids=lambda each: each.name)
@fuzzed
@given(data=st.data())
def test_what_the_schema_of_a_field_allows_is_read(each: AlertField, data: st.DataObject) -> None:
    """Whatever it is; but for what a schema cannot say."""
    name = data.draw(st.sampled_from(each.names))
    value = data.draw(DRAWN[name])
    with unless(BEYOND_A_SCHEMA):
        read_fields(body({name: value}))


@st.composite
def alerts(draw: st.DrawFn) -> dict[str, Any]:
    """Alerts by their schema: any fields, each under one of its names, and those that none can be without."""
    chosen = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=8))
    found = {each: draw(st.none() | DRAWN[each.name]) for each in chosen if each.name not in ("account", "secret")}
    needed = {each: BASE[each.name] for each in FIELDS if each.name in BASE and found.get(each) is None}
    return {draw(st.sampled_from(each.names)): value for each, value in (found | needed).items()}


taken: list[dict[str, Any]] = []


@settings(fuzzed, max_examples=300)
@given(fields=alerts())
def test_what_the_schema_allows_is_an_alert_or_contradicts_itself(fields: dict[str, Any]) -> None:
    """Never for the type of a field, and never as unknown."""
    assume(VALID.is_valid(fields))
    with unless((*BEYOND_A_SCHEMA, *TOGETHER)):
        read_alert(body(fields), key="tv", accounts=("main",))
        taken.append(fields)


def test_of_what_the_schema_allows_some_are_alerts() -> None:
    """Else the test above would hold of a reader that refuses all."""
    assert len(taken) > 20


ODD = ["", "mar\u212aet", "\u00df", "SS:X", "BUY", "Flat", "gtd", "iceberg", "TRUE", "yes", "{{x}}", "***", "\uff11", "1e31",
       "-0", "0x1", "1_0", "NaN", "+.5", "5.", "1" * 31, "1795370400", "1e9", "2026-11-22T24:00:00Z",
       "2026-11-22T18:00:00+25:00",
       "2026-13-01T00:00:00Z", "1999-11-22T18:00:00Z", "a\nb", "a\x7f", "\u200b", "x" * 65, "x" * 201, "BTC USDT"]  # fmt: skip
numbers = st.sampled_from([0, -1, 1.5, 1e30, 1e31, -1e31, 1e-30, 1e-31, 10**9 - 1, 10**9, 10**14 - 1, 10**14, 10**19, 10**20])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | numbers
    | st.sampled_from(ODD) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@pytest.mark.parametrize("each", FIELDS, ids=lambda each: each.name)
@settings(fuzzed, max_examples=100)
@given(value=anything | st.lists(st.just("main") | st.text(max_size=3), max_size=3), data=st.data())
def test_what_is_read_the_schema_allows(each: AlertField, value: Any, data: st.DataObject) -> None:
    """In an alert that is complete; also what nobody would send."""
    fields = {name: known for name, known in BASE.items() if name != each.name}
    fields[data.draw(st.sampled_from(each.names))] = value
    try:
        read_alert(body(fields), key="tv", accounts=("main",), windowed=True)
    except InvalidOrder:
        return
    VALID.validate(fields)


@pytest.mark.parametrize("mode", ["order", "target"])
@settings(fuzzed, max_examples=200)
@given(fields=st.dictionaries(st.sampled_from(list(NAMES)), anything | st.sampled_from(list(BASE.values())), max_size=6))
@example(fields={"symbol": "a", "market_position": "flat"})
@example(fields={"ticker": "a", "sentiment": "long", "position_size": 1})
@example(fields={"symbol": "a", "market_position": "flat", "order_type": "iceberg", "confidence": 7})
@example(fields={"symbol": "a", "action": None, "market_position": "flat", "quantity": "-1", "stop_loss": 0})
def test_an_alert_that_is_read_is_valid(mode: str, fields: dict[str, Any]) -> None:
    """None of the fields that the schema asks for can be left out."""
    try:
        read_alert(body(fields), key="tv", accounts=("main",), mode=mode, windowed=True)
    except InvalidOrder:
        return
    VALID.validate(fields)


async def test_text_is_read_as_json_is(tmp_path: Path) -> None:
    """TradingView sends text/plain for what it does not take for JSON; the bytes count."""
    alert = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1"}
    told = []
    async with ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())]) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        for kind in ("application/json", "text/plain; charset=utf-8"):
            async with httpx.AsyncClient(transport=transport, base_url="http://host", headers={"content-type": kind}) as http:
                answer = await http.post(f"/webhook/tradingview/{KEY}", content=body({**alert, "id": kind}))
            told.append((answer.status_code, answer.json()["status"]))
    assert told == [(200, "success")] * 2
