# SPDX-License-Identifier: MIT
"""What is found in a message before it costs an alert."""

import re
import time
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec import Secret
from fks_exec_server.emulator.lint import Severity, Taker, lint
from fks_exec_server.emulator.placeholders import KNOWN, exists, nearest, render, samples
from fks_exec_server.emulator.templates import INDICATOR, MASK, STRATEGY, TEMPLATES, masked

PAGE = (Path(__file__).parents[3] / "docs/webhook.md").read_text("utf-8")
GOOD = (
    '{"symbol": "{{ticker}}", "action": "{{strategy.order.action}}", "qty": {{strategy.order.contracts}}, '
    '"market_position": "{{strategy.market_position}}", "timenow": "{{timenow}}"}'
)


def sentences(text: str, severity: Severity | None = None) -> str:
    """All that is said, a line each."""
    return "\n".join(each.sentence for each in lint(text) if severity in (None, each.severity))


def test_the_templates_are_those_of_the_page() -> None:
    """Word for word."""
    assert re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[:2] == [STRATEGY, INDICATOR]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_nothing_is_wrong_with_the_templates(kind: str) -> None:
    """For an entry, an exit, a reversal each way."""
    assert lint(TEMPLATES[kind]) == []


def test_a_placeholder_may_stand_without_quotes() -> None:
    """What is rendered counts."""
    assert lint(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{{ticker}}",
            "{{tickr}}",
            "{{tickr}} does not exist in TradingView, which sends it as it is; did you mean {{ticker}}?",
        ),
        ("{{ticker}}", "{{ ticker }}", "{{ ticker }} does not exist in TradingView, which sends it as it is; did you mean"),
        ("{{ticker}}", "{{plot_20}}", "{{plot_20}} does not exist"),
        ("{{ticker}}", "{{xyzzy}}", "{{xyzzy}} does not exist in TradingView, which sends it as it is; take it out"),
        ('"qty"', '"quantitty"', "quantitty: is unknown; did you mean quantity?"),
        ('"action"', '"acton"', "acton: is unknown; did you mean action?"),
        (', "timenow": "{{timenow}}"', "", "id: is missing, and so is timenow"),
        ("{{timenow}}", "2026-11-22T18:00:00Z", "timenow: is always the same moment"),
        ('"action": "{{strategy.order.action}}"', '"action": "long"', "action: 'long' is not one of"),
        ('{"symbol"', '{"id": "x-{{ticker}}", "symbol"', "id: is the same for every alert, so that only the first is executed"),
        (
            '{"symbol"',
            '{"id": "{{strategy.order.id}}", "symbol"',
            "{{strategy.order.id}} is the entry's name, the same",
        ),
        ('"symbol"', "\N{LEFT DOUBLE QUOTATION MARK}symbol\N{RIGHT DOUBLE QUOTATION MARK}", "typographic quotation marks"),
        ('"symbol": ', '"account": "' + "x" * 8192 + '", "symbol": ', "the host takes 8192; make it shorter"),
    ],
)
def test_what_loses_alerts_is_an_error(old: str, new: str, said: str) -> None:
    """With its remedy."""
    assert old in GOOD
    assert said in sentences(GOOD.replace(old, new, 1), Severity.ERROR)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"symbol"',
            '"limit_price": "{{strategy.order.price}}", "symbol"',
            "{{strategy.order.price}} is the price of the signal",
        ),
        ('"symbol"', '"order_type": "limit", "price": {{close}}, "symbol"', "leave price out for a market order"),
        ("{{timenow}}", "{{time}}", "{{time}} is when the bar opened"),
        ('"market_position": "{{strategy.market_position}}", ', "", "an exit arrives as a plain order"),
        ('"symbol"', '"id": "{{ticker}}-{{timenow}}", "symbol"', "two alerts of one bar on one chart have the same"),
        ('"timenow": "{{timenow}}"', '"id": "x-{{timenow}}"', "timenow: is missing, so that an old alert cannot be told"),
        ('"symbol"', '"strategy": "{{strategy.order.comment}}", "symbol"', "breaks the message"),
    ],
)
def test_what_may_mislead_is_a_warning(old: str, new: str, said: str) -> None:
    """It can be read, so it is no error."""
    found = GOOD.replace(old, new, 1)
    assert said in sentences(found, Severity.WARNING)
    assert sentences(found, Severity.ERROR) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{strategy.order.action}}", "{{strategy.order.actio}}"),
        ("{{strategy.order.action}}", "{{xyzzy}}"),
        ("{{strategy.market_position}}", "{{strategy.market_positon}}"),
        ("{{timenow}}", "{{timenw}}"),
        ('"timenow": "{{timenow}}"', '"id": "x-{{timenw}}", "timenow": "{{timenow}}"'),
    ],
)
def test_of_a_placeholder_that_does_not_exist_only_that_is_told(old: str, new: str) -> None:
    """What it would be read as is of no use: nobody wrote that."""
    assert old in GOOD
    [found] = [each for each in lint(GOOD.replace(old, new, 1)) if each.severity is Severity.ERROR]
    assert "does not exist in TradingView" in found.sentence


