# SPDX-License-Identifier: MIT
"""``python -m fks_exec.testing --venue MODULE:NAME``: the suite on any venue."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve, fields

from ..account import Account
from ..errors import ConfigError, FksExecError, InvalidOrder
from ..model.extension import VenueType
from ..model.numbers import decimal
from ..outcomes import where
from .finding import configured, found
from .trial import LEVELS, Level, Trial

NEEDED = ("pytest", "pytest_asyncio")

PATIENCE = 120.0
"""Seconds for which one test may take; those in which it waits for the venue come to them, for so many waits:"""

WAITS = 20


def arguments(words: list[str]) -> argparse.Namespace:
    """What stands on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m fks_exec.testing",
        description="Run the conformance suite on a venue.",
        epilog="Exit codes: 0 passed; 1 failed; 2 usage; 3 something was left behind; 78 configuration. "
        "python -m fks_exec.testing FOLDER serves the simulated venue instead; 'FOLDER --help' says how.",
    )
    parser.add_argument(
        "--venue", required=True, metavar="MODULE:NAME", help="a VenueType, a Trial, or what makes a venue object"
    )
    parser.add_argument("--config", type=_table, metavar="JSON", help="the account's config table, as JSON or a file of JSON")
    parser.add_argument("--symbol", help="canonical; default: BTC/USDT")
    parser.add_argument("--quantity", type=_positive, help="of one order, base units or contracts")
    parser.add_argument("--seconds", type=lambda text: float(_positive(text)), help="to wait for the venue at most")
    parser.add_argument("--level", choices=LEVELS, help="what the run proves; default: by what the venue says of itself")
    parser.add_argument(
        "--at-risk", metavar="NAME", help="with --level live: the venue's name once more, since real money is spent"
    )
    parser.add_argument("--only", action="append", default=[], metavar="CLASS", help="a class of the suite; may be repeated")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write a conformance record")
    parser.add_argument("--verbose", "-v", action="store_true", help="a line for each test, and traces")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run it; what goes wrong becomes a sentence."""
    options = arguments(words)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    try:
        if missing:
            raise ConfigError("", f"{' and '.join(missing)} cannot be imported; run: pip install 'fks-exec[testing]'")
        with watched(PATIENCE + WAITS * (options.seconds or Trial(venue=object).seconds)):
            return _run(options)
    except FksExecError as error:
        print(f"error: {error}", file=sys.stderr)
        return 78


def _run(options: argparse.Namespace) -> int:
    trial, counterpart = found(options.venue)
    said = {name: getattr(options, name) for name in ("symbol", "quantity", "seconds", "level")}
    trial = configured(trial, options.config, **said)
    if counterpart is None and isinstance(trial.venue, VenueType):
        trial = _careful(trial, options)
    if fault := _fault(trial):
        print(f"FAILED {fault}\n{trial.title}: 0 passed, 1 failed; nothing else was tried")
        return 1
    from .running import run  # pytest is imported by it, which has been looked for by now

    report = run(trial, counterpart, classes=options.only, record=options.record, verbose=options.verbose)
    if not report.passed:
        return 1
    return 3 if report.left_behind else 0


def _fault(trial: Trial) -> str:
    """What every test would trip over, in a sentence: no account opens, or its symbol is not traded; empty: nothing."""
    try:
        return asyncio.run(_opening(trial))
    except SystemExit:  # of a coroutine of the venue's: it stops the event loop
        return "the account cannot be opened: the venue raised SystemExit; raise a VenueError with a sentence"


async def _opening(trial: Trial) -> str:
    """What went wrong with it."""
    with tempfile.TemporaryDirectory(prefix="fks-exec-", ignore_cleanup_errors=True) as folder:
        doing = "the account cannot be opened"
        try:
            upper = None if isinstance(trial.venue, VenueType) else trial.capabilities
            words: dict[str, Any] = {"capabilities": upper, "timeout": trial.seconds, "live": trial.level == "live"}
            account = Account("trial", trial.make(), trial.config, state_dir=Path(folder), **words)
            try:
                await account.open()
                doing = (
                    f"there is no quote of {trial.symbol}; name an instrument that trades now with --symbol, or in the Trial"
                )
                await account.fetch_data(trial.symbol)
            finally:
                await account.close()
        except FksExecError as error:
            return f"{doing}: {error}"
        except (Exception, SystemExit) as error:
            return f"{doing}: the venue raised {type(error).__name__}{where(error)}; raise a VenueError with a sentence"
    return ""


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """End the process with a sentence where one test takes longer: what blocks the event loop cannot be interrupted."""
    over, output = threading.Event(), os.dup(sys.stderr.fileno() if _has_number(sys.stderr) else 2)

    def look() -> None:
        test, since = "", 0.0
        while not over.wait(1.0):
            now = os.environ.get("PYTEST_CURRENT_TEST", "")
            test, since = (now, 0.0) if now != test else (test, since + 1.0)
            if since > seconds:
                what = test.rpartition("::")[2].partition(" ")[0] or "making and opening the venue"
                remedy = "does it wait for a lock, or sleep, in the event loop, or in a plain method without a limit of time?"
                os.write(output, f"FAILED {what}: not over after {seconds:.0f} s; {remedy}\n".encode())
                os._exit(1)

    watch = threading.Thread(target=look, name="watch of the suite", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        os.close(output)


def _has_number(stream: Any) -> bool:
    try:
        return isinstance(stream.fileno(), int)
    except (AttributeError, OSError, ValueError):
        return False


def _careful(trial: Trial, options: argparse.Namespace) -> Trial:
    """A venue with a secret may be a real one: what is sent to it is said, and what is bought is sold again.

    Raises:
        ConfigError: real money is at stake, and that was not said twice; or it is no account where any could be.
    """
    assert isinstance(trial.venue, VenueType)  # noqa: S101
    if trial.venue.simulated:
        if trial.level in ("sandbox", "live"):
            text = f"{trial.title} is simulated; what it shows is no evidence of the level {trial.level}; leave it out"
            raise ConfigError("--level", text)
        return evolve(trial, level=options.level or "simulator")
    if trial.level == "live" and options.at_risk != trial.title:
        raise ConfigError("--at-risk", f"orders with real money are sent; if that is meant, write --at-risk {trial.title}")
    level: Level = options.level or trial.level
    if level == "offline" and options.level is None and _has_secret(trial.venue.config):
        level = "sandbox"
    if level in ("sandbox", "live"):
        size = "twice the smallest quantity" if trial.quantity is None else str(trial.quantity)
        what = f"orders of {size} of {trial.symbol} go to {trial.title} ({level})"
        print(f"{what}; what is bought is sold again, what rests is cancelled", file=sys.stderr)
    return evolve(trial, level=level)


def _has_secret(config: type[Any]) -> bool:
    """Whether there is anything to authenticate with; a venue without it is nobody's account."""
    return any("Secret" in str(field.type) for field in fields(config))


def _positive(text: str) -> Decimal:
    try:
        number = decimal(text)
    except InvalidOrder as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not greater than zero")
    return number


def _table(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text[:60]!a} is neither JSON nor a file of JSON ({error})") from None
    if not isinstance(data, dict):
        raise argparse.ArgumentTypeError('it is no table; write \'{"key": "value"}\'')
    return data
