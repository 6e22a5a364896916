# SPDX-License-Identifier: MIT
"""``fks-exec order``: one order, sent once; then what became of it, or what is still open."""

from __future__ import annotations

import asyncio
import datetime
import logging
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import attrs
import click

from fks_exec.errors import FksExecError, InvalidOrder
from fks_exec.model.fields import SizeType
from fks_exec.model.numbers import decimal
from fks_exec.model.orders import ClosePosition, Option, Order, OrderType, TimeInForce
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.model.targets import ReversePosition, SizedOrder, TargetPosition
from fks_exec_hub import ExecutionHub, HubConfig, Receipt
from fks_exec_hub.accounts.live import needs_following
from fks_exec_hub.ids import ClientIds
from fks_exec_hub.instructions import Instruction
from fks_exec_hub.journal.protocol import Key

from .access import configuration, hub_of, named_accounts
from .failures import InDoubt, Interrupted
from .output import Console, json_option, pass_console
from .results import exit_code, result_document, result_text
from .terms import Terms, terms_of

log: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

POLL = 0.1
"""Seconds between two looks at an order that is open."""

_NEGATIVE = re.compile(r"-[\d.]")
_FOR_CLOSE = frozenset({"strategy", "client_order_id", "scope", "keep_entries"})
_FOR_TARGET = frozenset({"strategy", "client_order_id", "stop_loss", "take_profit", "confidence"})
_SIZES = {
    "quote_amount": SizeType.QUOTE,
    "equity_percent": SizeType.EQUITY_PERCENT,
    "risk_percent": SizeType.RISK_PERCENT,
}
_WORDS = {"quantity": "QUANTITY", "order_type": "--type", "time_in_force": "--tif", "client_order_id": "--id"}


class OrderCommand(click.Command):
    """Takes ``-1`` for a number, so that the answer names the quantity and not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but for negative numbers."""
        ctx.ignore_unknown_options = any(_NEGATIVE.match(arg) for arg in args)
        return super().parse_args(ctx, args)


