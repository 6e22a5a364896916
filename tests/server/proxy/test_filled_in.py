# SPDX-License-Identifier: MIT
"""What the host's configuration fills into those of the proxies: times, sizes, its address."""

import re
from pathlib import Path

import pytest

from fks_exec_hub.cli import run
from fks_exec_simulators.served import ServeProcess

CLIENT = '[plugins.server.clients.own]\nsecrets = [{ env = "FKS_EXEC_NOT_SET" }]\naccounts = ["paper"]\n'
TOKEN = '[plugins.server.tokens.issuer]\nkey = { env = "FKS_EXEC_NOT_SET" }\nissuer = "me"\naccounts = ["paper"]\n'
KEY = '[plugins.server.keys.other]\nsecret = { env = "FKS_EXEC_NOT_SET" }\naccounts = ["paper"]\n'
TIMES = {
    "nginx": (r"proxy_read_timeout (\d+)ms", ("orders", "signed", "keyed")),
    "caddy": (r"response_header_timeout (\d+)ms", ("keyed", "signed", "orders")),
}
"""How each says them, and in which order."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell in which the senders' secrets are not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_NOT_SET", raising=False)


@pytest.fixture
def host(tmp_path: Path) -> ServeProcess:
    """One that is configured, and does not run."""
    return ServeProcess(tmp_path)


def add(folder: Path, lines: str) -> None:
    """To the end of the configuration."""
    with (folder / "fks-exec.toml").open("a", encoding="utf-8") as file:
        file.write(lines)


def printed(capsys: pytest.CaptureFixture[str], name: str, *words: str) -> str:
    """The text for a proxy."""
    assert run(["proxy", name, *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def times(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, int]:
    """Milliseconds, by who has them; the same in both."""
    found = []
    for name, (pattern, places) in TIMES.items():
        said = [int(each) for each in re.findall(pattern, printed(capsys, name, *words))]
        found.append(dict(zip(places, said, strict=True)))
    assert found[0] == found[1]
    return found[0]


def test_secrets_that_are_not_here_take_nothing_else_away(
    host: ServeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root's shell has no secret of the host's: its port and its times are filled in all the same."""
    add(tmp_path, f"{KEY}wait = 10\n{CLIENT}{TOKEN}")
    assert f"server 127.0.0.1:{host.port} max_fails=0;" in printed(capsys, "nginx")
    assert f"reverse_proxy 127.0.0.1:{host.port} {{" in printed(capsys, "caddy")
    assert times(capsys)["keyed"] == 10_500


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ("a b\n", "fks-exec.toml is not TOML"),
        (f"{KEY}wait = 61\n", "wait 61 does not lie between 0 and 60 seconds"),
        (f'{KEY}body_limit = "x"\n', "body_limit"),
        (KEY.replace("paper", "other"), "other"),
    ],
)
@pytest.mark.usefixtures("host")
def test_a_configuration_at_fault_is_said_and_nothing_is_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: str, cause: str
) -> None:
    """The defaults in its place would name a port at which nobody listens."""
    add(tmp_path, lines)
    assert run(["proxy", "nginx"]) == 78
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("fks-exec: ")
    assert cause in said.err


@pytest.mark.parametrize("variable", [False, True])
def test_a_configuration_that_is_named_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, variable: bool
) -> None:
    """Only where none is named the defaults stand in for it."""
    if variable:
        monkeypatch.setenv("FKS_EXEC_CONFIG", "elsewhere.toml")
    assert run([*(() if variable else ("--config", "elsewhere.toml")), "proxy", "nginx"]) == 78
    said = capsys.readouterr()
    assert (said.out, "there is no configuration elsewhere.toml; write one" in said.err) == ("", True)


def test_without_a_configuration_the_times_are_those_of_a_host_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Shorter than TradingView waits; orders longer."""
    assert times(capsys) == {"keyed": 2500, "signed": 2500, "orders": 35_000}
    assert times(capsys, "--within", "60.5") == {"keyed": 60_500, "signed": 60_500, "orders": 60_500}
    assert times(capsys, "--within", "1") == {"keyed": 1000, "signed": 2500, "orders": 35_000}


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("sender", [CLIENT, TOKEN], ids=["a client", "who brings tokens"])
def test_a_clients_patience_is_not_tradingviews(tmp_path: Path, capsys: pytest.CaptureFixture[str], sender: str) -> None:
    """An alert to a key's path that waited as long would be lost: TradingView hangs up after 3 s."""
    add(tmp_path, f"{sender}wait = 20\n")
    assert times(capsys) == {"keyed": 2500, "signed": 20_500, "orders": 35_000}
    assert times(capsys, "--within", "2.9") == {"keyed": 2900, "signed": 20_500, "orders": 35_000}


@pytest.mark.usefixtures("host")
def test_a_keys_patience_is_no_clients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is it a key's where it does not wait for outcomes."""
    add(tmp_path, f'{KEY}wait = 8\n{CLIENT}wait = 50\nrespond = "accepted"\n')
    assert times(capsys) == {"keyed": 8500, "signed": 2500, "orders": 35_000}


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("sender", [CLIENT, TOKEN], ids=["a client", "who brings tokens"])
@pytest.mark.parametrize("patience", [5, 60])
def test_an_order_has_as_long_as_the_host_may_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sender: str, patience: int
) -> None:
    """Else its sender would be told to send it again while the first is at the venue: without an id that is two orders."""
    add(tmp_path, f"{sender}wait = 60\n")
    words = ("--patience", str(patience))
    assert times(capsys, *words) == {"keyed": 2500, "signed": 60_500, "orders": 60_500}
    written = re.search(r"write (\d+)s\n", printed(capsys, "caddy", *words))
    assert written is not None
    assert int(written[1]) > patience + 2 + 60.5, "a body, a connection to the host, its answer"


@pytest.mark.parametrize("limit", [100, 8192, 1024 * 1024])
def test_a_body_may_be_as_large_as_the_host_takes_it(
    host: ServeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: int
) -> None:
    """Neither more nor less: the proxy's 413 is the host's."""
    path = tmp_path / "fks-exec.toml"
    bind = f'bind = "127.0.0.1:{host.port}"\n'
    path.write_text(path.read_text("utf-8").replace(bind, f"{bind}body_limit = {limit}\n"), "utf-8")
    said = printed(capsys, "nginx")
    assert f"client_max_body_size {limit};" in said
    assert f"client_body_buffer_size {max(limit, 16384)};" in said
    assert f"> {limit}`\n" in printed(capsys, "caddy")
