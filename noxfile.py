# SPDX-License-Identifier: MIT
"""Every task of the repository: `nox -l` lists them, `nox -s NAME -- ...` runs one."""

import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]

PLUGINS = sorted(path.parent.as_posix() for path in Path("plugins").glob("*/pyproject.toml"))
FOLDERS = {"fks-exec": "core", **{Path(folder).name: folder for folder in PLUGINS}, "fks-exec-simulators": "tests/simulators"}
PUBLISHED = tuple(FOLDERS)[:-1]
NO_VENUES = {"fks-exec", "fks-exec-hub", "fks-exec-server"}
EXACT = ("fks-exec-ccxt",)  # its dependencies pin theirs exactly
OLDEST = {*FOLDERS, "testing", "test", "build"} - {*EXACT}
GROUPS = tuple(tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["dependency-groups"])  # of tools
TOGETHER = ["tests/core", "tests/paper", "tests/server", "tests/hub/test_cli_group.py", "tests/hub/test_journal_sqlite.py"]
APART = [
    f"--ignore=tests/{place}" for place in ("mutants", "types", "fuzz", "ccxt/test_conformance.py")
]  # run by other sessions
PARALLEL = ["--numprocesses=auto", "--dist=worksteal"]
SOURCES = [f"{folder}/src" for folder in FOLDERS.values()]

# Run inside a venv that holds one distribution: its name, its import name, the names that may be installed.
ALONE = """
import sys, time
dist, module, *allowed = sys.argv[1:]
started = time.perf_counter()
__import__(module)
print(f"import {module}: {(time.perf_counter() - started) * 1000:.0f} ms")
heavy = {"apsw", "click", "starlette", "uvicorn", "httpx", "pytest", "ccxt", "MetaTrader5", "clr"}
assert dist != "fks-exec" or not heavy & set(sys.modules), heavy & set(sys.modules)
import re, importlib.metadata as metadata
def plain(name): return re.sub("[-_.]+", "-", re.match("[A-Za-z0-9._-]+", name)[0]).lower()
needs = {plain(r) for r in metadata.requires(dist) if "extra ==" not in r}
there = {plain(d.metadata["Name"]) for d in metadata.distributions()} - {"pip", "setuptools", "wheel"}
assert dist != "fks-exec" or needs == {"attrs", "cattrs", "importlib-metadata", "pluggy"}, needs
assert there <= set(allowed), f"more than {dist} needs: {sorted(there - set(allowed))}"
for entry in metadata.distribution(dist).entry_points:
    if entry.group not in ("fks_exec.suites", "pytest11"): entry.load()  # those need fks-exec[testing]
print(f"{dist} needs {sorted(needs)}; installed: {sorted(there)}")
"""
# Each bound of these distributions, of their extras where installed, is the version that is there.
LOWEST = """
import re, sys, importlib.metadata as metadata
def short(version): return re.sub(r"(\\.0)+$", "", version)
there = {re.sub("[-_.]+", "-", d.name).lower(): d.version for d in metadata.distributions()}
for dist in sys.argv[1:]:
    for need in metadata.requires(dist) or []:
        name, bound, marker = re.fullmatch(r"([a-z-]+)(?:<[0-9]+,)?>=([0-9.]+)(;.*)?", need.replace(" ", "")).groups()
        if name.startswith("fks-exec") or (marker and name not in there): continue
        assert short(there[name]) == short(bound), f"{dist} allows {need}; {there[name]} is tested"
        print(f"{dist}: {name} {there[name]}")
"""


def pinned(session: nox.Session, *names: str) -> None:
    """Install the pins of distributions and tool groups, every file checked against its hash."""
    session.install("--require-hashes", *(f"--requirement=requirements/{name}.txt" for name in names))


def workspace(session: nox.Session, *groups: str, names: Iterable[str] = tuple(FOLDERS), kind: str = "") -> None:
    """Install tool groups, then distributions as editables (pip takes no hashes beside those)."""
    pinned(session, *(f"{kind}{name}" for name in (*names, "build", *groups)))
    editables = (f"--editable={FOLDERS[name]}" for name in names)
    session.install("--no-deps", "--no-build-isolation", *editables)
    check(session)
    session.env["PYTHONDONTWRITEBYTECODE"] = ""  # else each of the many processes would compile all sources anew


