# SPDX-License-Identifier: MIT
"""Named fakes and simulated counterparts for the tests."""
