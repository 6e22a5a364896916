# SPDX-License-Identifier: MIT
"""What is proved of each exchange, for the docs: ``python -m fks_exec_simulators.capability_table docs/_data/exchanges.json``.

Made offline from the fixture markets and the installed ccxt; a test holds the file against it, so that an upgrade that changes
what an exchange is sent is seen.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import asdict

from fks_exec_ccxt.requests.capabilities import table

from .offline import exchanges, offline


def document() -> dict[str, Any]:
    """The version of ccxt, and a row for each kind of market of each exchange."""
    rows = [asdict(row) for row in table(_instances())]
    return {"ccxt": importlib.metadata.version("ccxt"), "rows": json.loads(json.dumps(rows))}


def _instances() -> Iterator[tuple[Any, str]]:
    for name in exchanges():
        for market_type in ("spot", "swap"):
            yield offline(name, market_type), market_type


def main() -> None:
    """Write the file that is named."""
    Path(sys.argv[1]).write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
