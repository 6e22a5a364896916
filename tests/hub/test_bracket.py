# SPDX-License-Identifier: MIT
"""The rules of protection, without a venue: what is to be done next, how much may be covered, and how it is planned."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec import Denial, ExecutionResult, Fee, Fill, Instrument, Order, Position, Side, Status
from fks_exec.account import Account
from fks_exec.observers import Observers
from fks_exec.testing import CAPABILITIES, FaultyVenue
from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.accounts.live import Live, Plan
from fks_exec_hub.accounts.settings import ProtectionConfig
from fks_exec_hub.config import AccountConfig
from fks_exec_hub.exits.allowance import allowed_for, excess, more_than_free, other_side
from fks_exec_hub.exits.bracket import Action, Bracket, Cancel, Place, Resize, Rules, done, left, next_action, open_leg
from fks_exec_hub.exits.family import EXCESS, FAILURE, STOP, TARGET, child_id, is_child, number_of, parent_of, role_of
from fks_exec_hub.exits.patience import SPACES, Patience
from fks_exec_hub.exits.plan import bare, further_entry, plan_protection
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock

SYMBOL = "BTC/USDT"
PAIR = Plan("reduce_only_pair", Decimal(90), Decimal(120))
ALONE = Plan("stop_only", Decimal(90))
STEPS = Instrument(symbol=SYMBOL, base="BTC", quote="USDT", quantity_step="0.1", min_quantity="0.5")
FREE = Instrument(symbol=SYMBOL, base="BTC", quote="USDT", quantity_step="0.1")


def live(name: str, side: str, quantity: Any, **fields: Any) -> Live:
    """An order that was taken."""
    strategy = fields.pop("strategy", None)
    order = Order(symbol=SYMBOL, side=side, quantity=quantity, strategy=strategy, **fields)
    made = Live(key=Key("main", name), lane=SYMBOL, instruction=order, digest="", accepted_at=0, order=order)
    made.result = ExecutionResult(status=Status.ACCEPTED)
    return made


def entry(filled: Any = "1", *, plan: Plan | None = PAIR, **more: Any) -> Bracket:
    """What protects a long that has filled so much."""
    of = live(more.pop("name", "one"), more.pop("side", "buy"), "10", **more)
    of.booked, of.plan = Decimal(filled), plan
    return Bracket(entry=of)


def leg(bracket: Bracket, role: str, quantity: Any, price: Any = None, *, seen: bool = True, filled: Any = 0) -> Live:
    """A further leg that rests, at the price that is wanted if none is given."""
    plan = bracket.entry.plan
    assert plan is not None
    number = sum(each.role == role for each in bracket.entry.legs) + 1
    price = price or (plan.stop if role == STOP else plan.target)
    of_a_stop = {"order_type": "stop", "stop_price": price, "take_profit": plan.target if plan.kind == "oco" else None}
    fields = of_a_stop if role == STOP else {"order_type": "limit", "price": price}
    made = live(child_id(bracket.name, role, number), "sell", quantity, **fields)
    made.role, made.booked = role, Decimal(filled)
    bracket.entry.legs.append(made)
    if seen:
        bracket.evidence[made.key.client_order_id] = left(made)
    return made


def rules(*, enforced: bool = True, amends: bool = True, instrument: Instrument | None = STEPS) -> Rules:
    """Of a venue."""
    return Rules(enforced=enforced, amends=amends, instrument=instrument)


def told(action: Action | None) -> tuple[Any, ...]:
    """An action in one line."""
    if isinstance(action, Place):
        return "place", action.role, action.quantity
    if isinstance(action, Resize):
        return "resize", action.leg.key.client_order_id, action.quantity, action.price
    return () if action is None else (type(action).__name__.lower(), action.leg.key.client_order_id)


def next_of(bracket: Bracket, allowed: Any, **venue: Any) -> tuple[Any, ...]:
    """What is to be done next."""
    return told(next_action(bracket, Decimal(allowed), rules(**venue)))


ANY = [(enforced, amends) for enforced in (True, False) for amends in (True, False)]
every_venue = pytest.mark.parametrize(("enforced", "amends"), ANY)


@every_venue
async def test_the_stop_comes_before_the_target(enforced: bool, amends: bool) -> None:
    """For what is allowed; the target once the stop was seen."""
    bracket, venue = entry(), {"enforced": enforced, "amends": amends}
    assert next_of(bracket, 1, **venue) == ("place", STOP, 1)
    stop = leg(bracket, STOP, 1, seen=False)
    assert next_of(bracket, 1, **venue) == ("look", "one~sl1")
    bracket.evidence[stop.key.client_order_id] = Decimal("0.9")
    assert next_of(bracket, 1, **venue) == ("look", "one~sl1")
    bracket.evidence[stop.key.client_order_id] = Decimal(1)
    assert next_of(bracket, 1, **venue) == ("place", TARGET, 1)
    leg(bracket, TARGET, 1)
    assert next_of(bracket, 1, **venue) == ()


@every_venue
async def test_what_was_filled_more_has_a_further_leg(enforced: bool, amends: bool) -> None:
    bracket = entry("2", plan=ALONE)
    leg(bracket, STOP, 1)
    assert next_of(bracket, 2, enforced=enforced, amends=amends) == ("place", STOP, 1)


@pytest.mark.parametrize(
    ("enforced", "amends", "expected"),
    [
        (True, True, ("resize", "one~sl1", Decimal("1.3"), 90)),
        (False, True, ("resize", "one~sl1", Decimal("1.3"), 90)),
        (True, False, ("place", STOP, Decimal("1.3"))),
        (False, False, ()),
    ],
)
async def test_a_rest_below_the_minimum_goes_with_the_last_leg(enforced: bool, amends: bool, expected: Any) -> None:
    """In place, or by a larger one beside which the last one goes; where both would be too much it waits for more."""
    bracket = entry("1.3", plan=ALONE)
    leg(bracket, STOP, 1)
    assert next_of(bracket, "1.3", enforced=enforced, amends=amends) == expected
    assert bracket.retired == ({"one~sl1"} if expected[:1] == ("place",) else set())


async def test_nothing_below_the_minimum_is_placed() -> None:
    """By quantity, and by what it is worth at its price."""
    worth = evolve(FREE, min_notional="90")
    assert next_of(entry("0.4"), "0.4") == ()
    assert next_of(entry("0.9", plan=ALONE), "0.9", instrument=worth) == ()
    assert next_of(entry("1"), "1", instrument=worth) == ("place", STOP, 1)
    assert next_of(entry("0.55"), "0.55") == ("place", STOP, Decimal("0.5"))


@pytest.mark.parametrize(
    ("enforced", "amends", "expected"),
    [
        (True, True, ("resize", "one~sl1", Decimal(1), 90)),
        (False, True, ("resize", "one~sl1", Decimal(1), 90)),
        (True, False, ("place", STOP, Decimal(1))),
        (False, False, ("cancel", "one~sl1")),
    ],
)
async def test_a_leg_for_too_much_is_made_smaller(enforced: bool, amends: bool, expected: Any) -> None:
    """Without a gap where that does no harm: two stops beside each other may both fill."""
    bracket = entry("2", plan=ALONE)
    leg(bracket, STOP, 2)
    assert next_of(bracket, 1, enforced=enforced, amends=amends) == expected


@every_venue
async def test_of_several_legs_for_too_much_a_whole_one_goes(enforced: bool, amends: bool) -> None:
    bracket = entry("3", plan=ALONE)
    for _ in range(2):
        leg(bracket, STOP, 1)
    assert next_of(bracket, 1, enforced=enforced, amends=amends) == ("cancel", "one~sl2")


@every_venue
async def test_a_leg_that_has_filled_but_for_less_than_the_minimum_stays(enforced: bool, amends: bool) -> None:
    """It covers what no further leg could, and is read back; one for more would sell what others hold."""
    bracket, venue = entry("1", plan=ALONE), {"enforced": enforced, "amends": amends}
    stop = leg(bracket, STOP, 1, filled="0.7", seen=False)
    assert next_of(bracket, "0.3", **venue) == ("look", "one~sl1")
    bracket.evidence[stop.key.client_order_id] = left(stop)
    assert next_of(bracket, "0.3", **venue) == ()
    assert next_of(bracket, "0.2", **venue) == ("cancel", "one~sl1")


@every_venue
async def test_without_anything_to_cover_all_legs_go(enforced: bool, amends: bool) -> None:
    bracket = entry("0")
    leg(bracket, STOP, 1)
    leg(bracket, TARGET, 1)
    assert next_of(bracket, 0, enforced=enforced, amends=amends) == ("cancel", "one~sl1")
    bracket.entry.legs[0].result = ExecutionResult(status=Status.CANCELED)
    assert next_of(bracket, 0, enforced=enforced, amends=amends) == ("cancel", "one~tp1")


@pytest.mark.parametrize(
    ("enforced", "amends", "expected"),
    [
        (True, True, ("resize", "one~sl1", 1, 95)),
        (False, True, ("resize", "one~sl1", 1, 95)),
        (True, False, ("place", STOP, 1)),
        (False, False, ("cancel", "one~sl1")),
    ],
)
async def test_a_leg_at_another_price_is_moved(enforced: bool, amends: bool, expected: Any) -> None:
    """In place; or the new one first; or, where both may fill, the old one goes first."""
    bracket = entry(plan=ALONE)
    leg(bracket, STOP, 1)
    bracket.entry.plan = evolve(ALONE, stop=Decimal(95))
    assert next_of(bracket, 1, enforced=enforced, amends=amends) == expected


async def test_the_old_stop_goes_only_when_the_new_one_was_seen() -> None:
    bracket = entry(plan=ALONE)
    leg(bracket, STOP, 1)
    bracket.entry.plan = evolve(ALONE, stop=Decimal(95))
    new = leg(bracket, STOP, 1, seen=False)
    assert next_of(bracket, 1, amends=False) == ("look", "one~sl2")
    bracket.evidence[new.key.client_order_id] = Decimal(1)
    assert next_of(bracket, 1, amends=False) == ("cancel", "one~sl1")


async def test_a_leg_on_its_way_out_covers_nothing() -> None:
    bracket = entry(plan=ALONE)
    bracket.retired.add(leg(bracket, STOP, 1).key.client_order_id)
    assert next_of(bracket, 1, amends=False) == ("place", STOP, 1)


@pytest.mark.parametrize("role", [STOP, TARGET])
async def test_beside_a_leg_of_unknown_fate_nothing_is_done(role: str) -> None:
    """A second one could be one too many."""
    bracket = entry("2")
    leg(bracket, role, 1).result = ExecutionResult(status=Status.UNKNOWN)
    assert next_of(bracket, 2) == ()
    assert bracket.in_question


async def test_what_a_leg_has_filled_is_added_to_what_it_is_to_leave() -> None:
    """A venue changes the whole quantity, not the rest."""
    bracket = entry("3", plan=ALONE)
    leg(bracket, STOP, 3, filled=1)
    assert next_of(bracket, 1) == ("resize", "one~sl1", 2, 90)


async def test_after_a_failure_no_stop_is_placed_and_the_targets_go() -> None:
    """What is closed for the failure must not find the target beside it."""
    bracket = entry("2")
    bracket.failed = "refused"
    leg(bracket, TARGET, 2)
    assert next_of(bracket, 2) == ("cancel", "one~tp1")
    leg(bracket, STOP, 1)
    bracket.entry.legs.pop(0)
    assert next_of(bracket, 2) == ()


async def test_a_refused_target_is_not_placed_again() -> None:
    bracket = entry()
    bracket.no_target = True
    leg(bracket, STOP, 1)
    assert next_of(bracket, 1) == ()


@pytest.mark.parametrize("kind", ["oco", "stop_only"])
async def test_only_a_pair_has_a_target_of_its_own(kind: Any) -> None:
    """Linked, it goes with its stop; watched, nothing rests."""
    bracket = entry(plan=Plan(kind, Decimal(90), Decimal(120)))
    leg(bracket, STOP, 1)
    assert next_of(bracket, 1) == ()


@pytest.mark.parametrize(
    ("enforced", "amends", "expected"),
    [
        (True, True, ("resize", "one~sl1", 1, 90)),
        (False, True, ("resize", "one~sl1", 1, 90)),
        (True, False, ("place", STOP, 1)),
        (False, False, ("cancel", "one~sl1")),
    ],
)
async def test_a_stop_whose_linked_target_is_another_is_moved_with_it(enforced: bool, amends: bool, expected: Any) -> None:
    """By what it was sent with: that outlives the host."""
    bracket = entry(plan=Plan("oco", Decimal(90), Decimal(120)))
    leg(bracket, STOP, 1)
    bracket.entry.plan = Plan("oco", Decimal(90), Decimal(130))
    assert next_of(bracket, 1, enforced=enforced, amends=amends) == expected


async def test_a_price_that_was_given_up_has_no_legs() -> None:
    bracket = entry(plan=evolve(PAIR, stop=None))
    leg(bracket, STOP, 1, price=90)
    assert next_of(bracket, 1) == ("cancel", "one~sl1")


PARTS = st.decimals("0.5", "3", places=1)
RESTING = st.tuples(
    st.sampled_from([STOP, TARGET]), PARTS, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["0", "0.5", "1"])
)


def obey(bracket: Bracket, action: Action, venue: Rules) -> None:
    """What a venue does that takes all that is valid; a fault of ours is refused."""
    if isinstance(action, Place):
        assert action.quantity == venue.valid(action.quantity, None) > 0
        leg(bracket, action.role, action.quantity, seen=False)
    elif isinstance(action, Resize):
        assert venue.amends
        order = action.leg.order
        assert order is not None
        stop = action.leg.role == STOP
        changed = evolve(order, quantity=action.quantity, **{"stop_price" if stop else "price": action.price})
        assert changed != order
        action.leg.order = changed
        assert action.quantity == venue.valid(action.quantity, None) > done(action.leg)
    elif isinstance(action, Cancel):
        assert open_leg(action.leg)
        action.leg.result = ExecutionResult(status=Status.CANCELED)
    else:
        bracket.evidence[action.leg.key.client_order_id] = left(action.leg)


def at_all(bracket: Bracket, role: Any) -> Decimal:
    """What rests of a role, at whatever price."""
    return sum((left(each) for each in bracket.resting(role)), Decimal(0))


@given(
    allowed=st.decimals("0", "4", places=1),
    start=st.lists(RESTING, max_size=5),
    enforced=st.booleans(),
    amends=st.booleans(),
    smallest=st.sampled_from([FREE, STEPS]),
)
@settings(max_examples=400, deadline=None)
async def test_one_thing_after_the_other_ends_with_legs_for_what_is_allowed(
    allowed: Decimal, start: list[Any], enforced: bool, amends: bool, smallest: Instrument
) -> None:
    """From whatever legs; never for more than is allowed where that does harm, and without a gap where none is needed."""
    venue, bracket = rules(enforced=enforced, amends=amends, instrument=smallest), entry("4")
    for role, quantity, right, seen, retired, filled in start:
        filled = min(Decimal(filled), quantity)
        rest = quantity - filled
        if rest and not venue.valid(rest, None):
            filled = Decimal(0)
        made = leg(bracket, role, quantity, None if right else 100, seen=seen, filled=filled)
        if not left(made):
            made.result = ExecutionResult(status=Status.FILLED)
        if retired and not amends:
            bracket.retired.add(made.key.client_order_id)
    wanted = venue.valid(allowed, None)
    floor = min(at_all(bracket, STOP), wanted)
    for _ in range(6 * len(start) + 8):
        before = {role: at_all(bracket, role) for role in (STOP, TARGET)}
        action = next_action(bracket, allowed, venue)
        if action is None:
            break
        obey(bracket, action, venue)
        for role in (STOP, TARGET):
            assert enforced or at_all(bracket, role) <= max(before[role], allowed)
        if smallest is FREE and (enforced or amends):
            assert at_all(bracket, STOP) >= floor
    assert action is None
    for role in (STOP, TARGET):
        cover = at_all(bracket, role)
        assert cover == sum(left(each) for each in bracket.good(role))
        assert cover == sum(bracket.seen(each) for each in bracket.good(role))
        too_little = not enforced and not amends and not venue.valid(wanted - cover, None) and cover < wanted
        nearly_filled = wanted == 0 < allowed and cover <= allowed
        assert cover == wanted or too_little or nearly_filled


async def test_what_stands_open_is_what_was_filled_less_fees_and_less_what_was_closed() -> None:
    """Fees in the base currency are no longer there; an excess that was taken back stands again."""
    bracket = entry("3", plan=ALONE)
    bracket.entry.instrument = FREE
    bracket.entry.result = ExecutionResult(
        status=Status.FILLED, fees=(Fee(amount="0.01", currency="BTC"), Fee(amount="5", currency="USDT"))
    )
    assert bracket.remaining == Decimal("2.99")
    leg(bracket, STOP, 3, filled="0.5")
    assert (bracket.closed, bracket.remaining) == (Decimal("0.5"), Decimal("2.49"))
    bracket.released = Decimal(2)
    assert bracket.remaining == Decimal("0.49")
    for role in (FAILURE, EXCESS):
        child = live(child_id("one", role, 1), "sell", 1)
        child.role, child.booked = role, Decimal("0.7" if role == FAILURE else "0.21")
        bracket.others.append(child)
    assert bracket.remaining == 0


async def test_the_fees_of_the_trades_count_where_the_venue_has_no_sum() -> None:
    """On spot; a contract's fee is not paid out of what is held."""
    bracket = entry("1", plan=ALONE)
    fill = Fill(trade_id="t", quantity=1, price=100, fee="0.001", fee_currency="BTC")
    bracket.entry.fills["t"], bracket.entry.instrument = fill, FREE
    assert bracket.filled == Decimal("0.999")
    bracket.entry.instrument = evolve(FREE, kind="linear")
    assert bracket.filled == 1


