# SPDX-License-Identifier: MIT
"""``fks-exec halt`` and ``fks-exec resume``: what accounts may do, said by an operator, kept in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import click

from fks_exec.clock import SystemClock
from fks_exec.convert import from_dict, from_json, to_dict
from fks_exec.errors import FksExecError
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.results import ExecutionResult, Status
from fks_exec_hub import HaltAnswer, HaltedOrder, HubConfig
from fks_exec_hub.accounts.halting import kept_legs, together
from fks_exec_hub.control import EVERY, NoHost, ask_host
from fks_exec_hub.exits.family import ENTRY, role_of
from fks_exec_hub.journal.protocol import HaltState, HaltStep, Journal, JournalError, Recorded
from fks_exec_hub.orders.restore import placing

from .access import configuration, named_accounts, writing
from .changes import here_or_there
from .failures import ExitCode
from .output import AnyFunction, Console, json_option, pass_console

NO_HOST = "no host runs, so the venue was not asked"


def _whom(function: AnyFunction) -> AnyFunction:
    """The accounts, the reason, the format: as both commands take them."""
    function = json_option(function)
    function = click.option("--because", required=True, help="Why; it is recorded, and told with every denial.")(function)
    function = click.option("--all", "every", is_flag=True, help="Every account of the configuration.")(function)
    return click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")(function)


@click.command()
@_whom
@click.option("--reducing", is_flag=True, help="Orders that only reduce a position still pass.")
@click.option("--keep-entries", is_flag=True, help="Entries that rest go on resting.")
@click.option("--cancel-entries", is_flag=True, help="They are cancelled, whatever the account's cancel_on_halt says.")
@pass_console
@click.pass_context
def halt(
    ctx: click.Context,
    console: Console,
    accounts: tuple[str, ...],
    *,
    every: bool,
    because: str,
    reducing: bool,
    keep_entries: bool,
    cancel_entries: bool,
) -> None:
    """Let accounts do nothing but cancel, from here on and after a restart; works beside a running host.

    A host cancels the entries that rest and answers with what became of them; exits and protective orders are left alone.
    Without one this is written down and nothing is asked of the venue; the answer lists what rests. Exit 0: it is done; 3: an
    entry may still fill; 1: an account could not be halted.
    """
    if keep_entries and cancel_entries:
        raise click.UsageError("--keep-entries and --cancel-entries say the opposite")
    cancel = False if keep_entries else True if cancel_entries else None
    state = HaltState.REDUCING if reducing else HaltState.HALTED
    _say(ctx, console, accounts, state, because, every=every, cancel=cancel)


@click.command()
@_whom
@pass_console
@click.pass_context
def resume(ctx: click.Context, console: Console, accounts: tuple[str, ...], *, every: bool, because: str) -> None:
    """Let accounts trade again; works beside a running host."""
    _say(ctx, console, accounts, HaltState.ACTIVE, because, every=every, cancel=None)


def _say(
    ctx: click.Context,
    console: Console,
    accounts: Sequence[str],
    state: HaltState,
    because: str,
    *,
    every: bool,
    cancel: bool | None,
) -> None:
    config = configuration(console)
    names = _names(config, accounts, every=every)
    if not because.strip():
        raise click.UsageError("say why with --because; the reason is recorded")
    if config.journal.startswith("memory:"):
        raise click.UsageError('journal = "memory:" keeps nothing from one process to the next; there is nothing to halt')
    asked = [EVERY] if every else names
    answer = asyncio.run(
        here_or_there(
            lambda: _write(config, names, state, because, cancel), lambda: _hand(config, asked, state, because, cancel)
        )
    )
    console.show({"because": because, **to_dict(answer)}, "\n".join(_lines(answer, because)))
    if answer.failed:
        ctx.exit(ExitCode.FAILED)
    if answer.unconfirmed:
        ctx.exit(ExitCode.OPEN)


def _names(config: HubConfig, accounts: Sequence[str], *, every: bool) -> list[str]:
    if every == bool(accounts):
        raise click.UsageError("name the accounts, or say --all")
    return list(config.accounts) if every else [name for given in accounts for name in named_accounts(config, given)]


async def _write(config: HubConfig, names: Sequence[str], state: HaltState, because: str, cancel: bool | None) -> HaltAnswer:
    """With the journal alone: one write for each account."""
    wanted = {name: config.accounts[name].cancel_on_halt if cancel is None else cancel for name in names}
    async with writing(config) as journal:
        return together([(name, await _written(journal, name, state, because, cancel=wanted[name])) for name in names])


async def _written(journal: Journal, name: str, state: HaltState, because: str, *, cancel: bool) -> HaltAnswer | JournalError:
    try:
        await journal.write(HaltStep(account=name, state=state, reason=because, time=SystemClock().now()))
    except JournalError as error:
        return error
    if state is HaltState.ACTIVE:
        return HaltAnswer(states={name: state})
    found = [*await journal.open(name), *await journal.unresolved(name)]
    begun = [order for order in found if _may_fill(order)]
    entries = [order for order in begun if cancel and _is_entry(order)]
    return HaltAnswer(
        states={name: state},
        unconfirmed=tuple(_standing(order, NO_HOST) for order in entries),
        before=(*(_standing(order) for order in begun), *(leg for order in found for leg in _kept_legs(order))),
    )


def _may_fill(order: Recorded) -> bool:
    """What has ended, and is open only for what belongs to it, does not."""
    return order.result is None or not from_json(ExecutionResult, order.result).status.terminal


def _kept_legs(order: Recorded) -> Iterator[HaltedOrder]:
    return kept_legs(order.key, from_json(ExecutionResult, order.result)) if order.result is not None else iter(())


def _is_entry(order: Recorded) -> bool:
    attempt = placing(order)
    return role_of(order.key.client_order_id) in ("", ENTRY) and not (attempt is not None and attempt.reducing)


def _standing(order: Recorded, reason: str = "") -> HaltedOrder:
    result = None if order.result is None else from_json(ExecutionResult, order.result)
    return HaltedOrder(
        account=order.key.account,
        client_order_id=order.key.client_order_id,
        status=Status.UNKNOWN if result is None else result.status,
        filled_quantity=ZERO if result is None else result.filled_quantity,
        reason=reason,
    )


async def _hand(config: HubConfig, names: Sequence[str], state: HaltState, because: str, cancel: bool | None) -> HaltAnswer:
    """By the host that runs; what one account answers does not keep the next from being asked."""
    entries = {} if cancel is None else {"entries": "cancel" if cancel else "keep"}
    told: list[tuple[str, HaltAnswer | BaseException]] = []
    for name in names:
        try:
            answer = await ask_host(config, "halt", account=name, state=state.value, because=because, **entries)
            told.append((name, from_dict(HaltAnswer, answer)))
        except NoHost:
            raise
        except FksExecError as error:
            if len(names) == 1:
                raise
            told.append((name, error))
    return together(told)


def _lines(answer: HaltAnswer, because: str) -> Iterator[str]:
    yield from (f"{name} is {state.value}: {because}" for name, state in answer.states.items())
    yield from (f"{name} is as it was: {reason}" for name, reason in answer.failed.items())
    yield from (f"  ended        {_words(order)}" for order in answer.cancelled)
    unconfirmed = {(order.account, order.client_order_id) for order in answer.unconfirmed}
    yield from (f"  MAY FILL     {_words(order)}" for order in answer.unconfirmed)
    left = [each for each in answer.before if each.reason or (each.account, each.client_order_id) not in unconfirmed]
    yield from (f"  open before  {_words(order)}" for order in left)
    if answer.unconfirmed:
        yield f"cancel each: fks-exec orders cancel {answer.unconfirmed[0].client_order_id}; see: fks-exec orders list --open"


def _words(order: HaltedOrder) -> str:
    filled = f", {plain(order.filled_quantity)} filled" if order.filled_quantity else ""
    return (
        f"{order.account}/{order.client_order_id}: {order.status.value}{filled}{f' ({order.reason})' if order.reason else ''}"
    )
