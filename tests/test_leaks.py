# SPDX-License-Identifier: MIT
"""The whole run is searched for secrets: a test that lets one out fails, wherever it came out and however it was written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec_simulators import canary_host, clients, hosts, served, signed
from fks_exec_simulators.canaries import MARK, canary, found, is_secret, spelt
from fks_exec_simulators.exchanges.serving import KEYS

TESTS = Path(__file__).parent
SHOW_ONE = {"test_further_distribution.py", "test_line_14_canary.py", "test_mutants.py", "test_wrong.py"}
"""Files with tests that show a secret on purpose; the reason stands there."""

INNER = """
import base64, io, logging, sqlite3, subprocess, sys, tempfile
from pathlib import Path
import httpx, pytest
from fks_exec import Secret

SECRET = "canary" "-inner-0123456789abcdefghijklmnopqrstuvwxyz"
UNMARKED = "of-nobody-" "0123456789"
logger = logging.getLogger("inner")

def leaks_by_print():
    print("key", SECRET)

def leaks_by_standard_error():
    sys.stderr.write(SECRET.encode().hex())

def leaks_by_a_log_record():
    logger.warning("signing with %s", SECRET)

def leaks_by_a_trace_in_the_log():
    try:
        raise ValueError("cannot sign with " + SECRET)
    except ValueError:
        logger.exception("failed")

def leaks_into_what_the_test_reads_itself(capsys):
    print(SECRET)
    capsys.readouterr()

def leaks_by_a_process():
    subprocess.run([sys.executable, "-c", "import sys; print(sys.argv[1])", SECRET], capture_output=True)

def leaks_by_an_answer():
    with httpx.Client(transport=httpx.MockTransport(lambda asked: httpx.Response(400, text=SECRET))) as client:
        client.get("http://host/")

async def leaks_by_an_answer_to_one_who_waits():
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda asked: httpx.Response(400, text=SECRET))) as client:
        await client.get("http://host/")

def leaks_into_a_journal(tmp_path):
    (tmp_path / "state").mkdir()
    journal = sqlite3.connect(tmp_path / "state" / "fks-exec.db")
    journal.execute("PRAGMA journal_mode = wal")
    journal.execute("CREATE TABLE events (raw BLOB)")
    journal.execute("INSERT INTO events VALUES (?)", (SECRET.encode(),))
    journal.commit()
    journal.close()

def leaks_in_base64(tmp_path):
    (tmp_path / "dump").write_bytes(b"..." + base64.b64encode(b"of " + SECRET.encode()))

def leaks_into_a_folder_that_vanishes():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "log").write_text("key " + SECRET)

def leaks_one_without_the_mark():
    logger.warning("signing with %s", Secret(UNMARKED).reveal())

@pytest.mark.shows_secret()
def leaks_without_a_reason():
    print(SECRET)

def keeps_it_in_its_file(tmp_path):
    (tmp_path / "key").write_text(SECRET + "\\n")
    (tmp_path / "other").write_text(Secret(UNMARKED).reveal())

def keeps_what_repeats_one_letter(tmp_path):
    Secret("x" * 1000)
    (tmp_path / "filled").write_text("x" * 1000 + "y")

def keeps_it_in_stars(tmp_path):
    logger.warning("signing with %s", Secret(SECRET))
    (tmp_path / "log").write_text(f"signing with {Secret(SECRET)}, a canary")

@pytest.mark.shows_secret("shown this once")
def keeps_quiet_by_its_reason(tmp_path):
    print(SECRET)
    (tmp_path / "log").write_text("key " + SECRET)

def keeps_what_its_own_client_asks(caplog):
    caplog.set_level(logging.INFO)
    with httpx.Client(transport=httpx.MockTransport(lambda asked: httpx.Response(200))) as client:
        client.get("http://host/" + SECRET)
    assert SECRET in caplog.text

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")

def keeps_a_folder_with_others(shared):
    (shared / "log").write_text("key " + SECRET)

