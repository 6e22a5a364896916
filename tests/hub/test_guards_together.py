# SPDX-License-Identifier: MIT
"""All guards of the hub: how they are registered, what they have in common, the example of the mission."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import attrs
import pluggy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, GuardType, Instrument, MarketData, Order
from fks_exec.convert import from_config
from fks_exec.guarding import GuardCall, Listed, ask
from fks_exec.hookspecs import PROJECT, ExecutionSpec, RegistrationSpec
from fks_exec_hub import plugin
from fks_exec_hub.config import parse_config
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_hub.hookspecs import HubSpec
from fks_exec_hub.money import EXACT
from fks_exec_simulators.guard_tables import NOON, ORDER, STATE, TABLES, config_of

NAMES = ["quantity", "prices", "confidence", "position_size", "risk_reward", "order_notional", "open_orders", "exposure"]
NAMES += ["margin", "daily_loss", "price_collar", "identical", "sessions", "symbols"]


def reduces(order: Order, account: AccountState) -> bool:
    """A reference: with everything of its side that may fill, the order leads at most to zero."""
    working = account.working_buy if order.side == "buy" else account.working_sell
    return -order.side.sign * account.position >= order.quantity + working


def made(kind: GuardType, table: dict[str, Any] | None = None) -> Any:
    """A guard as a file configures it; with nothing said, by the table that all tests use."""
    return kind.create(config_of(kind, table))


def calls_of(kind: GuardType, guard: object) -> dict[str, GuardCall]:
    """Its hooks as core calls them."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ExecutionSpec)
    manager.register(guard)
    listed = Listed(name=kind.name, plugin=guard, applies_to=kind.applies_to)
    return {hook: GuardCall(listed, hook, getattr(manager.hook, hook)) for hook in ("validate_order", "check_risk")}


def asked(kind: GuardType, guard: object, order: Order, account: AccountState, *, reducing: bool) -> list[Denial]:
    """What a guard says about an order, asked by ``fks_exec.guarding`` itself."""
    calls = calls_of(kind, guard)
    return [
        *ask([calls["validate_order"]], reducing=reducing, order=order, instrument=account.instrument),
        *ask([calls["check_risk"]], reducing=reducing, order=order, account=account),
    ]


def answers(guard: object, order: Order, account: AccountState) -> Iterator[Denial]:
    """What a guard itself answers: an exception of its own goes on."""
    for hook, others in (("validate_order", {"instrument": account.instrument}), ("check_risk", {"account": account})):
        answer = getattr(guard, hook)(order=order, **others) if hasattr(guard, hook) else None
        yield from [answer] if isinstance(answer, Denial) else answer or ()


def judged(order: Order, account: AccountState = STATE) -> set[tuple[str, str]]:
    """Type and code of every denial, where the types apply as they say."""
    reducing = reduces(order, account)
    return {(kind.name, no.code) for kind in GUARD_TYPES for no in asked(kind, made(kind), order, account, reducing=reducing)}


def test_the_example_of_the_mission_passes_all_guards() -> None:
    """0.01 BTC are 675 USDT, the way to the target is three times the way to the stop."""
    assert judged(ORDER) == set()