def check(session: nox.Session) -> None:
    """Fail if what is installed lacks a dependency (under uv, `pip` would be another environment's)."""
    tool = ["uv"] if session.venv_backend == "uv" else ["python", "-m"]
    session.run(*tool, "pip", "check", silent=True)


@nox.session
def demo(session: nox.Session) -> None:
    """The main job: an order from an alert to its fill, on this machine; `-- --exchange` at a simulated exchange."""
    workspace(session, names=FOLDERS if "--exchange" in session.posargs else PUBLISHED)
    session.run("python", "docs/examples/demo/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those that other sessions run, under coverage; the thresholds hold when all of them run."""
    workspace(session, "test")
    started = time.monotonic()
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *(session.posargs or [*PARALLEL, "tests", *APART]))
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", f"--fail-under={0 if session.posargs else 85}")
    if not session.posargs:
        session.run("coverage", "report", "--include=core/*,plugins/fks-exec-hub/*", "--fail-under=90", silent=True)
    session.log(f"tests: {time.monotonic() - started:.0f} s")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Requests that nobody means, at every route of the server: no 5xx, nothing that hangs."""
    workspace(session, "fuzz")
    session.run("pytest", "tests/fuzz", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the code on purpose: each mutant is caught by the test that its table names."""
    workspace(session, "test")
    session.run("pytest", "--numprocesses=3", "--dist=loadfile", "tests/mutants", *session.posargs)


def stands(session: nox.Session, name: str, kind: str = "") -> None:
    """Install a distribution as a wheel, with its own pins and nothing else: it imports, and lacks nothing."""
    pinned(session, f"{kind}{name}")
    session.install("--no-index", "--find-links", "dist", name, env={"UV_NO_CACHE": "1"})  # uv keeps a wheel by its name
    check(session)
    module = name.replace("-", "_")
    pins = re.findall(r"^([a-z0-9-]+)==", Path(f"requirements/{kind}{name}.txt").read_text("utf-8"), re.MULTILINE)
    session.run("python", "-c", f"import {module}")  # compiles, so that the next one measures the import
    session.run("python", "-I", "-c", ALONE, name, module, *PUBLISHED, *pins, log=False)
    if name == "fks-exec":
        session.run("python", "-I", "-m", "fks_exec")


def conforms(session: nox.Session, name: str, kind: str = "") -> None:
    """Run its conformance tests, if it has some, with what `fks-exec[testing]` installs beside it."""
    suite = Path("tests", Path(FOLDERS[name]).name.removeprefix("fks-exec-"), "test_conformance.py")
    if name not in NO_VENUES and not suite.is_file():
        session.error(f"{name} has no {suite}: every venue of ours runs the suite")
    if suite.is_file():
        pinned(session, f"{kind}{name}-testing" if kind and name in EXACT else f"{kind}testing")
        check(session)
        simulated = {"PYTHONPATH": str(Path(FOLDERS["fks-exec-simulators"], "src").resolve())}  # exchanges to trade against
        session.run("pytest", "--noconftest", str(suite), env=simulated)  # a conftest of ours may import more than is there


@nox.session(requires=["wheels"], reuse_venv=False)
@nox.parametrize("name", PUBLISHED, ids=PUBLISHED)
def alone(session: nox.Session, name: str) -> None:
    """One distribution as a wheel, with its own pins and nothing else: it imports, and conforms."""
    stands(session, name)
    conforms(session, name)


@nox.session(requires=["wheels"], reuse_venv=False)
@nox.parametrize("name", PUBLISHED, ids=PUBLISHED)
def oldest(session: nox.Session, name: str) -> None:
    """The same with the lowest versions that it allows."""
    stands(session, name, "oldest-")
    conforms(session, name, "oldest-")
    session.run("python", "-I", "-c", LOWEST, name, log=False)


