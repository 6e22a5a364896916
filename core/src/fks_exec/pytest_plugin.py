# SPDX-License-Identifier: MIT
"""What pytest loads where fks-exec is installed: it looks for tests of the suite, and imports nothing where there are none."""

from __future__ import annotations

from typing import Any


class Lookout:
    """Sees to it that the suite's summary is there before its first test, and where the reports of other processes come in.

    Args:
        config: pytest's.
    """

    def __init__(self, config: Any) -> None:
        self._config = config

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Before a mark of an author's could skip one."""
        if any(hasattr(getattr(item, "cls", None), "written_for") for item in items):
            from .testing.suite.summary import attend

            attend(self._config)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """The first report of the suite from a worker of pytest-xdist."""
        if hasattr(report, "fks_exec_suite") and not self._config.pluginmanager.has_plugin("fks-exec-suite"):
            from .testing.suite.summary import attend

            attend(self._config).pytest_runtest_logreport(report)


def pytest_configure(config: Any) -> None:
    """Called by pytest."""
    config.pluginmanager.register(Lookout(config), "fks-exec-lookout")
