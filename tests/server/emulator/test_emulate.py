# SPDX-License-Identifier: MIT
"""Many alerts: the plan, the chain of positions, the open loop, the report that names what is not in."""

import asyncio
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest

from fks_exec import InvalidOrder
from fks_exec_server.emulator.client import Reply, Target
from fks_exec_server.emulator.delivery import Delivery, Try
from fks_exec_server.emulator.plan import SOURCES, Load, Planned, plan, read_rate
from fks_exec_server.emulator.report import percentiles, report
from fks_exec_server.emulator.run import Way, emulate
from fks_exec_server.emulator.signals import SCRIPT, Strategy
from fks_exec_simulators.receiver import SILENT, receiving


def of_one(planned: list[Planned], strategy: str) -> list[dict[str, str]]:
    """The values of one strategy's alerts."""
    return [dict(each.values) for each in planned if each.values["emulated.strategy"] == strategy]


def test_each_alert_begins_where_the_last_one_of_its_strategy_ended() -> None:
    """Position, size and order fit together, over bursts and keys too."""
    planned = plan(Load(rate=7, seconds=9, burst=11, bar=4, strategies=3), keys=2, run="r")
    for strategy in {each.values["emulated.strategy"] for each in planned}:
        values = of_one(planned, strategy)
        assert values[0]["strategy.prev_market_position"] == "flat"
        for before, after in pairwise(values):
            assert before["strategy.market_position"] == after["strategy.prev_market_position"]
            assert before["strategy.market_position_size"] == after["strategy.prev_market_position_size"]
            moved = Decimal(after["strategy.position_size"]) - Decimal(before["strategy.position_size"])
            assert abs(moved) == Decimal(after["strategy.order.contracts"])
            assert after["strategy.order.action"] == ("buy" if moved > 0 else "sell")


def test_a_strategy_enters_leaves_and_reverses_both_ways() -> None:
    """And begins again flat."""
    strategy = Strategy("s", "BINANCE:BTCUSDT", Decimal("0.5"))
    values = [strategy.next() for _ in SCRIPT]
    moves = {(each["strategy.prev_market_position"], each["strategy.market_position"]) for each in values}
    assert {("flat", "long"), ("long", "flat"), ("flat", "short"), ("short", "flat")} <= moves
    assert {("long", "short"), ("short", "long")} <= moves
    assert values[-1]["strategy.market_position"] == "flat"
    assert (values[0]["exchange"], values[0]["ticker"], values[0]["strategy.order.contracts"]) == ("BINANCE", "BTCUSDT", "0.5")


def test_a_plan_has_its_rate_and_its_bursts() -> None:
    """All of a burst fall into one second."""
    times = [each.at for each in plan(Load(rate=10, seconds=3, burst=100, bar=2), keys=1, run="r")]
    assert times == sorted(times)
    assert len(times) == 30 + 200
    assert sum(2 <= at < 3 for at in times) == 10 + 100
    assert [each.at for each in plan(Load(rate=4, seconds=1), keys=1, run="r")] == [0, 0.25, 0.5, 0.75]


def test_names_differ_and_keys_and_sources_take_turns() -> None:
    """A strategy stays with its key."""
    planned = plan(Load(rate=100, seconds=1, strategies=10), keys=5, run="r")
    assert len({each.name for each in planned}) == 100
    assert {each.key for each in planned} == {0, 1, 2, 3, 4}
    assert {each.source for each in planned} == set(SOURCES)
    assert len({(each.values["emulated.strategy"], each.key) for each in planned}) == 10


@pytest.mark.parametrize(("text", "rate"), [("50/s", 50), ("1200/m", 20), ("3", 3), ("0", 0)])
def test_a_rate_is_of_a_second_or_a_minute(text: str, rate: float) -> None:
    """A second where nothing is said."""
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "-1", "5/h", "1.5/s", "9999999"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """With an example."""
    with pytest.raises(InvalidOrder, match="is not a rate such as 50/s or 1000/m"):
        read_rate(text)


async def test_the_loop_is_open() -> None:
    """A host that does not answer holds up no alert; each is timed from when it was due."""
    planned = plan(Load(rate=50, seconds=0.4), keys=1, run="r")
    async with receiving(SILENT) as receiver:
        found = report(await emulate(planned, [Target.parse(receiver.url)], Way(limit=0.5)))
    assert len(receiver.times) == 20
    assert receiver.times[-1] - receiver.times[0] < 0.5  # the time that one of them waits
    assert [each.name for each in found.in_doubt] == [each.name for each in planned]
    assert found.answers == {"none": 20}


