# SPDX-License-Identifier: MIT
"""All guards of the hub: how they are registered, what they have in common, the example of the mission."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs
import pluggy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, GuardType, Instrument, MarketData, Order
from fks_exec.convert import from_config
from fks_exec.hookspecs import PROJECT, ExecutionSpec, RegistrationSpec
from fks_exec_hub import plugin
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_hub.hookspecs import HubSpec

NAMES = ["quantity", "prices", "confidence", "position_size", "risk_reward"]
BTC = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    quantity_step="0.0001",
    price_tick="0.01",
    min_quantity="0.0001",
    max_quantity="100",
    min_notional="10",
)
STATE = AccountState(
    account="paper",
    currency="USDT",
    equity="100000",
    instrument=BTC,
    quote=MarketData(symbol="BTC/USDT", bid="67499.99", ask="67500"),
)
ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", stop_loss="67000", take_profit="69000", confidence="0.75")


def reduces(order: Order, account: AccountState) -> bool:
    """A reference: with everything of its side that may fill, the order leads at most to zero."""
    working = account.working_buy if order.side == "buy" else account.working_sell
    return -order.side.sign * account.position >= order.quantity + working


def answers(kind: GuardType, order: Order, account: AccountState) -> Iterator[Denial]:
    """What a guard with its default configuration says about an order, asked as core asks."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ExecutionSpec)
    manager.register(kind.create(kind.config()))
    calls = (
        manager.hook.validate_order(order=order, instrument=account.instrument),
        manager.hook.check_risk(order=order, account=account),
    )
    for answer in (each for call in calls for each in call):
        yield from [answer] if isinstance(answer, Denial) else answer


def judged(order: Order, account: AccountState = STATE) -> set[tuple[str, str]]:
    """Type and code of every denial, where the types apply as they say."""
    reducing = reduces(order, account)
    applies = {"all": True, "exits": reducing, "entries": not reducing}
    asked = [kind for kind in GUARD_TYPES if applies[kind.applies_to]]
    return {(kind.name, denial.code) for kind in asked for denial in answers(kind, order, account)}


def test_the_example_of_the_mission_passes_all_guards() -> None:
    """0.01 BTC are 675 USDT, the way to the target is three times the way to the stop."""
    assert judged(ORDER) == set()


@pytest.mark.parametrize(
    ("fields", "guard"),
    [({"quantity": "0.02"}, "position_size"), ({"confidence": "0.5"}, "confidence"), ({"take_profit": "68400"}, "risk_reward")],
)
def test_what_one_guard_is_for_no_other_denies(fields: dict[str, str], guard: str) -> None:
    """Each of the mission's three, alone."""
    assert {name for name, _ in judged(attrs.evolve(ORDER, **fields))} == {guard}


LIMIT = {"order_type": "limit", "price": "67000", "stop_loss": "66500", "take_profit": "69000"}
EVERY_CODE = [
    ("quantity", "QUANTITY_MIN", {"quantity": "0.00001"}, {}),
    ("quantity", "QUANTITY_MAX", {"quantity": "101"}, {}),
    ("quantity", "QUANTITY_STEP", {"quantity": "0.01001"}, {}),
    ("quantity", "MIN_NOTIONAL", {"quantity": "0.0001"}, {}),
    ("quantity", "NO_QUOTE", {}, {"quote": None}),
    ("prices", "PRICE_TICK", {"stop_loss": "67000.001"}, {}),
    ("prices", "STOP_PRICE_SIDE", {"order_type": "stop", "stop_price": "67500"}, {}),
    ("prices", "STOP_LOSS_SIDE", {"stop_loss": "67500"}, {}),
    ("prices", "TAKE_PROFIT_SIDE", {"take_profit": "67500"}, {}),
    ("prices", "NO_QUOTE", {}, {"quote": None}),
    ("confidence", "CONFIDENCE_MISSING", {"confidence": None}, {}),
    ("confidence", "CONFIDENCE_TOO_LOW", {"confidence": "0.5"}, {}),
    ("position_size", "POSITION_SIZE", {"quantity": "0.02"}, {}),
    ("position_size", "NO_EQUITY", {}, {"equity": None}),
    ("position_size", "NO_CONVERSION", {}, {"currency": "EUR"}),
    ("position_size", "NO_INSTRUMENT", {}, {"instrument": None}),
    ("position_size", "NO_QUOTE", {}, {"quote": None}),
    ("risk_reward", "STOP_LOSS_MISSING", {"stop_loss": None}, {}),
    ("risk_reward", "TAKE_PROFIT_MISSING", {"take_profit": None}, {}),
    ("risk_reward", "RISK_REWARD", {"take_profit": "68400"}, {}),
    ("risk_reward", "NO_QUOTE", {}, {"quote": None}),
]


