# SPDX-License-Identifier: MIT
"""``fks-exec keys`` and ``fks-exec token``: what they make is what the host knows; a secret is shown this once."""

import hashlib
import json
import re
import stat
from pathlib import Path

import pytest

from fks_exec_hub.cli import run
from fks_exec_hub.config import HubConfig, load_config
from fks_exec_server.access.gate import Gate
from fks_exec_server.access.listed import place
from fks_exec_server.access.proof import Unauthenticated
from fks_exec_server.access.signatures import sign
from fks_exec_server.config import check, read_config

ACCOUNT = """
[accounts.paper]
venue = "paper"
guards = []
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with an account and nobody who may trade it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fks-exec.toml").write_text(ACCOUNT, "utf-8")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    """The JSON document of a command that goes well."""
    assert run([*arguments, "--json"]) == 0
    document: dict[str, str] = json.loads(capsys.readouterr().out)
    return document


def configured(folder: Path, toml: str) -> HubConfig:
    """The configuration with a further table."""
    path = folder / "fks-exec.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{toml}\n", "utf-8")
    return load_config(path)


def gate_of(config: HubConfig) -> Gate:
    """What a host would let in."""
    server = read_config(config.plugins["server"], accounts=config.accounts, base=config.base)
    return Gate(server, state=config.state)


async def knows(gate: Gate, secret: str, name: str = "bot") -> bool:
    """Whether a request that is signed with a secret is proved."""
    headers = [
        (key.lower().encode(), value.encode()) for key, value in sign("GET", "/accounts", key=name, secret=secret).items()
    ]
    try:
        await gate.request("GET", b"/accounts", headers, b"")
    except Unauthenticated:
        return False
    return True


async def test_a_new_key_is_known_by_its_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed goes into the configuration as it is; the secret stands in none of the files."""
    made = printed(capsys, "keys", "new", "tv")
    gate = gate_of(configured(folder, made["toml"]))
    caller = await gate.path(made["secret"])
    assert caller is not None
    assert (caller.name, caller.accounts) == ("tv", ("paper",))
    assert hashlib.sha256(made["secret"].encode()).hexdigest() in made["toml"]
    assert not any(made["secret"] in each.read_text("utf-8") for each in folder.rglob("*") if each.is_file())


