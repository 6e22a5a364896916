# SPDX-License-Identifier: MIT
"""Every code, status and event that the sources know is explained, and nothing is explained that they do not know."""

import ast
import functools
import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from attrs import frozen

from fks_exec.codes import GROUP, PLUGIN_STATUSES, STATUSES, Code, CodeKind
from fks_exec.model import events
from fks_exec.model.events import Event
from fks_exec.model.results import Status
from fks_exec.plugins import PluginStatus
from fks_exec_hub.cli.failures import _KINDS
from fks_exec_hub.codes import ACCOUNT_STATES
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_hub.journal.protocol import HaltState

ROOT = Path(__file__).resolve().parents[1]

FOLDERS = {
    "fks_exec": "core/src",
    "fks_exec_ccxt": "plugins/fks-exec-ccxt/src",
    "fks_exec_hub": "plugins/fks-exec-hub/src",
    "fks_exec_paper": "plugins/fks-exec-paper/src",
    "fks_exec_server": "plugins/fks-exec-server/src",
}
BELOW = {
    "fks_exec": (),
    "fks_exec_ccxt": ("fks_exec",),
    "fks_exec_hub": ("fks_exec",),
    "fks_exec_paper": ("fks_exec",),
    "fks_exec_server": ("fks_exec", "fks_exec_hub"),
}
"""Whose codes a distribution may give beside its own."""

KINDS = {
    "alarm": CodeKind.ALARM,
    "trip": CodeKind.ALARM,
    "Denial": CodeKind.DENIAL,
    "ExecutionResult": CodeKind.RESULT,
    "changed": CodeKind.RESULT,
    "evolve": CodeKind.RESULT,
    "not_sent": CodeKind.RESULT,
    "refusal": CodeKind.REFUSAL,
    "Failure": CodeKind.FAILURE,
}
"""What a code becomes that is given to one of these."""

WORD = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
OTHER_WORDS = {"AF_UNIX", "FKS_EXEC_CONFIG", "FKS_EXEC_WEBHOOK", "O_BINARY", "O_NONBLOCK"}
OTHER_WORDS |= {"LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"}  # kinds of orders, and answers, of exchanges
OTHER_WORDS |= {"REPEATED_CREATION", "REQUEST_EXPIRED", "SERVER_ERROR", "TOO_BUSY", "UNKNOWN_FAILURE_REASON"}
OTHER_WORDS |= {"ORDER_CANCELLED", "ORDER_CLOSED", "ORDER_FINISHED"}
"""Words with an underscore that stand in the sources and are no codes."""


@frozen
class Use:
    """A place in the sources that gives a code.

    Args:
        code: empty where it is put together, so that nobody can read it there.
        kind: None where the place does not tell it.
    """

    path: Path
    line: int
    code: str
    kind: CodeKind | None = None

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path.name}:{self.line}"


