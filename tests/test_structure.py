# SPDX-License-Identifier: MIT
"""Each module imports only what stands above it. Read from the sources; imports for type checkers count too."""

import ast
from collections.abc import Container
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FOLDERS = {
    "fks_exec": "core/src",
    "fks_exec_ccxt": "plugins/fks-exec-ccxt/src",
    "fks_exec_hub": "plugins/fks-exec-hub/src",
    "fks_exec_paper": "plugins/fks-exec-paper/src",
    "fks_exec_server": "plugins/fks-exec-server/src",
    "fks_exec_simulators": "tests/simulators/src",
}

# The order within a distribution, from what imports nothing of ours to what imports all. A module of the distribution
# that is missing here fails. `name.*` stands for a package whose modules may import one another.
ORDER = {
    "fks_exec": [
        "errors",
        "secrets",
        "clock",
        "model.copying",
        "model.numbers",
        "model.fields",
        "model.orders",
        "model.targets",
        "model.results",
        "model.market",
        "model.account",
        "model.events",
        "model.extension",
        "model",
        "discretion",
        "convert",
        "hookspecs",
        "roles",
        "plugins",
        "codes",
        "calls",
        "guarding",
        "outcomes",
        "support",
        "observers",
        "manager",
        "reading",
        "account",
        "testing.trial",
        "testing.cases",
        "testing.faulty.requests",
        "testing.faulty.waiting",
        "testing.faulty.placed",
        "testing.faulty.market",
        "testing.faulty.holdings",
        "testing.faulty.book",
        "testing.faulty.later",
        "testing.faulty.protection",
        "testing.faulty.floor",
        "testing.faulty.call",
        "testing.faulty.placing",
        "testing.faulty.legs",
        "testing.faulty.refusing",
        "testing.faulty.script",
        "testing.faulty.exchange",
        "testing.faulty.hooks",
        "testing.faulty.controls",
        "testing.faulty.declared",
        "testing.faulty.venue",
        "testing.faulty.wire",
        "testing.faulty.loopback",
        "testing.faulty.control",
        "testing.faulty.server",
        "testing.faulty.remote",
        "testing.faulty.process",
        "testing.faulty.counterpart",
        "testing.faulty.dialect",
        "testing.faulty.command",
        "testing.faulty",
        "testing",
        "testing.finding",
        "testing.suite.*",
        "testing.record",
        "testing.report",
        "testing.leaving",
        "testing.running",
        "testing.command",
        "pytest_plugin",
        "testing.__main__",
        "",  # fks_exec itself
        "__main__",
    ],
    "fks_exec_hub": [
        "errors",
        "sockets",
        "instructions",
        "journal.*",
        "ids",
        "hookspecs",
        "zones",
        "guards.*",
        "exits",
        "exits.codes",
        "codes",
        "money",
        "exits.family",
        "accounts",
        "accounts.settings",
        "accounts.book",
        "accounts.profit",
        "accounts.forgotten",
        "accounts.live",
        "accounts.merging",
        "accounts.breaker",
        "accounts.refusals",
        "accounts.booking",
        "accounts.quotes",
        "accounts.valuation",
        "accounts.day",
        "accounts.sent",
        "config",
        "accounts.proof",
        "accounts.desk",
        "accounts.sharing",
        "exits.plan",
        "exits.legs",
        "accounts.halting",
        "accounts.probing",
        "accounts.losses",
        "status",
        "orders",
        "orders.steps",
        "orders.repair",
        "orders.record",
        "orders.submit",
        "orders.attempts",
        "orders.scope",
        "orders.beside",
        "orders.belonging",
        "orders.clearing",
        "orders.sizing",
        "orders.concrete",
        "orders.snapshot",
        "orders.standing",
        "orders.decide",
        "orders.rehearse",
        "orders.lane",
        "orders.restore",
        "orders.resolve",
        "orders.lookups",
        "following.looked",
        "following.watch",
        "following.unknown",
        "following",
        "following.earlier",
        "following.unmatched",
        "following.follow",
        "following.polling",
        "following.holdings",
        "following.compare",
        "orders.cancel",
        "orders.sweep",
        "exits.bracket",
        "exits.allowance",
        "exits.telling",
        "exits.levels",
        "exits.patience",
        "exits.shrinking",
        "exits.attached",
        "exits.failing",
        "exits.placing",
        "exits.brackets",
        "exits.protector",
        "exits.moving",
        "exits.watching",
        "exits.targets",
        "orders.amend",
        "accounts.opening",
        "staff",
        "recipes",
        "engines",
        "orders.receipt",
        "orders.intake",
        "looks",
        "hub",
        "control",
        "",  # fks_exec_hub itself
        "testing.*",
        "sync",
        "plugin",
        "cli.*",
    ],
    "fks_exec_ccxt": [
        "codes",
        "config",
        "knowledge",
        "knowledge.known",
        "knowledge.exchanges",
        "knowledge.kept",
        "knowledge.traits",
        "knowledge.symbols",
        "wire",
        "wire.unproved",
        "wire.bucket",
        "wire.limits",
        "wire.calls",
        "wire.numbered",
        "wire.connecting",
        "wire.redaction",
        "wire.outcomes",
        "requests",
        "requests.probed",
        "requests.checks",
        "requests.instruments",
        "requests.mapping",
        "requests.scratch",
        "requests.probing",
        "requests.capabilities",
        "session",
        "session.ids",
        "session.checking",
        "session.sharing",
        "session.loading",
        "session.urls",
        "session.starting",
        "session.markets",
        "session.connection",
        "session.position_mode",
        "session.modes",
        "session.opening",
        "session.health",
        "reading",
        "reading.results",
        "reading.fired",
        "reading.reader",
        "reading.attached",
        "reading.orderlists",
        "reading.pages",
        "reading.lookups",
        "reading.holdings",
        "reading.quotes",
        "trading",
        "trading.changing",
        "trading.placing",
        "manager",
        "venue",
        "",  # fks_exec_ccxt itself
    ],
    "fks_exec_server": [
        "codes",
        "telemetry",
        "telemetry.correlation",
        "access",
        "access.worth",
        "access.scopes",
        "access.listed",
        "config.*",
        "access.*",
        "telemetry.*",
        "limits.*",
        "http",
        "http.body",
        "http.answers",
        "http.request",
        "http.failures",
        "http.door",
        "http.guards",
        "http.guarded",
        "http.reader",
        "http.hearing",
        "http.malformed",
        "http.protocol",
        "http.patterns",
        "tradingview.*",
        "routes",
        "routes.health",
        "routes.accounts",
        "routes.changes",
        "routes.orders",
        "routes.closing",
        "routes.operations",
        "http.table",
        "http.schemas",
        "http.written",
        "http.replies",
        "http.openapi",
        "http.app",
        "serve",
        "",  # fks_exec_server itself
        "emulator.*",
        "proxies.*",
        "cli",
        "cli_keys",
        "cli_token",
    ],
}

