# SPDX-License-Identifier: MIT
"""What became of many alerts: counts, times from when each was due, and every one that is not in, by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from .delivery import Delivery, Fate

SHARES = (50, 90, 95, 99, 100)
"""Percentiles that are told."""


@frozen(kw_only=True)
class Named:
    """One alert that a reader has to know of."""

    name: str
    reason: str


@frozen(kw_only=True)
class Report:
    """The end of a run.

    Args:
        alerts: how many were due.
        requests: how many were sent, repetitions included.
        resent: alerts that were sent more than once.
        answers: requests by their HTTP code; ``none``: without an answer.
        fates: alerts by what became of them.
        refused: alerts that were refused, by the answer's code.
        booked: the host's id of each alert that it wrote down, by the alert's name.
        never_in: alerts that are nowhere, with what was said last.
        in_doubt: alerts without an answer, which may be in.
        taken_for_others: alerts that were answered with the id of another one.
        first_ms: milliseconds from when an alert was due to its first answer, by percentile.
        booked_ms: the same to the answer that says that it is written down.
        late_ms: how late the emulator itself was with the first request.
    """

    alerts: int
    requests: int
    resent: int
    answers: Mapping[str, int]
    fates: Mapping[str, int]
    refused: Mapping[str, int]
    booked: Mapping[str, str]
    never_in: tuple[Named, ...]
    in_doubt: tuple[Named, ...]
    taken_for_others: tuple[str, ...]
    first_ms: Mapping[str, float]
    booked_ms: Mapping[str, float]
    late_ms: Mapping[str, float]

    @property
    def lines(self) -> Iterator[str]:
        """For a reader."""
        yield f"{self.alerts} alerts, {self.requests} requests, {self.resent} alerts sent again"
        yield f"answers: {_counts(self.answers)}"
        yield f"alerts: {_counts(self.fates)}"
        if self.refused:
            yield f"refused: {_counts(self.refused)}"
        yield f"first answer after ms: {_times(self.first_ms)}"
        yield f"written down after ms: {_times(self.booked_ms)}"
        yield f"sent late by ms: {_times(self.late_ms)}"
        yield from (f"TAKEN FOR ANOTHER {name}: its answer has the id of an earlier alert" for name in self.taken_for_others)
        yield from (f"IN DOUBT {each.name}: {each.reason}" for each in self.in_doubt)
        yield from (f"NEVER IN {each.name}: {each.reason}" for each in self.never_in)
        if not (self.never_in or self.in_doubt):
            yield "every alert is in"


def report(deliveries: Sequence[Delivery]) -> Report:
    """Of all deliveries of a run."""
    tries = [each for delivery in deliveries for each in delivery.tries]
    booked = {each.name: each.client_order_id for each in deliveries if each.client_order_id is not None}
    return Report(
        alerts=len(deliveries),
        requests=len(tries),
        resent=sum(len(each.tries) > 1 for each in deliveries),
        answers=_sorted(Counter(str(each.reply.code or "none") for each in tries)),
        fates=_sorted(Counter(each.fate.value for each in deliveries)),
        refused=_sorted(Counter(_code(each) for each in deliveries if each.fate is Fate.REFUSED)),
        booked=booked,
        never_in=_named(deliveries, Fate.NEVER_IN),
        in_doubt=_named(deliveries, Fate.IN_DOUBT),
        taken_for_others=tuple(_repeated(booked)),
        first_ms=percentiles([each.first_ms for each in deliveries if each.tries[0].reply.code is not None]),
        booked_ms=percentiles([each.in_ms for each in deliveries if each.name in booked]),
        late_ms=percentiles([(each.tries[0].sent - each.due) * 1000 for each in deliveries]),
    )


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """By ``p50`` and so on; empty without values."""
    ordered = sorted(values)
    return {f"p{share}": round(ordered[min(len(ordered) * share // 100, len(ordered) - 1)], 2) for share in SHARES if ordered}


def _code(delivery: Delivery) -> str:
    return str(delivery.answer.get("code") or delivery.answer.get("status") or delivery.last.code)


def _named(deliveries: Sequence[Delivery], fate: Fate) -> tuple[Named, ...]:
    return tuple(Named(name=each.name, reason=each.reason) for each in deliveries if each.fate is fate)


def _repeated(booked: Mapping[str, str]) -> Iterator[str]:
    seen: set[str] = set()
    for name, client_order_id in booked.items():
        if client_order_id in seen:
            yield name
        seen.add(client_order_id)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _times(times: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in times.items()) or "-"