@pytest.mark.parametrize(
    ("fields", "guard"),
    [({"quantity": "0.02"}, "position_size"), ({"confidence": "0.5"}, "confidence"), ({"take_profit": "68400"}, "risk_reward")],
)
def test_what_one_guard_is_for_no_other_denies(fields: dict[str, str], guard: str) -> None:
    """Each of the mission's three, alone among the mission's five."""
    names = {name for name, _ in judged(attrs.evolve(ORDER, **fields))}
    assert names & set(NAMES[:5]) == {guard}


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
    ("order_notional", "ORDER_NOTIONAL", {"quantity": "0.02"}, {}),
    ("order_notional", "NO_CONVERSION", {}, {"currency": "EUR"}),
    ("order_notional", "NO_INSTRUMENT", {}, {"instrument": None}),
    ("order_notional", "NO_QUOTE", {}, {"quote": None}),
    ("open_orders", "OPEN_ORDERS", {}, {"open_orders": 3}),
    ("exposure", "SYMBOL_EXPOSURE", {"quantity": "0.02"}, {}),
    ("exposure", "ACCOUNT_EXPOSURE", {}, {"exposure": "1500"}),
    ("exposure", "NO_EXPOSURE", {}, {"exposure": None}),
    ("exposure", "NO_EQUITY", {}, {"equity": None}),
    ("exposure", "NO_CONVERSION", {}, {"currency": "EUR"}),
    ("exposure", "NO_INSTRUMENT", {}, {"instrument": None}),
    ("exposure", "NO_QUOTE", {}, {"quote": None}),
    ("margin", "MARGIN", {}, {"margin_free": "600"}),
    ("margin", "NO_MARGIN", {}, {"margin_free": None}),
    ("margin", "NO_CONVERSION", {}, {"currency": "EUR"}),
    ("margin", "NO_INSTRUMENT", {}, {"instrument": None}),
    ("margin", "NO_QUOTE", {}, {"quote": None}),
    ("daily_loss", "DAILY_LOSS", {}, {"equity": "97000"}),
    ("daily_loss", "NO_DAY_START", {}, {"day_start": None}),
    ("daily_loss", "NO_EQUITY", {}, {"equity": None}),
    ("price_collar", "PRICE_COLLAR", {**LIMIT, "price": "6700"}, {}),
    ("price_collar", "SPREAD", {}, {"quote": MarketData(symbol="BTC/USDT", bid="60000", ask="67500")}),
    ("price_collar", "NO_QUOTE", {}, {"quote": None}),
    ("identical", "IDENTICAL", {}, {"identical": (NOON - 1000,)}),
    ("sessions", "OUTSIDE_SESSION", {}, {"time": NOON + 8 * 3600 * 1000}),
    ("symbols", "SYMBOL_NOT_ALLOWED", {"symbol": "ETH/USDT"}, {}),
    ("symbols", "SIDE_NOT_ALLOWED", {"side": "sell"}, {}),
]
BY_MARGIN_OR_RISK = [
    ("NO_LEVERAGE", "margin", {}),
    ("STOP_LOSS_MISSING", "risk", {"stop_loss": None}),
    ("STOP_LOSS_SIDE", "risk", {"stop_loss": "67500"}),
]


@pytest.mark.parametrize(("guard", "code", "fields", "account"), EVERY_CODE)
def test_every_code_is_given(guard: str, code: str, fields: dict[str, object], account: dict[str, object]) -> None:
    """A code that no order meets would be documentation of nothing."""
    assert (guard, code) in judged(attrs.evolve(ORDER, **fields), attrs.evolve(STATE, **account))


@pytest.mark.parametrize(("code", "basis", "fields"), BY_MARGIN_OR_RISK)
def test_every_code_of_another_basis_is_given(code: str, basis: str, fields: dict[str, object]) -> None:
    """Only where the guard ``position_size`` counts margin or risk."""
    kind = kind_of("position_size")
    denials = asked(kind, made(kind, {"basis": basis}), attrs.evolve(ORDER, **fields), STATE, reducing=False)
    assert [no.code for no in denials] == [code]


def test_every_code_is_listed_with_a_sentence() -> None:
    """The documentation is generated from these."""
    listed = {(kind.name, code) for kind in GUARD_TYPES for code in made(kind).codes}
    others = {("position_size", code) for code, _, _ in BY_MARGIN_OR_RISK}
    assert listed == {(guard, code) for guard, code, _, _ in EVERY_CODE} | others
    for kind in GUARD_TYPES:
        for code, said in made(kind).codes.items():
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
    manager.register(made(kind))
    manager.register(made(kind))
    assert len(manager.get_plugins()) == 2


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("confidence", {"minimum": Decimal("0.7"), "default": Decimal("0.7")}),
        ("position_size", {"percent": 2, "basis": "margin", "leverage": 5}),
        ("order_notional", {"maximum": Decimal("1000.5")}),
        ("open_orders", {"maximum": 3}),
        ("exposure", {"symbol_percent": 5, "symbol_amount": None, "account_percent": None, "account_amount": 100}),
        ("margin", {"percent": 50, "leverage": Decimal("2.5")}),
        ("daily_loss", {"percent": Decimal("2.5"), "amount": 100}),
        ("price_collar", {"percent": 5, "spread_percent": Decimal("0.5")}),
        ("identical", {"maximum": 2, "seconds": 30.0}),
        ("symbols", {"allow": ("BTC/*",), "deny": (), "sides": {"*": "both"}}),
        ("risk_reward", {"minimum": Decimal("1.5"), "missing": "allow"}),
        ("quantity", {}),
        ("prices", {}),
    ],
)
def test_a_guard_is_configured_by_a_table(name: str, table: dict[str, object]) -> None:
    """As TOML gives it, numbers as int or Decimal."""
    said = {key: value for key, value in table.items() if value is not None}
    config = from_config(kind_of(name).config, said, where=f"guards.{name}", base=Path())
    assert attrs.asdict(config) == table


