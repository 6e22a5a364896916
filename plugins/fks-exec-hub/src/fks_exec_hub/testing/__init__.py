# SPDX-License-Identifier: MIT
"""The hub's part of the kit: a class that tries a venue through the hub, and the suite of journals.

It needs the extra ``testing``: ``pip install 'fks-exec-hub[testing]'``.
"""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from .journals import JournalSuite  # noqa: E402  (after the line above, which is what it is for)
from .venues import ThroughTheHub  # noqa: E402

__all__ = ["JournalSuite", "ThroughTheHub"]
