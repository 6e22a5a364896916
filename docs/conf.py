# SPDX-License-Identifier: MIT
"""Sphinx: MyST pages, the furo theme, every reference checked."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fks-exec"
author = "fks-exec contributors"
copyright = "2026, fks-exec contributors"
release = importlib.metadata.version("fks-exec")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
extensions += ["code_table_directive"]
exclude_patterns = ["_build", "_ext", "examples"]
html_theme = "furo"
html_title = f"fks-exec {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

nitpicky = True
suppress_warnings = ["ref.python"]  # a signature's ExecutionHub: there are two, asynchronous and fks_exec_hub.sync's
# Only what other projects document: no inventory is fetched, so that the build needs no network.
ELSEWHERE = (
    "_?asyncio|attrs?|cattrs|click|collections|concurrent|contextlib|datetime|decimal|enum|importlib_metadata"
    "|pathlib|pluggy|starlette|types|typing|uuid"
)
# What a signature names and no caller makes.
INNER = r"fks_exec_hub\.accounts\.live\.Live|fks_exec\.testing\.faulty\.(exchange\.Exchange|book\.Book)"
# Aliases, and names as they stand in the signatures of attrs classes.
UNQUALIFIED = r"Number|fks_exec\.convert\.T|fks_exec\.model\.fields\._Word|What a guard answers"
UNQUALIFIED += r"|Decimal|Fate|Side|OrderUpdate|Option|Answer|ProtectionKind|T|ServerConfig|ASGIApp|fks_exec_hub\.ExecutionHub"
UNQUALIFIED += r"|Path|ProtectionConfig|BreakerConfig|DayConfig"
nitpick_ignore_regex = [(r"py:(class|data|obj)", f"{UNQUALIFIED}|{INNER}"), (r"py:.*", rf"({ELSEWHERE})\..*")]
