# SPDX-License-Identifier: MIT
"""One attempt is one request and one order, and its id is the one that the host gave it."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

import pytest
from attrs import evolve

from ...model.results import Status
from .base import Suite, floor
from .desk import Desk, Sent, not_declared, not_tried, told
from .evidence import REFUSED, Evidence, can, looks_up, name_of


class Idempotency(Suite):
    """Every order is sent once, under the id of its submission, and is found by that id.

    That id is all that a host has when no answer came, or when it was killed in the middle: a plugin that shortens it, or
    gives another one, leaves orders that nobody finds again.
    """

    @floor
    async def test_one_attempt_is_one_order(self, desk: Desk) -> None:
        """One request, one order in the venue's book, one change of what is held."""
        before = await Evidence.before(desk)
        sent = await desk.filled()
        await before.check_once(sent)
        if before.asked is not None and desk.counterpart is not None:
            asked = await desk.counterpart.requests() - before.asked
            assert asked == 1, f"{told(sent)}, and the venue saw {asked} requests to place an order; one attempt is one request"

    async def test_an_order_that_rests_is_one_order(self, desk: Desk) -> None:
        before = await Evidence.before(desk)
        sent = await desk.send(await desk.resting())
        await before.check_once(sent)
        if "fetch_open_orders" in desk.account.capabilities.abilities:
            names = {name for name in (sent.ref.order_id, sent.ref.venue_client_order_id) if name}
            found = [each.ref for each in await desk.account.fetch_open_orders()]
            ours = [ref for ref in found if names & {ref.order_id, ref.venue_client_order_id}]
            assert len(ours) == 1, f"{told(sent)}, and fetch_open_orders lists it {len(ours)} times: {found}"

    @floor
    async def test_two_orders_have_two_ids(self, desk: Desk) -> None:
        """The venue's own ids differ as the orders do, also of orders that are the same but for their id."""
        first, second = await desk.filled(), await desk.filled()
        one, other = first.result.order_id, second.result.order_id
        text = f"two orders were answered with one order_id, {one!r}; it is the venue's own id of each order"
        assert one is None or one != other, text
        trades = [fill.trade_id for sent in (first, second) for fill in sent.result.fills]
        assert len(set(trades)) == len(trades), f"two orders were answered with a common trade id: {trades}"

    @pytest.mark.parametrize("client_order_id", [None, "strategy-7:entry.1"])
    async def test_the_id_of_the_submission_reaches_the_venue(self, desk: Desk, client_order_id: str | None) -> None:
        """That one, in its own letters; not the caller's ``client_order_id``, which may be longer and is the host's affair."""
        desk.tries("placed")
        before = await Evidence.before(desk)
        sent = await desk.filled(desk.order(client_order_id=client_order_id))
        names = [each.venue_client_order_id for each in await before.orders() or ()]
        name = sent.submission.venue_client_order_id
        text = f"{told(sent)}; its submission said venue_client_order_id={name!r}, and the venue knows it by {names}"
        assert names == [name], text

    async def test_an_order_is_found_by_the_id_of_its_submission(self, desk: Desk) -> None:
        """By that alone, whatever the caller calls it."""
        desk.needs("look_up")
        sent = await desk.filled(desk.order(client_order_id="strategy-7:entry.2"))
        found = await desk.account.fetch_order(name_of(sent))
        assert found is not None, f"{told(sent)}, and fetch_order finds nothing by {name_of(sent)}"
        was, now = sent.result.order_id, found.order_id
        assert was == now, f"{told(sent)} as {was!r}, and fetch_order by the same id finds the order {now!r}"

    @floor
    async def test_ids_of_all_declared_letters_are_taken(self, desk: Desk) -> None:
        """As long as ``id_length`` says, made of every letter of ``id_alphabet``; and short ones."""
        for name in _every_letter(desk):
            sent = await desk.send(name=name)
            assert sent.result.status not in REFUSED, f"the id {name!r} is as declared; {told(sent)}"
            if can(desk, "placed"):
                text = f"{told(sent)}, and no order of its id {name!r} stands in the venue's book; it has to arrive unchanged"
                assert await desk.placed(sent), text
            if looks_up(desk):
                assert await desk.account.fetch_order(name_of(sent)), f"{told(sent)}, and is not found by its id {name!r}"

    @pytest.mark.parametrize("where", ["first", "last", "case"])
    async def test_ids_that_hardly_differ_name_two_orders(self, desk: Desk, where: str) -> None:
        """In one letter, or in upper and lower case: neither is answered, or found, in place of the other."""
        one, other = _alike(desk, where)
        first = await _filled_as(desk, one)
        if looks_up(desk):
            desk.needs("look_up")
            found = await desk.account.fetch_order(evolve(name_of(first), venue_client_order_id=other))
            assert found is None, f"an order {one!r} was sent; the id {other!r} was not, and fetch_order finds {found} by it"
        second = await _filled_as(desk, other)
        said = first.result.order_id
        text = (
            f"orders {one!r} and {other!r} were sent, and both were answered with the order_id {said!r}; keep ids as they are"
        )
        assert said is None or said != second.result.order_id, text
        for sent in (first, second) if looks_up(desk) else ():
            state = await desk.account.fetch_order(name_of(sent))
            text = f"orders {one!r} and {other!r} were sent; {told(sent)}, and by its id fetch_order finds {state}"
            assert state is not None, text
            assert state.order_id == sent.result.order_id, text

    async def test_an_id_that_is_sent_twice_is_told_as_it_is(self, desk: Desk) -> None:
        """A venue that knows its ids refuses the second, or answers with the first; another makes a second order, and the
        answer says so by another ``order_id``. No answer hides an order.
        """
        before = await Evidence.before(desk)
        first = await desk.filled()
        name = first.submission.venue_client_order_id
        second = await desk.send(name=name)
        await before.check_once(first, second)
        answers = [sent.result for sent in (first, second) if sent.result.status not in REFUSED]
        said = len({result.order_id for result in answers})
        orders = await before.orders()
        if orders is None:
            not_tried("placed (there is no counterpart)")
        text = f"the id {name!r} was sent twice, and the answers tell of {said} orders; the venue's book has got {len(orders)}"
        assert said == len(orders), text


async def _filled_as(desk: Desk, name: str) -> Sent:
    sent = await desk.send(name=name)
    sent.result = await desk.ended(sent)
    assert sent.result.status is Status.FILLED, (
        f"{told(sent)} under the id {name!r}; an order that the market takes should fill"
    )
    return sent


def _made_up(letters: str, length: int) -> str:
    return "".join(random.SystemRandom().choices(letters, k=length))


def _every_letter(desk: Desk) -> Iterator[str]:
    """Ids that no order had before, and in which all letters occur."""
    letters, length = desk.account.capabilities.id_alphabet, desk.account.capabilities.id_length
    share = max(1, length // 2)
    for start in range(0, len(letters), share):
        part = letters[start : start + share]
        yield part + _made_up(letters, length - len(part))
    yield _made_up(letters, min(length, 12))


def _alike(desk: Desk, where: str) -> tuple[str, str]:
    """Two ids that no order had before."""
    letters, length = desk.account.capabilities.id_alphabet, desk.account.capabilities.id_length
    body, (one, other) = _made_up(letters, length - 1), random.SystemRandom().sample(letters, 2)
    if where == "case":
        both = [letter for letter in letters if letter in string.ascii_letters and letter.swapcase() in letters]
        if not both:
            not_declared("upper and lower case in id_alphabet")
        body = _made_up("".join(both), length)
        return body, body.swapcase()
    return (one + body, other + body) if where == "first" else (body + one, body + other)