@pytest.mark.parametrize(
    ("name", "table", "sentence"),
    [
        ("confidence", {"minimum": 60}, "between 0 and 1; write minimum = 0.6"),
        ("position_size", {"basis": "worth"}, 'write basis = "notional" or basis = "margin" or basis = "risk"'),
        ("order_notional", {}, "maximum: is missing"),
        ("order_notional", {"maximum": True}, "maximum"),
        ("open_orders", {}, "maximum: is missing"),
        ("open_orders", {"maximum": Decimal("2.5")}, "maximum: 2.5 is not a whole number"),
        ("exposure", {}, "nothing is limited; write account_percent = 100"),
        ("exposure", {"percent": 5}, "unknown"),
        ("daily_loss", {}, "nothing is limited; write percent = 3"),
        ("price_collar", {}, "nothing is limited; write percent = 5"),
        ("identical", {"seconds": 7200}, "not between 0 and 3600 seconds"),
        ("sessions", {}, "windows: there is none"),
        ("symbols", {}, "nothing is limited; write allow"),
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
    unknown_or = {name: draw(st.none() | signed) for name in ("equity", "exposure", "day_start", "margin_free", "leverage")}
    now = draw(st.integers(0, 4 * 10**12))
    return AccountState(
        account="paper",
        time=now,
        currency=draw(st.none() | st.sampled_from(["USDT", "BTC"])),
        instrument=draw(st.none() | instruments()),
        quote=draw(st.none() | quote),
        position=draw(signed),
        working_buy=draw(st.just(Decimal(0)) | wide),
        working_sell=draw(st.just(Decimal(0)) | wide),
        open_orders=draw(st.integers(0, 10)),
        rates=draw(st.dictionaries(st.sampled_from(["USDT", "BTC", "EUR"]), signed)),
        identical=tuple(now - age for age in sorted(draw(st.lists(st.integers(0, 3_600_000), max_size=5)))),
        **unknown_or,
    )


percents = st.integers(1, 100)
above = numbers(-6, 12)
days = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)
hours = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))
patterns = st.sampled_from(["*", "BTC/*", "*/USDT", "ETH/*", "btc/usdt"])
CONFIGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "quantity": st.just({}),
    "prices": st.just({}),
    "confidence": st.fixed_dictionaries({"minimum": st.decimals(0, 1, places=2)}, optional={"default": st.integers(0, 1)}),
    "position_size": st.fixed_dictionaries({"percent": above, "basis": st.sampled_from(["notional", "margin", "risk"])}),
    "risk_reward": st.fixed_dictionaries({"minimum": above, "missing": st.sampled_from(["deny", "allow"])}),
    "order_notional": st.fixed_dictionaries({"maximum": above}),
    "open_orders": st.fixed_dictionaries({"maximum": st.integers(1, 10)}),
    "exposure": st.fixed_dictionaries(
        {"symbol_percent": above}, optional={"symbol_amount": above, "account_percent": above, "account_amount": above}
    ),
    "margin": st.fixed_dictionaries({"percent": percents}),
    "daily_loss": st.fixed_dictionaries({"percent": percents}, optional={"amount": above}),
    "price_collar": st.fixed_dictionaries({"percent": above}, optional={"spread_percent": above}),
    "identical": st.fixed_dictionaries({"maximum": st.integers(1, 4), "seconds": st.integers(1, 3600)}),
    "sessions": st.fixed_dictionaries(
        {"windows": st.lists(st.fixed_dictionaries({"days": days, "start": hours, "end": hours}), min_size=1, max_size=2)},
        optional={"timezone": st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"])},
    ),
    "symbols": st.fixed_dictionaries(
        {"deny": st.lists(patterns, min_size=1)},
        optional={
            "allow": st.lists(patterns),
            "sides": st.dictionaries(patterns, st.sampled_from(["buy", "sell", "both"])),
        },
    ),
}


def guards(kind: GuardType) -> st.SearchStrategy[Any]:
    """A guard of the type with any configuration that its class takes."""
    return CONFIGS[kind.name].map(lambda table: made(kind, table))


kinds = st.sampled_from(GUARD_TYPES)
guards_of_any_kind = kinds.flatmap(lambda kind: guards(kind).map(lambda guard: (kind, guard)))


