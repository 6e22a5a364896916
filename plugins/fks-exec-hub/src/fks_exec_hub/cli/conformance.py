# SPDX-License-Identifier: MIT
"""``fks-exec conformance``: the suite against a configured account, and the record of what it proved."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from fks_exec.convert import to_dict
from fks_exec.errors import ConfigError, FksExecError, InvalidOrder
from fks_exec.model.extension import VenueType
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO, decimal, plain
from fks_exec.model.orders import Side
from fks_exec.plugins import Plugins
from fks_exec.secrets import Secret
from fks_exec_hub import HubConfig
from fks_exec_hub.accounts.settings import Evidence
from fks_exec_hub.control import NoHost, ask_host

from .access import configuration, named_accounts
from .failures import ExitCode
from .output import Console, json_option, pass_console, printable

if TYPE_CHECKING:
    from fks_exec.testing import Trial
    from fks_exec.testing.record import Origin
    from fks_exec.testing.report import Report

NEEDED = ("pytest", "pytest_asyncio")

SYMBOL = "BTC/USDT"
"""What is traded where a simulation does not care."""

AT_ONCE = 20
"""So many orders are sent at the same time, by the tests of concurrency."""


WHERE = {"simulator": "a simulated venue", "sandbox": "the venue's sandbox", "live": "THE LIVE ACCOUNT, FOR REAL MONEY"}


@attrs.frozen(kw_only=True)
class Options:
    """What stands on the command line.

    Args:
        quantity: of one order, base units or contracts; None: twice the least that the venue takes.
        seconds: to wait for the venue at most.
        only: classes of the suite; empty: all.
        at_risk: the account that was named once more.
    """

    record: Path | None
    symbol: str | None
    other_symbol: str | None
    quantity: Decimal | None
    second: str | None
    seconds: float | None
    only: tuple[str, ...]
    live: bool
    at_risk: str | None


def _quantity(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Decimal | None:
    try:
        quantity = None if value is None else decimal(value, "quantity")
    except InvalidOrder as error:
        raise click.BadParameter(str(error), ctx, parameter) from None
    if quantity is not None and quantity <= 0:
        raise click.BadParameter(f"{value} is not greater than zero", ctx, parameter)
    return quantity


@click.command()
@click.argument("account")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write what was proved.")
@click.option("--symbol", help="What is traded; has to be said unless the venue is a simulation.")
@click.option("--other-symbol", help="A second instrument, for the tests that need one.")
@click.option("--quantity", callback=_quantity, help="Of one order; default: twice the least that the venue takes.")
@click.option("--second", metavar="ACCOUNT", help="Another account at the same venue, for the tests that need one.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="To wait for the venue at most.")
@click.option("--only", multiple=True, metavar="CLASS", help="A class of the suite; may be repeated, and leaves no record.")
@click.option("--live", is_flag=True, help="The account is live, and real orders are meant.")
@click.option("--account-at-risk", "at_risk", metavar="ACCOUNT", help="The live account's name again; else it is asked for.")
@json_option
@pass_console
@click.pass_context
def conformance(ctx: click.Context, console: Console, /, account: str, **said: Any) -> None:
    """Run the conformance suite on an account, without a host; --record writes what it proves.

    The suite sends orders: to a simulated venue, to the venue's sandbox (live = false), or for real money, which has to be
    said twice. What it buys it sells, and what rests it cancels. Exit 0: all passed; 1: a test failed, or no record could be
    written; 3: something was left at the venue.
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ConfigError("", f"{' and '.join(missing)} cannot be imported; run: pip install 'fks-exec[testing]'")
    config, options = configuration(console), Options(**said)
    [name] = named_accounts(config, account)
    plugins = config.load_plugins()
    trial, origin = trial_of(config, name, options, plugins)
    asyncio.run(_beside_a_host(config, name, trial))
    trial = _announced(name, trial)
    _confirmed(console, name, trial, options)
    report = _run(console, trial, origin, options)
    if console.json:
        console.show(document_of(name, report), "")
    if report.left_behind:
        ctx.exit(ExitCode.OPEN)
    if not report.passed:
        ctx.exit(ExitCode.FAILED)


def _run(console: Console, trial: Trial, origin: Origin | None, options: Options) -> Report:
    from fks_exec.testing.running import run

    def told(line: str) -> None:
        click.echo(printable(line), err=console.json)

    verbose = console.verbose and not console.json
    return run(
        trial,
        classes=options.only,
        record=options.record,
        account=trial.title,
        origin=origin,
        verbose=verbose,
        told=told,
    )


def trial_of(config: HubConfig, name: str, options: Options, plugins: Plugins) -> tuple[Trial, Origin | None]:
    """An account as the suite takes it, and where its venue comes from.

    Raises:
        click.UsageError: it may not be tried so; nothing was sent.
    """
    from fks_exec.testing import Trial
    from fks_exec.testing.record import origin_of

    account = config.accounts[name]
    kind, venue_config = config.venue(name, plugins)
    _check_live(name, live=account.live, options=options)
    if options.symbol is None and not kind.simulated:
        raise click.UsageError(f"orders are sent to the venue of account {name!r}: say with --symbol what is to be traded")
    second = None
    if options.second is not None:
        second_kind, second = config.venue(named_accounts(config, options.second)[0], plugins)
        if second_kind != kind or options.second == name or config.accounts[options.second].live != account.live:
            raise click.UsageError(f"--second {options.second} is no other account at the venue of {name}, as live as that one")
    origin = origin_of(kind, plugins)
    if getattr(venue_config, "simulated", False) is True:
        kind = attrs.evolve(kind, simulated=True)
    trial = Trial(
        venue=kind,
        config=venue_config,
        second=second,
        other_symbol=options.other_symbol,
        quantity=options.quantity,
        name=name,
        distribution="" if origin is None else origin.distribution,
        secrets=tuple(secrets_in(venue_config)),
        level=evidence(kind, live=account.live),
        seconds=options.seconds or (5.0 if kind.simulated else account.deadline),
        symbol=options.symbol or SYMBOL,
    )
    return trial, origin


