# SPDX-License-Identifier: MIT
"""The guard ``sessions``."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Order
from fks_exec.convert import from_config
from fks_exec_hub.guards.sessions import Day, Sessions, SessionsConfig, Window

ORDER = Order(symbol="ACME", side="buy", quantity=1)
NEW_YORK = "America/New_York"
WEEK = ("mon", "tue", "wed", "thu", "fri")


def guard(*windows: dict[str, object], zone: str = "UTC") -> Sessions:
    """Made as a file makes it."""
    table = {"timezone": zone, "windows": list(windows)}
    return Sessions(from_config(SessionsConfig, table, where="guards.sessions", base=Path()))


def judged(sessions: Sessions, moment: datetime) -> Denial | None:
    """What the guard says at a moment."""
    account = AccountState(account="paper", time=round(moment.timestamp() * 1000))
    answer = sessions.check_risk(ORDER, account)
    assert answer is None or isinstance(answer, Denial)
    return answer


def passes(sessions: Sessions, text: str, zone: str = "UTC") -> bool:
    """Whether an entry passes at a local time, such as ``2026-03-09T09:30``."""
    return judged(sessions, datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))) is None


def test_the_start_belongs_to_a_window_and_the_end_does_not() -> None:
    """Monday, 9 March 2026, to the millisecond."""
    stocks = guard({"days": WEEK, "start": "09:30", "end": "16:00"}, zone=NEW_YORK)
    assert passes(stocks, "2026-03-09T09:30", NEW_YORK)
    assert passes(stocks, "2026-03-09T15:59:59.999", NEW_YORK)
    assert not passes(stocks, "2026-03-09T09:29:59.999", NEW_YORK)
    assert not passes(stocks, "2026-03-09T16:00", NEW_YORK)
    assert not passes(stocks, "2026-03-08T12:00", NEW_YORK)  # a Sunday


def test_any_of_several_windows_is_enough() -> None:
    """With a break at noon, and another day's own hours."""
    sessions = guard(
        {"days": ["mon"], "start": "09:00", "end": "11:30"},
        {"days": ["mon"], "start": "12:30", "end": "15:00"},
        {"days": ["tue"], "start": "20:00", "end": "21:00"},
    )
    for text, expected in {"09T10:00": True, "09T12:00": False, "09T13:00": True, "10T10:00": False, "10T20:30": True}.items():
        assert passes(sessions, f"2026-03-{text}") is expected, text


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    """From Friday evening into Saturday; not from Thursday into Friday, nor on Saturday evening."""
    night = guard({"days": ["fri"], "start": "22:00", "end": "02:00"})
    inside = ["2026-03-13T22:00", "2026-03-13T23:59:59", "2026-03-14T00:00", "2026-03-14T01:59:59"]
    outside = ["2026-03-13T21:59:59", "2026-03-14T02:00", "2026-03-13T01:00", "2026-03-14T22:00"]
    assert all(passes(night, text) for text in inside)
    assert not any(passes(night, text) for text in outside)


def test_the_week_of_the_currency_market() -> None:
    """Sunday 17:00 to Friday 17:00 in New York: five windows of 24 hours."""
    market = guard({"days": ["sun", "mon", "tue", "wed", "thu"], "start": "17:00", "end": "17:00"}, zone=NEW_YORK)
    assert passes(market, "2026-03-08T17:00", NEW_YORK)
    assert passes(market, "2026-03-11T03:00", NEW_YORK)
    assert passes(market, "2026-03-13T16:59:59", NEW_YORK)
    assert not passes(market, "2026-03-13T17:00", NEW_YORK)
    assert not passes(market, "2026-03-08T16:59:59", NEW_YORK)


def test_without_times_a_window_is_the_whole_day_and_without_days_it_is_every_day() -> None:
    """Both are left out by whoever does not care."""
    assert passes(guard({"days": ["sat"]}), "2026-03-14T00:00")
    assert passes(guard({"days": ["sat"]}), "2026-03-14T23:59:59.999")
    assert not passes(guard({"days": ["sat"]}), "2026-03-15T00:00")
    assert passes(guard({"start": "08:00", "end": "09:00"}), "2026-03-15T08:30")


def test_summer_time_moves_the_window_with_the_clock_on_the_wall() -> None:
    """New York opens at 14:30 UTC in winter and at 13:30 in summer; the clocks go forward on 8 March 2026."""
    stocks = guard({"days": WEEK, "start": "09:30", "end": "16:00"}, zone=NEW_YORK)
    assert not passes(stocks, "2026-03-06T13:30")
    assert passes(stocks, "2026-03-06T14:30")
    assert passes(stocks, "2026-03-09T13:30")
    assert not passes(stocks, "2026-03-09T20:00")