async def test_a_linked_target_that_filled_has_closed() -> None:
    bracket = entry("2", plan=Plan("oco", Decimal(90), Decimal(120)))
    stop = leg(bracket, STOP, 2)
    stop.fills["t"] = Fill(trade_id="t", quantity="1.5", price=120, leg=TARGET, side="sell")
    assert (done(stop), left(stop), bracket.remaining) == (Decimal("1.5"), Decimal("0.5"), Decimal("0.5"))


async def test_no_more_is_seen_of_a_leg_than_is_left_of_it() -> None:
    bracket = entry("2", plan=ALONE)
    stop = leg(bracket, STOP, 2)
    stop.booked = Decimal(1)
    assert bracket.seen(stop) == 1


def desk_with(held: Any, *, strategy: str | None = None, **protection: Any) -> Desk:
    """A desk that holds something."""
    nothing: Any = None
    config = AccountConfig(venue="none", guards=(), protection=ProtectionConfig(**protection))
    desk = Desk("main", config, nothing, nothing, Observers(), HandClock())
    desk.book.store(Position(symbol=SYMBOL, quantity=held, strategy=strategy))
    return desk


def shares(desk: Desk, brackets: Sequence[Bracket], *, enforced: bool = False) -> list[Decimal]:
    """What may be covered of each."""
    return [allowed_for(desk, brackets, each, enforced=enforced) for each in brackets]


