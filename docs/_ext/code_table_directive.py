# SPDX-License-Identifier: MIT
"""The directives ``code-table NAME`` and ``guard-table NAME``: made from the code at the build, so that none can go stale."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

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


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("code-table", CodeTable)
    app.add_directive("guard-table", GuardTable)
    return {"parallel_read_safe": True}
