# SPDX-License-Identifier: MIT
"""The directives ``code-table NAME``, ``hook-table NAME`` and their kin: made from the code at the build, never stale."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import command_tables
import exchange_tables
import hook_tables
import key_tables
import mutant_tables
import suite_tables
from code_tables import TABLES
from docutils import nodes
from docutils.statemachine import StringList
from guard_tables import GUARDS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CodeTable(SphinxDirective):
    """Parses what :data:`code_tables.TABLES` makes as if it stood in the page."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}
    tables: ClassVar[Mapping[str, Callable[[], str]]] = TABLES

    def run(self) -> list[nodes.Node]:
        """The table."""
        name = self.arguments[0]
        if name not in self.tables:
            raise self.error(f"there is no table {name!r}; there are {', '.join(self.tables)}")
        self.env.note_reread()  # the page is older than the code it is made from
        container = nodes.Element()
        self.state.nested_parse(
            StringList(self.tables[name]().splitlines(), source=f"<{name}>"), self.content_offset, container
        )
        return container.children


class GuardTable(CodeTable):
    """The same for a guard: its keys and its codes."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = GUARDS


class HookTable(CodeTable):
    """The same for hooks."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = hook_tables.TABLES


class KeyTable(CodeTable):
    """The same for the keys of a configuration table."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = key_tables.TABLES


class CommandTable(CodeTable):
    """The same for the command line."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = command_tables.TABLES


class MutantTable(CodeTable):
    """The same for what the suite catches."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = mutant_tables.TABLES


class SuiteTable(CodeTable):
    """The same for what the suite demands."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = suite_tables.TABLES


class ExchangeTable(CodeTable):
    """The same for what is proved of the crypto exchanges."""

    tables: ClassVar[Mapping[str, Callable[[], str]]] = exchange_tables.TABLES


DIRECTIVES = {
    "code-table": CodeTable,
    "guard-table": GuardTable,
    "hook-table": HookTable,
    "key-table": KeyTable,
    "command-table": CommandTable,
    "mutant-table": MutantTable,
    "suite-table": SuiteTable,
    "exchange-table": ExchangeTable,
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True}