async def test_what_is_held_is_shared_out_the_oldest_first() -> None:
    """Where reduce-only is not enforced; where it is, each may cover all of its own."""
    brackets = [entry("1", name="one"), entry("2", name="two"), entry("1", name="short", side="sell")]
    assert shares(desk_with("2.5"), brackets) == [1, Decimal("1.5"), 0]
    assert shares(desk_with("2.5"), brackets, enforced=True) == [1, 2, 1]
    assert shares(desk_with("-0.4"), brackets) == [0, 0, Decimal("0.4")]


async def test_exits_on_their_way_and_those_that_wait_make_stops_smaller() -> None:
    """Working ones and claims of the same side; entries do not."""
    desk, brackets = desk_with("3"), [entry("1", name="one"), entry("2", name="two")]
    desk.book.reserve(SYMBOL, Side.SELL, Decimal("0.5"), reducing=True)
    desk.book.reserve(SYMBOL, Side.BUY, Decimal(9), reducing=False)
    desk.book.reserve(SYMBOL, Side.SELL, Decimal(9), reducing=True, role=STOP)
    assert shares(desk, brackets) == [1, Decimal("1.5")]
    desk.book.claim("exit", SYMBOL, Side.SELL, Decimal(2))
    assert shares(desk, brackets) == [Decimal("0.5"), 0]
    assert shares(desk, brackets, enforced=True) == [1, 2]