def leaks_last_of_all_by_the_shared_folder():
    pass
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each of the tests above: ``passed``, or what the error says."""
    folder = tmp_path_factory.mktemp("inner")
    (folder / "test_inner.py").write_text(INNER, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\npython_functions = leaks_* keeps_*\nasyncio_mode = auto\n", "utf-8")
    options = ["-rA", "--show-capture=no", "--strict-markers", "-p", "fks_exec_simulators.leaks", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, f"--basetemp={folder}/files"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    passed = dict.fromkeys(re.findall(r"^PASSED test_inner\.py::(\w+)", done.stdout, re.MULTILINE), "passed")
    errors = re.findall(r"^a secret came out of test_inner\.py::(\w+): (.*)$", done.stdout, re.MULTILINE)
    for path in folder.rglob("*"):  # what the search of this run would find here too
        if path.is_file():
            path.unlink()
    return {**passed, **dict(errors)}


PLACES = {
    "leaks_by_print": "Captured stdout call",
    "leaks_by_standard_error": "Captured stderr call",
    "leaks_by_a_log_record": "Captured log call",
    "leaks_by_a_trace_in_the_log": "Captured log call",
    "leaks_into_what_the_test_reads_itself": "what it read of its own output",
    "leaks_by_a_process": "what a process said",
    "leaks_by_an_answer": "an answer to a GET",
    "leaks_by_an_answer_to_one_who_waits": "an answer to a GET",
    "leaks_into_a_journal": "state/fks-exec.db",
    "leaks_in_base64": "one that is encoded in leaks_in_base640/dump",
    "leaks_into_a_folder_that_vanishes": "/log",
    "leaks_one_without_the_mark": "of-n... of 20 characters in Captured log call",
    "leaks_without_a_reason": "Captured stdout call",
    "leaks_last_of_all_by_the_shared_folder": "shared0/log",
}
CLEAN = re.findall(r"def (keeps_\w+)", INNER)


def test_every_test_of_the_inner_run_is_expected() -> None:
    assert {*PLACES, *CLEAN} == {*re.findall(r"def ((?:leaks|keeps)_\w+)", INNER)}


@pytest.mark.parametrize("name", PLACES)
def test_a_test_that_lets_a_secret_out_fails_with_the_place(outcomes: dict[str, str], name: str) -> None:
    """And with the name of the secret, not with the secret."""
    assert PLACES[name] in outcomes[name]
    assert not found(outcomes[name].encode())


@pytest.mark.parametrize("name", CLEAN)
def test_a_test_that_keeps_its_secret_passes(outcomes: dict[str, str], name: str) -> None:
    """In the file from which a host reads it, printed as stars; or it says that it shows one, and why."""
    assert outcomes[name] == "passed"


def test_this_run_is_searched(request: pytest.FixtureRequest) -> None:
    """Else none of this would hold."""
    assert request.config.pluginmanager.has_plugin("fks-exec-leaks")


def test_who_shows_a_secret_on_purpose_is_listed() -> None:
    """The list is short, and stands in this file."""
    marked = re.compile(r"mark\.shows_secret\(")
    files = [path for path in sorted(TESTS.rglob("test_*.py")) if path != Path(__file__)]
    assert {path.name for path in files if marked.search(path.read_text("utf-8"))} == SHOW_ONE


def test_the_secrets_of_all_hosts_clients_issuers_and_exchanges_are_canaries() -> None:
    """What they are given is known when it is seen."""
    given = [hosts.KEY, clients.CLIENT_SECRET, signed.CLIENT_SECRET, *served.SECRETS, *canary_host.CANARIES]
    assert [each for each in (*given, *KEYS, *KEYS.values()) if not each.startswith(MARK)] == []
    pem = signed.KeyPair().private
    assert found(pem.encode()) == ["one that is encoded"]


@pytest.mark.parametrize("form", spelt(canary("a")), ids=range(len(spelt(canary("a")))))
def test_a_canary_is_found_in_each_of_its_forms(form: bytes) -> None:
    """Also cut off behind its first half, as a sentence cuts what it repeats."""
    assert found(b"..." + form[: len(form) // 2] + b" ...")


@pytest.mark.parametrize(("text", "alone"), [("canary-a\n", True), ("key = canary-a", False), ("canary-a canary-b", False)])
def test_a_file_is_a_secrets_own_when_it_holds_nothing_else(text: str, alone: bool) -> None:
    """A line that names it is more than that."""
    assert is_secret(text.encode()) is alone
