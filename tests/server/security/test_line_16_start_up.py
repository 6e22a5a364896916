# SPDX-License-Identifier: MIT
"""Line 16: a host that would not be safe does not start: exit code 78, the reason, and nothing listens or is written."""

import os
import subprocess
from pathlib import Path

import pytest

from fks_exec import ConfigError
from fks_exec_hub.config import load_config
from fks_exec_server.access.startup import check_startup
from fks_exec_simulators.served import COMMAND

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

LIVE = CONFIG.replace("guards = []", "guards = []\nlive = true")
LIMITED = CONFIG.replace("guards = []", 'guards = ["quantity"]\nlive = true')
NOBODY = CONFIG.partition("[plugins.server.keys.tv]")[0]
CLIENT = f'{NOBODY}[plugins.server.clients.desk]\nsecrets = [{{ env = "TV_SECRET" }}]\naccounts = ["paper"]\n'
TOKEN = CLIENT.replace("clients.desk", "tokens.ops").replace("secrets = [", 'algorithm = "HS256"\nissuer = "ops"\nkey = ')
TOKEN = TOKEN.replace("}]", "}")


def configured(folder: Path, text: str, mode: int = 0o600) -> Path:
    """The file."""
    path = folder / "fks-exec.toml"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def serve(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A host that must not start; one that does is an error after half a minute."""
    environment = {name: value for name, value in os.environ.items() if name != "TV_SECRET"} | variables
    words = [*COMMAND, "serve"]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False)


CASES = {
    "nobody may send": (NOBODY, SECRET, 0o600, "nobody may send"),
    "no secret": (CONFIG, None, 0o600, "TV_SECRET is not set"),
    "an empty secret": (CONFIG, "", 0o600, "is empty"),
    "a short secret in the path": (CONFIG, SECRET[:31], 0o600, "32 to 256"),
    "a short secret of a client": (CLIENT, SECRET[:31], 0o600, "shorter than 32 bytes"),
    "a short secret of tokens": (TOKEN, SECRET[:31], 0o600, "shorter than 32 bytes"),
    "real money without limits": (LIVE, SECRET, 0o600, "has real money and no limits"),
    "real money and a file that all can read": (LIMITED, SECRET, 0o604, "can be read by others"),
    "real money and a file that a group can read": (LIMITED, SECRET, 0o640, "can be read by others"),
    "a file that all can write": (CONFIG, SECRET, 0o602, "can be written by others"),
    "a file that a group can write": (CONFIG, SECRET, 0o660, "can be written by others"),
}


@pytest.mark.parametrize(("text", "secret", "mode", "reason"), CASES.values(), ids=CASES)
def test_an_unsafe_host_does_not_start(tmp_path: Path, text: str, secret: str | None, mode: int, reason: str) -> None:
    """78 and one sentence; no address, no journal, no trace, no secret."""
    configured(tmp_path, text, mode)
    done = serve(tmp_path, **({} if secret is None else {"TV_SECRET": secret}))
    assert (done.returncode, done.stdout) == (78, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert not secret or secret not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["fks-exec.toml"]


@pytest.mark.parametrize(("text", "mode", "reason"), [(text, mode, why) for text, _, mode, why in CASES.values()][-5:])
def test_it_is_refused_before_anything_is_opened(tmp_path: Path, text: str, mode: int, reason: str) -> None:
    """By what stands in the file, and how it lies there."""
    path = configured(tmp_path, text, mode)
    with pytest.raises(ConfigError, match=reason):
        check_startup(load_config(path), path)


def test_real_money_with_limits_in_a_file_of_its_owners_alone_may_start(tmp_path: Path) -> None:
    """Else the refusals above would prove nothing."""
    path = configured(tmp_path, LIMITED)
    check_startup(load_config(path), path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o640])
def test_without_real_money_a_file_that_others_can_read_may_be_tried(tmp_path: Path, mode: int) -> None:
    """It holds no secret: those come from files of their own, the environment or a keyring."""
    path = configured(tmp_path, CONFIG, mode)
    check_startup(load_config(path), path)


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    """Between its reading and the look at it."""
    path = configured(tmp_path, CONFIG)
    config = load_config(path)
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be looked at"):
        check_startup(config, path)
