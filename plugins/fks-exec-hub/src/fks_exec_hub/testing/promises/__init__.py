# SPDX-License-Identifier: MIT
"""What a journal promises, a class for each concern; :class:`~fks_exec_hub.testing.JournalSuite` has them all."""
