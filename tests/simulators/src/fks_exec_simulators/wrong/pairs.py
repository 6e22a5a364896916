# SPDX-License-Identifier: MIT
"""What pytest collects in a process of the matrix: a class for each pair of a mutant and a class of its suite."""

import os

from fks_exec_simulators.wrong.trying import PART, WHOLE, pairs, tried

part, parts = map(int, os.environ.get(PART, "0/1").split("/"))
for mutant, suite in pairs(part, parts, whole=bool(os.environ.get(WHOLE))):
    globals()[f"Test|{mutant.name}|{suite.__name__}"] = tried(mutant, suite)
