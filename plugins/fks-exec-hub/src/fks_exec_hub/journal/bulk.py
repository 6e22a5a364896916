# SPDX-License-Identifier: MIT
# ruff: noqa: S608 -- the texts are made of names that stand in this package
"""Many rows in one statement.

Every statement lets go of the interpreter's lock once, and beside a busy event loop each return of that lock may take
5 ms. A group commit therefore stores its rows with as few statements as possible.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

LARGEST = 64


class BulkInsert:
    """One table's ``INSERT ... VALUES (...), (...)``; each number of rows is a text that the statement cache knows.

    Args:
        table: the name of the table.
        width: the number of its columns.
        tail: what follows the rows, e.g. ``ON CONFLICT ... DO UPDATE``.
    """

    def __init__(self, table: str, width: int, tail: str = "") -> None:
        self._width = width
        row = f"({question_marks(width)})"
        self._texts = [f"INSERT INTO {table} VALUES {', '.join([row] * rows)} {tail}" for rows in range(1, LARGEST + 1)]

    def store(self, connection: apsw.Connection, values: Sequence[apsw.SQLiteValue]) -> None:
        """Store rows, given as one flat sequence of values."""
        for start in range(0, len(values), LARGEST * self._width):
            some = values[start : start + LARGEST * self._width]
            connection.execute(self._texts[len(some) // self._width - 1], some)


def question_marks(count: int) -> str:
    """Places for so many values."""
    return ", ".join("?" * count)
