# SPDX-License-Identifier: MIT
"""One order of an alert in its turn, what is known of it, and what becomes of it: Matter, Decision."""

from __future__ import annotations

from attrs import frozen

from fks_exec import AccountNotReady, Denial, Instruction

from .alert import Child
from .continuity import Last, Place
from .delivery import Delivery
from .holding import Holding
from .turns import Ticket

_GAP = Denial(code="SIGNAL_GAP", message="an alert of this strategy is missing; look at TradingView's log of alerts")


class LookFirst(Exception):
    """What was taken for an exit at its arrival is judged by the market: it waits for a look as an entry does."""


@frozen(kw_only=True)
class Decision:
    """What becomes of an alert.

    Args:
        instruction: what is sent; None: nothing, and ``denial`` says why.
        denial: of what is not sent: of the whole, or of what a reversal was to open.
        gap: an alert is missing before it.
        blocked: entries are held back until the strategy is flat.
    """

    instruction: Instruction | None
    denial: Denial | None = None
    gap: bool = False
    blocked: bool = False

    @property
    def refused(self) -> Denial:
        """Why nothing is sent."""
        return self.denial or _GAP

    @property
    def halved(self) -> bool:
        """Only the exit of a reversal is sent."""
        return self.instruction is not None and self.denial is not None


@frozen(kw_only=True)
class Matter:
    """One order of an alert in its turn, and what is known of it.

    Args:
        last: what its strategy said before.
        holding: what is held; None: it does not matter.
    """

    delivery: Delivery
    child: Child
    place: Place
    ticket: Ticket
    last: Last
    holding: Holding | None = None
    exits: bool = False


def looks(delivery: Delivery) -> bool:
    """Whether an entry of an alert is judged by a quote."""
    collar = delivery.config.collar_percent is not None and delivery.signal.price is not None
    return collar or delivery.caller.scope.max_notional is not None


def looked(matter: Matter) -> None:
    """Raises LookFirst, AccountNotReady: the market was not looked up, or did not answer."""
    if matter.ticket.market is not None or not looks(matter.delivery):
        return
    if matter.exits and matter.delivery.caller.scope.max_notional is None:
        return
    if matter.ticket.ahead:
        raise LookFirst
    raise AccountNotReady(matter.place.account, f"it gives no quote of {matter.place.symbol}")
