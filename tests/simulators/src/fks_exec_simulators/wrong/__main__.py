# SPDX-License-Identifier: MIT
"""``python -m fks_exec_simulators.wrong FILE``: run the matrix and write the table that the docs show."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from .matrix import classes_of
from .trying import caught, mutants, run


def table(found: dict[str, list[str]]) -> list[dict[str, Any]]:
    """A row for each mutant: what is wrong with it, which classes try it, which catch it."""
    return [
        {
            "mutant": mutant.name,
            "wrong": mutant.wrong,
            "tried_by": [suite.__name__ for suite in classes_of(mutant)],
            "caught_by": found[mutant.name],
        }
        for mutant in mutants()
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        rows = table(caught(run(Path(folder), os.cpu_count() or 1, whole=True)))
    Path(sys.argv[1]).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
