# SPDX-License-Identifier: MIT
"""The table of docs/stories.md names tests that exist, for every story that has been answered, and leaves none out."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/stories.md"
STORIES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19}
PLAYED = ("tests/hub/test_stories.py", "tests/hub/test_stories_exits.py", "tests/hub/test_stories_closes.py")


def rows() -> dict[int, list[str]]:
    """The cells of each story's row."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| *\d", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    numbers = [int(row[0]) for row in cells]
    assert len(set(numbers)) == len(numbers), "a story stands in two rows"
    return {int(row[0]): row for row in cells}


def ids(row: list[str]) -> list[str]:
    """The tests that a row names."""
    return re.findall(r"`([^`]+)`", row[-1])


def functions(path: str) -> set[str]:
    """The names of the tests of a file."""
    nodes = ast.parse((ROOT / path).read_text("utf-8")).body
    found = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in found if name.startswith("test_")}


def exists(test: str) -> bool:
    """Whether a test id is one."""
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name in functions(path)


def test_every_story_has_a_row_with_a_test() -> None:
    """And each row says what happened, to whom, and what is done about it."""
    table = rows()
    assert set(table) == STORIES
    for number, row in table.items():
        assert len(row) == 4, f"story {number}: four cells"
        assert re.search(r"#\d+", row[1]), f"story {number}: no reference"
        assert row[2], f"story {number}: no answer"
        assert ids(row), f"story {number}: no test"


def test_every_test_of_the_table_exists() -> None:
    """Its id is ``path::name``, as pytest takes it."""
    gone = [f"story {number}: {test}" for number, row in rows().items() for test in ids(row) if not exists(test)]
    assert not gone, "docs/stories.md names what is no test: " + "; ".join(gone)


def test_every_played_story_stands_in_the_table() -> None:
    """In the row of the number with which its docstring begins."""
    table = rows()
    for played in PLAYED:
        for node in ast.parse((ROOT / played).read_text("utf-8")).body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
                number = int((ast.get_docstring(node) or "0").partition(":")[0])
                assert f"{played}::{node.name}" in ids(table[number]), f"{node.name} is not in the row of story {number}"


def test_the_page_is_reached_from_the_first_one() -> None:
    """It is in the table of contents."""
    assert "\nstories\n" in (ROOT / "docs/index.md").read_text("utf-8")
