# SPDX-License-Identifier: MIT
"""The hub's own hook: journals come from plugins too."""

from __future__ import annotations

from collections.abc import Sequence

from fks_exec.hookspecs import hookspec

from .journal.protocol import JournalType


class HubSpec:
    """Registration hooks that the hub adds to core's."""

    @hookspec
    def fks_exec_journals(self) -> Sequence[JournalType]:
        """The journal engines that this plugin brings, by the scheme of the configuration's ``journal``.

        Example:
            >>> from fks_exec import hookimpl
            >>> from fks_exec_hub.journal.protocol import JournalType
            >>> @hookimpl
            ... def fks_exec_journals():
            ...     return [JournalType(scheme="acme", open=object)]
            >>> fks_exec_journals()[0].scheme
            'acme'
        """
        raise NotImplementedError