@nox.session
def bounds(session: nox.Session) -> None:
    """Tests of all distributions with the lowest versions that they allow, of the tools too."""
    names = [name for name in FOLDERS if name not in EXACT]
    workspace(session, "test", names=names, kind="oldest-")
    session.run("python", "-I", "-c", LOWEST, *(name for name in names if name in PUBLISHED), log=False)
    session.run("pytest", *PARALLEL, *(session.posargs or TOGETHER))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format; of the projects that `fks-exec new-venue` and its kin write too, by their own settings."""
    pinned(session, "lint")
    templates = Path(FOLDERS["fks-exec-hub"], "src/fks_exec_hub/templates")
    with tempfile.TemporaryDirectory() as copy:
        for path in (path.relative_to(templates) for path in templates.rglob("*.txt")):
            Path(copy, path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(templates / path, Path(copy, path).with_suffix(""))
        for folder in (".", copy):
            session.run("ruff", "check", folder)
            session.run("ruff", "format", "--check", folder)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy strict on all sources; pyright on what a user of the public API sees."""
    workspace(session, "types", "test")
    session.run("mypy", *SOURCES)
    for name in PUBLISHED:
        session.run("pyright", "--ignoreexternal", "--verifytypes", name.replace("-", "_"))
    session.run("pytest", "tests/types")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a warning or a dead reference fails."""
    workspace(session, "docs", "testing")  # the pages say what the suite demands
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-q", "docs", "docs/_build/html")


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks: ratios and counts measured in one run."""
    workspace(session, "test")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """A host under load for long: memory, open files and tasks do not rise; `-- --minutes 30 --rate 50`."""
    workspace(session, "test")
    session.run("python", "-m", "tests.bench.soak", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill hosts at named steps and at random, under load, with disks that fail; look for lost and doubled orders.

    `-- --exchanges 50`: the runs over simulated exchanges instead, through fks-exec-ccxt, while everything fails.
    """
    workspace(session, "test")
    script = "exchanges.py" if "--exchanges" in session.posargs else "chaos.py"
    session.run("python", f"tests/chaos/{script}", *session.posargs)


@nox.session
def model(session: nox.Session) -> None:
    """Search the model of the protocol with Spin (apt-get install spin gcc); each wrong variant is caught."""
    session.run("python", "docs/model/check.py", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """The wheels of all published distributions, in dist/."""
    pinned(session, "build")
    shutil.rmtree("dist", ignore_errors=True)
    build = ["python", "-m", "build", "--wheel", "--no-isolation", "--outdir=dist"]
    for name in PUBLISHED:
        session.run(*build, FOLDERS[name], silent=True)


@nox.session
def pins(session: nox.Session) -> None:
    """Make requirements/ anew: every pin with the hashes of all platforms, and no address."""
    pinned(session, "pins")
    target = Path("requirements").resolve()
    exports = {name: ["--package", name] for name in FOLDERS} | {name: ["--only-group", name] for name in GROUPS}
    exports["testing"] = ["--package", "fks-exec", "--extra", "testing"]
    with tempfile.TemporaryDirectory() as copy:
        for folder in [".", *FOLDERS.values()]:
            Path(copy, folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(folder, "pyproject.toml"), Path(copy, folder))
        with session.chdir(copy):
            exported(session, target, exports)
            for name in EXACT:  # what it pins would bind the lowest versions of all others too
                lowest(session, target, {name: exports[name], f"{name}-testing": exports["testing"]})
                shutil.rmtree(FOLDERS[name])
            lowest(session, target, {name: what for name, what in exports.items() if name in OLDEST})


def lowest(session: nox.Session, target: Path, exports: dict[str, list[str]]) -> None:
    """The pins of the lowest versions that are allowed, of those names."""
    exported(session, target, {f"oldest-{name}": what for name, what in exports.items()}, "--resolution=lowest-direct")


def exported(session: nox.Session, target: Path, exports: dict[str, list[str]], *resolution: str) -> None:
    """Resolve the workspace in the current folder; write the pins of each name, as `uv export` is told for it."""
    Path("uv.lock").unlink(missing_ok=True)  # what it holds would be kept
    session.run("uv", "lock", *resolution)
    plain = ["--frozen", "--no-emit-workspace", "--no-header", "--no-annotate", "--no-dev"]
    for name, what in exports.items():
        session.run("uv", "export", *plain, *what, f"--output-file={target / name}.txt", silent=True)
