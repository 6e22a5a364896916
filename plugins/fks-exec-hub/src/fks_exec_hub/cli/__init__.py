# SPDX-License-Identifier: MIT
"""The command line ``fks-exec``: a group whose commands are entry points, imported when they are called."""

from __future__ import annotations

import difflib
import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from fks_exec.errors import ConfigError, PluginError

from .output import Console, json_option, logging_to_stderr

GROUP = "fks_exec.commands"

SUMMARIES = {
    "capabilities": "Show what an account can do now, and what its venue type can do at most.",
    "check": "Try the configuration, the plugins, the secrets, the journal; --open: the accounts too.",
    "config": "Print a commented table for a venue, a guard or an observer.",
    "conformance": "Run the conformance suite on an account; --record writes what it proves.",
    "explain": "Say what a code or a status means and what to do about it.",
    "halt": "Let an account only reduce, or do nothing but cancel.",
    "health": "Open the accounts and ask each how it is.",
    "journal": "Verify the journal.",
    "keys": "Make, list and revoke the keys of the HTTP host.",
    "new-guard": "Write the repository of a guard of your own.",
    "new-observer": "Write the repository of an observer of your own.",
    "new-venue": "Write the repository of a venue plugin of your own; it passes its tests at once.",
    "order": "Send one order and wait for what becomes of it.",
    "orders": "List, show, cancel and change orders; resolve one of unknown outcome.",
    "plugins": "List the installed plugins and what became of each.",
    "positions": "Show the positions that our own fills built up.",
    "proxy": "Print the configuration of a TLS proxy in front of the host.",
    "quote": "Ask an account's venue for a price.",
    "resume": "Let an account trade again.",
    "serve": "Run the HTTP host.",
    "token": "Make a key pair for tokens, and issue short-lived tokens.",
    "trace": "Print the life of one order, step by step, with times.",
    "tradingview": "Write, check and send TradingView alerts, as TradingView does.",
}
"""What ``--help`` says about the first-party commands, so that it need not import them."""

ELSEWHERE = dict.fromkeys(("keys", "proxy", "serve", "token", "tradingview"), "fks-exec-server")
"""First-party commands that come with another distribution."""


class Commands(click.Group):
    """Commands by entry point; ``--help`` reads their names and imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The first-party commands, installed or not, then the others."""
        return [*SUMMARIES, *sorted(set(_points()) - set(SUMMARIES))]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in ``--help``."""
        points = _points()
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name, points.get(name, []))) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command.

        Raises:
            ConfigError: it comes with a distribution that is not installed.
            PluginError: it cannot be imported, or two distributions bring it.
        """
        points = _points().get(cmd_name, [])
        if not points and cmd_name in ELSEWHERE:
            raise ConfigError("", f"'fks-exec {cmd_name}' is not installed; run: pip install {ELSEWHERE[cmd_name]}")
        return _load(cmd_name, points) if points else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {near[0]}?" if near else "'fks-exec --help' lists the commands"
            raise click.UsageError(f"there is no command {args[0][:40]!a}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _points() -> dict[str, list[importlib.metadata.EntryPoint]]:
    found: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        if point not in found.setdefault(point.name, []):
            found[point.name].append(point)
    return found


def _summary(name: str, points: Sequence[importlib.metadata.EntryPoint]) -> str:
    if not points and name in ELSEWHERE:
        return f"{SUMMARIES[name]} (Missing: pip install {ELSEWHERE[name]})"
    return SUMMARIES[name] if name in SUMMARIES else f"From {' and '.join(map(_origin, points))}."


def _origin(point: importlib.metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _load(name: str, points: Sequence[importlib.metadata.EntryPoint]) -> click.Command:
    if len(points) > 1:
        both = " and ".join(f"{_origin(point)} ({point.value})" for point in points)
        raise PluginError(f"{both} both bring a command {name!r}; uninstall one of them")
    [point] = points
    label, remedy = f"the command {name!r} of {_origin(point)} ({point.value})", "reinstall or remove that distribution"
    try:
        command = point.load()
    except Exception as error:  # a stranger's module may raise anything
        raise PluginError(f"{label} cannot be loaded: {type(error).__name__}: {error}; {remedy}") from error
    if not isinstance(command, click.Command):
        raise PluginError(f"{label} is a {type(command).__name__}, not a click command; {remedy}")
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration; default: $FKS_EXEC_CONFIG, else ./fks-exec.toml.",
)
@click.option("--verbose", is_flag=True, help="Log to stderr, with the places at which errors arose.")
@click.version_option(package_name="fks-exec-hub", prog_name="fks-exec")
@json_option
@click.pass_context
def group(ctx: click.Context, path: Path | None, verbose: bool) -> None:
    """One interface for every trading venue; every order sent once or provably not at all.

    Exit codes: 0 done; 1 denied, rejected, a check failed; 2 usage; 3 open or unknown; 78 configuration.
    """
    console = ctx.ensure_object(Console)
    console.path = path
    console.verbose = verbose
    ctx.with_resource(logging_to_stderr(verbose=verbose))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; what goes wrong becomes a sentence, never a trace.

    Args:
        arguments: without the program's name; None: those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = group.main(words, prog_name="fks-exec", standalone_mode=False)
    except SystemExit:
        raise
    except BaseException as error:  # also an interrupt: it has a sentence and an exit code of its own
        from .failures import report

        return report(error, as_json="--json" in words, verbose="--verbose" in words)
    return int(code) if isinstance(code, int) else 0


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a character that the terminal lacks is no reason to fail after an order
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run())