def evidence(kind: VenueType, *, live: bool) -> Evidence:
    """What a run on an account of this type proves."""
    if kind.simulated:
        return "simulator"
    return "live" if live else "sandbox"


def _check_live(name: str, *, live: bool, options: Options) -> None:
    """A live account is tried when it is said twice, and nothing else is called live."""
    if live and not options.live:
        remedy = f"try an account of the sandbox (live = false), or say --live and --account-at-risk {name}"
        raise click.UsageError(f"account {name!r} is live: the suite would send real orders; {remedy}")
    if options.live and not live:
        raise click.UsageError(f"account {name!r} is not live; leave --live out, or set live = true if it is")
    if options.at_risk is not None and options.at_risk != name:
        raise click.UsageError(
            f"--account-at-risk says {options.at_risk[:64]!a}, and {name!r} is to be tried; nothing was sent"
        )


def secrets_in(value: Any) -> Iterator[str]:
    """The texts of a configuration that may be shown nowhere."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from secrets_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from secrets_in(each)


async def _beside_a_host(config: HubConfig, name: str, trial: Trial) -> None:
    """A host with the same account is no conflict, since its journal is left alone; but it sees orders that are not its own."""
    try:
        told = [each["name"] for each in await ask_host(config, "status") if each["ready"]]
        opened = [each for each in told if config.accounts[each].venue == config.accounts[name].venue]
    except (NoHost, FksExecError, OSError, KeyError, TypeError):  # none runs, or one of another version
        return
    if opened and isinstance(trial.venue, VenueType) and trial.venue.exclusive:
        text = f"a host runs and has {', '.join(opened)} open, and the venue serves one account at a time; stop the host first"
        raise FksExecError(f"{text}; nothing was sent")
    if name in opened and trial.level != "simulator":
        text = f"a host serves account {name} meanwhile; it will tell of foreign orders and of positions that are not its own"
        click.echo(f"fks-exec: {text}", err=True)


def _announced(name: str, trial: Trial) -> Trial:
    """What will be sent is said before it is; the trial with its quantity."""
    rules, price, quantity = asyncio.run(_look(trial))
    worth = f"{plain(round(rules.notional(quantity, price), 8))} {rules.settle_currency or ''}".strip()
    size = f"{plain(quantity)} {trial.symbol}, worth about {worth}"
    for line in (
        f"account {name}: orders go to {WHERE[trial.level]}",
        f"each of {size}, a few of some times that; up to {AT_ONCE} at the same time",
        "what is bought is sold again, what rests is cancelled, and what is left all the same is told",
    ):
        click.echo(printable(f"fks-exec: {line}"), err=True)
    return attrs.evolve(trial, quantity=quantity)


async def _look(trial: Trial) -> tuple[Instrument, Decimal, Decimal]:
    """The rules of what is traded, its price, and the quantity of one order; nothing is sent."""
    from fks_exec.testing.leaving import least, opened, rules_of

    async with opened(trial) as account:
        rules = await rules_of(account, trial.symbol)
        quote = await account.fetch_data(trial.symbol)
    price = quote.price_for(Side.BUY) or quote.last or quote.price_for(Side.SELL)
    if not price:
        raise FksExecError(f"the venue gives no price of {trial.symbol}; name another instrument with --symbol")
    if trial.quantity is not None:
        return rules, price, trial.quantity
    each = rules.contract_size * (1 if rules.kind is Kind.INVERSE else price)  # in quote currency
    enough = ZERO if rules.min_notional is None else rules.min_notional / each
    return rules, price, rules.quantity_up(2 * max(least(rules), enough) or Decimal(2))


def _confirmed(console: Console, name: str, trial: Trial, options: Options) -> None:
    """A live account is named twice."""
    if not options.live or options.at_risk == name:
        return
    if console.json or not sys.stdin.isatty():
        raise click.UsageError(f"say --account-at-risk {name} too; nothing was sent")
    if click.prompt(f"Type the name of the account to send these orders ({name})", err=True) != name:
        raise click.UsageError("that is not its name; nothing was sent")


def document_of(name: str, report: Report) -> dict[str, object]:
    """The report as plain data."""
    return {
        "account": name,
        "passed": report.passed and not report.left_behind,
        "level": report.level,
        "tests": {suite: to_dict(results) for suite, results in report.by_class().items()},
        "failed": [{"test": test.title, "floor": test.floor, "reason": test.reason} for test in report.failed],
        "proved": report.proved,
        "left_behind": report.left_behind,
        "record": report.file,
        "unrecorded": report.unrecorded,
    }