@pytest.mark.parametrize(("guard", "code", "fields", "account"), EVERY_CODE)
def test_every_code_is_given(guard: str, code: str, fields: dict[str, object], account: dict[str, object]) -> None:
    """A code that no order meets would be documentation of nothing."""
    assert (guard, code) in judged(attrs.evolve(ORDER, **fields), attrs.evolve(STATE, **account))


def test_every_code_is_listed_with_a_sentence() -> None:
    """The documentation is generated from these."""
    listed = {(kind.name, code) for kind in GUARD_TYPES for code in kind.create(kind.config()).codes}
    assert listed == {(guard, code) for guard, code, _, _ in EVERY_CODE}
    for kind in GUARD_TYPES:
        for code, said in kind.create(kind.config()).codes.items():
            assert code == code.upper()
            for sentence in (said.meaning, said.remedy):
                assert sentence[0].isupper()
                assert sentence.endswith(".")


def test_the_hub_registers_guards_and_journals_as_any_plugin_does() -> None:
    """Through the module that its entry point names."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(RegistrationSpec)
    manager.add_hookspecs(HubSpec)
    manager.register(plugin)
    manager.check_pending()
    assert [kind.name for kinds in manager.hook.fks_exec_guards() for kind in kinds] == NAMES
    assert [kind.scheme for kinds in manager.hook.fks_exec_journals() for kind in kinds] == ["sqlite", "memory"]


def test_listing_what_the_hub_brings_imports_no_engine() -> None:
    """A host with another journal needs no apsw, and --help is fast."""
    code = "import sys, fks_exec_hub.plugin as p; p.fks_exec_journals(); p.fks_exec_guards(); sys.exit('apsw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_a_guard_concerns_entries_and_says_in_one_line_what_it_is_for(kind: GuardType) -> None:
    """The line is for the list of what can be configured."""
    assert kind.applies_to == "entries"
    assert kind.summary.endswith(".")
    assert "\n" not in kind.summary


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_two_guards_of_one_type_and_configuration_stand_side_by_side(kind: GuardType) -> None:
    """pluggy refuses an object that equals a registered one."""
    manager = pluggy.PluginManager(PROJECT)
    manager.register(kind.create(kind.config()))
    manager.register(kind.create(kind.config()))
    assert len(manager.get_plugins()) == 2


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("confidence", {"minimum": Decimal("0.7"), "default": Decimal("0.7")}),
        ("position_size", {"percent": 2, "basis": "notional"}),
        ("risk_reward", {"minimum": Decimal("1.5"), "missing": "allow"}),
        ("quantity", {}),
        ("prices", {}),
    ],
)
def test_a_guard_is_configured_by_a_table(name: str, table: dict[str, object]) -> None:
    """As TOML gives it, numbers as int or Decimal."""
    config = from_config(kind_of(name).config, table, where=f"guards.{name}", base=Path())
    assert attrs.asdict(config) == table


@pytest.mark.parametrize(
    ("name", "table", "sentence"),
    [
        ("confidence", {"minimum": 60}, "between 0 and 1; write minimum = 0.6"),
        ("position_size", {"basis": "margin"}, 'write basis = "notional"'),
        ("position_size", {"percent": 0}, "write percent = 1"),
        ("risk_reward", {"missing": "maybe"}, 'write missing = "deny" or missing = "allow"'),
        ("quantity", {"step": 1}, "unknown"),
    ],
)
def test_a_wrong_table_is_refused_with_its_name_and_what_to_write(name: str, table: dict[str, object], sentence: str) -> None:
    """No stack trace for a user's mistake."""
    with pytest.raises(ConfigError, match=f"^guards.{name}.*{sentence}"):
        from_config(kind_of(name).config, table, where=f"guards.{name}", base=Path())


