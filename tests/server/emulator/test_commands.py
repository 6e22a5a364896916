# SPDX-License-Identifier: MIT
"""``fks-exec tradingview`` and ``fks-exec proxy`` as a user calls them."""

import json
from pathlib import Path
from typing import Any

import pytest

from fks_exec_hub.cli import run
from fks_exec_server.emulator.templates import INDICATOR, STRATEGY
from fks_exec_simulators.ports import free_port
from fks_exec_simulators.served import SECRETS, SYMBOL, ServeProcess, command, serve_process

MESSAGE = (
    '{"id": "x-{{timenow}}", "symbol": "%s", "action": "{{strategy.order.action}}", "quantity": "%s", "timenow": "{{timenow}}"}'
)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, of a host that does not run."""
    ServeProcess(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message(folder: Path, text: str) -> str:
    """The file's name."""
    (folder / "alert.json").write_text(text, "utf-8")
    return "alert.json"


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    """What ``--json`` printed."""
    return json.loads(capsys.readouterr().out)


def test_the_template_goes_to_stdout_and_the_address_beside_it(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be written into a file; the secret is shown nowhere."""
    assert run(["tradingview", "template"]) == 0
    assert capsys.readouterr().out == STRATEGY
    assert run(["tradingview", "template", "indicator", "--key", "tv0"]) == 0
    said = capsys.readouterr()
    assert said.out == INDICATOR
    assert "webhook URL: https://YOUR-DOMAIN/webhook/tradingview/***" in said.err
    assert "the secret of the key tv0" in said.err
    assert SECRETS[0] not in said.out + said.err
    assert run(["tradingview", "template", "--key", "tv0", "--json"]) == 0
    assert document(capsys)["accounts"] == ["paper"]


def test_a_key_that_is_not_there_is_a_sentence_and_78(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that are."""
    assert run(["tradingview", "template", "--key", "tv9"]) == 78
    assert "there is no key 'tv9'; the keys are: tv0" in capsys.readouterr().err


def test_check_ends_with_1_when_an_alert_would_be_lost(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With 0 for warnings and for nothing."""
    assert run(["tradingview", "check", message(configured, STRATEGY), "--key", "tv0"]) == 0
    assert capsys.readouterr().out == "nothing is wrong with it\n"
    assert run(["tradingview", "check", message(configured, STRATEGY.replace("{{timenow}}", "{{time}}"))]) == 0
    assert capsys.readouterr().out.startswith("warning: timenow: ")
    assert run(["tradingview", "check", message(configured, STRATEGY.replace("symbol", "symbl")), "--json"]) == 1
    found = document(capsys)
    assert (found["valid"], found["findings"][0]["severity"]) == (False, "error")
    assert run(["tradingview", "check", "missing.json"]) == 2
    (configured / "alert.json").write_bytes(b"\xff\xfe")
    assert run(["tradingview", "check", "alert.json"]) == 2
    assert run(["tradingview", "send", "alert.json", "--key", "tv0"]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_an_alert_is_sent_and_its_fate_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To a host that runs, by the key's name."""
    with serve_process(tmp_path) as host:
        good = message(tmp_path, MESSAGE % (SYMBOL, "0.01"))
        done = command(tmp_path, "tradingview", "send", good, "--key", "tv0", "--set", "strategy.order.action=sell", "--json")
        found = json.loads(done.stdout)
        assert (done.returncode, found["fate"], found["answer"]["status"]) == (0, "done", "success")
        assert found["content_type"] == "application/json; charset=utf-8"
        assert json.loads(found["message"])["action"] == "sell"
        trial = MESSAGE.replace('"symbol"', '"test": "true", "symbol"') % (SYMBOL, "0.01")
        tested = command(tmp_path, "tradingview", "send", message(tmp_path, trial), "--key", "tv0", "--json")
        found = json.loads(tested.stdout)
        assert (tested.returncode, found["fate"], found["answer"]["code"]) == (0, "done", "TEST")
        again = command(tmp_path, "tradingview", "send", message(tmp_path, MESSAGE % ("NO/SUCH", "1")), "--url", host.url())
        assert again.returncode == 1
        assert "never in: it never got in, and TradingView would not send it again" in again.stdout
        assert "UNKNOWN_SYMBOL" in again.stdout
        assert SECRETS[0] not in done.stdout + done.stderr + again.stdout + again.stderr


def test_without_a_place_or_a_host_send_says_so(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Usage is 2; a host that does not run never got it."""
    good = message(configured, MESSAGE % (SYMBOL, "1"))
    assert run(["tradingview", "send", good]) == 2
    assert "where to? give --url, or --key" in capsys.readouterr().err
    assert run(["tradingview", "send", good, "--key", "tv0"]) == 1
    assert "no connection" in capsys.readouterr().out
    assert run(["tradingview", "send", good, "--key", "tv0", "--set", "close"]) == 2
    capsys.readouterr()
    for name, said in (("strategy.order.actio", "did you mean strategy.order.action?"), ("close", "it has: timenow, strategy")):
        assert run(["tradingview", "send", good, "--key", "tv0", "--set", f"{name}=sell"]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert f"the message has no placeholder '{name}', and nothing was sent; {said}" in told


def test_many_alerts_are_reported_and_none_is_missing(tmp_path: Path) -> None:
    """Over two keys, through the host's own addresses; each of a strategy of its own, so that no later one overtakes it."""
    with serve_process(tmp_path, keys=2):
        words = ("--rate", "20/s", "--seconds", "1", "--burst", "10", "--symbol", SYMBOL, "--strategies", "1000", "--json")
        done = command(tmp_path, "tradingview", "emulate", "--key", "tv0", "--key", "tv1", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["alerts"], len(set(found["booked"].values())), found["never_in"]) == (30, 30, [])
    assert {"p50", "p99"} <= set(found["first_ms"])


def test_a_load_goes_to_this_machine_only(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is said; somebody else's host is somebody else's."""
    assert run(["tradingview", "emulate", "--url", "http://192.0.2.1/webhook/tradingview/x"]) == 2
    assert "192.0.2.1 is not this machine; to load a host of yours elsewhere say --elsewhere" in capsys.readouterr().err
    assert run(["tradingview", "emulate", "--url", "http://no-such-host.invalid/x"]) == 2
    here = f"http://127.0.0.1:{free_port()}/webhook/tradingview/x"
    assert run(["tradingview", "emulate", "--url", here, "--seconds", "0.1", "--rate", "20", "--elsewhere"]) == 1
    assert "NEVER IN" in capsys.readouterr().out


def test_a_load_of_nothing_is_refused(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is one without a place, or of a size that is none."""
    assert run(["tradingview", "emulate", "--key", "tv0", "--rate", "0"]) == 2
    assert "there is nothing to send" in capsys.readouterr().err
    assert run(["tradingview", "emulate"]) == 2
    assert run(["tradingview", "emulate", "--key", "tv0", "--size", "-1"]) == 2


def test_a_key_that_is_known_by_its_hash_only_needs_an_address(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The secret is not on this machine."""
    config = configured / "fks-exec.toml"
    config.write_text(config.read_text("utf-8").replace('secret = { file = "tv0.key" }', f'sha256 = "{"0" * 64}"'), "utf-8")
    assert run(["tradingview", "emulate", "--key", "tv0"]) == 78
    assert "is not on this machine, only its hash; give the address with --url" in capsys.readouterr().err