QUANTITY = st.decimals("0", "3", places=1)


@given(
    held=st.decimals("-4", "4", places=1),
    entries=st.lists(st.tuples(st.sampled_from(["buy", "sell"]), QUANTITY, QUANTITY), min_size=1, max_size=4),
    working=QUANTITY,
    claimed=QUANTITY,
)
@settings(deadline=None)
async def test_stops_exits_and_those_that_wait_are_never_for_more_than_is_held(
    held: Decimal, entries: list[Any], working: Decimal, claimed: Decimal
) -> None:
    """Whoever holds it, and nobody's stop is for more than what stands open of its own."""
    desk, brackets = desk_with(held), []
    for number, (side, filled, released) in enumerate(entries):
        brackets.append(entry(filled, name=f"e{number}", side=side))
        brackets[-1].released = released
    side = Side.SELL if held > 0 else Side.BUY
    desk.book.reserve(SYMBOL, side, working, reducing=True)
    desk.book.claim("exit", SYMBOL, side, claimed)
    parts = shares(desk, brackets)
    assert all(0 <= part <= max(each.remaining, Decimal(0)) for each, part in zip(brackets, parts, strict=True))
    assert sum(parts) <= max(abs(held) - working - claimed, Decimal(0))


@given(held=QUANTITY, filled=st.lists(QUANTITY, min_size=1, max_size=4), data=st.data())
@settings(deadline=None)
async def test_after_a_release_no_more_stands_open_than_is_held(held: Decimal, filled: list[Decimal], data: Any) -> None:
    """Whichever of them looks; and nothing is left to release."""
    desk, brackets = desk_with(held), [entry(each, name=f"e{number}") for number, each in enumerate(filled)]
    for each, part in excess(desk, brackets, data.draw(st.sampled_from(brackets))):
        each.released += part
    assert all(each.remaining >= 0 for each in brackets)
    assert sum(each.remaining for each in brackets) == min(held, sum(filled))
    assert not any(excess(desk, brackets, each) for each in brackets)


