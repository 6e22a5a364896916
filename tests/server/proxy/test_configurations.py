# SPDX-License-Identifier: MIT
"""The text of the proxies' configurations, as ``fks-exec proxy`` prints it."""

import json
import re
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec_hub.cli import run
from fks_exec_server.proxies.configurations import FILES, LOGS, Blanks, configuration
from fks_exec_simulators.served import ServeProcess


@pytest.mark.parametrize("name", FILES)
def test_no_blank_is_left(name: str) -> None:
    """All of them are filled in, by the defaults too."""
    text = configuration(name, Blanks(domain="trade.example", certificate="/c.pem", key="/k.pem", listen="8443"))
    assert re.findall(r"@[A-Z]+@", text) == []
    assert all(word in text for word in ("trade.example", "/c.pem", "/k.pem", "8443", "127.0.0.1:8080"))
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", FILES)
def test_what_is_shown_outside_is_the_same_in_both(name: str) -> None:
    """The webhook alone, unless more is wanted."""
    assert "^/(webhook/tradingview)(/|$)" in configuration(name, Blanks())
    both = configuration(name, Blanks(clients=True, operators=True))
    assert "^/(webhook/tradingview|orders|accounts|halt|resume|close)(/|$)" in both


@pytest.mark.parametrize("value", ["a b", "x;", "a\nb", "", '"', "{"])
def test_what_would_end_a_word_of_the_file_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Else an argument would be configuration."""
    assert run(["proxy", "nginx", "--domain", value]) == 2
    assert "cannot stand in the configuration" in capsys.readouterr().err


@pytest.mark.parametrize("name", FILES)
def test_what_is_printed_is_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the byte, with its tabs: it is redirected into one."""
    monkeypatch.chdir(tmp_path)
    own = Blanks()
    certificate = ["--certificate", own.certificate, "--certificate-key", own.key]
    assert run(["proxy", name, "--upstream", own.upstream, *certificate]) == 0
    assert capsys.readouterr().out == configuration(name, evolve(own, logs=LOGS[name]))


def test_the_hosts_address_is_the_configured_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a configuration the default; the certificate's folder follows the domain."""
    monkeypatch.chdir(tmp_path)
    assert run(["proxy", "caddy", "--domain", "trade.example"]) == 0
    said = capsys.readouterr().out
    assert "reverse_proxy 127.0.0.1:8080 {" in said
    assert "tls /etc/letsencrypt/live/trade.example/fullchain.pem /etc/letsencrypt/live/trade.example/privkey.pem" in said
    host = ServeProcess(tmp_path)
    assert run(["proxy", "nginx", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == "nginx.conf"
    assert f"server 127.0.0.1:{host.port} max_fails=0;" in found["text"]


def test_an_alert_has_as_long_as_the_host_may_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shorter than TradingView waits, unless a key is configured otherwise."""
    monkeypatch.chdir(tmp_path)
    for lines, words, said in (((), [], "2500ms"), (("wait = 10",), [], "10500ms"), ((), ["--within", "2.9"], "2900ms")):
        ServeProcess(tmp_path, limits=lines)
        assert run(["proxy", "nginx", *words]) == 0
        assert f"proxy_read_timeout {said};" in capsys.readouterr().out
        assert run(["proxy", "caddy", *words]) == 0
        assert f"response_header_timeout {said}\n" in capsys.readouterr().out


def test_the_answer_while_the_host_restarts_is_the_same_in_both() -> None:
    """One JSON document, with the fields of the host's own answers."""
    found = [re.findall(r"[`'](\{\"status.*?\})[`']", configuration(name, Blanks())) for name in FILES]
    assert found[0] == found[1]
    assert json.loads(found[0][0])["code"] == "CLOSING"
