# SPDX-License-Identifier: MIT
"""The suite that every venue, guard and observer passes: subclass it, give two fixtures, run pytest."""

import pytest

pytest.register_assert_rewrite(__name__)