def kind_of(name: str) -> GuardType:
    """The guard type of that name."""
    return next(kind for kind in GUARD_TYPES if kind.name == name)


def numbers(low: int, high: int) -> st.SearchStrategy[Decimal]:
    """Positive Decimals between two powers of ten, with up to twelve digits and any exponent."""
    digits = st.integers(1, 10**12).map(str)
    return st.builds(lambda d, e: Decimal(d).scaleb(e - len(d) + 1), digits, st.integers(low, high - 1))


wide = numbers(-30, 30)
rough = numbers(-12, 9)
near = st.integers(65000, 70000).map(Decimal)
SHAPES = {"market": (), "limit": ("price",), "stop": ("stop_price",), "stop_limit": ("price", "stop_price")}
signed = st.builds(lambda sign, number: sign * number, st.sampled_from([1, -1, 0]), wide)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order that the constructor takes."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    prices = {name: draw(wide | near) for name in SHAPES[kind]}
    legs = {name: draw(st.none() | wide | near) for name in ("stop_loss", "take_profit")}
    return Order(
        symbol="BTC/USDT",
        side=draw(st.sampled_from(["buy", "sell"])),
        quantity=draw(wide | rough),
        order_type=kind,
        confidence=draw(st.none() | st.decimals(0, 1, places=3)),
        reduce_only=draw(st.booleans()),
        **prices,
        **legs,
    )


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    """Any instrument, also one that makes no sense."""
    rules = ("quantity_step", "min_quantity", "max_quantity", "min_notional", "price_tick")
    return Instrument(
        symbol="BTC/USDT",
        kind=draw(st.sampled_from(["spot", "linear", "inverse"])),
        base=draw(st.none() | st.just("BTC")),
        quote=draw(st.none() | st.just("USDT")),
        settle=draw(st.none() | st.sampled_from(["BTC", "USDT", "EUR"])),
        contract_size=draw(rough | st.just(Decimal(1))),
        **{name: draw(st.none() | rough) for name in rules},
    )


@st.composite
def states(draw: st.DrawFn) -> AccountState:
    """Any account, also one about which nothing is known."""
    quote = st.builds(MarketData, symbol=st.just("BTC/USDT"), bid=st.none() | signed, ask=st.none() | signed | near)
    return AccountState(
        account="paper",
        currency=draw(st.none() | st.sampled_from(["USDT", "BTC"])),
        equity=draw(st.none() | signed),
        instrument=draw(st.none() | instruments()),
        quote=draw(st.none() | quote),
        position=draw(signed),
        working_buy=draw(st.just(Decimal(0)) | wide),
        working_sell=draw(st.just(Decimal(0)) | wide),
    )


@settings(max_examples=400, deadline=None)
@given(orders(), states())
def test_no_guard_raises_and_each_gives_only_codes_that_it_lists(order: Order, account: AccountState) -> None:
    """An exception is a denial without a reason."""
    for kind in GUARD_TYPES:
        guard = kind.create(kind.config())
        for denial in answers(kind, order, account):
            assert denial.code in guard.codes
            assert denial.message
            assert denial.guard == ""
            assert denial.limit != ""
            assert "E+" not in denial.message


@settings(deadline=None)
@given(orders(), states(), st.integers(0, 1000))
def test_no_built_in_guard_denies_a_reducing_order(order: Order, account: AccountState, more: int) -> None:
    """An exit that a limit of ours holds back is a loss of ours. Here it has no confidence, no legs, nothing known."""
    working = account.working_buy if order.side == "buy" else account.working_sell
    held = -order.side.sign * (order.quantity + working) * (1 + Decimal(more) / 1000)
    holding = attrs.evolve(account, position=held)
    assume(reduces(order, holding))  # rounding may have cut the last digit
    assert judged(order, holding) == set()


@settings(deadline=None)
@given(orders(), states())
def test_a_guard_itself_does_not_ask_whether_the_order_claims_to_reduce(order: Order, account: AccountState) -> None:
    """Whether an order is an entry is decided in one place: a flag that a caller sets is no way around a guard."""
    other = attrs.evolve(order, reduce_only=not order.reduce_only)
    for kind in GUARD_TYPES:
        assert list(answers(kind, order, account)) == list(answers(kind, other, account))
