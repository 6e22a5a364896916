# SPDX-License-Identifier: MIT
"""What the codes of protection say and what to do about each; they stand in the hub's table."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind

PROTECTION_CODES: Mapping[str, Code] = {
    "BELOW_MINIMUM": Code(
        CodeKind.ALARM,
        "What an entry has filled is less than the venue takes in one order, so that no stop can be placed for it.",
        "Close it together with more, or leave it; trade larger quantities.",
    ),
    "BOTH_LEGS": Code(
        CodeKind.ALARM,
        "The stop and the target of one entry have closed more than it held; an order to take that back is sent.",
        "Compare the position with the venue; its reduce-only does not hold.",
    ),
    "EXCESS_STANDS": Code(
        CodeKind.ALARM,
        "What the stop and the target of an entry closed too much could not be taken back; nothing more is sent for it.",
        "Compare the position with the venue, and set it right by hand.",
    ),
    "FLATTENED_ELSEWHERE": Code(
        CodeKind.ALARM,
        "The venue holds nothing of what our orders built up; the stops and targets of it are cancelled.",
        "Look who trades on the account beside this host; the hub's own position stays until it is settled.",
    ),
    "LEGS_STAND": Code(
        CodeKind.DENIAL,
        "Stops or targets beside which the entry could not be sent still rest at the venue, longer than the deadline.",
        "Look at the venue, cancel there what protects nothing any more, and signal again.",
    ),
    "LEGS_STRAY": Code(
        CodeKind.ALARM,
        "Other orders have closed what an entry that rests had filled, and its stop or target still stands at the venue.",
        "Cancel the legs that the message names at the venue, or the entry: then the host cancels them.",
    ),
    "LEGS_TOO_LARGE": Code(
        CodeKind.ALARM,
        "A part of an entry was closed, and its attached stop or target stands for more than what is left of it.",
        "Change or cancel at the venue what the message names; entries of the instrument are denied while it stands.",
    ),
    "LEG_STUCK": Code(
        CodeKind.ALARM,
        "The venue does not cancel a stop or target that is to go; it is asked again and again, ever more slowly.",
        "Cancel it at the venue; entries of the instrument wait for its end.",
    ),
    "LEG_VANISHED": Code(
        CodeKind.ALARM | CodeKind.RESULT,
        "The venue had taken a leg and does not show it any more; another one is placed.",
        "Look at the venue, and report it to the plugin's author if it happens often.",
    ),
    "MOVE_NEEDS_GAP": Code(
        CodeKind.RESULT,
        "The stop could only be moved by cancelling it first; it is as it was.",
        "Configure protection.move_with_gap to allow a moment without a stop, or leave the stop.",
    ),
    "MOVE_REFUSED": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "The venue did not take the new prices of a stop or target; they are as they were.",
        "Read the message; a stop has to be on the losing side of the market.",
    ),
    "MOVE_WAITS": Code(
        CodeKind.RESULT,
        "It is not certain yet that the legs stand at the new prices; the host goes on with it.",
        "Look again with 'fks-exec orders show ID'.",
    ),
    "NAKED_POSITION": Code(
        CodeKind.ALARM,
        "What an entry has filled stands open without a stop, and could not be closed.",
        "Close it by hand, at the venue if need be.",
    ),
    "OTHERS_CLOSED": Code(
        CodeKind.ALARM,
        "The stop or target of an entry closed more than it had left: what other strategies, or later entries, held.",
        "Look at the positions, which are smaller by that, and open again what is still wanted.",
    ),
    "POSITION_PROTECTED": Code(
        CodeKind.DENIAL,
        "The instrument is held under a stop that belongs to the whole position, so that an entry beside it has none.",
        "Close the position first, or configure protection.further_entries.",
    ),
    "STOP_FAILED": Code(
        CodeKind.ALARM,
        "An entry has no stop, and no further one is tried; it is closed, or stands open, as configured.",
        "Look at the reason; set another stop with 'fks-exec orders amend', or close the position.",
    ),
    "STOP_GIVEN_UP": Code(
        CodeKind.RESULT,
        "The stop of an entry was cancelled by a caller; what the entry has filled stands without one.",
        "Close the position, or set another stop with 'fks-exec orders amend ENTRY --stop-loss PRICE'.",
    ),
    "STOP_TOO_SMALL": Code(
        CodeKind.DENIAL,
        "At the price of its stop the order is worth less than the venue takes, so that it could never have that stop.",
        "Send at least what the denial names, or trade where less is taken.",
    ),
    "TARGET_REFUSED": Code(
        CodeKind.ALARM,
        "The venue refused the target of an entry; its stop stands.",
        "Take the profit by hand, or move the target.",
    ),
}
