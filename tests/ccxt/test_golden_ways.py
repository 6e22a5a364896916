# SPDX-License-Identifier: MIT
"""Orders are looked up, listed and cancelled on fourteen exchanges by the requests that their own documents ask for.

The rows in ``golden/ways/<exchange>.toml`` are written from those documents, never from what the code sends. A way is the
requests of one question, in their order: an order that the exchange does not have, whose look-up so goes through all the places
where it could be, plain or with a trigger; all open orders; a cancel; a change of the price.

In ``params`` ``{id}`` is our id, ``{order}`` the exchange's, ``{any}`` any value; ``a|b`` is either. What is not in
``params`` is not in the request, but for what every private request has (``unsaid``). ``answer`` is the exchange's, as
documented; the last request of a way may have none, and is where it ends. ``end`` is what follows from the answers: ``none``
(no such order), ``unknown``, ``empty`` (no open orders) or ``failed`` (nothing).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from fks_exec import OrderChange, OrderRef, VenueError
from fks_exec.clock import SystemClock
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.trading.changing import Changer
from fks_exec_ccxt.wire.outcomes import Unsettled
from fks_exec_simulators.offline import Captured, exchanges, offline
from fks_exec_simulators.written import Answer, Unanswered, Written

GOLDEN = Path(__file__).with_name("golden") / "ways"
THEIRS = "987654321"
KINDS = {"by_our_id", "by_its_id", "open_orders", "cancel"}


@frozen
class Step:
    """One request, and what is answered."""

    request: str
    params: Mapping[str, Any]
    answer: Answer | None


@frozen
class Way:
    """The requests of one question."""

    exchange: str
    symbol: str
    kind: str
    source: str
    end: str
    unsaid: frozenset[str]
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def market_type(self) -> str:
        return "swap" if ":" in self.symbol else "spot"

    def __str__(self) -> str:
        return f"{self.exchange}-{self.symbol}-{self.kind}"


def _ways(exchange: str) -> Iterator[Way]:
    said = tomllib.loads((GOLDEN / f"{exchange}.toml").read_text("utf-8"))
    answers = said.get("answers", {})
    for item in said["way"]:
        steps = []
        for step in item["steps"]:
            word = step.get("answer")
            told = None if word is None else Answer(answers[word], step.get("status", 200))
            steps.append(Step(step["request"], step.get("params", {}), told))
        yield Way(
            exchange=exchange,
            symbol=item["symbol"],
            kind=item["kind"],
            source=item["source"],
            end=item.get("end", ""),
            unsaid=frozenset(said["unsaid"]),
            steps=tuple(steps),
        )


WAYS = [way for exchange in exchanges() for way in _ways(exchange)]


def flat(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Names and values of a request; dotted, where it is nested."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from flat(item, f"{at}.{name}" if at else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from flat(item, f"{at}.{number}" if at else str(number))
    else:
        yield at, value


def same(expected: object, found: object, names: Mapping[str, str]) -> bool:
    if expected == "{any}":
        return found not in (None, "")
    if isinstance(expected, bool) or isinstance(found, bool):
        return str(expected).lower() == str(found).lower()
    return str(found) in [names.get(word, word) for word in str(expected).split("|")]


def differences(step: Step, request: Captured, names: Mapping[str, str], unsaid: frozenset[str]) -> list[str]:
    """What a request has other than its step says."""
    wanted = step.request
    for word, name in names.items():
        wanted = wanted.replace(word, name)
    said = f"{request.method} {request.host_path}"
    found = [] if said in wanted.split(" or ") else [f"{said} instead of {wanted}"]
    told = {name: value for name, value in flat(request.params) if name.partition(".")[0] not in unsaid or name in step.params}
    for name in sorted(step.params.keys() | told.keys()):
        if name not in step.params:
            found.append(f"{name}: {told[name]!r} is not documented")
        elif not same(step.params[name], told.get(name), names):
            found.append(f"{name}: {told.get(name)!r} instead of {step.params[name]!r}")
    return found


async def go(way: Way, account: Written, ours: str) -> str:
    """Ask; how it ended."""
    ref = OrderRef(order_id=THEIRS, symbol=way.symbol)
    mine = OrderRef(venue_client_order_id=ours, symbol=way.symbol, submitted_at=SystemClock().now() - 5000)
    try:
        if way.kind == "open_orders":
            return "empty" if await account.lookups.open_orders() == [] else "listed"
        if way.kind.startswith("cancel"):
            await account.trader.cancel(mine if way.kind == "cancel_by_our_id" else ref, account.submission())
            return "done"
        if way.kind == "amend":
            change = OrderChange(price=Decimal("67000"))
            await Changer(account.connection).amend(ref, change, account.submission())
            return "done"
        return "none" if await account.lookups.told(mine if way.kind == "by_our_id" else ref) is None else "found"
    except Unanswered:
        return ""
    except Unsettled:
        return "unknown"
    except VenueError:
        return "failed"


@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_the_requests_are_the_documented_ones(way: Way) -> None:
    known = traits(way.exchange, way.market_type)
    ours = known.id_alphabet[0] * min(known.id_length, 32)
    names = {"{id}": known.wire_id(ours), "{order}": THEIRS}
    steps = iter(way.steps)
    account = Written(way.exchange, way.market_type, lambda _: step.answer if (step := next(steps, None)) else None)
    end = await go(way, account, ours)
    asked = [f"{each.method} {each.host_path}" for each in account.asked]
    found = [differences(step, each, names, way.unsaid) for step, each in zip(way.steps, account.asked, strict=False)]
    assert [each for each in found if each] == [], way.source
    assert len(asked) == len(way.steps), asked
    assert end == way.end


def test_every_kind_of_market_has_each_way() -> None:
    found = {(way.exchange, way.market_type, way.kind) for way in WAYS}
    for exchange in exchanges():
        types = {market["type"] for kind in ("spot", "swap") for market in offline(exchange, kind).markets.values()}
        for kind in types & {"spot", "swap"}:
            known = traits(exchange, kind)
            wanted = KINDS - ({"by_our_id"} if known.look_up == "none" else set()) | ({"amend"} if known.amend else set())
            assert wanted <= {way for name, market_type, way in found if (name, market_type) == (exchange, kind)}


def test_every_way_names_its_document_or_says_that_it_is_assumed() -> None:
    assert len(WAYS) == len({str(way) for way in WAYS})
    for way in WAYS:
        assert way.source.startswith(("https://", "assumed: ")), way
        assert way.steps, way
        assert all(step.answer is not None for step in way.steps[:-1]), way
        assert bool(way.end) is (way.steps[-1].answer is not None), way