async def test_no_leg_grows_beside_others_beyond_what_is_held() -> None:
    """Whosever they are, where two that fill do harm: those that are to go have to go first."""
    desk, bracket = desk_with(2), entry("2")
    desk.book.reserve(SYMBOL, Side.SELL, Decimal(1), reducing=True, role=STOP)
    desk.book.reserve(SYMBOL, Side.SELL, Decimal("0.5"), reducing=True)
    stop, target = leg(bracket, STOP, "0.5"), leg(bracket, TARGET, "0.5")
    for more, beyond in (("0.5", False), ("0.6", True)):
        part = Decimal(more)
        assert more_than_free(desk, bracket, Place(role=STOP, quantity=part)) is beyond
        assert more_than_free(desk, bracket, Resize(leg=stop, quantity=part + left(stop), price=Decimal(90))) is beyond
    assert not more_than_free(desk, bracket, Place(role=TARGET, quantity=Decimal(2)))
    assert not more_than_free(desk, bracket, Resize(leg=target, quantity=Decimal(2), price=Decimal(90)))
    assert not more_than_free(desk_with(0), bracket, Resize(leg=stop, quantity=Decimal("0.5"), price=Decimal(95)))
    assert not more_than_free(desk_with(0), bracket, Cancel(leg=stop))


