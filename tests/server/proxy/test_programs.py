# SPDX-License-Identifier: MIT
"""What nginx and Caddy themselves say of the configurations; and what concerns one of them alone."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from fks_exec_server.proxies.configurations import FILES, Blanks
from fks_exec_simulators.proxies import CADDY, NGINX, Kind, Proxy, program
from fks_exec_simulators.proxies.running import prepared
from fks_exec_simulators.proxies.upstream import behind, raw


def says(front: Proxy, *words: str) -> subprocess.CompletedProcess[str]:
    """What the program answers, in the folder and with the homes of a proxy."""
    variables = {**os.environ, **front.kind.variables(front.folder)}
    command = [program(front.kind), *words]
    return subprocess.run(command, cwd=front.folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def adapted(front: Proxy) -> dict[str, object]:
    """Caddy's own form of its file, its one server."""
    said = says(front, "adapt", "--config", FILES["caddy"])
    assert said.returncode == 0, said.stderr
    whole = json.loads(said.stdout)
    found: dict[str, object] = {**whole["apps"]["http"]["servers"].pop("srv0"), "admin": whole["admin"]}
    assert whole["apps"]["http"]["servers"] == {}
    return found


@pytest.mark.parametrize("blanks", [Blanks(), Blanks(clients=True, operators=True, patience=60)])
def test_the_program_finds_nothing_wrong(kind: Kind, tmp_path: Path, blanks: Blanks) -> None:
    """With the certificate loaded and the logs opened."""
    front = prepared(kind, tmp_path / "proxy", 1, blanks)
    words = {"nginx": ("-t", "-q", "-p", str(front.folder), "-c", "main.conf"), "caddy": ("validate", "--config", "Caddyfile")}
    said = says(front, *words[kind.name])
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr


def test_the_caddyfile_is_written_as_caddy_writes_it(tmp_path: Path) -> None:
    """Else it warns at each start."""
    front = prepared(CADDY, tmp_path / "proxy", 1)
    assert says(front, "fmt", "Caddyfile").stdout == (front.folder / "Caddyfile").read_text("utf-8")


@pytest.mark.parametrize(
    ("listen", "place"), [("443", "0.0.0.0:443"), ("127.0.0.1:8443", "127.0.0.1:8443"), ("[::]:443", "[::]:443")]
)
def test_caddy_listens_where_it_is_told(tmp_path: Path, listen: str, place: str) -> None:
    """And nowhere else: it opens no port 80, and fetches no certificate."""
    front = prepared(CADDY, tmp_path / "proxy", 1, listen=listen)
    found = adapted(front)
    assert (found["listen"], found["automatic_https"]) == ([place], {"disable": True})
    assert found["protocols"] == ["h1"]


def test_caddy_takes_changes_at_a_socket_of_its_own_or_nowhere(tmp_path: Path) -> None:
    """Not at a port, where every user of the machine could change it."""
    found = adapted(prepared(CADDY, tmp_path / "one", 1, admin="off"))
    assert found["admin"] == {"disabled": True}
    found = adapted(prepared(CADDY, tmp_path / "two", 1, admin=Blanks().admin))
    assert found["admin"] == {"listen": "unix//var/lib/caddy/fks-exec.sock"}


async def test_caddy_takes_a_new_configuration_while_it_runs(tmp_path: Path) -> None:
    """At its socket, to which others cannot write: as for a new certificate."""
    async with behind(CADDY, tmp_path) as (upstream, front, http):
        assert stat.S_IMODE((front.folder / "admin.sock").stat().st_mode) & 0o022 == 0
        alone = {"connection": "close"}  # one that is kept may be closed by the change, just as it is used again
        assert (await http.get("/orders", headers=alone)).status_code == 404
        path = front.folder / "Caddyfile"
        path.write_text(path.read_text("utf-8").replace("(webhook/tradingview)", "(webhook/tradingview|orders)"), "utf-8")
        said = says(front, "reload", "--config", "Caddyfile")
        assert said.returncode == 0, said.stderr
        assert (await http.get("/orders", headers=alone)).status_code == 200
        assert len(upstream.heads) == 1


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", "localhost.elsewhere"])
async def test_a_request_for_another_name_is_no_success_of_caddys(tmp_path: Path, host: str) -> None:
    """Caddy says 200 for names that it does not know: an alert would be lost without a word."""
    async with behind(CADDY, tmp_path) as (upstream, front, _):
        head = f"POST /webhook/tradingview/x HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\n\r\n{{}}"
        assert (await raw(front, head.encode())).startswith(b"HTTP/1.1 421 ")
        assert upstream.heads == []


def test_what_caddy_keeps_lies_in_the_folder_of_the_test(tmp_path: Path) -> None:
    """Nothing is put into the home of whoever runs the tests."""
    assert all(Path(value).is_relative_to(tmp_path) for value in CADDY.variables(tmp_path).values())
    assert {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"} == set(CADDY.variables(tmp_path))
    assert NGINX.variables(tmp_path) == {}
