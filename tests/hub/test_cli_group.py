# SPDX-License-Identifier: MIT
"""The command line as a whole: commands by entry point, help without imports, failures as sentences, exit codes."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
import pytest

from fks_exec import (
    AccountNotReady,
    ConfigError,
    InvalidOrder,
    NotSupported,
    PluginError,
    UnknownSymbol,
    VenueAuthError,
)
from fks_exec_hub import HubClosed, UnknownAccount
from fks_exec_hub.cli import ELSEWHERE, SUMMARIES, group, run
from fks_exec_hub.cli.failures import InDoubt, Interrupted, explain
from fks_exec_hub.journal.protocol import JournalInUse, JournalUnavailable, JournalUncertain

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["capabilities", "check", "config", "explain", "health", "journal", "order", "orders", "plugins", "positions", "quote"]
NAMES += ["halt", "resume"]


def fks_exec(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The console script, in a process of its own."""
    script = shutil.which("fks-exec", path=sysconfig.get_path("scripts"))
    assert script
    return subprocess.run([script, *words], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def bring(folder: Path, distribution: str, commands: dict[str, str], **modules: str) -> str:
    """Install a distribution that brings commands, as pip would leave it; returns the PYTHONPATH."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", "utf-8")
    lines = ["[fks_exec.commands]", *(f"{name} = {target}" for name, target in commands.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source, "utf-8")
    return str(folder)


def test_help_lists_every_command_and_the_exit_codes() -> None:
    """From the console script itself, with exit 0."""
    done = fks_exec("--help")
    assert done.returncode == 0
    for name in NAMES:
        assert f"\n  {name} " in done.stdout
    assert "78 configuration" in " ".join(done.stdout.split())


def test_help_imports_no_plugin_and_no_command() -> None:
    """A broken or slow SDK must not stand between a user and the help."""
    probe = (
        "import sys; from fks_exec_hub.cli import run; run(['--help']); "
        "print([m for m in sys.modules if m.startswith(('fks_exec_paper', 'fks_exec_server', 'fks_exec_hub.plugin', 'apsw'))"
        " or m.startswith('fks_exec_hub.cli.') and m != 'fks_exec_hub.cli.output'])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_and_takes_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also the commands below a group."""
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    if "COMMAND [ARGS]" in text:
        for inner in [line.split()[0] for line in text.partition("Commands:\n")[2].splitlines()]:
            assert run([name, inner, "--help"]) == 0
            assert "--json" in capsys.readouterr().out
    else:
        assert "--json" in text


def test_the_summaries_in_help_fit_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of first-party commands does not go stale: each one is there, or elsewhere."""
    for name in sorted(set(SUMMARIES) - set(ELSEWHERE)):
        assert run([name, "--help"]) == 0, name
    capsys.readouterr()


def test_serve_that_is_not_installed_says_what_to_install(tmp_path: Path) -> None:
    """Exit 78 and the pip command; -I and an empty group stand for a machine without the server."""
    probe = (
        "import fks_exec_hub.cli as cli, sys; real = cli._points;"
        "cli._points = lambda: {k: v for k, v in real().items() if k != 'serve'}; sys.exit(cli.run(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", probe, "serve"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (78, "")
    assert "pip install fks-exec-server" in done.stderr
    listed = subprocess.run([sys.executable, "-c", probe, "--help"], capture_output=True, text=True, timeout=60)
    assert "pip install fks-exec-server" in " ".join(listed.stdout.split())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The hub's."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("fks-exec, version ")


def test_a_strangers_command_is_listed_with_its_distribution_and_runs(tmp_path: Path) -> None:
    """Its module is imported when it is called, not before."""
    source = "import click\nprint('imported')\n@click.command()\ndef tape():\n    click.echo('tape runs')\n"
    path = bring(tmp_path, "acme-tape", {"tape": "acme_tape:tape"}, acme_tape=source)
    listed = fks_exec("--help", PYTHONPATH=path)
    assert "tape From acme-tape 1.0." in " ".join(listed.stdout.split())
    assert "imported" not in listed.stdout
    assert fks_exec("tape", PYTHONPATH=path).stdout == "imported\ntape runs\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise RuntimeError('no such library')", "RuntimeError: no such library"),
        ("tape = 42", "is a int, not a click command"),
        ("import absent_library", "No module named 'absent_library'"),
    ],
)
def test_a_command_that_does_not_load_is_a_sentence_that_names_its_distribution(tmp_path: Path, source: str, says: str) -> None:
    """And nothing more."""
    path = bring(tmp_path, "acme-tape", {"tape": "acme_tape:tape"}, acme_tape=source)
    done = fks_exec("tape", PYTHONPATH=path)
    assert done.returncode == 78
    assert says in done.stderr
    assert "acme-tape 1.0" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_two_distributions_with_one_command_are_both_named(tmp_path: Path) -> None:
    """Neither wins in silence."""
    source = "import click\ntape = click.Command('tape')\n"
    bring(tmp_path, "acme-tape", {"tape": "acme_tape:tape"}, acme_tape=source)
    path = bring(tmp_path, "weekend-tape", {"tape": "weekend_tape:tape"}, weekend_tape=source)
    done = fks_exec("tape", PYTHONPATH=path)
    assert done.returncode == 78
    assert "acme-tape 1.0" in done.stderr
    assert "weekend-tape 1.0" in done.stderr


def test_an_unknown_command_is_a_usage_error_with_the_near_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert run(["ordr"]) == 2
    assert "did you mean order?" in capsys.readouterr().err
    assert run(["xyzzy"]) == 2
    assert "--help" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ordr", "--json"], ["--json", "orders", "show"], ["plugins", "--json", "--what"]])
def test_with_json_errors_are_one_document_on_stdout(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is printed; the code is a word, the exit code a number."""
    assert run(words) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["code"] == "USAGE"
    assert document["exit_code"] == 2
    assert document["error"]


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (ConfigError("accounts.a.venue", "is missing"), "CONFIG", 78),
        (PluginError("it is broken"), "PLUGIN", 78),
        (InvalidOrder("quantity", "is not greater than zero"), "INVALID", 2),
        (UnknownSymbol("X"), "UNKNOWN_SYMBOL", 2),
        (UnknownAccount("there is no account 'x'"), "UNKNOWN_ACCOUNT", 2),
        (click.UsageError("what?"), "USAGE", 2),
        (AccountNotReady("a", "it is down"), "ACCOUNT_NOT_READY", 1),
        (NotSupported("no"), "NOT_SUPPORTED", 1),
        (VenueAuthError("bad key", code="-2015"), "-2015", 1),
        (HubClosed("closing"), "FAILED", 1),
        (JournalUnavailable("the disk is full"), "JOURNAL", 1),
        (JournalUncertain("maybe"), "JOURNAL_UNCERTAIN", 3),
        (JournalInUse("/x.db", 42), "JOURNAL_IN_USE", 1),
        (InDoubt("look"), "IN_DOUBT", 3),
        (Interrupted("stopped"), "INTERRUPTED", 130),
        (KeyboardInterrupt(), "INTERRUPTED", 130),
        (click.Abort(), "INTERRUPTED", 130),
        (PermissionError(13, "Permission denied", "/x"), "SYSTEM", 1),
        (RuntimeError("key=abc"), "UNEXPECTED", 1),
    ],
)
def test_each_failure_has_its_code_and_exit_code(error: BaseException, code: str, exit_code: int) -> None:
    """One table, in one place."""
    failure = explain(error)
    assert (failure.code, failure.exit_code) == (code, exit_code)
    assert failure.sentence