async def test_what_a_strategy_holds_on_the_other_side_is_its_own() -> None:
    """Nothing where it stands on the entry's side still."""
    desk = desk_with("-0.5", strategy="a")
    assert other_side(desk, entry(strategy="a")) == Decimal("0.5")
    assert (other_side(desk, entry(strategy="b")), other_side(desk, entry(strategy="a", side="sell"))) == (0, 0)


async def test_a_bracket_that_closed_too_much_takes_nothing_from_the_others() -> None:
    brackets = [entry("1", name="one"), entry("2", name="two")]
    brackets[0].released = Decimal(3)
    assert shares(desk_with("2"), brackets) == [0, 2]


async def test_what_others_closed_is_released_of_the_oldest_first() -> None:
    """All of it at once, so that nobody releases it again."""
    brackets = [entry("1", name="one"), entry("2", name="two"), entry("1", name="three")]
    released = excess(desk_with("1.5"), brackets, brackets[2])
    assert [(each.name, part) for each, part in released] == [("one", 1), ("two", Decimal("1.5"))]
    assert excess(desk_with("4"), brackets, brackets[0]) == []
    assert excess(desk_with("9"), brackets, brackets[0]) == []


async def test_what_one_strategy_closed_is_released_of_its_own_only() -> None:
    """And of its own side only."""
    own, other = entry("1", name="one", strategy="a"), entry("1", name="two", strategy="b")
    short = entry("1", name="three", strategy="a", side="sell")
    desk = desk_with("0.25", strategy="a")
    assert [(each.name, part) for each, part in excess(desk, [other, short, own], own)] == [("one", Decimal("0.75"))]
    assert [(each.name, part) for each, part in excess(desk, [other, short, own], short)] == [("three", 1)]