async def test_a_second_secret_takes_the_place_of_the_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are right until the first one is taken out."""
    first = printed(capsys, "keys", "new", "tv")
    second = printed(capsys, "keys", "new", "tv", "--next")
    gate = gate_of(configured(folder, f"{first['toml']}\n{second['toml']}"))
    assert [bool(await gate.path(each["secret"])) for each in (first, second)] == [True, True]


async def test_a_new_client_has_its_secret_in_a_file_of_its_owner(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mode 600; and a file that is there is not written over."""
    made = printed(capsys, "keys", "new", "bot", "--client", "--account", "paper")
    path = folder / "bot.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8").strip() == made["secret"]
    assert await knows(gate_of(configured(folder, made["toml"])), made["secret"])
    assert run(["keys", "new", "bot", "--client"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert path.read_text("utf-8").strip() == made["secret"]


def test_two_keys_never_have_one_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """32 random bytes each."""
    made = [printed(capsys, "keys", "new", f"tv{number}")["secret"] for number in range(20)]
    assert len(set(made)) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_which_of_several_accounts_a_key_may_trade_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Never assumed."""
    configured(folder, ACCOUNT.replace("paper]", "second]"))
    assert run(["keys", "new", "tv"]) == 2
    assert "--account paper" in capsys.readouterr().err
    assert 'accounts = ["second"]' in printed(capsys, "keys", "new", "tv", "--account", "second")["toml"]


def three(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """A configuration with a sender of each kind; their secrets."""
    path = printed(capsys, "keys", "new", "tv")
    second = printed(capsys, "keys", "new", "tv", "--next")
    client = printed(capsys, "keys", "new", "bot", "--client")
    token = printed(capsys, "token", "key", "ops", "--account", "paper")
    limits = 'sides = ["buy"]\nmax_notional = "100"\nreduce_only = true\norders_a_minute = 5'
    configured(folder, "\n".join([path["toml"], second["toml"], client["toml"], limits, token["toml"]]))
    private = (folder / "ops.private.pem").read_text("utf-8")
    return {"tv": path["secret"], "next": second["secret"], "bot": client["secret"], "ops": private}


def test_the_list_has_everybody_and_no_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, kinds, accounts, scopes, and the first digits of the SHA-256 of each secret."""
    secrets = three(folder, capsys)
    assert run(["keys", "list"]) == 0
    text = capsys.readouterr().out
    rows = [line.split()[:3] for line in text.splitlines()[1:]]
    assert rows == [["tv", "path", "paper"], ["bot", "client", "paper"], ["ops", "token", "paper"]]
    assert "sides: buy; only reduces; at most 100 each; 5 orders a minute" in text
    for secret in secrets.values():
        assert secret not in text
    for name in ("tv", "next", "bot"):
        digest = hashlib.sha256(secrets[name].encode()).hexdigest()
        assert digest[:12] in text
        assert digest not in text


async def test_a_key_that_is_revoked_is_known_no_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both of its secrets; the other keys are, and so is a new secret under its name."""
    secrets = three(folder, capsys)
    assert run(["keys", "revoke", "tv"]) == 0
    assert run(["keys", "revoke", "bot"]) == 0
    assert secrets["tv"] not in capsys.readouterr().out
    gate = gate_of(load_config(folder / "fks-exec.toml"))
    assert [await gate.path(secrets[name]) for name in ("tv", "next")] == [None, None]
    assert not await knows(gate, secrets["bot"])
    text = (folder / "fks-exec.toml").read_text("utf-8")
    fresh = printed(capsys, "keys", "new", "tv")
    old = re.search(r'\nsha256 = "[0-9a-f]+"', text)
    assert old is not None
    new = re.search(r'\nsha256 = "[0-9a-f]+"', fresh["toml"])
    assert new is not None
    (folder / "fks-exec.toml").write_text(text.replace(old[0], new[0]), "utf-8")
    assert await gate_of(load_config(folder / "fks-exec.toml")).path(fresh["secret"])


async def test_one_secret_of_a_key_can_be_revoked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the digits that the list shows; those of no secret, or too few, revoke nothing."""
    secrets = three(folder, capsys)
    digest = hashlib.sha256(secrets["tv"].encode()).hexdigest()
    for wrong in ("0" * 12, digest[:7], ""):
        assert run(["keys", "revoke", "tv", "--only", wrong]) == 2
    assert run(["keys", "revoke", "tv", "--only", digest[:12]]) == 0
    gate = gate_of(load_config(folder / "fks-exec.toml"))
    assert [bool(await gate.path(secrets[name])) for name in ("tv", "next")] == [False, True]
    capsys.readouterr()
    assert run(["keys", "list"]) == 0
    assert f"{digest[:12]} (revoked)" in capsys.readouterr().out


def test_an_unknown_key_is_not_revoked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in the name would leave the right one in force."""
    three(folder, capsys)
    assert run(["keys", "revoke", "tw"]) == 2
    assert "there are: tv, bot, ops" in capsys.readouterr().err


async def test_an_issued_token_is_proved_and_asks_for_what_was_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And for no more than a quarter of an hour; the private key is its owner's."""
    three(folder, capsys)
    assert stat.S_IMODE((folder / "ops.private.pem").stat().st_mode) == 0o600
    assert (
        run(["token", "issue", "--key", "ops.private.pem", "--account", "paper", "--action", "read", "--action", "halt"]) == 0
    )
    token = capsys.readouterr().out.strip()
    gate = gate_of(load_config(folder / "fks-exec.toml"))
    proof = await gate.request("POST", b"/halt", [(b"authorization", f"Bearer {token}".encode())], b"")
    assert (proof.caller.name, proof.caller.kind, proof.caller.scope.actions) == ("ops", "jwt", {"read"})
    assert run(["token", "issue", "--key", "ops.private.pem", "--seconds", "901"]) == 2


def test_a_token_is_not_signed_with_a_key_that_others_can_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor with a public one."""
    three(folder, capsys)
    (folder / "ops.private.pem").chmod(0o644)
    assert run(["token", "issue", "--key", "ops.private.pem"]) == 78
    assert "chmod 600" in capsys.readouterr().err
    assert run(["token", "issue", "--key", "ops.public.pem"]) == 78


ABSENT = """
[plugins.server.keys.tv]
secret = { env = "FKS_TEST_ABSENT_ONE" }
next_secret = { file = "kept" }
body_secret = { env = "FKS_TEST_ABSENT_TWO" }
accounts = ["paper"]

[plugins.server.clients.bot]
secrets = [{ env = "FKS_TEST_ABSENT_THREE" }]
accounts = ["paper"]
"""
LEAKED = "canary-leaked-0123456789abcdef0123456789"


def absent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration as another shell sees it, with one secret that can be read; the digest of that one."""
    for name in ("ONE", "TWO", "THREE"):
        monkeypatch.delenv(f"FKS_TEST_ABSENT_{name}", raising=False)
    (folder / "kept").touch(0o600)
    (folder / "kept").write_text(LEAKED, "ascii")
    path = folder / "fks-exec.toml"
    path.write_text(f"{path.read_text('utf-8')}{ABSENT}", "utf-8")
    return hashlib.sha256(LEAKED.encode()).hexdigest()


def listed(folder: Path) -> set[str]:
    """The digests that are revoked."""
    path = place(folder / "state")
    return {line.split()[0] for line in path.read_text("ascii").splitlines()} if path.exists() else set()


def test_a_secret_is_revoked_from_a_shell_that_has_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its first digits, by all of them, and with the key; what could not be read is told, and it is no success."""
    digest = absent(folder, monkeypatch)
    assert run(["keys", "revoke", "tv", "--only", digest[:12]]) == 0
    assert listed(folder) == {digest}
    assert run(["keys", "revoke", "tv", "--only", "AB" * 32]) == 0
    assert listed(folder) == {digest, "ab" * 32}
    place(folder / "state").unlink()
    assert run(["keys", "revoke", "tv"]) == 78
    assert listed(folder) == {digest}
    told = capsys.readouterr().err
    assert "NOT revoked" in told
    assert "FKS_TEST_ABSENT_ONE" in told
    assert "--only" in told
    assert "FKS_TEST_ABSENT_THREE" not in told


def test_a_key_of_which_nothing_can_be_read_is_revoked_by_a_digest_in_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it nothing is revoked, and that is said."""
    absent(folder, monkeypatch)
    assert run(["keys", "revoke", "bot"]) == 78
    assert run(["keys", "revoke", "bot", "--only", "ab" * 6]) == 2
    assert listed(folder) == set()
    assert capsys.readouterr().err.count("FKS_TEST_ABSENT_THREE is not set") == 2
    assert run(["keys", "revoke", "bot", "--only", "ab" * 32]) == 0
    assert listed(folder) == {"ab" * 32}


def test_the_list_shows_what_it_can(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And names on stderr what it cannot."""
    digest = absent(folder, monkeypatch)
    assert run(["keys", "list"]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["name", "tv", "bot"]
    assert f"{digest[:12]}, not read here" in told.out
    assert [name in told.err for name in ("ABSENT_ONE", "ABSENT_TWO", "ABSENT_THREE")] == [True, False, True]
    assert [each["unread"] for each in shown(capsys)] == [1, 1]


def shown(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The JSON of the list."""
    capsys.readouterr()
    assert run(["keys", "list", "--json"]) == 0
    document: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tv"], "[plugins.server.keys.tv] is there already"),
        (["bot"], "[plugins.server.clients.bot] is there already"),
        (["fresh", "--account", "papier"], "there is no account 'papier' yet"),
        (["tw", "--next"], "there is no [plugins.server.keys.tw] to have a second secret; for a new key leave --next out"),
        (["bot", "--next"], "but [plugins.server.clients.bot]: make it with --client"),
        (["tv", "--next"], "tv has two secrets already"),
    ],
)
def test_what_a_new_key_would_break_is_told(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """And not refused: it may be about to be written."""
    absent(folder, monkeypatch)
    assert run(["keys", "new", *arguments]) == 0
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("warning: ") == 1
    assert "sha256" in told.out


def test_a_key_that_breaks_nothing_is_told_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither is one for which there is no configuration yet."""
    absent(folder, monkeypatch)
    assert run(["keys", "new", "fresh"]) == 0
    assert run(["keys", "new", "bot", "--client", "--next"]) == 0
    (folder / "fks-exec.toml").unlink()
    assert run(["keys", "new", "--account", "x", "other"]) == 0
    assert capsys.readouterr().err == ""


def test_a_key_all_of_whose_secrets_are_revoked_is_a_warning_of_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that has another secret still is none."""
    three(folder, capsys)
    config = load_config(folder / "fks-exec.toml")
    assert "revoked" not in check(config)
    assert run(["keys", "revoke", "bot"]) == 0
    digest = shown(capsys)[0]["secrets"]
    assert isinstance(digest, dict)
    assert run(["keys", "revoke", "tv", "--only", next(iter(digest))]) == 0
    said = check(config)
    assert "WARNING: plugins.server.clients.bot: every secret of it was revoked" in said
    assert said.count("WARNING") == 1
    assert run(["keys", "revoke", "tv"]) == 0
    assert check(config).count("WARNING") == 2


def test_a_token_for_an_action_that_is_none_is_not_issued(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The host would answer a bare 401, in an emergency."""
    three(folder, capsys)
    assert run(["token", "issue", "--key", "ops.private.pem", "--action", "fly"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "'fly' is not one of 'read', 'trade', 'halt', 'resume', 'close'" in told.err
