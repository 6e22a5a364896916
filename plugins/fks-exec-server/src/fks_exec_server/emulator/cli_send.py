# SPDX-License-Identifier: MIT
"""``fks-exec tradingview send`` and ``emulate``: one alert, and many."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TextIO, TypeVar

import attrs
import click

from fks_exec import InvalidOrder
from fks_exec.model.numbers import decimal
from fks_exec_hub.cli.failures import ExitCode
from fks_exec_hub.cli.output import Console, json_option, pass_console

from .client import Client, Reply, Target
from .delivery import LIMIT, REPEAT_AFTER, Delivery, Fate, content_type, deliver
from .placeholders import names, render, samples
from .plan import MESSAGE, Load, plan, read_rate
from .report import Report, report
from .run import Way
from .run import emulate as run_plan
from .setup import read_message, targets

F = TypeVar("F", bound=Callable[..., Any])

_EXITS = {
    Fate.DONE: ExitCode.DONE,
    Fate.PENDING: ExitCode.OPEN,
    Fate.IN_DOUBT: ExitCode.OPEN,
    Fate.REFUSED: ExitCode.FAILED,
    Fate.NEVER_IN: ExitCode.FAILED,
}


def _repeat_after(function: F) -> F:
    seconds = click.FloatRange(min=0, max=3600)
    text = "Seconds until an answer of 500 to 599 is sent again; at most three times."
    return click.option("--repeat-after", type=seconds, default=REPEAT_AFTER, show_default=True, help=text)(function)


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--url", envvar="FKS_EXEC_WEBHOOK", show_envvar=True, help="The webhook, secret included.")
@click.option("--key", metavar="NAME", help="Instead: a key of [plugins.server.keys], on this machine.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="The value of a placeholder; may be repeated.")
@_repeat_after
@json_option
@pass_console
def send(console: Console, file: TextIO, url: str | None, key: str | None, given: Sequence[str], repeat_after: float) -> int:
    """Render a message (- reads standard input) and send it as TradingView does.

    Exit 0: taken, nothing of it is open; 1: refused, or it never got in; 3: taken and still open, or no answer came.
    """
    target = _one(targets(console, [url] if url and not key else [], [key] if key else []))
    text = read_message(file)
    message = render(text, samples(time.time(), text) | _values(given, text)).encode()

    async def post(body: bytes, headers: Any) -> Reply:
        return await Client(target).post(body, headers, seconds=LIMIT)

    done = asyncio.run(deliver(post, message, name="alert", repeat_after=repeat_after))
    console.show(_document(done, message), "\n".join(_said(done, message)))
    return _EXITS[done.fate]


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--url", "urls", multiple=True, envvar="FKS_EXEC_WEBHOOK", show_envvar=True, help="A webhook; one for each key.")
@click.option("--key", "keys", multiple=True, metavar="NAME", help="Instead: a key of [plugins.server.keys], on this machine.")
@click.option("--rate", default="1/s", show_default=True, help="Alerts a second (50/s) or a minute (1000/m); 0: bursts only.")
@click.option("--seconds", type=click.FloatRange(min=0, max=86_400), default=10.0, show_default=True, help="For how long.")
@click.option("--burst", type=click.IntRange(min=0, max=100_000), default=0, help="Alerts in the second of each bar's close.")
@click.option("--bar", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds from close to close.")
@click.option("--strategies", type=click.IntRange(min=1, max=10_000), default=4, show_default=True, help="How many trade.")
@click.option("--symbol", "symbols", multiple=True, default=("BINANCE:BTCUSDT",), show_default=True, help="Of their charts.")
@click.option("--size", default="0.01", show_default=True, help="Of one position, base units or contracts.")
@click.option("--sources/--no-sources", default=True, help="Name TradingView's addresses in X-Forwarded-For; on by default.")
@click.option("--elsewhere", is_flag=True, help="Allow a webhook that is not on this machine.")
@_repeat_after
@json_option
@pass_console
def emulate(console: Console, /, file: TextIO | None, **options: Any) -> int:
    """Send many alerts of strategies that enter, leave and reverse, each at its time, and name those that never got in.

    FILE is a message; besides TradingView's placeholders it has {{emulated.id}}, {{emulated.symbol}} and
    {{emulated.strategy}}. Exit 0: all are in; 1: some never got in, or were taken for others; 3: some had no answer.
    """
    where = targets(console, () if options["keys"] else options["urls"], options["keys"])
    if not where:
        raise click.UsageError("where to? give --url, or --key")
    if not options["elsewhere"]:
        _check_ours(where)
    message = read_message(file) if file else MESSAGE
    way = Way(message=message, sources=options["sources"], repeat_after=options["repeat_after"])
    planned = plan(_load(options), keys=len(where), run=f"em-{secrets.token_hex(4)}")
    if not planned:
        raise click.UsageError("there is nothing to send; raise --rate, --seconds or --burst")
    found = report(asyncio.run(run_plan(planned, where, way)))
    console.show(attrs.asdict(found), "\n".join(found.lines))
    return _exit(found)


def _load(options: dict[str, Any]) -> Load:
    return Load(
        rate=read_rate(options["rate"]),
        seconds=options["seconds"],
        burst=options["burst"],
        bar=options["bar"],
        strategies=options["strategies"],
        symbols=tuple(options["symbols"]),
        size=_size(options["size"]),
    )


def _size(text: str) -> Decimal:
    size = decimal(text, "size")
    if size <= 0:
        raise InvalidOrder("size", "is not above zero")
    return size


def _one(found: Sequence[Target]) -> Target:
    if not found:
        raise click.UsageError("where to? give --url, or --key")
    return found[0]


def _check_ours(where: Sequence[Target]) -> None:
    """Many alerts at somebody else's host are an attack, and a made-up X-Forwarded-For is a lie."""
    for target in where:
        if not _ours(target.host):
            problem = f"{target.host} is not this machine; to load a host of yours elsewhere say --elsewhere"
            raise click.UsageError(problem)


