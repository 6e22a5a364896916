# SPDX-License-Identifier: MIT
"""``fks-exec orders cancel``, ``amend``, ``resolve``: by a hub for the time of one command, or by the host that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from fks_exec.clock import SystemClock
from fks_exec.convert import from_dict, to_dict
from fks_exec.errors import InvalidOrder
from fks_exec.model.orders import OrderChange
from fks_exec.model.results import ExecutionResult
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.control import HostRefused, NoHost, ask_host
from fks_exec_hub.journal.protocol import JournalInUse, Key
from fks_exec_hub.orders.resolve import CannotResolve, Settlement, Word, resolve_order

from .access import configuration, find_order, hub_of, named_accounts, reading, writing
from .output import AnyFunction, Console, json_option, pass_console
from .results import exit_code_of_amend, exit_code_of_cancel, result_document, result_text
from .terms import Terms, terms_of

T = TypeVar("T")


def account_option(function: AnyFunction) -> AnyFunction:
    """``--account`` for a command."""
    return click.option("--account", help="Of this account; default: all.")(function)


@click.command()
@click.argument("client_order_id", metavar="ID")
@account_option
@json_option
@pass_console
@click.pass_context
def cancel(ctx: click.Context, console: Console, client_order_id: str, account: str | None) -> None:
    """Cancel an order; works beside a running host.

    Exit 0: it is cancelled, with what was filled before; 1: it was filled or had ended first, or the venue refused; 3: it is
    not known whether it exists, and it is cancelled as soon as it is known to rest, by the host or by the next one.
    """
    key, result = asyncio.run(_cancelled(_config(console, account), client_order_id, account))
    console.show(result_document(key, result), result_text(key, result))
    ctx.exit(exit_code_of_cancel(result))


@click.command()
@click.argument("client_order_id", metavar="ID")
@click.option("--quantity", help="The whole order, what is filled included; base units or contracts.")
@click.option("--price", help="Limit price, quote currency.")
@click.option("--stop-price", help="Trigger price of a stop order, quote currency.")
@click.option("--stop-loss", help="Trigger price of the protective stop, quote currency.")
@click.option("--take-profit", help="Price of the target, quote currency.")
@account_option
@json_option
@pass_console
@click.pass_context
def amend(ctx: click.Context, console: Console, /, client_order_id: str, account: str | None, **words: str | None) -> None:
    """Change an order that rests, in place; the guards judge what it becomes. Works beside a running host.

    Exit 0: it is changed; 1: denied, refused, or it does not rest any more: it is as it was; 3: that is not known.
    """
    change = _change(words)
    key, result, terms = asyncio.run(_amended(_config(console, account), client_order_id, account, change))
    console.show(result_document(key, result, terms), result_text(key, result, terms=terms))
    ctx.exit(exit_code_of_amend(result))


@click.command()
@click.argument("client_order_id", metavar="ID")
@click.option(
    "--as",
    "as_",
    required=True,
    type=click.Choice(["not-placed", "placed", "filled", "canceled"]),
    help="What became of it at the venue.",
)
@click.option("--quantity", help="What was filled, base units or contracts.")
@click.option("--price", help="The average price of the fill, quote currency.")
@click.option("--order-id", help="The venue's own id.")
@click.option("--because", required=True, help="How you know; it is recorded.")
@account_option
@json_option
@pass_console
def resolve(console: Console, /, client_order_id: str, as_: str, account: str | None, **words: Any) -> None:
    """Say what became of an order of unknown outcome, after a look at the venue; works beside a running host.

    It is written down, nothing is sent: an order that rests at the venue goes on resting there. A wrong word costs money:
    after not-placed the next order goes out.
    """
    meant: Settlement = as_.replace("-", "_")  # type: ignore[assignment]  # one of click's choices
    try:
        key, result = asyncio.run(_resolved(_config(console, account), client_order_id, account, Word(as_=meant, **words)))
    except (CannotResolve, HostRefused) as error:
        if words["price"] is None and "--price" in str(error):
            raise click.UsageError(f"{error}, in quote currency") from None
        raise
    console.show(result_document(key, result), result_text(key, result))


def _config(console: Console, account: str | None) -> HubConfig:
    config = configuration(console)
    named_accounts(config, account)
    return config


def _change(words: dict[str, str | None]) -> OrderChange:
    said: dict[str, Any] = {name: value for name, value in words.items() if value is not None}
    if not said:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in words)
        raise click.UsageError(f"say what to change: {options}")
    try:
        return OrderChange(**said)
    except InvalidOrder as error:
        raise InvalidOrder(f"--{error.field.replace('_', '-')}", error.problem) from None


async def here_or_there(here: Callable[[], Awaitable[T]], there: Callable[[], Awaitable[T]]) -> T:
    """Do something by ourselves; or, where a host owns the journal, let that host do it.

    Raises:
        NoHost: the owner of the journal takes no commands.
    """
    try:
        return await here()
    except JournalInUse as owner:
        try:
            return await there()
        except NoHost as error:
            who = f"process {owner.pid}" if owner.pid else "another process"
            raise NoHost(f"the journal is in use by {who}; {error}") from None


async def _cancelled(config: HubConfig, name: str, account: str | None) -> tuple[Key, ExecutionResult]:
    key = await _key(config, name, account)
    return key, await here_or_there(
        lambda: _by_hub(config, lambda hub: hub.cancel_order(key.account, name)),
        lambda: _by_host(config, key, "cancel"),
    )


async def _amended(
    config: HubConfig, name: str, account: str | None, change: OrderChange
) -> tuple[Key, ExecutionResult, Terms]:
    key = await _key(config, name, account)
    result = await here_or_there(
        lambda: _by_hub(config, lambda hub: hub.amend_order(key.account, name, change)),
        lambda: _by_host(config, key, "amend", change={n: v for n, v in to_dict(change).items() if v is not None}),
    )
    async with reading(config) as journal:
        return key, result, await terms_of(journal, await find_order(journal, config, name, key.account))


async def _resolved(config: HubConfig, name: str, account: str | None, word: Word) -> tuple[Key, ExecutionResult]:
    key = await _key(config, name, account)
    return key, await here_or_there(
        lambda: _written(config, key, word),
        lambda: _by_host(config, key, "resolve", word={n: v for n, v in to_dict(word).items() if v is not None}),
    )


async def _key(config: HubConfig, name: str, account: str | None) -> Key:
    async with reading(config) as journal:
        return (await find_order(journal, config, name, account)).key


async def _written(config: HubConfig, key: Key, word: Word) -> ExecutionResult:
    async with writing(config) as journal:
        return await resolve_order(journal, key, word, SystemClock().now())


async def _by_hub(config: HubConfig, act: Callable[[ExecutionHub], Awaitable[ExecutionResult]]) -> ExecutionResult:
    async with hub_of(config, take_up=False) as hub:
        return await act(hub)


async def _by_host(config: HubConfig, key: Key, do: str, **words: Any) -> ExecutionResult:
    answer = await ask_host(config, do, account=key.account, id=key.client_order_id, **words)
    return from_dict(ExecutionResult, answer)