def of_kinds(*kinds: str, **more: Any) -> Account:
    """An account whose venue declares these."""
    venue = FaultyVenue(protection=kinds, capabilities=evolve(CAPABILITIES, **more))
    return Account("main", venue.plugin.fks_exec_venues()[0])


ALL = ("attached", "oco", "reduce_only_pair", "stop_only")
BOTH: dict[str, Any] = {"stop_loss": "90", "take_profit": "120"}
STOPPED: dict[str, Any] = {"stop_loss": "90"}
TARGETED: dict[str, Any] = {"take_profit": "120"}


@pytest.mark.parametrize(
    ("kinds", "wanted", "expected"),
    [
        (ALL, BOTH, "attached"),
        (("stop_only", "reduce_only_pair", "oco"), BOTH, "oco"),
        (("stop_only", "reduce_only_pair"), BOTH, "reduce_only_pair"),
        (("oco", "reduce_only_pair"), TARGETED, "reduce_only_pair"),
        (("oco", "stop_only"), STOPPED, "oco"),
        (("stop_only",), STOPPED, "stop_only"),
        (("stop_only",), BOTH, None),
        (("stop_only", "oco"), TARGETED, None),
        ((), STOPPED, None),
    ],
)
async def test_the_first_kind_that_serves_all_that_is_asked_for_is_taken(kinds: Any, wanted: Any, expected: Any) -> None:
    """None serves it: denied, nothing is left out silently."""
    async with of_kinds(*kinds) as account:
        order = Order(symbol=SYMBOL, side="buy", quantity=1, **wanted)
        plan = plan_protection(account, ProtectionConfig(), order, None)
    if expected is None:
        assert isinstance(plan, Denial)
        assert (plan.code, plan.value) == ("UNSUPPORTED_PROTECTION", " and ".join(wanted))
    else:
        assert plan == Plan(expected, order.stop_loss, order.take_profit)


async def test_what_neither_asks_for_a_stop_nor_a_target_has_no_plan() -> None:
    async with of_kinds(*ALL) as account:
        assert plan_protection(account, ProtectionConfig(), Order(symbol=SYMBOL, side="buy", quantity=1), None) is None


