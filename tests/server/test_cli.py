# SPDX-License-Identifier: MIT
"""``fks-exec serve`` as a process: how it starts, stops, and says why it does not start."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from fks_exec_hub.sockets import place
from fks_exec_server import cli

SECRET = "canary-0123456789abcdefghijklmnopqrstuvwxyz"

CONFIG = """
journal = "sqlite:fks-exec.db"
[accounts.paper]
venue = "paper"
guards = []
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 59999
ask = 60000
[plugins.server]
bind = "127.0.0.1:0"
operations = "127.0.0.1:0"
[plugins.server.keys.tv]
secret = { env = "TV_SECRET" }
accounts = ["paper"]
"""

COMMAND = [sys.executable, "-c", "from fks_exec_hub.cli import main; main()"]


def environment(**variables: str) -> dict[str, str]:
    """This process's, with the secret."""
    return {**os.environ, "TV_SECRET": SECRET, **variables}


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=30
    )


@contextmanager
def serving(folder: Path, arguments: Sequence[str] = ("serve",)) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that is ready, and its first line; killed if the test leaves it running."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment(), stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            if process.poll() is None:
                process.kill()


def config(folder: Path, text: str = CONFIG) -> Path:
    """The file, in the folder."""
    path = folder / "fks-exec.toml"
    path.write_text(text, "utf-8")
    return path


def refused(line: str, body: bytes) -> None:
    """Send what is no good alert to the host of a ready line: by its key, and by a stranger's."""
    for secret in (SECRET, f"{SECRET}x"):
        with pytest.raises(HTTPError) as answer:
            urlopen(f"{line.split()[3].rstrip(',')}/webhook/tradingview/{secret}", data=body, timeout=5)
        answer.value.close()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_a_signal_ends_it_with_zero(tmp_path: Path, signum: int) -> None:
    """Nothing on stderr: a stop is no fault."""
    config(tmp_path)
    with serving(tmp_path) as (process, line):
        words = line.split()
        assert words[:3] == ["ready:", "alerts", "on"]
        with urlopen(f"{words[-1]}/health/ready", timeout=5) as answer:
            assert json.load(answer)["status"] == "ready"
        with pytest.raises(HTTPError) as missing:
            urlopen(f"{words[3].rstrip(',')}/health/ready", timeout=5)
        missing.value.close()
        assert missing.value.code == 404
        process.send_signal(signum)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP")
def test_a_terminal_that_is_gone_stops_it_in_order(tmp_path: Path) -> None:
    """Nor does it end without a word; the configuration is not read again."""
    config(tmp_path)
    with serving(tmp_path) as (process, _):
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "SIGHUP: the host stops" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP")
def test_a_host_that_was_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    """As nohup asks for it."""
    config(tmp_path)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with serving(tmp_path) as (process, line):
            process.send_signal(signal.SIGHUP)
            with urlopen(f"{line.split()[-1]}/health/live", timeout=5) as answer:
                assert answer.status == 200
            process.terminate()
            _, err = process.communicate(timeout=15)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (process.returncode, err) == (0, "")


def test_an_alert_that_is_refused_stands_in_the_log_as_text(tmp_path: Path) -> None:
    """With its code and the key's name; what a stranger sends does not."""
    config(tmp_path)
    with serving(tmp_path) as (process, line):
        refused(line, b'{"symbol": "BTC/USDT", "action": "buy", "quantity": "1"}')
        process.terminate()
        _, err = process.communicate(timeout=15)
    [said] = [each for each in err.splitlines() if "/webhook/" in each]
    assert "422 NO_DEDUP_KEY, from tv" in said
    assert "not found" not in err
    assert SECRET not in err


def test_the_ready_line_can_be_json(tmp_path: Path) -> None:
    """One line, for whoever starts it from a program."""
    config(tmp_path)
    with serving(tmp_path, ("serve", "--json")) as (process, line):
        document = json.loads(line)
        process.terminate()
        assert process.wait(timeout=15) == 0
    assert document["status"] == "ready"
    assert document["alerts"].startswith("http://127.0.0.1:")


def test_verbose_logs_do_not_show_the_secret(tmp_path: Path) -> None:
    """Neither the configuration's nor the path's."""
    config(tmp_path)
    with serving(tmp_path, ("--verbose", "serve")) as (process, line):
        refused(line, b"no alert")
        process.terminate()
        out, err = process.communicate(timeout=15)
    assert "was refused" in err
    assert SECRET not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="no local sockets")
def test_an_operators_words_reach_the_server_that_runs(tmp_path: Path) -> None:
    """The account is halted at once, the server tells it and logs it, and its socket goes with it."""
    config(tmp_path)
    with serving(tmp_path) as (process, line):
        said = run(tmp_path, "halt", "paper", "--because", "a test")
        assert (said.returncode, said.stdout, said.stderr) == (0, "paper is halted: a test\n", "")
        with urlopen(f"{line.split()[-1]}/health/ready", timeout=5) as answer:
            [account] = json.load(answer)["accounts"]
        assert (account["ready"], account["halt"], account["halt_reason"]) == (True, "halted", "a test")
        path = place(tmp_path / "state", make=False)
        assert path.is_socket()
        process.terminate()
        _, err = process.communicate(timeout=15)
    assert "control: halted paper: a test" in err
    assert not path.exists()


