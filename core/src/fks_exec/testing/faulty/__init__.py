# SPDX-License-Identifier: MIT
"""A simulated venue as unkind as the real ones, for the tests of hosts and of venue plugins."""
