# SPDX-License-Identifier: MIT
"""``fks-exec explain``: what a code or a status says, and what to do about it."""

from __future__ import annotations

import difflib
import importlib.metadata
import logging
from collections.abc import Iterator, Sequence

import click
from attrs import frozen

from fks_exec.codes import GROUP, STATUSES, Code

from .output import Console, json_option, pass_console, table

log: logging.Logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class Explained:
    """One word, as whoever gives it describes it.

    Args:
        kinds: where it stands; for a status ``status``.
        origins: who gives it: distributions, with the entry point in brackets where it is a guard's, say.
        remedy: empty for a status.
    """

    code: str
    kinds: tuple[str, ...]
    meaning: str
    remedy: str = ""
    origins: tuple[str, ...] = ()


def explained() -> list[Explained]:
    """The codes of all installed distributions by name, one entry for each meaning that a word has."""
    found: dict[tuple[str, Code], list[str]] = {}
    for origin, word, code in _installed():
        origins = found.setdefault((word, code), [])
        if origin not in origins:
            origins.append(origin)
    return [
        Explained(code=word, kinds=code.kinds.words, meaning=code.meaning, remedy=code.remedy, origins=tuple(origins))
        for (word, code), origins in sorted(found.items(), key=lambda item: (item[0][0], item[1]))
    ]


@click.command()
@click.argument("code", required=False)
@json_option
@pass_console
def explain(console: Console, code: str | None) -> None:
    """Say what a CODE or a status means and what to do about it; without one, list all.

    The codes of a venue's own stand in its documentation: they are passed on as they come.
    """
    known = [*(Explained(code=word, kinds=("status",), meaning=text) for word, text in STATUSES.items()), *explained()]
    meant = [each for each in known if code is None or each.code.casefold() == code.casefold()]
    if code is not None and not meant:
        raise click.UsageError(_unknown(code, known))
    console.show(meant, _table(meant) if code is None else "\n\n".join(map(_text, meant)))


def _installed() -> Iterator[tuple[str, str, Code]]:
    """Who gives it, the code, what it says."""
    points = importlib.metadata.entry_points(group=GROUP)
    for origin, point in sorted((_origin(point), point) for point in points):
        try:
            codes = dict(point.load())
        except Exception as error:  # a stranger's table may be anything; the others are explained all the same
            log.warning("the codes of %s (%s) cannot be read: %s", origin, point.value, type(error).__name__)
            continue
        yield from ((origin, word, code) for word, code in codes.items() if isinstance(code, Code))


def _origin(point: importlib.metadata.EntryPoint) -> str:
    distribution = point.dist.name if point.dist else ""
    return distribution if point.name == distribution else f"{distribution} ({point.name})".strip()


def _unknown(code: str, known: Sequence[Explained]) -> str:
    words = {each.code.casefold(): each.code for each in known}
    near = [words[word] for word in difflib.get_close_matches(code.casefold(), words, n=3)]
    hint = f"did you mean {' or '.join(near)}?" if near else "'fks-exec explain' lists all."
    return f"there is no code {code[:40]!a} here; {hint} A code of the venue's own stands in its documentation."


def _text(each: Explained) -> str:
    origins = f", from {', '.join(each.origins)}" if each.origins else ""
    return "\n".join(
        filter(None, (f"{each.code}: {', '.join(each.kinds)}{origins}", f"  {each.meaning}", f"  {each.remedy}"))
    ).rstrip()


def _table(known: Sequence[Explained]) -> str:
    rows = [(each.code, ", ".join(each.kinds), each.meaning) for each in known]
    return table(("code", "where", "meaning"), rows, empty="no codes are listed")
