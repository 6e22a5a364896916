# SPDX-License-Identifier: MIT
"""Every block of Python in the docs runs, page by page and in the order of the page, and prints what the page shows.

A page's blocks share their names and run in one process, in an empty folder that holds a configuration. A block
of text right behind one of Python is what that one prints.
"""

import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ELSEWHERE = {"tutorial.md"}  # has a test of its own, in an environment of its own
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- end of block --"
SECRET = "a-secret-of-the-pages-0123456789-abcdef"


@frozen
class Block:
    """One block of Python, and what it is said to print; None: nothing is said."""

    code: str
    shown: str | None


def blocks(page: Path) -> list[Block]:
    """Those of a page."""
    text = page.read_text("utf-8")
    found = []
    fences = list(FENCE.finditer(text))
    for fence, following in zip_longest(fences, fences[1:]):
        if fence[1] == "python":
            near = following is not None and not text[fence.end() : following.start()].strip() and following[1] == "text"
            found.append(Block(fence[2], following[2] if near and following else None))
    return found


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page.name not in ELSEWHERE and "examples" not in page.parts]
PAGES = [page for page in PAGES if blocks(page)]


def configuration(page: Path) -> str:
    """That of the README, or of the page that this one names."""
    source = DOCS / "protection.md" if page.name == "targets.md" else ROOT / "README.md"
    return next(fence[2] for fence in FENCE.finditer(source.read_text("utf-8")) if fence[1] == "toml")


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_the_blocks_of_a_page_run_and_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    found = blocks(page)
    (tmp_path / "fks-exec.toml").write_text(configuration(page), "utf-8")
    (tmp_path / "page.py").write_text(f"\nprint({END!r})\n".join([*(block.code for block in found), ""]), "utf-8")
    environment = {**os.environ, "TV_SECRET": SECRET}
    words = [sys.executable, "-W", "ignore", "page.py"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{END}\n")
    for block, output in zip(found, printed, strict=False):
        assert block.shown is None or output.lstrip("\n") == block.shown, block.code


def test_the_pages_are_found() -> None:
    """A pattern that matches nothing would let everything pass."""
    assert len(PAGES) >= 9
    assert sum(block.shown is not None for page in PAGES for block in blocks(page)) >= 8
