# SPDX-License-Identifier: MIT
"""``python -m fks_exec``: the installed plugins and what became of each."""

from __future__ import annotations

import json
import sys

from .convert import to_dict
from .plugins import PluginInfo, Plugins


def main(arguments: list[str]) -> int:
    """Print a table, or JSON with ``--json``; ``--load`` loads each plugin first. Exit 2 for another argument."""
    if unknown := sorted(set(arguments) - {"--json", "--load"}):
        print(f"unknown argument {unknown[0]!a}; known are --json and --load", file=sys.stderr)
        return 2
    plugins = Plugins()
    infos = plugins.load_all() if "--load" in arguments else plugins.infos()
    if "--json" in arguments:
        print(json.dumps([to_dict(info) for info in infos], indent=2))
    else:
        print(table(infos))
    return 0


def table(infos: list[PluginInfo]) -> str:
    """One line for each plugin."""
    if not infos:
        return "no plugins are installed; a venue comes with a package of its own: pip install fks-exec-paper"
    rows = [
        ("plugin", "status", "from", ""),
        *((i.name, str(i.status), f"{i.distribution} {i.version}", i.reason) for i in infos),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  ".join([*(row[c].ljust(widths[c]) for c in range(3)), row[3]]).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
