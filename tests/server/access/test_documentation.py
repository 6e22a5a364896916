# SPDX-License-Identifier: MIT
"""What docs/access.md says is what the host does; its example runs as it stands."""

import asyncio
import hashlib
import hmac
import re
import sys
from pathlib import Path

from attrs import fields_dict

from fks_exec_hub import ExecutionHub
from fks_exec_server.access.scopes import ACTIONS, Scope
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.access.tokens import CLAIM
from fks_exec_server.codes import CODES
from fks_exec_simulators.hosts import TheVenue, host_config, served
from fks_exec_simulators.signed import CLIENT_SECRET, clients
from fks_exec_simulators.venues import MemoryVenue

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/access.md").read_text("utf-8")
[EXAMPLE] = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)  # needs a host; tests/docs runs those that need none


async def test_the_example_of_a_client_sends_an_order(tmp_path: Path) -> None:
    """To a host over HTTP, as a program of its own."""
    venue = MemoryVenue()
    config = host_config(tmp_path, clients={"bot": clients(tmp_path)["desk"]})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(venue)])) as host:
        code = EXAMPLE.replace("127.0.0.1:8080", str(host.alerts))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, env={"BOT_SECRET": CLIENT_SECRET}, stdout=pipe, stderr=pipe
        )
        printed, complaint = await process.communicate()
    assert printed.split() == [b"200", b"success"], complaint.decode()
    assert len(venue.seen) == 1


def test_the_signature_is_over_the_lines_that_the_page_lists() -> None:
    """So that it can be made in any language."""
    body = b'{"a":1}'
    headers = sign(
        "POST", "/orders?x=1", body, key="bot", secret=CLIENT_SECRET, nonce="nonce-0123456789", now=1_700_000_000_000
    )
    lines = ["fks-exec-1", "POST", "/orders?x=1", "bot", "1700000000000", "nonce-0123456789", hashlib.sha256(body).hexdigest()]
    expected = hmac.new(CLIENT_SECRET.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    assert headers["X-Fks-Signature"] == expected
    for name in [*headers, *sign_alert(body, secret=CLIENT_SECRET), f"`{lines[0]}`", f"`{CLAIM}`"]:
        assert name in PAGE
    assert len(re.findall(r"^\d\. ", PAGE, re.MULTILINE)) == len(lines)


def test_every_part_of_a_scope_is_in_the_table() -> None:
    """And every action."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(fields_dict(Scope))
    assert [action for action in ACTIONS if f"`{action}`" not in PAGE] == []


def test_every_reason_of_a_scope_is_a_code_of_its_own() -> None:
    """Those that Scope gives."""
    source = (ROOT / "plugins/fks-exec-server/src/fks_exec_server/access/scopes.py").read_text("utf-8")
    given = set(re.findall(r'"(SCOPE_[A-Z_]+)"', source))
    assert given == {code for code in CODES if code.startswith("SCOPE_")}
    assert len(given) == 9