@click.command(cls=OrderCommand)
@click.argument("account")
@click.argument("symbol")
@click.argument("action", metavar="buy|sell|close|target|reverse")
@click.argument("quantity", required=False)
@click.option("--quote-amount", help="Instead of QUANTITY: worth so much, in quote currency.")
@click.option("--equity-percent", help="Instead of QUANTITY: worth so many percent of the equity.")
@click.option("--risk-percent", help="Instead of QUANTITY: so many percent of the equity are lost at --stop-loss.")
@click.option("--type", "order_type", metavar="|".join(OrderType), help="Default: market.")
@click.option("--price", help="Limit price, quote currency.")
@click.option("--stop-price", help="Trigger price of a stop order, quote currency.")
@click.option("--stop-loss", help="Trigger price of a protective stop, quote currency.")
@click.option("--take-profit", help="Price of the target, quote currency.")
@click.option("--tif", "time_in_force", metavar="|".join(TimeInForce), help="How long it rests. Default: gtc.")
@click.option("--expire-at", help="For --tif gtd: 2026-11-30T15:00:00Z, or epoch milliseconds.")
@click.option("--reduce-only", is_flag=True, help="It must not open or enlarge a position.")
@click.option("--post-only", is_flag=True, help="It must not take liquidity.")
@click.option("--id", "client_order_id", help="The idempotency key: the same order under the same id is sent once.")
@click.option("--confidence", help="0 to 1.")
@click.option("--strategy", help="Whose position it is.")
@click.option("--scope", help="For close: strategy (default) or account, all that our orders built up.")
@click.option("--keep-entries", is_flag=True, help="For close: entries that rest stay.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="A word for this venue; may be repeated.")
@click.option("--live", is_flag=True, help="Needed for an account that trades real money.")
@click.option("--wait", type=click.IntRange(min=0), default=30, show_default=True, help="Seconds; then it says what is open.")
@json_option
@pass_console
@click.pass_context
def order(ctx: click.Context, console: Console, /, account: str, live: bool, wait: int, **words: Any) -> None:
    """Send one order and wait for what becomes of it.

    QUANTITY is in base units, or contracts. close and reverse take none; target takes what the strategy is to hold, negative
    for short. Exit 0: taken, and nothing is open any more; 1: denied, rejected or proved not to be placed; 3: something is
    open or unknown, and what.
    """
    instruction = read_instruction(words)
    config = configuration(console)
    named_accounts(config, account)
    _check_money(config, account, live=live)
    key = Key(account, instruction.client_order_id or "")
    result, terms = _run(config, key, instruction, wait)
    console.show(result_document(key, result, terms), result_text(key, result, instruction, terms))
    ctx.exit(exit_code(result))


def read_instruction(words: Mapping[str, Any]) -> Instruction:
    """What the command line asks for, always with an id.

    Raises:
        InvalidOrder: a word that cannot be meant.
    """
    said = {name: value for name, value in words.items() if value not in (None, False, ())}
    action = str(said.pop("action")).lower()
    said.setdefault("client_order_id", ClientIds().new())
    if action == "close":
        return _in_words(
            partial(ClosePosition, **_only(said, _FOR_CLOSE, "close takes --strategy, --scope, --keep-entries and --id"))
        )
    if action == "reverse":
        return _in_words(partial(ReversePosition, **_only(said, _FOR_TARGET, _TARGETS)))
    if action == "target":
        return _target(said)
    if action not in ("buy", "sell"):
        raise InvalidOrder("action", f"{action[:40]!a} is not one of buy, sell, close, target, reverse")
    return _order(action, said)


_TARGETS = "target and reverse take --strategy, --stop-loss, --take-profit, --confidence and --id"


def _only(said: dict[str, Any], known: frozenset[str], which: str) -> dict[str, Any]:
    """What was said, where it goes with the action."""
    if other := sorted(set(said) - known - {"symbol"}):
        raise InvalidOrder(_spelled(other[0]), f"goes with buy and sell; {which} only")
    return said


def _target(said: dict[str, Any]) -> TargetPosition:
    if "quantity" not in said:
        raise InvalidOrder("QUANTITY", "is missing; write what is to be held: 2 is long, -2 short, 0 nothing")
    return _in_words(partial(TargetPosition, **_only(said, _FOR_TARGET | {"quantity"}, _TARGETS)))


def _order(action: str, said: dict[str, Any]) -> Order | SizedOrder:
    for name in ("scope", "keep_entries"):
        if name in said:
            raise InvalidOrder(_spelled(name), f"goes with close, not with {action}; leave it out")
    if "expire_at" in said:
        said["expire_at"] = _time(said["expire_at"])
    said["options"] = dict(map(_option, said.get("options", ())))
    sizes = [name for name in _SIZES if name in said]
    if len(sizes) + ("quantity" in said) > 1:
        raise InvalidOrder(_spelled(sizes[-1]), "stands beside another size; say one: QUANTITY, or one of these options")
    if sizes:
        size = said.pop(sizes[0])
        if said.pop("reduce_only", False):
            raise InvalidOrder("--reduce-only", f"goes with a QUANTITY, not with {_spelled(sizes[0])}; close what is held")
        return _in_words(partial(SizedOrder, side=action, size=size, size_type=_SIZES[sizes[0]], **said), _spelled(sizes[0]))
    if "quantity" not in said:
        raise InvalidOrder("QUANTITY", f"is missing; write: fks-exec order ACCOUNT SYMBOL {action} QUANTITY")
    return _in_words(partial(Order, side=action, **said))


def _spelled(name: str) -> str:
    """A field as the command line spells it."""
    return _WORDS.get(name, f"--{name.replace('_', '-')}")


def _in_words(make: Callable[[], T], size: str = "") -> T:
    """The field at fault as the command line spells it."""
    try:
        return make()
    except InvalidOrder as error:
        name = (
            size if error.field == "size" else _WORDS.get(error.field) or (error.field and f"--{error.field.replace('_', '-')}")
        )
        raise InvalidOrder("SYMBOL" if error.field == "symbol" else name, error.problem) from None


def _option(text: str) -> tuple[str, Option]:
    """``name=value``: the value as TOML reads it, else the text itself."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidOrder("--option", f"{text[:40]!a} is not of the form NAME=VALUE")
    try:
        read = tomllib.loads(f"value = {value}", parse_float=decimal)["value"]
    except ValueError:
        return name, value
    return name, read if isinstance(read, str | bool | int | Decimal) else value


def _time(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.datetime.min
    if moment.tzinfo is None:
        raise InvalidOrder("--expire-at", f"{text[:40]!a} is not a time with its offset, such as 2026-11-30T15:00:00Z")
    return int(moment.timestamp() * 1000)


def _check_money(config: HubConfig, account: str, *, live: bool) -> None:
    if config.accounts[account].live and not live:
        raise click.UsageError(f"account {account!r} trades real money (live = true): type --live as well to send this order")
    if live and not config.accounts[account].live:
        raise click.UsageError(f"account {account!r} is not live: no real money moves there; leave --live out")


def _run(config: HubConfig, key: Key, instruction: Instruction, wait: float) -> tuple[ExecutionResult, Terms | None]:
    way = _Way(key)
    try:
        asyncio.run(way.go(config, instruction, wait))
    except KeyboardInterrupt:
        raise Interrupted(f"stopped by hand; {way.where()}") from None
    except Exception as error:
        if not way.handed_over or (isinstance(error, FksExecError) and not way.taken):
            raise  # nothing was sent, or the hub says what is known
        if way.result is None:
            raise InDoubt(f"after the order was taken came {type(error).__name__}; {way.where()}") from error
        log.warning("closing failed after the order's outcome was known: %s", type(error).__name__)
    if way.result is None:
        raise InDoubt(way.where())
    return way.result, way.terms


@attrs.define
class _Way:
    """How far an order has come.

    Args:
        handed_over: it may be the hub's, and so at the venue.
        taken: it is the hub's.
        result: what became of it.
        terms: what it is now, where it is open.
    """

    key: Key
    handed_over: bool = False
    taken: bool = False
    result: ExecutionResult | None = None
    terms: Terms | None = None

    async def go(self, config: HubConfig, instruction: Instruction, wait: float) -> None:
        async with hub_of(config) as hub:
            self.handed_over = True
            receipt = await hub.submit(self.key.account, instruction)
            self.taken = True
            self.result = await _outcome(hub, receipt, self.key, wait)
            recorded = await hub.journal.order(self.key)
            if recorded is not None and self.result.status not in (Status.DENIED, Status.PENDING):
                self.terms = await terms_of(hub.journal, recorded)

    def where(self) -> str:
        """What may be open."""
        if not self.handed_over:
            return "nothing was sent"
        look = f"fks-exec orders show {self.key.client_order_id} --account {self.key.account}"
        return f"order {self.key.client_order_id} may be at the venue: look with '{look}' before you send another"


async def _outcome(hub: ExecutionHub, receipt: Receipt, key: Key, wait: float) -> ExecutionResult:
    """The first outcome, then whatever comes until nothing needs following or the time is over."""
    end = asyncio.get_running_loop().time() + wait
    result = await _first(hub, receipt, key, wait)
    while _moving(result) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(POLL)
        known = await hub.order(key.account, key.client_order_id)
        result = attrs.evolve(known, duplicate=result.duplicate) if known else result
    return result


async def _first(hub: ExecutionHub, receipt: Receipt, key: Key, wait: float) -> ExecutionResult:
    try:
        return await receipt.result(timeout=wait)
    except TimeoutError:
        known = await hub.order(key.account, key.client_order_id)
        return known or ExecutionResult(status="pending", client_order_id=key.client_order_id)


def _moving(result: ExecutionResult) -> bool:
    """Worth waiting for: a position that stands with its stop can stay so for weeks."""
    return needs_following(result) and not (result.status.terminal and result.protected)