def test_an_hour_that_the_clock_shows_twice_is_in_the_window_twice_and_one_that_it_skips_is_short() -> None:
    """1 November 2026: 05:30 UTC and 06:30 UTC are both 01:30 in New York. On 8 March 07:00 UTC is 03:00."""
    night = guard({"start": "01:00", "end": "02:00"}, zone=NEW_YORK)
    assert [passes(night, f"2026-11-01T{text}") for text in ("04:59", "05:30", "06:30", "07:00")] == [False, True, True, False]
    skipped = guard({"start": "02:00", "end": "03:00"}, zone=NEW_YORK)
    assert [passes(skipped, f"2026-03-08T{text}") for text in ("06:59", "07:00", "07:30")] == [False, False, False]


def test_a_denial_says_when_the_next_window_opens() -> None:
    """In the time zone of the configuration."""
    stocks = guard({"days": WEEK, "start": "09:30", "end": "16:00"}, zone=NEW_YORK)
    no = judged(stocks, datetime(2026, 3, 13, 21, 5, tzinfo=ZoneInfo("UTC")))
    assert no is not None
    assert (no.code, no.value) == ("OUTSIDE_SESSION", "fri 2026-03-13 17:05 America/New_York")
    assert no.limit == "mon tue wed thu fri 09:30-16:00 America/New_York"
    assert no.message == (
        "it is fri 2026-03-13 17:05 in America/New_York, and entries pass mon tue wed thu fri 09:30-16:00 only; "
        "send it again from mon 2026-03-16 09:30 on"
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, r"^guards.sessions.windows: there is none, so that no entry would pass; write \[\[guards.NAME.windows\]\]"),
        ({"timezone": "Mars/Olympus", "windows": [{}]}, r"^guards.sessions.timezone: 'Mars/Olympus' is no time zone"),
        ({"windows": [{"start": "9:30"}]}, r"^guards.sessions.windows.*start: '9:30' is no time of day; write \"09:30\""),
        ({"windows": [{"end": "24:00"}]}, r"end: '24:00' is no time of day; write \"09:30\", or \"00:00\" for midnight"),
        ({"windows": [{"start": "09:30:00"}]}, r"start: '09:30:00' is no time of day"),
        ({"windows": [{"days": []}]}, r"days: there is none"),
        ({"windows": [{"days": ["monday"]}]}, r"'monday' is not one of mon, tue, wed, thu, fri, sat, sun"),
    ],
)
def test_a_wrong_table_is_refused_with_a_sentence(table: dict[str, object], sentence: str) -> None:
    """At the start, not at the first order."""
    with pytest.raises(ConfigError, match=sentence):
        from_config(SessionsConfig, table, where="guards.sessions", base=Path())


clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
windows = st.builds(
    lambda days, start, end: Window(days=tuple(days), start=f"{start:%H:%M}", end=f"{end:%H:%M}"),
    st.sets(st.sampled_from(list(Day)), min_size=1),
    clocks,
    clocks,
)
zones = st.sampled_from(["UTC", NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"])


def reference(window: Window, local: datetime) -> bool:
    """Each start of the last days, laid out as a stretch of the clock on the wall."""
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    for day in (local.date() - timedelta(days=n) for n in range(3)):
        opens = datetime.combine(day, start)
        closes = datetime.combine(day if end > start else day + timedelta(days=1), end)
        if list(Day)[day.weekday()] in window.days and opens <= local < closes:
            return True
    return False


@given(st.lists(windows, min_size=1, max_size=3), zones, st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))
def test_what_passes_is_what_lies_in_a_window(rows: list[Window], zone: str, moment: datetime) -> None:
    """In any zone, at any moment; and what the denial says about the next opening is true."""
    sessions = Sessions(SessionsConfig(timezone=zone, windows=tuple(rows)))
    utc = moment.replace(tzinfo=ZoneInfo("UTC"), microsecond=moment.microsecond // 1000 * 1000)
    local = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    no = judged(sessions, utc)
    assert (no is None) is any(reference(row, local) for row in rows)
    if no is not None:
        day, clock = no.message.partition("send it again from ")[2].split(" ")[1:3]
        opens = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
        assert opens > local
        assert any(reference(row, opens) for row in rows)
        assert not any(reference(row, opens - timedelta(milliseconds=1)) for row in rows)