def _ours(host: str) -> bool:
    """Whether each address of a name is one that this machine can listen on."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(_binds(family, name[0]) for family, _, _, _, name in found)


def _binds(family: int, address: object) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


def _values(given: Sequence[str], text: str) -> dict[str, str]:
    """Raises click.BadParameter: no NAME=VALUE, or a name that the message does not have: it would be sent without it."""
    for each in given:
        if "=" not in each:
            raise click.BadParameter(f"{each[:60]!a} is not NAME=VALUE", param_hint="--set")
    values = dict((name.strip("{} "), value) for name, _, value in (each.partition("=") for each in given))
    there = list(dict.fromkeys(names(text)))
    for name in values:
        if name not in there:
            near = get_close_matches(name, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(there) or 'none'}"
            problem = f"the message has no placeholder {name[:60]!a}, and nothing was sent; {hint}"
            raise click.BadParameter(problem, param_hint="--set")
    return values


def _document(done: Delivery, message: bytes) -> dict[str, object]:
    return {
        "fate": done.fate,
        "content_type": content_type(message),
        "message": message.decode(),
        "tries": [{"code": each.reply.code, "problem": each.reply.problem, "ms": _ms(each.took)} for each in done.tries],
        "answer": dict(done.answer),
    }


def _said(done: Delivery, message: bytes) -> list[str]:
    tries = [f"{each.reply.code or each.reply.problem} after {_ms(each.took):g} ms" for each in done.tries]
    advice = {
        Fate.PENDING: ": it is written down and still open; ask how it stands, do not send another",
        Fate.IN_DOUBT: ": it may be in; look before you send another (fks-exec orders list)",
        Fate.NEVER_IN: ": it never got in, and TradingView would not send it again",
    }.get(done.fate, "")
    name = f" as {done.client_order_id}" if done.client_order_id else ""
    return [f"sent as {content_type(message)}", *tries, f"{done.fate}{name}{advice}", done.reason]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _exit(found: Report) -> ExitCode:
    if found.never_in or found.taken_for_others:
        return ExitCode.FAILED
    return ExitCode.OPEN if found.in_doubt else ExitCode.DONE
