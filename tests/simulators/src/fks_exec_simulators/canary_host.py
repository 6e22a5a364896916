# SPDX-License-Identifier: MIT
"""A host all of whose secrets are canaries, as processes that come and go; and all that came out of it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import jwt

from fks_exec_server.access.signatures import sign

from .canaries import canary
from .distributions import install
from .served import COMMAND

PATH, BODY, CLIENT, TOKEN, VENUE = (canary(name) for name in ("path", "body", "client", "token", "venue"))
CANARIES = (PATH, BODY, CLIENT, TOKEN, VENUE)
"""The secret in the path, the one in the body, of a client's signatures, of a token's, of the venue."""

PLUGIN = '''
"""A venue that talks too much: it logs its key, and an order of 0.02 makes it fail with the key in what it raises."""
import logging

from attrs import frozen

from fks_exec import Capabilities, Secret, VenueType, hookimpl
from fks_exec_simulators.venues import MemoryVenue


@frozen(kw_only=True)
class Config:
    api_key: Secret


class Talkative(MemoryVenue):
    @hookimpl
    async def execute_order(self, order, submission):
        logging.getLogger("fks_exec_acme").warning("signing with %s", self.config.api_key.reveal())
        if str(order.quantity) == "0.02":
            raise RuntimeError("cannot sign with " + self.config.api_key.reveal())
        return self.filled(order)


@hookimpl
def fks_exec_venues():
    return [VenueType(name="talkative", create=Talkative, config=Config, capabilities=Capabilities())]
'''

CONFIG = """
journal = "sqlite:fks-exec.db"
[accounts.main]
venue = "acme/talkative"
guards = []
config = { api_key = { file = "venue.key" } }
[plugins.server]
bind = "127.0.0.1:0"
operations = "127.0.0.1:0"
[plugins.server.limits]
strangers = 10000
[plugins.server.keys.tv]
secret = { env = "TV_SECRET" }
body_secret = { file = "body.key" }
accounts = ["main"]
[plugins.server.clients.desk]
secrets = [{ file = "client.key" }]
accounts = ["main"]
[plugins.server.tokens.ops]
algorithm = "HS256"
key = { file = "token.key" }
issuer = "ops"
accounts = ["main"]
actions = ["read", "trade", "halt", "resume", "close"]
"""

_FILES = {"body.key": BODY, "client.key": CLIENT, "token.key": TOKEN, "venue.key": VENUE}


class CanaryHost:
    """One host's lives.

    Args:
        outside: for the venue's distribution.
        words: after ``fks-exec``, e.g. ``("serve", "--log", "json")``.
    """

    def __init__(self, folder: Path, outside: Path, words: Sequence[str]) -> None:
        self.folder = folder
        self.answers: list[str] = []
        self._words = words
        self._said = folder / "said"
        self._process: subprocess.Popen[str] | None = None
        self._numbers = itertools.count(1)
        self._client = httpx.Client(timeout=30, verify=False)  # loopback: the certificates of the world take their time to load
        install(outside, "acme-talkative", "1.0", {"acme": "acme_talkative"}, {"acme_talkative.py": PLUGIN})
        self._environment = {**os.environ, "PYTHONPATH": str(outside), "TV_SECRET": PATH}
        for name, text in {**_FILES, "fks-exec.toml": CONFIG}.items():
            (folder / name).touch(0o600)
            (folder / name).write_text(text, "utf-8")

    def start(self) -> None:
        """Returns when it is ready."""
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                [*COMMAND, *self._words],
                cwd=self.folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith('{"status": "ready"'), f"{line}{self._process.stdout.read()}{self.said}"
        self.answers.append(line)
        ready = json.loads(line)
        self.alerts, self.operations = ready["alerts"], ready["operations"]

    def end(self, signum: int = signal.SIGTERM) -> None:
        """Returns when the process is gone."""
        process, self._process = self._process, None
        self._client.close()
        self._client = httpx.Client(timeout=30, verify=False)
        if process is None:
            return
        process.send_signal(signum)
        out, _ = process.communicate(timeout=30)
        self.answers.append(out)

    @property
    def said(self) -> str:
        """On standard error, in all lives."""
        return self._said.read_text("utf-8", "backslashreplace")

    def command(self, *words: str) -> str:
        """What a command prints, in full."""
        done = subprocess.run(
            [*COMMAND, *words], cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        self.answers += [done.stdout, done.stderr]
        return done.stdout

    def ask(self, method: str, url: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None) -> httpx.Response:
        """One request; its whole answer is kept."""
        answer = self._client.request(method, url, content=content, headers=headers)
        self.answers.append(f"{answer.status_code} {dict(answer.headers)} {answer.text}")
        return answer

    def alert(self, *, path: str = f"/webhook/tradingview/{PATH}", method: str = "POST", **fields: object) -> httpx.Response:
        """An alert with the right body secret, unless the fields say otherwise."""
        usual = {"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "secret": BODY, "id": f"a{next(self._numbers)}"}
        body = json.dumps({name: value for name, value in {**usual, **fields}.items() if value is not None}).encode()
        return self.ask(method, f"{self.alerts}{path}", content=body)

    @property
    def last(self) -> str:
        """The id of the order that the last answer speaks of."""
        return str(json.loads(self.answers[-1].partition("} ")[2])["client_order_id"])

    def signed(self, method: str, target: str, document: object = None, *, secret: str = CLIENT) -> httpx.Response:
        """A request of the client."""
        body = b"" if document is None else json.dumps(document).encode()
        return self.ask(
            method, f"{self.alerts}{target}", content=body, headers=sign(method, target, body, key="desk", secret=secret)
        )

    def token(self, **changes: object) -> dict[str, str]:
        """The header with a token of the issuer."""
        now = int(time.time())
        claims = {
            "iss": "ops",
            "aud": "fks-exec",
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": f"number-{next(self._numbers):04}",
        }
        return {"Authorization": "Bearer " + jwt.encode({**claims, **changes}, TOKEN, algorithm="HS256")}

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """All that came out of it, by where: answers, what was said, every file but those that are the secrets'."""
        yield "answers", "\n".join(self.answers).encode("utf-8", "backslashreplace")
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name not in _FILES:
                yield str(path.relative_to(self.folder)), path.read_bytes()
