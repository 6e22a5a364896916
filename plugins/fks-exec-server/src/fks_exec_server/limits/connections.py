# SPDX-License-Identifier: MIT
"""How many connections are open at once, and which one goes when there are too many: Connections."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Protocol


class Connection(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Close it."""


class Connections:
    """The open connections of one listener.

    Who takes places and asks for nothing makes room for who comes: where there are too many, the one goes that has waited
    longest without a whole request; only if all of them are being served, the new one is not taken.

    Args:
        most: in all.
        most_per_address: of one address; of one that is trusted, as many as in all.
    """

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._address: dict[Connection, str] = {}
        self._count: Counter[str] = Counter()
        self._waiting: OrderedDict[Connection, None] = OrderedDict()  # the first has waited longest

    def __len__(self) -> int:
        return len(self._address)

    def enter(self, connection: Connection, address: str, *, trusted: bool = False) -> bool:
        """Take a connection; False: it is not taken, for want of room."""
        if not trusted and self._count[address] >= self._most_per_address and not self._close_one(address):
            return False
        if len(self._address) >= self._most and not self._close_one(None):
            return False
        self._address[connection] = address
        self._count[address] += 1
        self._waiting[connection] = None
        return True

    def serving(self, connection: Connection) -> None:
        """It has sent a whole request."""
        self._waiting.pop(connection, None)

    def waiting(self, connection: Connection) -> None:
        """It was answered, and may ask again."""
        if connection in self._address:
            self._waiting[connection] = None

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        address = self._address.pop(connection, None)
        self._waiting.pop(connection, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _close_one(self, address: str | None) -> bool:
        """Close the one that has waited longest, of an address or of all."""
        for connection in self._waiting:
            if address is None or self._address[connection] == address:
                self.leave(connection)
                connection.close()
                return True
        return False