@settings(max_examples=400, deadline=None)
@given(guards_of_any_kind, orders(), states())
def test_no_guard_raises_and_each_gives_only_codes_that_it_lists(
    pair: tuple[GuardType, Any], order: Order, account: AccountState
) -> None:
    """An exception is a denial without a reason."""
    _, guard = pair
    with localcontext(EXACT):  # as the hub asks
        denials = list(answers(guard, order, account))
    for denial in denials:
        assert denial.code in guard.codes
        assert denial.message
        assert denial.guard == ""
        assert denial.limit != ""
        assert "E+" not in denial.message


@settings(max_examples=60, deadline=None)
@given(st.data(), orders(), states(), st.integers(0, 1000))
def test_no_configuration_of_a_built_in_guard_denies_a_reducing_order(
    data: st.DataObject, order: Order, account: AccountState, more: int
) -> None:
    """An exit that a limit of ours holds back is a loss of ours. Here nothing need be known, and every guard is listed."""
    working = account.working_buy if order.side == "buy" else account.working_sell
    held = -order.side.sign * (order.quantity + working) * (1 + Decimal(more) / 1000)
    holding = attrs.evolve(account, position=held)
    assume(reduces(order, holding))  # rounding may have cut the last digit
    for kind in GUARD_TYPES:
        assert asked(kind, data.draw(guards(kind)), order, holding, reducing=True) == []


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_no_table_makes_a_guard_apply_to_exits(kind: GuardType, tmp_path: Path) -> None:
    """Not as a key of the guard, and the host takes what the type says."""
    table = TABLES.get(kind.name, {})
    with pytest.raises(ConfigError, match=f"^guards.{kind.name}.applies_to: is unknown"):
        from_config(kind.config, {**table, "applies_to": "all"}, where=f"guards.{kind.name}", base=tmp_path)
    account = {"venue": "paper", "guards": ["mine"]}
    tables = {"accounts": {"paper": account}, "guards": {"mine": {"type": kind.name, **table}}}
    config = parse_config(tables, tmp_path)
    [(listed, _)] = config.guards_of("paper", config.load_plugins())
    assert (listed.name, listed.applies_to) == ("mine", "entries")


@settings(deadline=None)
@given(guards_of_any_kind, orders(), states())
def test_a_guard_itself_does_not_ask_whether_the_order_claims_to_reduce(
    pair: tuple[GuardType, Any], order: Order, account: AccountState
) -> None:
    """Whether an order is an entry is decided in one place: a flag that a caller sets is no way around a guard."""
    other = attrs.evolve(order, reduce_only=not order.reduce_only)
    assert list(answers(pair[1], order, account)) == list(answers(pair[1], other, account))


COSTLY = {"exposure", "day_start", "margin_free", "identical"}


class Watched:
    """An account that remembers what was asked of it."""

    def __init__(self, account: AccountState) -> None:
        self.account, self.asked = account, set[str]()

    def __getattr__(self, name: str) -> Any:
        """A field of the account."""
        self.asked.add(name)
        return getattr(self.account, name)


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_a_guard_names_what_costs_something_and_is_looked_at(kind: GuardType) -> None:
    """What no listed guard names is not known, and the order denied for it."""
    guard, account = made(kind), Watched(STATE)
    if hasattr(guard, "check_risk"):
        guard.check_risk(ORDER, account)
    assert account.asked & COSTLY == getattr(guard, "needs", frozenset())


def test_exposure_of_one_instrument_needs_no_worth_of_all() -> None:
    """Nothing is fetched for a limit that is not configured."""
    assert made(kind_of("exposure"), {"symbol_amount": 1}).needs == frozenset()
    assert made(kind_of("exposure"), {"account_percent": 1}).needs == {"exposure"}


@pytest.mark.parametrize("kind", GUARD_TYPES, ids=NAMES)
def test_a_guard_looks_at_no_more_however_many_orders_there_are(kind: GuardType) -> None:
    """What it sees are totals; of a long list of earlier orders it looks at one."""
    before = CountedTimes(range(NOON, NOON - 10**6, -1))
    account = attrs.evolve(STATE, identical=before, open_orders=10**6)
    list(answers(made(kind), ORDER, account))
    assert before.looks <= 1


class CountedTimes(tuple[int, ...]):
    """Times of earlier orders that count how often one is looked at; going through all is refused."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        """One look."""
        self.looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[int]:
        """All of them."""
        raise AssertionError("a guard goes through all earlier orders")
