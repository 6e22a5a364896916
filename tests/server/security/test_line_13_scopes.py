# SPDX-License-Identifier: MIT
"""Line 13: what a scope allows is what a second reading of the rules, written apart from it, allows."""

from decimal import Decimal
from fractions import Fraction

from attrs import fields_dict, frozen
from hypothesis import event, given, settings
from hypothesis import strategies as st

from fks_exec import (
    ClosePosition,
    Instruction,
    Instrument,
    MarketData,
    Order,
    ReversePosition,
    SizedOrder,
    TargetPosition,
)
from fks_exec_server.access.narrowing import narrowed
from fks_exec_server.access.proof import Unauthenticated
from fks_exec_server.access.scopes import Facts, Scope
from fks_exec_server.access.worth import Market

KINDS = ("market", "limit", "stop", "stop_limit")
SMALL = st.integers(1, 40).map(Decimal)
SOME = st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2).map(tuple)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Half of the time there is none."""
    return st.none() | values


@st.composite
def with_prices(draw: st.DrawFn) -> dict[str, object]:
    """Side, type, and the prices that go with it."""
    kind = draw(st.sampled_from(KINDS))
    prices: dict[str, object] = {}
    if kind in ("limit", "stop_limit"):
        prices["price"] = draw(SMALL)
    if kind in ("stop", "stop_limit"):
        prices["stop_price"] = draw(SMALL)
    return {"symbol": "x", "side": draw(st.sampled_from(["buy", "sell"])), "order_type": kind, **prices}


ORDERS = st.builds(
    lambda rest, quantity, only: Order(quantity=quantity, reduce_only=only, **rest), with_prices(), SMALL, st.booleans()
)
SIZED = st.builds(
    lambda rest, size, how: SizedOrder(size=size, size_type=how, stop_loss=Decimal(1), **rest),
    with_prices(),
    SMALL,
    st.sampled_from(["quote", "equity_percent", "risk_percent"]),
)
TARGETS = st.integers(-20, 20).map(lambda quantity: TargetPosition(symbol="x", quantity=quantity))
OTHERS = st.sampled_from([ClosePosition(symbol="x"), ClosePosition(symbol="x", scope="account"), ReversePosition(symbol="x")])
INSTRUCTIONS: st.SearchStrategy[Instruction] = st.one_of(ORDERS, SIZED, TARGETS, OTHERS)

INSTRUMENTS = st.builds(
    lambda kind, size: Instrument(symbol="x", kind=kind, contract_size=size),
    st.sampled_from(["spot", "linear", "inverse"]),
    st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(10)]),
)
QUOTES = st.builds(lambda bid, ask: MarketData(symbol="x", bid=bid, ask=ask), maybe(SMALL), maybe(SMALL))
FACTS = st.builds(
    lambda account, venue, symbol, instrument, quote, earlier: Facts(
        account=account, venue=venue, symbol=symbol, market=Market(instrument=instrument, quote=quote), earlier=earlier
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["a", "b"]),
    maybe(INSTRUMENTS),
    maybe(QUOTES),
    st.integers(0, 4),
)
MOSTLY = st.sampled_from([("a", "b"), ("b", "a"), ("a", "b", "c"), ("a",), ()])
SCOPES = st.builds(
    Scope,
    accounts=MOSTLY,
    venues=maybe(MOSTLY),
    symbols=maybe(MOSTLY),
    sides=maybe(st.sampled_from([("buy", "sell"), ("buy", "sell"), ("buy",), ("sell",), ()])),
    order_types=maybe(st.lists(st.sampled_from(KINDS), unique=True, min_size=1).map(tuple)),
    max_notional=maybe(st.integers(1, 1600).map(Decimal)),
    orders_a_minute=maybe(st.integers(1, 4)),
    reduce_only=st.sampled_from([False, False, True]),
    actions=st.sampled_from(
        [("read", "trade"), ("trade",), ("trade", "close"), ("read", "trade", "halt", "resume", "close"), ("read",)]
    ),
)


def listed(word: object, words: tuple[str, ...] | None) -> bool:
    """Whether a list, where there is one, has a word."""
    return words is None or str(word) in [str(each) for each in words]


def only_reduces(asked: Instruction) -> bool:
    """Read from the design: exits are a close, the target 0, and what says reduce-only."""
    match asked:
        case ClosePosition():
            return True
        case TargetPosition(quantity=quantity):
            return quantity == 0
        case Order(reduce_only=True):
            return True
        case _:
            return False


@frozen
class Possible:
    """Every price at which an order might trade, as far as the market is known; none of them when it is not."""

    prices: tuple[Fraction, ...]

    @classmethod
    def of(cls, side: str, own: list[Decimal | None], quote: MarketData | None, *, capped: bool) -> "Possible":
        """A buy never pays more than its limit; everything else might trade at the market, at least for a moment."""
        if capped:
            return cls((Fraction(own[0] or 0),))
        at = None if quote is None else quote.ask if side == "buy" else quote.bid
        return cls(() if at is None else tuple(Fraction(each) for each in (at, *own) if each is not None))


def most_worth(asked: Instruction, market: Market) -> Fraction | None:
    """By brute force, in fractions: the largest amount of quote currency that it may come to."""
    rules = market.instrument
    if rules is None or isinstance(asked, ReversePosition):
        return None
    size = Fraction(rules.contract_size)
    inverse = rules.kind.value == "inverse"
    if isinstance(asked, TargetPosition):
        quantity, side, own = abs(Fraction(asked.quantity)), "buy" if asked.quantity > 0 else "sell", [None, None]
    else:
        assert isinstance(asked, Order | SizedOrder)
        side, own = str(asked.side), [asked.price, asked.stop_price]
    capped = side == "buy" and own[0] is not None
    prices = Possible.of(side, own, market.quote, capped=capped).prices
    if isinstance(asked, SizedOrder):
        if asked.size_type != "quote":
            return None
        if inverse:
            return Fraction(asked.size)
        if not prices:
            return None
        divided_by = Fraction(next((each for each in own if each is not None), None) or prices[0])
        quantity = Fraction(asked.size) / divided_by / size
        return max(Fraction(asked.size), quantity * size * max(prices))
    if isinstance(asked, Order):
        quantity = Fraction(asked.quantity)
    if inverse:
        return quantity * size
    return quantity * size * max(prices) if prices else None


def may(scope: Scope, asked: Instruction, facts: Facts) -> bool:
    """Every rule of the design, one after the other; what is not known is not allowed."""
    if "trade" not in scope.actions or facts.account not in scope.accounts:
        return False
    if not (listed(facts.venue, scope.venues) and listed(facts.symbol, scope.symbols)):
        return False
    if scope.reduce_only and not only_reduces(asked):
        return False
    sides = [asked.side] if isinstance(asked, Order | SizedOrder) else ["buy", "sell"]
    kind = asked.order_type if isinstance(asked, Order | SizedOrder) else "market"
    if not all(listed(side, scope.sides) for side in sides) or not listed(kind, scope.order_types):
        return False
    if scope.orders_a_minute is not None and facts.earlier + 1 > scope.orders_a_minute:
        return False
    if scope.max_notional is None or only_reduces(asked):
        return True
    amount = most_worth(asked, facts.market)
    return amount is not None and amount <= Fraction(scope.max_notional)


@settings(max_examples=1000)
@given(SCOPES, INSTRUCTIONS, FACTS)
def test_a_scope_allows_what_the_rules_allow(scope: Scope, asked: Instruction, facts: Facts) -> None:
    """Both readings agree, and each denial says why."""
    denial = scope.allows(asked, facts)
    event("allowed" if denial is None else denial.code)
    assert (denial is None) is may(scope, asked, facts)
    if denial is not None:
        assert denial.code.startswith("SCOPE_")
        assert denial.message.isprintable()


@settings(max_examples=500)
@given(st.integers(1, 1600).map(Decimal), INSTRUCTIONS, FACTS)
def test_an_amount_is_no_more_than_the_limit(most: Decimal, asked: Instruction, facts: Facts) -> None:
    """Nothing else is limited here, so that each example is about what the instruction is worth."""
    scope = Scope(accounts=("a", "b"), max_notional=most)
    denial = scope.allows(asked, facts)
    event("allowed" if denial is None else "too much" if denial.value else "not known")
    assert (denial is None) is may(scope, asked, facts)


@given(SCOPES, st.sampled_from(["read", "trade", "halt", "resume", "close"]), st.sampled_from(["a", "b"]))
def test_an_action_is_allowed_where_it_is_named(scope: Scope, action: str, account: str) -> None:
    """And nowhere else: no action holds another."""
    assert (scope.permits(action, account) is None) is (action in scope.actions and account in scope.accounts)


@given(SCOPES, INSTRUCTIONS, FACTS, st.sampled_from(sorted(fields_dict(Scope))), st.data())
def test_a_further_restriction_never_allows_more(
    scope: Scope, asked: Instruction, facts: Facts, name: str, data: st.DataObject
) -> None:
    """Whatever the field: what was denied before is denied after."""
    stricter = data.draw(SCOPES)
    fields = {each: getattr(scope, each) for each in fields_dict(Scope)}
    before, other = fields[name], getattr(stricter, name)
    if name == "reduce_only":
        fields[name] = True
    elif name in ("max_notional", "orders_a_minute"):
        fields[name] = min((each for each in (before, other) if each is not None), default=None)
    elif before is None or other is None:
        fields[name] = other if before is None else before
    else:
        fields[name] = [each for each in before if each in other]
    if scope.allows(asked, facts) is not None:
        assert Scope(**fields).allows(asked, facts) is not None


def as_claim(scope: Scope) -> dict[str, object]:
    """A scope as a token asks for it: what does not restrict is left out."""
    fields = {name: getattr(scope, name) for name in fields_dict(Scope)}
    plain = {name: list(value) if isinstance(value, tuple | frozenset) else value for name, value in fields.items()}
    plain["max_notional"] = None if scope.max_notional is None else str(scope.max_notional)
    return {name: value for name, value in plain.items() if value is not None}


@settings(max_examples=500)
@given(SCOPES, SCOPES, INSTRUCTIONS, FACTS)
def test_a_token_is_allowed_what_its_issuer_and_its_claim_both_allow(
    issuer: Scope, asked: Scope, instruction: Instruction, facts: Facts
) -> None:
    """Never more than either."""
    try:
        scope = narrowed(issuer, as_claim(asked))
    except Unauthenticated:
        assert not set(issuer.accounts) & set(asked.accounts)
        return
    assert (scope.allows(instruction, facts) is None) is (may(issuer, instruction, facts) and may(asked, instruction, facts))
