# SPDX-License-Identifier: MIT
"""A venue that repeats the account's key in what it says: the key goes no further than the account."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from attrs import frozen

from fks_exec import (
    Account,
    Capabilities,
    Check,
    ExecutionResult,
    FksExecError,
    Health,
    MarketData,
    NotSent,
    Order,
    OrderRef,
    OrderUpdate,
    Secret,
    Submission,
    VenueAuthError,
    VenueContext,
    VenueError,
    VenueRejected,
    VenueType,
    hookimpl,
)
from fks_exec.discretion import Discretion
from fks_exec_simulators.venues import MemoryVenue

KEY = 'key "one" of the venue/0123456789'
ORDER = Order(symbol="BTC/USDT", side="buy", quantity="1", client_order_id="one")
CAPABILITIES = Capabilities(abilities={"fetch_order", "fetch_open_orders"})


@frozen(kw_only=True)
class Keys:
    """The configuration: a secret among other things, and at some depth."""

    name: str = "main"
    keys: dict[str, Secret]


class Talkative(MemoryVenue):
    """Says its key in each of its answers, plain or as an address, a repr or JSON writes it.

    Args:
        error: raised by an order; None: it is refused with a result.
    """

    def __init__(self, error: VenueError | None = None, *, opens: bool = True) -> None:
        super().__init__()
        self.error = error
        self.opens = opens
        self.result = ExecutionResult(status="rejected", error=f"no order with {KEY!r}", client_order_id="one")

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        self.context = context
        if not self.opens:
            raise VenueError(f"cannot sign with {config.keys['api'].reveal()}")

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        if self.error is None:
            return self.result
        raise self.error

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        raise VenueError(f"GET /ticker?key={quote(KEY, safe='')}: refused")

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        return self.result

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        return [OrderUpdate(ref=OrderRef(symbol="BTC/USDT", order_id="1"), result=self.result)]

    @hookimpl
    async def health_check(self) -> Health:
        return Health([Check(name="key", ok=False, message=f"{json.dumps({'key': KEY})} is refused", remedy=f"replace {KEY}")])


def account(venue: Talkative, **further: Any) -> Account:
    """One whose configuration holds the key."""
    kind = VenueType(name="talkative", create=lambda: venue, config=Keys, capabilities=CAPABILITIES)
    return Account("main", kind, Keys(keys={"api": Secret(KEY)}), **further)


@pytest.mark.parametrize("kind", [VenueRejected, NotSent, VenueAuthError, VenueError])
async def test_a_refusal_does_not_repeat_the_key(kind: type[VenueError]) -> None:
    """Neither the result nor, of refused credentials, the account's own reason; the rest of the sentence stands."""
    async with account(Talkative(kind(f"wrong signature of {KEY}, 3 times"))) as opened:
        result = await opened.execute_order(ORDER)
        reason = opened.reason
    assert (result.error or "").startswith("wrong signature of ***, 3 times")
    assert KEY not in f"{result} {reason}"
    assert ("***" in reason) is (kind is VenueAuthError)


async def test_no_other_answer_repeats_it() -> None:
    """Results, look-ups, lists, prices, health, and what is published."""
    venue, heard = Talkative(), []
    published = asyncio.Event()

    def hear(update: OrderUpdate) -> None:
        heard.append(update)
        published.set()

    async with account(venue, on_update=hear) as opened:
        venue.context.publish((await venue.fetch_open_orders())[0])
        await asyncio.wait_for(published.wait(), 5)
        with pytest.raises(VenueError, match=r"GET /ticker\?key=\*\*\*: refused"):
            await opened.fetch_data("BTC/USDT")
        found = [await opened.execute_order(ORDER), await opened.fetch_order(OrderRef(symbol="BTC/USDT", order_id="1"))]
        listed, health = await opened.fetch_open_orders(), await opened.health_check()
    errors = [each.error for each in (*found, listed[0].result, heard[0].result) if each is not None]
    assert errors == ["no order with '***'"] * 4
    assert [(check.message, check.remedy) for check in health.checks][1:] == [('{"key": "***"} is refused', "replace ***")]


async def test_an_opening_that_fails_does_not_repeat_it() -> None:
    opened = account(Talkative(opens=False))
    with pytest.raises(VenueError, match=r"^cannot sign with \*\*\*$"):
        await opened.open()
    assert opened.reason == "cannot sign with ***"


def test_the_fields_of_an_error_are_blanked_with_its_sentence() -> None:
    """An error of another library is left as it is: its text is repeated nowhere."""
    discreet = Discretion(Keys(keys={"api": Secret(KEY)}), [Secret("five5")])
    ours = discreet.error(VenueError(KEY, code=KEY))
    assert (str(ours), ours.code) == ("***", "***")
    assert str(discreet.error(ValueError(KEY))) == KEY
    assert discreet.text("five5 is too short to be blanked everywhere") == "five5 is too short to be blanked everywhere"


def test_without_a_secret_nothing_is_changed() -> None:
    result = ExecutionResult(status="rejected", error=KEY)
    assert Discretion(None, {"a": [1, "b"]}).result(result) is result
    assert str(Discretion().error(FksExecError(KEY))) == KEY


def test_of_a_secret_that_is_cut_off_nothing_is_told() -> None:
    """A sentence that repeats a long text shows its beginning alone; a short secret's beginning may be any word."""
    long, short = "0123456789abcdefghijklmnopqrstuv", "0123456789abcdefghijklmno"
    assert Discretion([Secret(long)]).text(f"'{long[:21]}' is no symbol") == "'***' is no symbol"
    assert Discretion([Secret(short)]).text(f"'{short[:21]}' is no symbol") == f"'{short[:21]}' is no symbol"
