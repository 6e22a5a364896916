# SPDX-License-Identifier: MIT
"""The guard ``risk_reward``."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, Answer, ConfigError, Denial, MarketData, Order
from fks_exec_hub.guards.risk_reward import RiskReward, RiskRewardConfig

QUOTE = MarketData(symbol="BTC/USDT", bid="99", ask="101")


def order(side: str = "buy", **fields: object) -> Order:
    """A market order for one BTC."""
    return Order(symbol="BTC/USDT", side=side, quantity=1, **fields)


def state(quote: MarketData | None = QUOTE) -> AccountState:
    """An account that sees the quote."""
    return AccountState(account="paper", quote=quote)


def codes(answer: Answer) -> list[str]:
    """The codes of an answer."""
    return [each.code for each in ([answer] if isinstance(answer, Denial) else answer or ())]


def judged(order: Order, quote: MarketData | None = QUOTE, **config: object) -> list[str]:
    """The codes with which the guard denies the order."""
    return codes(RiskReward(RiskRewardConfig(**config)).check_risk(order, state(quote)))


def denial(answer: Answer) -> Denial:
    """The only denial of an answer."""
    assert isinstance(answer, Denial)
    return answer


@pytest.mark.parametrize(
    ("fields", "enough", "short"),
    [
        ({"side": "buy", "stop_loss": "91"}, "121", "120.99"),  # from the ask
        ({"side": "sell", "stop_loss": "109"}, "79", "79.01"),  # from the bid
        ({"side": "buy", "stop_loss": "90", "order_type": "limit", "price": "100"}, "120", "119.99"),
        ({"side": "sell", "stop_loss": "110", "order_type": "limit", "price": "100"}, "80", "80.01"),
        ({"side": "buy", "stop_loss": "100", "order_type": "stop", "stop_price": "110"}, "130", "129.99"),
        (
            {"side": "buy", "stop_loss": "100", "order_type": "stop_limit", "stop_price": "105", "price": "110"},
            "130",
            "129.99",
        ),
    ],
)
def test_twice_the_risk_passes_and_less_does_not(fields: dict[str, str], enough: str, short: str) -> None:
    """Counted from the limit, else the trigger, else the order's side of the quote."""
    assert judged(order(**fields, take_profit=enough)) == []
    assert judged(order(**fields, take_profit=short)) == ["RISK_REWARD"]


def test_the_ratio_is_not_rounded_up_to_the_minimum() -> None:
    """1.99999 times is less than 2 times, and is not shown as 2."""
    no = denial(RiskReward().check_risk(order(stop_loss="100", take_profit="102.99999"), state()))
    assert (no.limit, no.value) == ("2", "1.999")


def test_a_denial_says_which_take_profit_would_do() -> None:
    """Or that the stop could be nearer."""
    no = denial(RiskReward().check_risk(order(stop_loss="91", take_profit="110"), state()))
    assert "reward of 9 is 0.9 times the risk of 10, less than 2 times" in no.message
    assert "move take_profit to 121 or beyond, or move stop_loss nearer to 101" in no.message
    no = denial(RiskReward().check_risk(order("sell", stop_loss="200", take_profit="50"), state()))
    assert "take_profit" not in no.message.partition(";")[2]  # it would be below zero


@pytest.mark.parametrize(
    ("side", "stop"), [("buy", "101"), ("buy", "101.01"), ("buy", "500"), ("sell", "99"), ("sell", "98.99"), ("sell", "1")]
)
@pytest.mark.parametrize("target", ["1", "100", "1000"])
def test_no_risk_or_a_negative_one_is_denied(side: str, stop: str, target: str) -> None:
    """Two negative distances have a fine ratio, and a reward over no risk an infinite one."""
    assert judged(order(side, stop_loss=stop, take_profit=target)) == ["RISK_REWARD"]


@pytest.mark.parametrize(("side", "stop", "target"), [("buy", "91", "101"), ("buy", "91", "95"), ("sell", "109", "99")])
def test_no_reward_or_a_negative_one_is_denied(side: str, stop: str, target: str) -> None:
    """However small the minimum."""
    assert judged(order(side, stop_loss=stop, take_profit=target), minimum="0.000001") == ["RISK_REWARD"]


