# SPDX-License-Identifier: MIT
"""The tutorial, done as it is written: its blocks, taken from the page, in order, by somebody who has only this page.

An empty folder, an empty home, a PATH with Python and the system's programs; pip knows the wheelhouse and nothing else.

What a block is, its words and its caption say:

- ``console``: commands behind ``$``, each with what it prints. ``...`` stands for anything within a line, and alone on a line
  for any lines; a command of which nothing is shown may print whatever it likes. It ends with 0; with 1 where what is shown
  tells of something that failed or was denied, with 3 where an order is left open. A caption that begins with "A second
  terminal": its last command goes on.
- ``diff`` with a path: lines of that file that change; ``@@`` stands between places that are apart.
- another language with a path: the whole file; with "In PATH": lines that stand there.
"""

import os
import queue
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from fks_exec_simulators.fresh import Wheelhouse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(?:\{code-block\} *)?(\w+)\n(?::caption: ([^\n]*)\n\n?)?(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8765"
"""As the page has it; another one that is free takes its place."""

SECONDS = 120.0
MARK = "--- the command has ended with"


@frozen
class Block:
    """One block of the page.

    Args:
        language: its first word.
        caption: empty where it has none.
        line: of the page.
    """

    language: str
    caption: str
    text: str
    line: int

    def commands(self) -> list[tuple[str, str]]:
        """Each command with what is shown of its output."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def blocks(text: str) -> list[Block]:
    """Of a page, in order."""
    return [Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1) for found in BLOCK.finditer(text)]


class Shell:
    """A terminal: what is typed is run by one bash, so that it stays in its folder and its environment.

    Args:
        folder: in which it begins.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environment, text=True, start_new_session=True, **pipe
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def begin(self, command: str) -> None:
        """Type a command."""
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{MARK} %s %s\\n' $? \"$PWD\"\n")
        self.process.stdin.flush()

    def run(self, command: str) -> tuple[int, str, Path]:
        """Its exit code, what it printed, and the folder after it."""
        self.begin(command)
        printed = self.until(lambda text: f"\n{MARK} " in text)
        output, _, end = printed.rpartition(f"\n{MARK} ")
        code, folder = end.rstrip("\n").split(" ", 1)
        return int(code), output, Path(folder)

    def until(self, holds: Callable[[str], bool]) -> str:
        """What was printed until it holds."""
        text, end = "", time.monotonic() + SECONDS
        while not holds(text):
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"it ended, or took longer than {SECONDS:g} s:\n{text}"
            text += line
        return text

    def close(self) -> None:
        """End it, and what it began."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, 15)
        self.process.wait(20)
        self._reader.join(20)
        self.process.stdin.close()
        self.process.stdout.close()


def expected(shown: str) -> int:
    """The exit code of a command."""
    if shown.startswith("accepted\n  account"):
        return 3
    return 1 if " failed" in shown or shown.startswith("denied") else 0


def agrees(shown: str, printed: str) -> bool:
    """Whether output is as the page shows it."""
    lines = [r"(?:.*\n)*?" if line == "..." else _line(line) for line in shown.splitlines()]
    return not lines or re.fullmatch("".join(lines), printed.rstrip("\n") + "\n") is not None


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"


def change(path: Path, diff: str) -> None:
    """Do to a file what a diff says."""
    text = path.read_text("utf-8")
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"these lines stand {text.count(old)} times in {path.name}, not once:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


class Reader:
    """Somebody who does what the page says.

    Args:
        folder: empty.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._start = folder
        self._environment = environment
        self._shell = Shell(folder, environment)
        self._others: list[Shell] = []
        self.folder = folder
        self.printed: dict[str, str] = {}

    def follow(self, block: Block) -> None:
        """Do one block."""
        if block.caption.startswith("A second terminal"):
            self._second(block)
        elif block.language == "console":
            self._console(block)
        elif block.language == "diff":
            change(self.folder / block.caption, block.text)
        elif block.caption.startswith("In "):
            assert block.text in (self.folder / block.caption.removeprefix("In ")).read_text("utf-8"), self._at(block)
        elif block.caption:
            (self.folder / block.caption).write_text(block.text, "utf-8")

    def _console(self, block: Block) -> None:
        for command, shown in block.commands():
            code, printed, self.folder = self._shell.run(command)
            self.printed[command] = printed
            assert code == expected(shown), f"{self._at(block)}, {command}: ended with {code}\n{printed}"
            assert agrees(shown, printed), f"{self._at(block)}, {command}: the page shows\n{shown}\nand it prints\n{printed}"

    def _second(self, block: Block) -> None:
        shell = Shell(self._start, self._environment)
        self._others.append(shell)
        *commands, (last, shown) = block.commands()
        for command, _ in commands:
            code, printed, _ = shell.run(command)
            assert code == 0, f"{self._at(block)}, {command}: ended with {code}\n{printed}"
        shell.begin(last)
        shell.until(lambda text: agrees(shown, text))

    def _at(self, block: Block) -> str:
        return f"docs/tutorial.md, the block at line {block.line}"

    def close(self) -> None:
        """Close all terminals."""
        for shell in (self._shell, *self._others):
            shell.close()


def free_port() -> str:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.fixture
def reader(wheelhouse: Wheelhouse, tmp_path: Path) -> Iterator[Reader]:
    programs, home, folder = (tmp_path / name for name in ("programs", "home", "folder"))
    for made in (programs, home, folder):
        made.mkdir()
    python = programs / "python3"  # not a link: a venv's python would not know where it belongs
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', "utf-8")
    python.chmod(0o755)
    reader = Reader(folder, wheelhouse.environment(home, programs))
    yield reader
    reader.close()


def test_the_tutorial_ends_with_a_green_suite_and_an_order_in_the_journal(reader: Reader) -> None:
    text = PAGE.read_text("utf-8").replace(PORT, free_port())
    for block in blocks(text):
        reader.follow(block)
    green = [printed for command, printed in reader.printed.items() if command.startswith("pytest")][-1]
    assert re.search(r"^acme: \d+ passed; ", green, re.MULTILINE)
    assert "failed" not in green
    listed = [printed for command, printed in reader.printed.items() if command.startswith("fks-exec orders list")][-1]
    assert re.search(r"acme +second +buy .* filled", listed)
    assert list((reader.folder).glob("*.db"))


def test_every_block_of_the_page_is_of_a_kind_that_is_followed() -> None:
    """A block that nobody runs would grow old unseen."""
    text = PAGE.read_text("utf-8")
    found = blocks(text)
    assert len(found) == text.count("\n```") / 2
    for block in found:
        assert block.language == "console" or block.caption, f"line {block.line} is neither run nor compared"
        assert block.language != "console" or block.commands(), f"line {block.line} has no command"
    assert sum(len(block.commands()) for block in found if block.language == "console") > 20


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("", "anything\n", True),
        ("a\n", "a\n\n", True),
        ("a\n", "b\n", False),
        ("a ... c\n", "a bb c\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\n", "b\na\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_what_is_shown_is_compared_but_for_the_dots(shown: str, printed: str, same: bool) -> None:
    assert agrees(shown, printed) is same


def test_a_diff_changes_what_stands_there_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("one\n\n    two\nthree\nthree\n", "utf-8")
    change(path, " one\n+more\n \n@@\n-    two\n+    2\n")
    assert path.read_text("utf-8") == "one\nmore\n\n    2\nthree\nthree\n"
    with pytest.raises(AssertionError, match="stand 2 times"):
        change(path, "-three\n")