# Which distributions one may import. Nothing depends on a venue.
MAY_IMPORT = {
    "fks_exec": set(),
    "fks_exec_ccxt": {"fks_exec"},
    "fks_exec_hub": {"fks_exec"},
    "fks_exec_paper": {"fks_exec"},
    "fks_exec_server": {"fks_exec", "fks_exec_hub"},
}


def sources(package: str) -> dict[str, Path]:
    """The modules of a package by dotted name, the package itself as its own name."""
    folder = ROOT / FOLDERS[package]
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((folder / package).rglob("*.py"))
    }


def imported(module: str, path: Path, known: Container[str] = ()) -> set[str]:
    """The dotted names that a module imports, anywhere in it; ``from x import y`` is ``x.y`` where known, else ``x``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
            parts = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*parts, node.module] if node.module else parts)
            names.update(f"{base}.{a.name}" if f"{base}.{a.name}" in known else base for a in node.names)
    return names


def imported_modules(package: str, module: str, path: Path) -> set[str]:
    """The modules of its own package that a module imports."""
    known = sources(package)
    return {name for name in imported(module, path, known) if name in known} - {module}


def place(order: list[str], package: str, module: str) -> int:
    """Where a module stands in the order of its package."""
    short = module.removeprefix(package).removeprefix(".")
    for index, entry in enumerate(order):
        unit = entry.removesuffix(".*")
        if short == entry or (entry.endswith(".*") and (short == unit or short.startswith(f"{unit}."))):
            return index
    raise AssertionError(f"{module} has no place in ORDER; put it above whatever imports it")


MODULES = [(package, module) for package in ORDER for module in sources(package)]


@pytest.mark.parametrize(("package", "module"), MODULES, ids=[module for _, module in MODULES])
def test_a_module_imports_only_what_stands_above_it(package: str, module: str) -> None:
    """A circle, or a lower module that knows a higher one, is where a small core stops being small."""
    order = ORDER[package]
    own = place(order, package, module)
    for other in sorted(imported_modules(package, module, sources(package)[module])):
        above = place(order, package, other)
        same = above == own and order[own].endswith(".*")
        assert above < own or same, f"{module} imports {other}, which stands below it"


@pytest.mark.parametrize("package", ORDER)
def test_every_place_in_the_order_is_taken(package: str) -> None:
    """A module that was renamed leaves no hole behind."""
    order = ORDER[package]
    taken = {place(order, package, module) for module in sources(package)}
    assert [entry for index, entry in enumerate(order) if index not in taken] == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_distribution_imports_only_those_below_it(package: str) -> None:
    """The core knows no plugin, the hub no host, and nothing knows a venue."""
    for module, path in sources(package).items():
        others = {name.split(".")[0] for name in imported(module, path)} & set(FOLDERS)
        assert others - {package} <= MAY_IMPORT[package], module


def test_the_order_is_read_from_real_imports() -> None:
    """Relative, absolute and type-checking imports are all seen."""
    found = imported_modules("fks_exec", "fks_exec.convert", sources("fks_exec")["fks_exec.convert"])
    assert {"fks_exec.errors", "fks_exec.model.orders", "fks_exec.secrets"} <= found
    assert "fks_exec.model" in imported_modules("fks_exec", "fks_exec", sources("fks_exec")["fks_exec"])


def test_an_import_from_below_is_caught(tmp_path: Path) -> None:
    """Also one that only a type checker sees."""
    path = tmp_path / "errors.py"
    lines = [
        "from typing import TYPE_CHECKING",
        "from . import Account, clock",
        "if TYPE_CHECKING:",
        "    import fks_exec.model.orders",
    ]
    path.write_text("\n".join(lines), "utf-8")
    below = {"fks_exec", "fks_exec.clock", "fks_exec.model.orders"}
    assert imported_modules("fks_exec", "fks_exec.errors", path) == below
    order = ORDER["fks_exec"]
    assert place(order, "fks_exec", "fks_exec.model.orders") > place(order, "fks_exec", "fks_exec.errors")


def test_a_module_without_a_place_is_refused() -> None:
    """Else a new module would be free to import all."""
    with pytest.raises(AssertionError, match="has no place in ORDER"):
        place(["journal.*"], "fks_exec_hub", "fks_exec_hub.orders.lane")
    assert place(["orders.lane", "journal.*"], "fks_exec_hub", "fks_exec_hub.journal.sqlite") == 1
