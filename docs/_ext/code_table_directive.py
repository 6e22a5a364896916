# SPDX-License-Identifier: MIT
"""The directive ``code-table NAME``: a table made from the code at the build, so that none can go stale."""

from typing import Any, ClassVar

from code_tables import TABLES
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CodeTable(SphinxDirective):
    """Parses what :data:`code_tables.TABLES` makes as if it stood in the page."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """The table."""
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"there is no table {name!r}; there are {', '.join(TABLES)}")
        self.env.note_reread()  # the page is older than the code it is made from
        container = nodes.Element()
        self.state.nested_parse(StringList(TABLES[name]().splitlines(), source=f"<{name}>"), self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("code-table", CodeTable)
    return {"parallel_read_safe": True}