def test_a_missing_leg_is_denied_by_its_name() -> None:
    """Both, when both are missing; a quote would not help."""
    assert judged(order(take_profit="121"), None) == ["STOP_LOSS_MISSING"]
    assert judged(order(stop_loss="91"), None) == ["TAKE_PROFIT_MISSING"]
    assert judged(order(), None) == ["STOP_LOSS_MISSING", "TAKE_PROFIT_MISSING"]


def test_a_missing_leg_can_be_allowed() -> None:
    """What has both is still judged."""
    for legs in ({}, {"stop_loss": "91"}, {"take_profit": "121"}):
        assert judged(order(**legs), None, missing="allow") == []
    assert judged(order(stop_loss="91", take_profit="120"), missing="allow") == ["RISK_REWARD"]


@pytest.mark.parametrize(
    "quote", [None, MarketData(symbol="BTC/USDT", bid="99", last="101"), MarketData(symbol="BTC/USDT", ask=0)]
)
def test_a_market_order_needs_its_side_of_the_quote(quote: MarketData | None) -> None:
    """A limit or a trigger does not."""
    legs = {"stop_loss": "91", "take_profit": "121"}
    assert judged(order(**legs), quote) == ["NO_QUOTE"]
    assert judged(order(**legs, order_type="limit", price="101"), quote) == []
    assert judged(order(**legs, order_type="stop", stop_price="101"), quote) == []


@pytest.mark.parametrize("minimum", ["0", "-1"])
def test_the_minimum_is_greater_than_zero(minimum: str) -> None:
    """A minimum of zero would be a guard that guards nothing."""
    with pytest.raises(ConfigError, match=r"^minimum: .* not greater than zero"):
        RiskRewardConfig(minimum=minimum)


def test_missing_is_one_of_two_words() -> None:
    """The sentence names both."""
    with pytest.raises(ConfigError, match='\'ignore\' is not known here; write missing = "deny" or missing = "allow"'):
        RiskRewardConfig(missing="ignore")


levels = st.integers(1, 1999).map(lambda cents: Decimal(cents) / 10)
minimums = st.integers(1, 50).map(lambda tenths: Decimal(tenths) / 10)


@given(levels, levels, levels, minimums)
def test_a_mirrored_sell_is_judged_as_the_buy(entry: Decimal, stop: Decimal, target: Decimal, minimum: Decimal) -> None:
    """Every price on the other side of 100."""
    one = order(order_type="limit", price=entry, stop_loss=stop, take_profit=target)
    other = attrs.evolve(one, side="sell", price=200 - entry, stop_loss=200 - stop, take_profit=200 - target)
    assert judged(one, minimum=minimum) == judged(other, minimum=minimum)


@given(st.sampled_from([1, -1]), levels, levels, levels, minimums)
def test_what_passes_is_what_the_ratio_says(
    sign: int, entry: Decimal, stop: Decimal, target: Decimal, minimum: Decimal
) -> None:
    """In whole numbers of hundredths, where nothing is rounded."""
    risk, reward = (int(sign * each * 100) for each in (entry - stop, target - entry))
    side = "buy" if sign == 1 else "sell"
    answer = judged(order(side, order_type="limit", price=entry, stop_loss=stop, take_profit=target), minimum=minimum)
    assert (answer == []) is (risk > 0 and reward * 10 >= risk * int(minimum * 10))


@given(st.sampled_from([1, -1]), levels, levels, levels, minimums)
def test_the_take_profit_that_a_denial_names_passes(
    sign: int, entry: Decimal, stop: Decimal, target: Decimal, minimum: Decimal
) -> None:
    """A remedy that would be denied again is none."""
    guard = RiskReward(RiskRewardConfig(minimum=minimum))
    side = "buy" if sign == 1 else "sell"
    asked = order(side, order_type="limit", price=entry, stop_loss=stop, take_profit=target)
    answer = guard.check_risk(asked, state())
    if answer is not None and "move take_profit to " in denial(answer).message:
        enough = denial(answer).message.partition("move take_profit to ")[2].partition(" ")[0]
        assert guard.check_risk(attrs.evolve(asked, take_profit=enough), state()) is None