def test_errors_come_first_and_none_twice() -> None:
    """Each move of the strategy finds the same."""
    found = lint(GOOD.replace("{{timenow}}", "{{time}}").replace('"qty"', '"quantitty"'))
    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARNING]


def test_the_accounts_of_the_key_count() -> None:
    """Where it has several the message names one."""
    two = Taker(accounts=("a", "b"))
    assert "account: is missing" in lint(GOOD, two)[0].sentence
    assert lint(GOOD.replace('"symbol"', '"account": "a", "symbol"', 1), two) == []
    assert lint(GOOD, evolve(two, spread=True)) == []
    assert lint(GOOD.replace('"symbol"', '"account": "a", "symbol"', 1)) == []


def test_a_key_with_a_secret_for_the_body_needs_it_in_the_message() -> None:
    """Else each alert is refused as a stranger's."""
    taker = Taker(name="tv", body_secret=Secret("canary-of-0123456789"))
    good = GOOD.replace('"symbol"', '"secret": "canary-of-0123456789", "symbol"', 1)
    for wrong in (GOOD, good.replace("f", "g")):
        [found] = lint(wrong, taker)
        assert found.sentence.startswith("secret: is missing, or another than the body_secret of the key tv")
    assert lint(good, taker) == []
    assert "secret" in lint(good)[0].sentence


def test_a_key_with_a_window_needs_neither_id_nor_time() -> None:
    """By its configuration."""
    bare = GOOD.replace(', "timenow": "{{timenow}}"', "")
    assert lint(bare)[0].severity is Severity.ERROR
    assert lint(bare, Taker(windowed=True)) == []


def test_all_that_exists_is_rendered_and_nothing_else() -> None:
    """A plot by its title too."""
    text = "".join(f"{{{{{name}}}}}" for name in sorted(KNOWN)) + '{{plot("RSI")}}{{other}}'
    rendered = render(text, samples(time.time(), text))
    assert "{{" not in rendered.removesuffix("{{other}}")
    assert rendered.endswith("1{{other}}")


def test_names_are_compared_as_tradingview_does() -> None:
    """Letter for letter."""
    assert exists('plot("MACD")')
    assert not exists("Ticker")
    assert (nearest("Ticker"), nearest("strategy.orderaction"), nearest("??")) == ("ticker", "strategy.order.action", None)


def test_time_is_rendered_to_the_second() -> None:
    """In UTC."""
    assert samples(1795370400.9)["timenow"] == "2026-11-22T18:00:00Z"


def test_a_secret_in_a_path_is_masked() -> None:
    """Each, to its end."""
    text = "https://x/webhook/tradingview/abc/orders/1 and http://y/webhook/tradingview/def?x"
    assert masked(text) == f"https://x/webhook/tradingview/{MASK}/orders/1 and http://y/webhook/tradingview/{MASK}?x"
    assert masked("nothing") == "nothing"
