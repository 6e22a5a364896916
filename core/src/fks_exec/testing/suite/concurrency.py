# SPDX-License-Identifier: MIT
"""Many things at the same time: overlapping orders, two accounts, a slow order, and calls that block the loop."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from ...errors import FksExecError
from ...model.results import Status
from ..trial import Counterpart, Trial
from .base import Suite, floor
from .blocking import watched_for_blocking
from .configuration import config_of, with_wrong_key
from .desk import Desk, Sent, not_tried, told
from .evidence import held
from .openings import hang
from .resting import same

MANY, FEW = 20, 5
"""Overlapping orders: at a simulator, and where they cost something."""

TAKEN = (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED)


class Concurrency(Suite):
    """Orders, answers and pushes that overlap stay apart: each keeps its id, its quantity, its account."""

    @floor
    async def test_overlapping_orders_keep_their_answers(self, desk: Desk) -> None:
        """Each is told of its own id, its own quantity and its own trades."""
        every = await asyncio.gather(*(desk.filled(desk.order(quantity=size)) for size in _sizes(desk)))
        for sent in every:
            filled = sent.result.filled_quantity
            assert filled == sent.order.quantity, f"{told(sent)} with filled_quantity {filled}: an answer of another order?"
        _check_once("order_id", [sent.result.order_id for sent in every if sent.result.order_id])
        _check_once("trade_id", [fill.trade_id for sent in every for fill in sent.result.fills])

    async def test_overlapping_orders_stand_in_the_book_under_their_own_ids(self, desk: Desk) -> None:
        desk.tries("placed")
        every = await asyncio.gather(*(desk.send(desk.order(quantity=size)) for size in _sizes(desk)))
        for sent in every:
            placed = await desk.placed(sent)
            assert len(placed) == 1, f"{told(sent)}, and the venue's book has {len(placed)} orders by its id; one is right"
            assert placed[0].quantity == sent.order.quantity, f"{told(sent)}, and by its id stands one of {placed[0].quantity}"
            if sent.result.order_id:
                same = placed[0].order_id == sent.result.order_id
                assert same, f"{told(sent)} as {sent.result.order_id}, and its id stands in the book for {placed[0].order_id}"

    async def test_overlapping_look_ups_find_their_own_orders(self, desk: Desk) -> None:
        desk.needs("look_up")
        every = await asyncio.gather(*(desk.filled(desk.order(quantity=size)) for size in _sizes(desk)))
        looked = await asyncio.gather(*(desk.account.fetch_order(sent.ref) for sent in every))
        for sent, found in zip(every, looked, strict=True):
            filled = None if found is None else found.filled_quantity
            assert filled == sent.order.quantity, f"{told(sent)}, and its look-up, among others, tells of {filled} filled"

    async def test_overlapping_fills_are_pushed_to_their_own_orders(self, desk: Desk) -> None:
        desk.needs("limit", "publishes")
        counterpart = desk.tries("fill")
        orders = [await desk.resting(quantity=size) for size in _sizes(desk)]
        every = await asyncio.gather(*(desk.send(order) for order in orders))
        await asyncio.gather(*(counterpart.fill(sent.result.order_id or "") for sent in reversed(every)))
        for sent in every:
            await desk.until(partial(desk.heard, sent), bool, f"a push of the fill of {told(sent)}")
            filled = desk.heard(sent)[-1].result.filled_quantity
            assert filled == sent.order.quantity, f"{told(sent)}, and under its id a push tells of {filled} filled"

    async def test_no_call_blocks_the_loop(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """While the venue trades, asks, cancels: a file, a lock, a sleep or a connection without ``await``."""
        with watched_for_blocking(desk, monkeypatch) as blocked:
            await _busy(desk)
        every = ", ".join(sorted(set(blocked)))
        text = f"the venue called {every} in the event loop, where every account waits for it"
        assert not blocked, f"{text}; await it, or write the hook without async: then it runs in the account's own thread"

    async def test_an_order_that_hangs_stalls_no_other(self, desk: Desk) -> None:
        hanging = await hang(desk, desk.trial.seconds)
        try:
            other = await desk.send(seconds=desk.trial.seconds / 2)
            assert other.result.status in TAKEN, f"while an order hung at the venue, {told(other)}"
            assert not hanging.done(), f"{told(hanging.result())}, while the counterpart did not answer it"
            await desk.account.fetch_data(desk.symbol)
        finally:
            await desk.tries("hang").release()
            await hanging

    async def test_two_accounts_hear_of_their_own_orders_only(self, desk: Desk, second: Desk) -> None:
        desk.needs("limit", "publishes")
        counterpart = desk.tries("fill")
        here, there = await desk.send(await desk.resting()), await second.send(await second.resting())
        for owner, sent in ((desk, here), (second, there)):
            await counterpart.fill(sent.result.order_id or "")
            await owner.until(partial(owner.heard, sent), bool, f"a push of {told(sent)}")
        for owner, foreign in ((desk, there), (second, here)):
            heard = owner.heard(foreign)
            text = "context.publish belongs to the object that init gave it to"
            assert not heard, f"account {owner.account.name!r} heard of an order of the other account; {text}"

    async def test_two_accounts_trade_side_by_side(self, desk: Desk, second: Desk) -> None:
        """Overlapping, each is answered for its own."""
        sizes = _sizes(desk)
        pairs = [(owner, owner.order(quantity=size)) for size in sizes for owner in (desk, second)]
        every = await asyncio.gather(*(owner.filled(order) for owner, order in pairs))
        for sent in every:
            filled = sent.result.filled_quantity
            assert filled == sent.order.quantity, f"{told(sent)} with filled_quantity {filled}: an answer of another account?"
        _check_once("order_id", [sent.result.order_id for sent in every if sent.result.order_id])

    async def test_two_accounts_hold_their_own(self, desk: Desk, second: Desk) -> None:
        """What one buys the other does not hold; what rests in one is not among the open orders of the other."""
        if desk.trial.one_book or desk.trial.second == config_of(desk.trial):
            not_tried("what two accounts hold (they have one book)")
        before = await held(second)
        await desk.filled()
        now = await held(second)
        text = f"account {desk.account.name!r} bought, and what account {second.account.name!r} holds went from {before} to"
        assert now == before, f"{text} {now}; what belongs to an account is kept by its own object"
        desk.needs("limit", "fetch_open_orders")
        sent = await desk.send(await desk.resting())
        refs = [update.ref for update in await second.account.fetch_open_orders()]
        text = f"{told(sent)} in account {desk.account.name!r}, and {second.account.name!r} lists it among its open orders"
        assert not any(same(ref, sent.ref) for ref in refs), text

    async def test_an_account_outlives_another(self, desk: Desk, second: Desk) -> None:
        """What the one lets go of is not the other's."""
        await second.filled()
        await second.close()
        await desk.filled()

    async def test_another_accounts_wrong_key_is_not_this_ones(
        self, desk: Desk, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        """An account of the same venue in the same process that its venue refuses."""
        wrong = with_wrong_key(config_of(venue))
        if wrong is None:
            not_tried("a wrong key (no field of the configuration is a Secret)")
        other = Desk(venue, counterpart, tmp_path, "other", wrong)
        try:
            await other.account.open()
        except FksExecError:
            pass  # that it says so is for Lifecycle to see
        finally:
            await other.close()
        sent = await desk.send()
        assert sent.result.status in TAKEN, f"after another account had come with a wrong key, {told(sent)}"


def _sizes(desk: Desk) -> list[Decimal]:
    """Quantities of orders that are sent at the same time, no two alike: from the trial's own on, step by step."""
    count = MANY if desk.trial.level in ("offline", "simulator") else FEW
    step = desk.instrument.quantity_step or desk.quantity
    return [desk.quantity + step * number for number in range(count)]


def _check_once(name: str, values: list[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    assert not twice, f"overlapping orders have the same {name}: {', '.join(twice)}"


async def _busy(desk: Desk) -> None:
    """One of each call that the venue declares; what comes of it is for others to judge."""
    can, account = desk.account.capabilities.abilities, desk.account
    sent = await desk.send()
    questions: list[Sent] = [sent]
    if "limit" in desk.declared.order_types:
        questions.append(await desk.send(await desk.resting()))
    calls = [account.fetch_data(desk.symbol), account.health_check()]
    calls += [getattr(account, name)() for name in ("fetch_positions", "fetch_balance", "fetch_open_orders") if name in can]
    calls += [account.fetch_order(each.ref) for each in questions if "fetch_order" in can]
    calls += [account.cancel_order(each.ref) for each in questions[1:] if "cancel_order" in can]
    await asyncio.gather(*calls, return_exceptions=True)
    if "resolve_symbol" in can:
        account.resolve_symbol(desk.symbol)