def test_a_journal_that_another_process_owns_is_a_sentence_with_its_id(tmp_path: Path) -> None:
    """Two hosts on one journal would both send."""
    config(tmp_path)
    with serving(tmp_path) as (first, _):
        second = run(tmp_path, "serve")
        assert second.returncode == 1
        assert f"is in use by process {first.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        first.terminate()
        assert first.wait(timeout=15) == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('accounts = ["paper"]', 'accounts = ["savings"]', "plugins.server.keys.tv.accounts: there is no account 'savings'"),
        ("[plugins.server.keys.tv]", "[plugins.server.kees.tv]", "is unknown; did you mean keys?"),
        ('secret = { env = "TV_SECRET" }', 'secret = "in the file"', "a secret does not stand in the configuration itself"),
        ('"TV_SECRET"', '"SHORT_SECRET"', "the secret is not 32 to 256 letters"),
        ('"TV_SECRET"', '"NO_SECRET"', "the environment variable NO_SECRET is not set"),
        ('bind = "127.0.0.1:0"', 'bind = "8080"', "bind '8080' is not an address"),
        ("[plugins.server]\n", "[plugins.servr.limits]\nstrangers = 5\n[plugins.server]\n", "did you mean plugins.server?"),
        ("[plugins.server]\n", "[plugins.mt4]\nport = 5\n[plugins.server]\n", "no installed host reads this table"),
        ('journal = "sqlite:fks-exec.db"', 'state = "fks-exec.toml"', "state: "),
    ],
)
def test_a_configuration_at_fault_is_a_sentence_and_78(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """Nothing is opened: no journal is made."""
    config(tmp_path, CONFIG.replace(old, new))
    found = run(tmp_path, "serve", SHORT_SECRET="abc")
    assert found.returncode == 78, found.stderr
    assert sentence in found.stderr
    assert found.stderr.count("\n") == 1
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "fks-exec.db").exists()


def test_a_missing_configuration_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """By the option, by the variable, here."""
    assert "there is no configuration fks-exec.toml" in run(tmp_path, "serve").stderr
    assert "there is no configuration other.toml" in run(tmp_path, "--config", "other.toml", "serve").stderr
    found = run(tmp_path, "serve", FKS_EXEC_CONFIG="third.toml")
    assert (found.returncode, "there is no configuration third.toml" in found.stderr) == (78, True)


def test_a_journal_that_cannot_be_opened_is_a_sentence_and_78(tmp_path: Path) -> None:
    """Here a folder stands where the file should be."""
    config(tmp_path)
    (tmp_path / "fks-exec.db").mkdir()
    found = run(tmp_path, "serve")
    assert found.returncode == 78
    assert found.stderr.startswith("fks-exec: journal: ")
    assert "fks-exec.db" in found.stderr
    assert "Traceback" not in found.stderr


def test_orders_of_unknown_fate_are_a_warning_with_the_command(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody looks them up but an operator; an account without any is not named."""
    hub: Any = SimpleNamespace(
        status=lambda: [
            SimpleNamespace(name="paper", unresolved=("tv-1", "tv-2")),
            SimpleNamespace(name="other", unresolved=()),
            SimpleNamespace(name="old"),
        ]
    )
    with caplog.at_level(logging.WARNING):
        cli._warn_of_unresolved(hub)
    [record] = caplog.records
    assert "tv-1, tv-2" in record.getMessage()
    assert "fks-exec orders resolve ID --account paper --as" in record.getMessage()


def test_check_reads_the_servers_table_and_binds_nothing(tmp_path: Path) -> None:
    """What serve would refuse, check refuses; beside a server that has the address too."""
    config(tmp_path)
    done = run(tmp_path, "check")
    assert done.returncode == 0
    assert "keys: tv" in done.stdout
    with serving(tmp_path) as (process, line):
        port = line.split()[3].rstrip(",").rpartition(":")[2]
        config(tmp_path, CONFIG.replace('bind = "127.0.0.1:0"', f'bind = "127.0.0.1:{port}"'))
        assert run(tmp_path, "check").returncode == 0
        process.terminate()
        assert process.wait(timeout=15) == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"TV_SECRET"', '"NO_SECRET"', "the environment variable NO_SECRET is not set"),
        ('accounts = ["paper"]', 'accounts = ["savings"]', "there is no account 'savings'"),
        ('bind = "127.0.0.1:0"', 'bind = "8080"', "bind '8080' is not an address"),
    ],
)
def test_check_finds_what_serve_would_refuse(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """One failed step, exit 78."""
    config(tmp_path, CONFIG.replace(old, new))
    found = run(tmp_path, "check")
    assert found.returncode == 78
    [line] = [line for line in found.stdout.splitlines() if line.startswith("FAILED")]
    assert "plugins.server" in line
    assert sentence in line


def test_several_processes_are_refused_with_the_reason(tmp_path: Path) -> None:
    """One is what it is anyway."""
    config(tmp_path)
    found = run(tmp_path, "serve", "--workers", "4")
    assert found.returncode == 2
    assert "one process owns a journal, so that no order is sent twice" in " ".join(found.stderr.split())
    assert not (tmp_path / "fks-exec.db").exists()
    with serving(tmp_path, ("serve", "--workers", "1")) as (_, line):
        assert line.startswith("ready:")


def test_a_journal_in_memory_is_a_warning(tmp_path: Path) -> None:
    """The host starts: for a trial it is enough."""
    config(tmp_path, CONFIG.replace("sqlite:fks-exec.db", "memory:"))
    with serving(tmp_path) as (process, _):
        process.terminate()
        _, err = process.communicate(timeout=15)
    assert "nothing outlives this process" in err
    assert 'write journal = "sqlite:fks-exec.db"' in err