async def test_the_emulators_message_is_rendered_for_each_alert() -> None:
    """With an id of its own, and the addresses of TradingView where a proxy is played."""
    planned = plan(Load(rate=100, seconds=0.1, symbols=("A/USDT", "B/USDT")), keys=1, run="r")
    async with receiving(200) as receiver:
        await emulate(planned, [Target.parse(receiver.url)], Way())
        await emulate(planned[:1], [Target.parse(receiver.url)], Way(sources=False))
    bodies = [json.loads(body) for _, body in receiver.requests]
    assert {each["id"] for each in bodies} == {each.name for each in planned}
    assert {each["symbol"] for each in bodies} == {"A/USDT", "B/USDT"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bodies[0]["timenow"])
    heads = [receiver.headers(number) for number in range(len(bodies))]
    assert {head.get("x-forwarded-for") for head in heads[:-1]} == set(SOURCES)
    assert "x-forwarded-for" not in heads[-1]


async def test_a_key_without_a_target_is_refused() -> None:
    """Before anything is sent."""
    planned = plan(Load(), keys=2, run="r")
    with pytest.raises(InvalidOrder, match="is missing for a key of the plan"):
        await emulate(planned, [Target.parse("http://127.0.0.1:1/x")], Way())


def delivery(name: str, *codes: int | None, order: str | None = None) -> Delivery:
    """One of those tries, a second each; the last has the order's id."""
    body = json.dumps({"status": "success", "client_order_id": order, "code": None, "message": None}).encode()
    tries = (Try(sent=number, took=1, reply=Reply(code=code, body=body)) for number, code in enumerate(codes))
    return Delivery(name=name, due=0, tries=tuple(tries))


def lines(*deliveries: Delivery) -> Iterator[str]:
    """Of the report."""
    return report(deliveries).lines


def test_the_report_counts_and_names_each_alert_that_is_not_in() -> None:
    """Nobody is left to count himself."""
    found = report([delivery("a", 200, order="1"), delivery("b", 503, 503, 503, 503), delivery("c", 503, 200, order="2")])
    assert (found.alerts, found.requests, found.resent) == (3, 7, 2)
    assert found.answers == {"200": 2, "503": 5}
    assert found.booked == {"a": "1", "c": "2"}
    assert [(each.name, each.reason) for each in found.never_in] == [("b", "503")]
    assert "NEVER IN b: 503" in list(found.lines)
    assert found.first_ms["p100"] == 1000
    assert found.booked_ms == {"p50": 2000, "p90": 2000, "p95": 2000, "p99": 2000, "p100": 2000}


def test_what_the_host_refused_is_counted_by_its_code() -> None:
    """An alert that is in, and was denied."""
    denied = delivery("a", 422, order="1")
    reply = Reply(code=422, body=b'{"client_order_id": "2", "status": "denied", "code": "STALE"}')
    stale = attrs.evolve(denied, name="b", tries=(attrs.evolve(denied.tries[0], reply=reply),))
    found = report([stale, delivery("c", 200, order="3")])
    assert (found.refused, found.never_in) == ({"STALE": 1}, ())
    assert "refused: 1 STALE" in list(found.lines)


def test_two_alerts_under_one_id_are_told() -> None:
    """The second was taken for a repetition: its order was never placed."""
    found = report([delivery("a", 200, order="1"), delivery("b", 200, order="1")])
    assert found.taken_for_others == ("b",)
    assert any(line.startswith("TAKEN FOR ANOTHER b") for line in found.lines)


def test_when_all_is_in_the_report_says_so() -> None:
    """And only then."""
    assert list(lines(delivery("a", 200, order="1")))[-1] == "every alert is in"
    assert "every alert is in" not in lines(delivery("a", None))
    assert "every alert is in" not in lines(delivery("a", 404))


def test_percentiles_are_values_that_were_measured() -> None:
    """Of nothing there are none."""
    assert percentiles([]) == {}
    assert percentiles(list(range(1, 101))) == {"p50": 51, "p90": 91, "p95": 96, "p99": 100, "p100": 100}


async def test_at_one_time_no_more_tasks_exist_than_alerts_under_way() -> None:
    """A long plan is not a task for each alert from its beginning."""
    planned = plan(Load(rate=20, seconds=1), keys=1, run="r")
    async with receiving(200) as receiver:
        running = asyncio.create_task(emulate(planned, [Target.parse(receiver.url)], Way()))
        await asyncio.sleep(0.3)
        assert len(asyncio.all_tasks()) < 10
        await running