async def test_the_configured_kind_is_the_only_one() -> None:
    order = Order(symbol=SYMBOL, side="buy", quantity=1, **BOTH)
    async with of_kinds(*ALL) as account:
        assert plan_protection(account, ProtectionConfig(kind="oco"), order, None) == Plan("oco", Decimal(90), Decimal(120))
        denied = plan_protection(account, ProtectionConfig(kind="stop_only"), order, None)
        watched = plan_protection(account, ProtectionConfig(kind="stop_only", watch_targets=True), order, None)
    assert isinstance(denied, Denial)
    assert "watch_targets" in denied.message
    assert watched == Plan("stop_only", Decimal(90), Decimal(120))


async def test_the_instrument_and_what_the_venue_can_be_asked_narrow_the_kinds() -> None:
    """Legs that go with the entry need no call of their own."""
    order, narrow = Order(symbol=SYMBOL, side="buy", quantity=1, **STOPPED), evolve(FREE, protection=["stop_only"])
    async with of_kinds(*ALL) as account:
        assert plan_protection(account, ProtectionConfig(), order, narrow) == Plan("stop_only", Decimal(90))
    async with of_kinds("attached") as account:
        assert plan_protection(account, ProtectionConfig(), order, None) == Plan("attached", Decimal(90))
        assert isinstance(plan_protection(account, ProtectionConfig(), order, narrow), Denial)


async def test_the_prices_go_with_the_order_only_where_the_venue_takes_them_with_it() -> None:
    order = Order(symbol=SYMBOL, side="buy", quantity=1, **BOTH)
    assert bare(order, Plan("attached", Decimal(90), Decimal(120))) == order
    assert bare(order, PAIR) == evolve(order, stop_loss=None, take_profit=None)
    assert bare(order, None) == order


async def test_a_further_entry_beside_the_stop_of_a_whole_position_says_what_it_means_for_it() -> None:
    """Denied, unless its own prices are to be those of all; an exit needs none."""
    stopped, without = (Order(symbol=SYMBOL, side="buy", quantity=1, **legs) for legs in (STOPPED, TARGETED))
    desk, replacing = desk_with(1), desk_with(1, further_entries="replace")
    async with of_kinds("reduce_only_pair", protection_scope="position") as account:
        assert further_entry(desk, account, stopped, reducing=False) == []
        desk.protecting = replacing.protecting = {SYMBOL: {"one"}}
        assert [denial.code for denial in further_entry(desk, account, stopped, reducing=False)] == ["POSITION_PROTECTED"]
        assert further_entry(desk, account, stopped, reducing=True) == []
        assert further_entry(replacing, account, stopped, reducing=False) == []
        assert [denial.value for denial in further_entry(replacing, account, without, reducing=False)] == ["one"]
    async with of_kinds("reduce_only_pair") as account:
        assert further_entry(desk, account, stopped, reducing=False) == []


def test_the_id_of_a_child_says_whose_it_is_and_what_for() -> None:
    """Also of a child's child, and of an id with digits of its own."""
    first = child_id("a~b7", STOP, 12)
    assert (first, parent_of(first), role_of(first), number_of(first)) == ("a~b7~sl12", "a~b7", STOP, 12)
    assert [role_of(child_id("a", role, 1)) for role in (STOP, TARGET, FAILURE, EXCESS)] == [STOP, TARGET, FAILURE, EXCESS]
    assert (is_child("alert-7"), parent_of("sl1"), role_of("sl1"), number_of("sl1")) == (False, "", "", 0)


def test_something_is_missing_after_looks_over_some_seconds_and_not_before() -> None:
    """A venue may show what it took a little later; looks that come at once do not count."""
    patience, now = Patience(), 100.0
    for count, space in enumerate(SPACES):
        if space:
            assert not patience.may_look("leg", now + space - 0.01)
        now += space
        assert patience.may_look("leg", now)
        assert patience.missed("leg", now) is (count == len(SPACES) - 1)
    assert patience.exhausted("leg")
    assert not patience.exhausted("other")
    patience.found("leg")
    assert not patience.exhausted("leg")


def test_the_venues_own_word_ends_the_patience() -> None:
    patience = Patience()
    patience.give_up("leg", 1.0)
    assert patience.exhausted("leg")
