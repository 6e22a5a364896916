# SPDX-License-Identifier: MIT
"""The guard ``identical``: the same order is not sent again and again within a short time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from fks_exec import AccountState, Answer, ConfigError, Denial, Order, hookimpl
from fks_exec.codes import Code, denial

from .settings import count

_HOUR = 3600


def _within_an_hour(instance: object, attribute: Attribute[Any], value: float) -> None:
    """So long is remembered what was sent."""
    if not 0 < value <= _HOUR:
        raise ConfigError(attribute.name, f"{value} is not between 0 and {_HOUR} seconds; write {attribute.name} = 60, say")


@frozen(kw_only=True)
class IdenticalConfig:
    """The table of a guard of type ``identical``.

    Args:
        maximum: so many orders that are the same may be sent within the time.
        seconds: the time; at most 3600.
    """

    maximum: int = field(default=1, validator=count)
    seconds: float = field(default=60.0, validator=_within_an_hour)


@frozen(eq=False)
class Identical:
    """Denies an order that was sent ``maximum`` times within the last ``seconds``, under whatever id.

    The same are orders of one instrument, side, type, quantity and prices. It guards against a signal that comes twice under
    two ids, and denies who means it twice: so it counts only where it is listed.
    """

    config: IdenticalConfig = field(factory=IdenticalConfig)

    needs: ClassVar[frozenset[str]] = frozenset({"identical"})

    codes: ClassVar[Mapping[str, Code]] = {
        "IDENTICAL": denial(
            "The same order was sent a short time ago, as often as the configuration allows.",
            "Nothing, if the signal came twice; else wait as long as the denial says, or raise the guard's maximum.",
        ),
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """When it was sent before: only the one that would have to be old enough is looked at."""
        maximum, seconds, before = self.config.maximum, self.config.seconds, account.identical
        if len(before) < maximum:
            return None
        age = max(account.time - before[maximum - 1], 0) / 1000  # the clock may have gone back
        if age >= seconds:
            return None
        often = "once" if maximum == 1 else f"{maximum} times"
        return Denial(
            code="IDENTICAL",
            message=f"this same order of {order.symbol} was sent {often} within {seconds:g} s; if it is meant again, wait "
            f"{seconds - age:.1f} s",
            limit=f"{maximum} in {seconds:g} s",
            value=f"{maximum + 1} in {age:.1f} s",
        )