class Reader:
    """Finds the codes in the sources of one distribution: whatever goes to something that is named ``code``.

    That is a keyword, the argument of one of the functions that have such a parameter, an attribute, ``default_code``. A
    constant is looked up by its name. A word in capitals with an underscore counts wherever it stands.
    """

    def __init__(self, sources: Mapping[Path, str]) -> None:
        self._trees = {path: ast.parse(text) for path, text in sources.items()}
        self._places: dict[str, int] = {}
        self._constants: dict[str, list[ast.expr]] = {}
        for tree in self._trees.values():
            for node in ast.walk(tree):
                self._learn(node)

    def uses(self) -> list[Use]:
        """All places, each once; by its kind, where one of its forms tells it."""
        found = {use: None for path, tree in self._trees.items() for node in ast.walk(tree) for use in self._read(path, node)}
        telling = {(use.path, use.line, use.code) for use in found if use.kind is not None}
        return [use for use in found if use.kind is not None or (use.path, use.line, use.code) not in telling]

    def words(self) -> set[str]:
        """All texts of the sources."""
        nodes = [node for tree in self._trees.values() for node in ast.walk(tree)]
        return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each for each in node.args.args if each.arg not in ("self", "cls")]
            for index, each in enumerate(names):
                if each.arg == "code" and not (each.annotation and ast.unparse(each.annotation) == "int"):
                    self._places[node.name] = index
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._constants.setdefault(target.id, []).append(node.value)

    def _read(self, path: Path, node: ast.AST) -> Iterator[Use]:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for value in self._given(node, name):
                yield from self._resolve(path, value, KINDS.get(name))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from self._assigned(path, target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from self._assigned(path, node.target, node.value)
        elif isinstance(node, ast.Constant) and self._looks_like_a_code(node.value):
            yield Use(path, node.lineno, str(node.value))

    def _given(self, node: ast.Call, name: str) -> Iterator[ast.expr]:
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
        index = self._places.get(name)
        if index is not None and index < len(node.args) and not isinstance(node.args[index], ast.Starred):
            yield node.args[index]

    def _assigned(self, path: Path, target: ast.expr, value: ast.expr) -> Iterator[Use]:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for each, part in zip(target.elts, value.elts, strict=False):
                yield from self._assigned(path, each, part)
        named = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        if named == "default_code" or (named == "code" and isinstance(target, ast.Attribute)):
            yield from self._resolve(path, value, CodeKind.RESULT if named == "default_code" else None)

    def _resolve(self, path: Path, value: ast.expr, kind: CodeKind | None, names: tuple[str, ...] = ()) -> Iterator[Use]:
        """The texts that an expression can be; what comes from elsewhere is found where it is given."""
        parts: list[ast.expr] = []
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield Use(path, value.lineno, value.value, kind)
        elif isinstance(value, ast.JoinedStr | ast.BinOp):
            yield Use(path, value.lineno, "", kind)
        elif isinstance(value, ast.IfExp):
            parts = [value.body, value.orelse]
        elif isinstance(value, ast.BoolOp):
            parts = value.values
        elif isinstance(value, ast.Name) and value.id not in names:
            parts, names = self._constants.get(value.id, []), (*names, value.id)
        for part in parts:
            yield from self._resolve(path, part, kind, names)

    def _looks_like_a_code(self, value: object) -> bool:
        return isinstance(value, str) and bool(WORD.fullmatch(value)) and value not in OTHER_WORDS | self._exported

    @functools.cached_property
    def _exported(self) -> set[str]:
        """What ``__all__`` lists."""
        lists = [value for value in self._constants.get("__all__", []) if isinstance(value, ast.List)]
        return {node.value for each in lists for node in each.elts if isinstance(node, ast.Constant)}


def sources(package: str) -> dict[Path, str]:
    """The texts of a distribution's modules, without its table of codes.

    Without ``testing`` too: a venue that follows a script has its own codes, and no operator meets one.
    """
    folder = ROOT / FOLDERS[package] / package
    paths = [path for path in sorted(folder.rglob("*.py")) if folder / "testing" not in path.parents]
    return {path: path.read_text("utf-8") for path in paths if path != folder / "codes.py"}


def table(package: str) -> Mapping[str, Code]:
    """A distribution's own codes."""
    codes: Mapping[str, Code] = importlib.import_module(f"{package}.codes").CODES
    return codes


def guard_codes() -> list[tuple[str, Code]]:
    """What the hub's guards list."""
    return [item for kind in GUARD_TYPES for item in kind.create.codes.items()]


def explained(package: str) -> dict[str, CodeKind]:
    """By code, the kinds in which a distribution may give it."""
    known: dict[str, CodeKind] = {}
    items = [item for each in (package, *BELOW[package]) for item in table(each).items()]
    for code, entry in [*items, *(guard_codes() if package == "fks_exec_hub" else [])]:
        known[code] = known.get(code, CodeKind(0)) | entry.kinds
    return known


def missing(package: str, uses: list[Use]) -> list[str]:
    """What to add for each use that is not explained."""
    known, sentences = explained(package), []
    for use in uses:
        if not use.code:
            sentences.append(f"{use}: a code is put together here; write each one out, so that it can be found")
        elif use.code not in known or (use.kind and use.kind not in known[use.code]):
            kind = f"CodeKind.{use.kind.name}" if use.kind else "..."
            what = f'"{use.code}": Code({kind}, "what it says.", "what to do.")'
            have = f" (it is there as {' and '.join(known[use.code].words)})" if use.code in known else ""
            sentences.append(f"{use}: {use.code} is not explained{have}; add to {FOLDERS[package]}/{package}/codes.py: {what}")
    return sentences


@pytest.mark.parametrize("package", FOLDERS)
def test_every_code_is_explained(package: str) -> None:
    """In the table of the distribution that gives it, or of one below it, as what it is given."""
    wanting = missing(package, Reader(sources(package)).uses())
    assert not wanting, "\n" + "\n".join(wanting)


@pytest.mark.parametrize("package", FOLDERS)
def test_every_explained_code_is_given(package: str) -> None:
    """An entry for a code that is gone would be documentation of nothing."""
    gone = sorted(set(table(package)) - Reader(sources(package)).words())
    path = f"{FOLDERS[package]}/{package}/codes.py"
    assert not gone, f"no source of {package} gives {', '.join(gone)} any more; take them out of {path}"


def test_the_failures_of_commands_are_explained() -> None:
    """They stand in a table of their own, by exception."""
    given = {code for _, code, _ in _KINDS}
    gaps = sorted(code for code in given if code not in explained("fks_exec_hub"))
    assert not gaps, f"cli/failures.py: {', '.join(gaps)}: add to {FOLDERS['fks_exec_hub']}/fks_exec_hub/codes.py"
    assert all(CodeKind.FAILURE in table("fks_exec_hub")[code].kinds for code in given)


@pytest.mark.parametrize("package", FOLDERS)
def test_a_table_is_sorted_and_made_of_sentences(package: str) -> None:
    """So that two helpers who add a code meet in one place, and a reader can read it."""
    codes = table(package)
    assert list(codes) == sorted(codes)
    for code, entry in [*codes.items(), *guard_codes()]:
        assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", code)
        assert entry.kinds
        for sentence in (entry.meaning, entry.remedy):
            assert sentence[0].isupper(), f"{code}: {sentence}"
            assert sentence.endswith("."), f"{code}: {sentence}"


def test_every_table_is_announced_by_an_entry_point() -> None:
    """There ``fks-exec explain`` and the documentation find it; a new one needs the distribution installed again."""
    found = {point.name: point.load() for point in importlib.metadata.entry_points(group=GROUP)}
    for package in FOLDERS:
        assert found[package.replace("_", "-")] is table(package)
    for kind in GUARD_TYPES:
        assert found[kind.name] is kind.create.codes, kind.name


@pytest.mark.parametrize(
    ("members", "meanings"),
    [(Status, STATUSES), (PluginStatus, PLUGIN_STATUSES), (HaltState, ACCOUNT_STATES)],
    ids=["order", "plugin", "account"],
)
def test_every_status_is_explained(members: type, meanings: Mapping[str, str]) -> None:
    """Each with a sentence, in the order of its class."""
    assert list(meanings) == list(members)
    assert all(text[0].isupper() and text.endswith(".") for text in meanings.values())


def told() -> list[type[Event]]:
    """The kinds of events; those that a suite makes up to see whether an observer bears what is new are none."""
    return [kind for kind in Event.__subclasses__() if not kind.__module__.startswith("fks_exec.testing.")]


def test_every_event_says_when_it_happens() -> None:
    """In its own docstring; and all events stand in one module, from which the documentation takes them."""
    for kind in told():
        assert kind.__module__ == events.__name__, f"{kind.__qualname__}: move it to model/events.py"
        text = vars(kind).get("__doc__") or ""
        assert re.match(r"[A-Z][^\n]*(\n[^\n]+)*\.(\n\n|$)", text), f"{kind.__qualname__}: say in a sentence when it happens"


def code_tables() -> ModuleType:
    """The generator of docs/codes.md."""
    spec = importlib.util.spec_from_file_location("code_tables", ROOT / "docs/_ext/code_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_documentation_has_an_entry_for_everything() -> None:
    """Statuses, events, and each code in the table of each of its kinds, with both sentences."""
    tables = {name: make() for name, make in code_tables().TABLES.items()}
    for status in Status:
        assert f"| `{status}` | {STATUSES[status]} |" in tables["statuses"]
    assert all(f"| `{state}` |" in tables["account-states"] for state in HaltState)
    assert all(f"| `{status}` |" in tables["plugin-statuses"] for status in PluginStatus)
    assert all(f"`{kind.__name__} <" in tables["events"] for kind in told())
    for code, entry in [*guard_codes(), *(item for package in FOLDERS for item in table(package).items())]:
        for kind in entry.kinds.words:
            assert f"| `{code}` | {entry.meaning} | {entry.remedy} |" in tables[f"{kind}s"]


def test_the_documentation_computes_success_and_end() -> None:
    """From the records, not by hand."""
    rows = {row.split("`")[1]: row.split(" | ")[2:] for row in code_tables().statuses().splitlines()[2:]}
    assert rows["filled"] == ["yes", "yes |"]
    assert rows["accepted"] == ["yes", "no |"]
    assert rows["canceled"] == ["when something was filled", "yes |"]
    assert rows["unknown"] == ["no", "no |"]


def test_the_page_shows_every_table() -> None:
    """And is reached from the first page."""
    page = (ROOT / "docs/codes.md").read_text("utf-8")
    assert sorted(re.findall(r"```\{code-table\} (\S+)\n", page)) == sorted(code_tables().TABLES)
    assert "\ncodes\n" in (ROOT / "docs/index.md").read_text("utf-8")


FORMS = [
    ('desk.alarm("LOST", "text")', {"LOST": CodeKind.ALARM}),
    ('Denial(code="LATE", message="text")', {"LATE": CodeKind.DENIAL}),
    ('ExecutionResult(status="unknown", code="A" if x else "B")', {"A": CodeKind.RESULT, "B": CodeKind.RESULT}),
    ('WORD = "LATE"\nDenial(code=WORD, message="text")', {"LATE": CodeKind.DENIAL}),
    ('answers.refusal(404, "GONE", "text")', {"GONE": CodeKind.REFUSAL}),
    ('class Late(VenueError):\n    default_code: str = "LATE"', {"LATE": CodeKind.RESULT}),
    ('entry.status, entry.code = 1, "LATE"', {"LATE": None}),
    ('def off(order, code: str): ...\noff(1, "LATE")', {"LATE": None}),
    ('def why():\n    return "TOO_LATE", "text"', {"TOO_LATE": None}),
    ('raise NotSent("text", code="LATE")', {"LATE": None}),
    ('Denial(code=f"{name}_LATE", message="text")', {"": CodeKind.DENIAL}),
    ('__all__ = ["GUARD_TYPES"]\nDenial(code=denial.code, message="SELECT")', {}),
    ('def of(code: int, x): ...\nof("LATE", 1)', {}),
]


@pytest.mark.parametrize(("source", "expected"), FORMS, ids=[source.splitlines()[-1] for source, _ in FORMS])
def test_a_code_is_found_in_every_form(source: str, expected: dict[str, CodeKind | None]) -> None:
    """Else a new code could stand in the sources and nowhere else."""
    declared = "def alarm(self, code, message): ...\ndef refusal(http: int, code: str, message): ...\n"
    uses = Reader({Path("x.py"): declared + source}).uses()
    kinds = {use.code: use.kind for use in uses if use.kind is not None}
    assert {use.code: kinds.get(use.code) for use in uses} == expected


def test_what_is_missing_is_said_with_its_place_and_its_remedy() -> None:
    """The message is for whoever added the code."""
    path = ROOT / "plugins/fks-exec-hub/src/fks_exec_hub/orders/lane.py"
    uses = [Use(path, 7, "BRAND_NEW", CodeKind.ALARM), Use(path, 8, "STALE", CodeKind.ALARM), Use(path, 9, "")]
    new, other, joined = missing("fks_exec_hub", uses)
    assert new.startswith("plugins/fks-exec-hub/src/fks_exec_hub/orders/lane.py:7: BRAND_NEW is not explained; add to ")
    assert '/fks_exec_hub/codes.py: "BRAND_NEW": Code(CodeKind.ALARM, ' in new
    assert "(it is there as denial)" in other
    assert joined.endswith("lane.py:9: a code is put together here; write each one out, so that it can be found")