def test_a_journal_in_use_says_whose_it_is_and_what_to_do() -> None:
    """The pid, the two ways on, and that nothing was sent."""
    sentence = explain(JournalInUse("/x/fks-exec.db", 4711)).sentence
    assert "process 4711" in sentence
    assert "over HTTP" in sentence
    assert "stop it" in sentence
    assert "nothing was sent" in sentence
    assert "another process" in explain(JournalInUse("/x", 0)).sentence


def test_an_unexpected_error_shows_its_place_and_not_its_text() -> None:
    """SDKs put signed addresses and keys into their errors."""
    try:
        raise RuntimeError("https://x/?apiKey=geheim")
    except RuntimeError as error:
        sentence = explain(error).sentence
    assert "geheim" not in sentence
    assert "test_cli_group.py" in sentence


def test_a_trace_is_shown_only_with_verbose(tmp_path: Path) -> None:
    """The sentence says how."""
    source = "import click\n@click.command()\ndef tape():\n    raise RuntimeError('boom')\n"
    path = bring(tmp_path, "acme-tape", {"tape": "acme_tape:tape"}, acme_tape=source)
    quiet, loud = fks_exec("tape", PYTHONPATH=path), fks_exec("--verbose", "tape", PYTHONPATH=path)
    assert (quiet.returncode, loud.returncode) == (1, 1)
    assert "Traceback" not in quiet.stderr
    assert "--verbose" in quiet.stderr
    assert "Traceback" in loud.stderr


def options(*words: str) -> set[str]:
    """The long options of a command and of those below it, but --help and --json, from the commands themselves."""
    context = click.Context(group)
    found: list[click.Command] = [group.get_command(context, name) for name in words]  # type: ignore[misc]
    for command in list(found):
        found += command.commands.values() if isinstance(command, click.Group) else []
    names = {name for command in found for parameter in command.params for name in parameter.opts if name.startswith("--")}
    return names - {"--help", "--json"}


def test_the_documentation_has_every_option_and_no_other() -> None:
    """docs/cli.md does not go stale."""
    text = (ROOT / "docs/cli.md").read_text("utf-8")
    known = options(*NAMES) | {"--config", "--verbose", "--version", "--json", "--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) == known
