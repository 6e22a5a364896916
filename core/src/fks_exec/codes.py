# SPDX-License-Identifier: MIT
"""What codes and statuses say: core's codes, and the record in which every distribution describes its own.

A code is a word in capitals. Each distribution lists its own in a mapping from code to :class:`Code` and names that in the
entry-point group ``fks_exec.codes``; ``fks-exec explain`` and the documentation read them there, nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto

from attrs import frozen

from .model.results import Status
from .plugins import PluginStatus

GROUP: str = "fks_exec.codes"


class CodeKind(Flag):
    """Where a code stands.

    ``DENIAL`` in a denial, and as the result's code; ``RESULT`` in a result of any other status; ``ALARM`` in an alarm;
    ``REFUSAL`` in a host's answer to a request from which no order came; ``FAILURE`` in what a command prints with ``--json``.
    """

    DENIAL = auto()
    RESULT = auto()
    ALARM = auto()
    REFUSAL = auto()
    FAILURE = auto()

    @property
    def words(self) -> tuple[str, ...]:
        """The kinds, as a person writes them."""
        return tuple((kind.name or "").lower() for kind in self)


@frozen
class Code:
    """What one code says.

    Args:
        kinds: one or several.
        meaning: a sentence.
        remedy: a sentence: what to do about it.
    """

    kinds: CodeKind
    meaning: str
    remedy: str


def denial(meaning: str, remedy: str) -> Code:
    """A code that stands in denials only, as a guard's does."""
    return Code(CodeKind.DENIAL, meaning, remedy)


CODES: Mapping[str, Code] = {
    "AUTH": Code(
        CodeKind.RESULT,
        "The venue refused the account's credentials; the order is not there.",
        "Renew the key or its permissions, then restart the host.",
    ),
    "CLOSED": Code(
        CodeKind.RESULT,
        "The venue or the market is closed; the order is not there.",
        "Send a new order when it opens.",
    ),
    "DEADLINE": Code(
        CodeKind.RESULT,
        "The venue did not answer before the deadline; the order may exist there.",
        "Send no other in its place; look at the venue, and settle the order if it stays unknown.",
    ),
    "GUARD_FAILED": Code(
        CodeKind.DENIAL,
        "A guard raised, or answered what is no denial; an order passes only guards that answer.",
        "Repair the guard, or take it off the account's list.",
    ),
    "GUARD_SLOW": Code(
        CodeKind.DENIAL,
        "A guard took more than a quarter of a second; what it judged was no longer fresh.",
        "Repair the guard: it computes from what it is given and waits for nothing.",
    ),
    "NOT_SENT": Code(
        CodeKind.RESULT,
        "The venue's plugin proved that nothing left this machine.",
        "Mend what the message names, then send a new order.",
    ),
    "NO_ANSWER": Code(
        CodeKind.RESULT,
        "The venue's plugin answered something that is no outcome; the order may exist at the venue.",
        "Send no other in its place; look at the venue, and report the fault to the plugin's author.",
    ),
    "RATE_LIMITED": Code(
        CodeKind.RESULT,
        "The venue refused to look at the request because of its rate; the order does not exist.",
        "Send a new order after retry_after seconds, where the venue names them; send fewer.",
    ),
    "REJECTED": Code(
        CodeKind.RESULT,
        "The venue refused the order and gave no code of its own; the order is not there.",
        "Read the message; change what it names.",
    ),
    "UNKNOWN": Code(
        CodeKind.RESULT,
        "The venue's plugin raised something that proves nothing; the order may exist at the venue.",
        "Send no other in its place; look at the venue, and settle the order if it stays unknown.",
    ),
    "UNSUPPORTED_ORDER_TYPE": Code(
        CodeKind.DENIAL,
        "The account, or this instrument of it, does not declare this type of order.",
        "Use one of the types that the denial's limit names.",
    ),
    "UNSUPPORTED_POST_ONLY": Code(
        CodeKind.DENIAL,
        "The account does not declare post_only.",
        "Leave post_only out.",
    ),
    "UNSUPPORTED_PROTECTION": Code(
        CodeKind.DENIAL,
        "The account, or this instrument of it, does not declare this stop_loss or take_profit.",
        "Leave it out, and guard the position in another way.",
    ),
    "UNSUPPORTED_REDUCE_ONLY": Code(
        CodeKind.DENIAL,
        "The account, or this instrument of it, does not declare reduce_only.",
        "Leave reduce_only out, or close the position with a close instruction.",
    ),
    "UNSUPPORTED_TIME_IN_FORCE": Code(
        CodeKind.DENIAL,
        "The account, or this instrument of it, does not declare this time_in_force.",
        "Use one that the denial's limit names.",
    ),
    "VENUE_ERROR": Code(
        CodeKind.RESULT,
        "The venue's plugin failed and named nothing more exact.",
        "Read the message and the log; where it goes with unknown, look at the venue first.",
    ),
}
"""What core itself gives."""

STATUSES: Mapping[Status, str] = {
    Status.PENDING: "The order is written down and has no outcome yet; it is not lost and need not be sent again.",
    Status.DENIED: "Our own checks said no and nothing was sent; the denials list all reasons.",
    Status.REJECTED: "The venue said no, with proof: the order is not there.",
    Status.NOT_PLACED: "It is proved that the order does not exist at the venue.",
    Status.ACCEPTED: "The venue took the order; it rests there.",
    Status.PARTIALLY_FILLED: "A part is filled, the rest of the order rests at the venue.",
    Status.FILLED: "The whole order is filled.",
    Status.CANCELED: "The order was taken back; what was filled before counts.",
    Status.EXPIRED: "The order's time ran out; what was filled before counts.",
    Status.UNKNOWN: "The order may or may not exist at the venue; send no other in its place before that is settled.",
}
"""What each status of an order, and of its legs, means."""

PLUGIN_STATUSES: Mapping[PluginStatus, str] = {
    PluginStatus.INSTALLED: "It may be loaded and was not needed yet.",
    PluginStatus.BLOCKED: "The configuration's block names it.",
    PluginStatus.NOT_ALLOWED: "The configuration has an allow that does not name it.",
    PluginStatus.CONFLICT: "Two distributions bring a plugin of this name, so neither is loaded; uninstall one of them.",
    PluginStatus.UNAVAILABLE: "It cannot work on this machine, as its reason says.",
    PluginStatus.LOADED: "It is imported and keeps the contract.",
    PluginStatus.FAILED: "It could not be imported, or does not keep the contract, as its reason says.",
}
"""What each status of a plugin means."""
