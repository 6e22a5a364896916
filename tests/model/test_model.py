# SPDX-License-Identifier: MIT
"""The page of the model says what the model has; its rules name code and tests that exist. `nox -s model` searches it."""

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "docs/model/protocol.pml"
PAGE = ROOT / "docs/model/index.md"

#: What the preprocessor is told beside the wrong variants: sizes, and how to search.
SETTINGS = {"KILLS", "FAULTS", "LANES", "ONLY", "LATE", "IN_BREADTH"}

COMPLETE = """
State-vector 204 byte, depth reached 104, errors: 0
  1565669 states, stored
  272.500	total actual memory usage
unreached in proctype Lane
	protocol.pml:243, state 91, "-end-"
"""


@pytest.fixture(scope="module")
def driver() -> ModuleType:
    """docs/model/check.py, which is no part of a distribution."""
    spec = importlib.util.spec_from_file_location("model_check", ROOT / "docs/model/check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


def rows(heading: str) -> list[list[str]]:
    """The table below a heading of the page, without its head, code marks taken off."""
    section = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(heading))
    table = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table[1:]]


def test_the_page_lists_the_variants_of_the_model_and_what_each_breaks(driver: ModuleType) -> None:
    """A variant that no search runs, or that no reader finds, shows nothing."""
    in_model = set(re.findall(r"^#ifn?def (\w+)", MODEL.read_text("utf-8"), re.MULTILINE)) - SETTINGS
    on_page = {name: tuple(broken.split(", ")) for name, _, broken in rows("Wrong rules")}
    assert on_page == driver.VARIANTS
    assert set(on_page) == in_model


def test_the_properties_have_the_numbers_that_the_search_asserts(driver: ModuleType) -> None:
    text = MODEL.read_text("utf-8")
    numbers = {name: int(number) for name, number in re.findall(r"^#define ([A-Z_]+) (\d)$", text, re.MULTILINE)}
    assert {name: numbers[name] for name in driver.PROPERTIES} == {n: i for i, n in enumerate(driver.PROPERTIES, 1)}
    assert [name for name, _ in rows("Properties")] == list(driver.PROPERTIES)
    assert all(f"must({name}," in text for name in driver.PROPERTIES)


def test_every_rule_of_the_model_is_mapped_once() -> None:
    in_model = set(re.findall(r"\bR\d+(?=:)", MODEL.read_text("utf-8")))
    on_page = [row[0] for row in rows("From the model")]
    assert sorted(in_model) == sorted(on_page)


@pytest.mark.parametrize(("rule", "module", "test"), [(row[0], *row[2:]) for row in rows("From the model")])
def test_a_rule_names_code_and_a_test_that_exist(rule: str, module: str, test: str) -> None:
    """A rule that nothing holds the code to is a rule of the model only."""
    assert (ROOT / f"plugins/fks-exec-hub/src/{module.replace('.', '/')}.py").is_file(), rule
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in names, f"{rule}: {path} has no {name}"


def test_a_complete_search_without_a_fault_passes(driver: ModuleType) -> None:
    found = driver.Search(text=COMPLETE, seconds=1.0)
    assert found.faults == []
    assert (found.states, found.depth, found.megabytes) == (1_565_669, 104, 272)


@pytest.mark.parametrize(
    "text",
    [
        "",
        COMPLETE.replace("errors: 0", "errors: 1"),
        "pan:1: invalid end state (at depth 7)" + COMPLETE,
        "pan: out of memory" + COMPLETE,
        "Warning: Search not completed" + COMPLETE,
        "error: max search depth too small" + COMPLETE,
        COMPLETE.replace('"-end-"', '"result[o] = unknown"'),
    ],
    ids=["nothing printed", "an error", "a stuck process", "no memory", "cut off", "too deep", "an unreached line"],
)
def test_a_search_that_shows_less_does_not(driver: ModuleType, text: str) -> None:
    """A search that was cut off finds no error either."""
    assert driver.Search(text=text, seconds=1.0).faults


def test_a_fault_of_the_right_model_names_the_property(driver: ModuleType) -> None:
    text = "pan:1: assertion violated (((0!=0)&&(0!=5))||(x)) (at depth 61)\nWarning: Search not completed"
    assert driver.Search(text=text, seconds=1.0).faults == ["breaks TRUE_ENDS (at depth 61)", "Search not completed"]


def test_only_the_failed_assertion_of_its_own_property_catches_a_variant(driver: ModuleType) -> None:
    """A variant that gets stuck, or whose search was cut off, is not caught."""
    caught = driver.Search(text="pan:1: assertion violated (((2!=0)&&(2!=2))|| !(x)) (at depth 41)", seconds=1.0)
    assert caught.breaks(2)
    assert not caught.breaks(1)
    assert not driver.Search(text="pan:1: block in d_step seq (at depth 41)", seconds=1.0).breaks(2)


def test_a_missing_tool_is_a_sentence_that_says_what_to_install(
    driver: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert driver.main([]) == 2
    assert capsys.readouterr().err.startswith("spin and gcc cannot be found: apt-get install spin gcc")
