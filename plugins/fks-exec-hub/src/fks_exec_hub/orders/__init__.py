# SPDX-License-Identifier: MIT
"""The life of one order until its first outcome, and what is asked for it afterwards: cancel, amend, settle."""
