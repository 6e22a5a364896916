# SPDX-License-Identifier: MIT
"""What the hub's own codes say and what to do about each; those of a guard stand in the guard's class."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind

from .exits.codes import PROTECTION_CODES
from .journal.protocol import HaltState

_OWN: Mapping[str, Code] = {
    "ACCOUNT_NOT_READY": Code(
        CodeKind.RESULT | CodeKind.FAILURE,
        "The account's venue cannot be reached, or its journal cannot be written; nothing was sent.",
        "Look at the reason, with 'fks-exec health' or under /health/ready; send it again when the account is ready.",
    ),
    "AMEND_REFUSED": Code(
        CodeKind.RESULT,
        "The venue did not make a change that was asked for; the order is as it was.",
        "Read the message; change what it names, or cancel the order.",
    ),
    "AMEND_UNKNOWN": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "It is not known whether the venue made a change that was asked for.",
        "Look at the venue, then change or cancel the order again.",
    ),
    "BREAKER_OPEN": Code(
        CodeKind.DENIAL | CodeKind.ALARM,
        "Calls to the venue got no answer, several in a row, so that entries rest; exits, cancels and protection pass.",
        "Look at the connection and at the venue; a read, then one order, try it after a while without your doing.",
    ),
    "CANCEL_FAILED": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "The venue did not confirm a cancel, and the order still rests there.",
        "Look at the venue, then cancel the order again; a halted account tries that itself a few times.",
    ),
    "CANCEL_WAITS": Code(
        CodeKind.RESULT,
        "It is not known yet whether the order to be cancelled exists; it is cancelled as soon as it is known to rest.",
        "Wait, or look at the venue; the cancel need not be asked for again.",
    ),
    "CLOSE_INCOMPLETE": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "A close could not be carried through; a part of the position is still held, or an entry still rests.",
        "Read how much and why, and do what the sentence says; else close it again, or by hand at the venue.",
    ),
    "CONFIG": Code(
        CodeKind.FAILURE,
        "The configuration cannot be used.",
        "Change the key that the sentence names; 'fks-exec check' tells all faults at once.",
    ),
    "CORRECTION": Code(
        CodeKind.ALARM,
        "An order that was thought ended is at the venue after all; what it may still fill is reserved again.",
        "Compare the order and the position with the venue.",
    ),
    "DAILY_LOSS": Code(
        CodeKind.ALARM,
        "The day has cost as much as the account's guard allows; the account only reduces.",
        "Look at what was lost; resume the account on another day.",
    ),
    "DUPLICATE_TRADE": Code(
        CodeKind.ALARM,
        "The venue gave one trade id to the fills of two orders; the second was not booked.",
        "Compare the position with the venue, and report it to the plugin's author.",
    ),
    "DUST": Code(
        CodeKind.DENIAL | CodeKind.RESULT,
        "What is held, or what a close has left, is less than the venue takes in an order.",
        "Add to it before the next close, or sweep it up at the venue.",
    ),
    "ENDED_BEFORE": Code(
        CodeKind.RESULT,
        "The order had ended before its cancel was asked for.",
        "Nothing; the status says how it ended.",
    ),
    "ENTRY_REFUSED": Code(
        CodeKind.RESULT,
        "The exit of an order through zero was filled, and nothing was opened after it.",
        "Read why the entry was denied or refused; the position is closed.",
    ),
    "EXIT_INCOMPLETE": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "The exit of an order through zero was not filled whole, so that nothing was opened after it.",
        "Look at the position; signal again, or close what is left.",
    ),
    "EXIT_FAILED": Code(
        CodeKind.ALARM,
        "The venue did not take an exit in all the time that the account gives it; what it was to close is still open.",
        "Look at the reason and send it again, or close by hand; attempts_within says for how long an exit is tried.",
    ),
    "EXIT_WAITS": Code(
        CodeKind.ALARM,
        "An exit waits for longer than the account's deadline: for an order of unknown fate, or for legs that make room.",
        "Look at the venue, and settle the order of unknown fate with 'fks-exec orders resolve'.",
    ),
    "FAILED": Code(
        CodeKind.FAILURE,
        "A command could not be carried out, for the reason in the sentence.",
        "Do what the sentence says.",
    ),
    "FENCED": Code(
        CodeKind.RESULT,
        "The claim on the account ran out before the order could be sent; nothing was sent.",
        "Look whether another host serves this account; one of them is to be stopped.",
    ),
    "FILLED_FIRST": Code(
        CodeKind.RESULT,
        "The order was filled before its cancel reached the venue.",
        "Close the position if it is not wanted.",
    ),
    "FOREIGN_ORDER": Code(
        CodeKind.ALARM,
        "The venue tells of an order that this host did not send; it was left alone.",
        "Look who trades on the account beside this host; give the host an account of its own.",
    ),
    "HALTED": Code(
        CodeKind.DENIAL | CodeKind.RESULT,
        "The account was halted, or only reduces, before the order or its change could be sent; nothing was sent.",
        "Find out why, resume the account, and signal again.",
    ),
    "HELD": Code(
        CodeKind.DENIAL,
        "The venue refused this same order for the same reason, several times in a row; it is held back for a while.",
        "Mend what the venue names, or send another order; the same one may be tried again after the hold.",
    ),
    "HOST_STOPPED": Code(
        CodeKind.RESULT,
        "The host stopped between the order's intent and its outcome; the order may exist at the venue.",
        "Send no other in its place; look at the venue, and settle the order if it stays unknown.",
    ),
    "HUB_FAULT": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "A fault of the program; with not_placed nothing was sent, with unknown the order may exist at the venue.",
        "Look into the log and report what it says; with unknown, look at the venue first.",
    ),
    "ID_REUSED": Code(
        CodeKind.DENIAL,
        "The id stands for another order of this account; nothing was sent for this one.",
        "Give each order an id of its own; the same id is for the same order only.",
    ),
    "INTERRUPTED": Code(
        CodeKind.FAILURE,
        "The command was stopped by hand; the sentence says what may be at the venue.",
        "Look with 'fks-exec orders show ID' before you send anything again.",
    ),
    "INVALID": Code(
        CodeKind.FAILURE,
        "The order, or an argument of the command, cannot be meant; nothing was sent.",
        "Correct the field that the sentence names.",
    ),
    "IN_DOUBT": Code(
        CodeKind.FAILURE,
        "Something failed after the order had become the hub's; it may be at the venue.",
        "Look as the sentence says before you send anything again.",
    ),
    "JOURNAL": Code(
        CodeKind.FAILURE,
        "The journal refused what the command needed.",
        "Do what the sentence says; 'fks-exec journal verify' tells whether the file is whole.",
    ),
    "JOURNAL_FAULT": Code(
        CodeKind.ALARM,
        "The journal could not be written while orders were under way; by now all is recorded, and the account only reduces.",
        "Look why the journal failed, compare the positions with the venue, then resume the account.",
    ),
    "JOURNAL_IN_USE": Code(
        CodeKind.FAILURE,
        "Another process owns the journal; nothing was sent and nothing was written.",
        "Post the order to that host over HTTP, or stop it first.",
    ),
    "JOURNAL_UNCERTAIN": Code(
        CodeKind.FAILURE,
        "A write to the journal may or may not be stored.",
        "Look with 'fks-exec orders show ID'; the same order under the same id is safe to send again.",
    ),
    "KEY_REFUSED": Code(
        CodeKind.ALARM,
        "The venue refused the account's key; nothing is sent until a read with it is answered; reads try it again and again.",
        "Look whether the key is still valid and has its permissions; after a change of the key restart the host.",
    ),
    "LATE_UPDATE": Code(
        CodeKind.ALARM,
        "The venue told more of an order that had ended; it was booked.",
        "Compare the order and the position with the venue.",
    ),
    "MISMATCH": Code(
        CodeKind.ALARM,
        "What the venue holds is not what our own orders built up; nothing is changed by itself.",
        "Look for a fill that was not told, a trade by hand, another program; resume the account if it only reduces.",
    ),
    "NOTHING_TO_CLOSE": Code(
        CodeKind.DENIAL,
        "The strategy, or the account, holds nothing that is not being closed already.",
        "Nothing, if the position is closed; else look at 'fks-exec positions' and at the name of the strategy.",
    ),
    "NOTHING_TO_REVERSE": Code(
        CodeKind.DENIAL,
        "The strategy holds nothing that could be turned round.",
        "Send an order, or a target position.",
    ),
    "NOT_FOLLOWED": Code(
        CodeKind.ALARM,
        "The venue neither pushes nor can be asked for orders, and one rests there; what becomes of it is not seen.",
        "Look at the venue, and settle the order with 'fks-exec orders resolve'.",
    ),
    "NOT_FOUND": Code(
        CodeKind.RESULT,
        "The venue showed no such order, twice, after it could have handled the request; it was not placed.",
        "Signal again if it is still meant; the host looks again for a while, and tells it if the order appears after all.",
    ),
    "NOT_ITS_OWN": Code(
        CodeKind.DENIAL,
        "On spot, the order would sell more than its strategy holds, out of what another strategy of the account bought.",
        "Name the strategy that is meant; or close the whole account's position, with scope account.",
    ),
    "NOT_OPEN": Code(
        CodeKind.RESULT,
        "The order does not rest, so that it cannot be changed.",
        "Nothing, if its status is as it should be; else send a new order.",
    ),
    "NOT_RECORDED": Code(
        CodeKind.RESULT | CodeKind.ALARM,
        "What became of an order could not be written to the journal yet; the account takes and sends nothing meanwhile.",
        "Make room on the disk or repair it; do not send another order in its place, and look at the venue.",
    ),
    "NOT_SUPPORTED": Code(
        CodeKind.FAILURE,
        "The account's capabilities do not include what was asked; nothing was sent.",
        "Leave out what the sentence names.",
    ),
    "NOT_PROVED": Code(
        CodeKind.DENIAL,
        "The account's conformance record does not prove this kind of entry.",
        "Send one that it proves, or mend what failed in the suite and make the record anew.",
    ),
    "NO_FURTHER_ATTEMPT": Code(
        CodeKind.DENIAL,
        "A further attempt of an exit could open a position by now; it is in the log of decisions, never an order's result.",
        "Nothing: the venue's answer to the last attempt is the order's result.",
    ),
    "NO_INSTRUMENT": Code(
        CodeKind.DENIAL,
        "The instrument's rules cannot be had from the venue; without them nothing is sent.",
        "Try again later; if it stays, look at 'fks-exec health'.",
    ),
    "NO_RECORD": Code(
        CodeKind.DENIAL | CodeKind.ALARM,
        "The account requires a conformance record, and there is none that fits what is installed and configured.",
        "Run the command that the message names, then open the account again; what only reduces passes meanwhile.",
    ),
    "ORDER_GONE": Code(
        CodeKind.ALARM,
        "The venue had taken an order and does not show it any more; it counts as open until it is settled.",
        "Look at the venue's history, then settle the order with 'fks-exec orders resolve'.",
    ),
    "PLUGIN": Code(
        CodeKind.FAILURE,
        "A plugin is missing, or does not keep the contract.",
        "Do what the sentence says; 'fks-exec plugins --load' shows what became of each.",
    ),
    "QUANTITY": Code(
        CodeKind.DENIAL,
        "The quantity is off the instrument's grid, or above its maximum.",
        'Send one of the nearest quantities, which the denial names, or configure quantize = "down".',
    ),
    "RESOLVED": Code(
        CodeKind.RESULT,
        "An operator wrote down what became of an order of unknown outcome.",
        "Nothing; the reason is kept in the journal.",
    ),
    "SCOPE_UNSUPPORTED": Code(
        CodeKind.DENIAL,
        "The whole account cannot be closed in one order where a long and a short of the instrument stand side by side.",
        "Close each strategy by itself: name it, one after the other.",
    ),
    "SIGNAL_AHEAD": Code(
        CodeKind.DENIAL,
        "The signal's time lies more than 5 seconds in the future.",
        "Look at its unit, which is milliseconds, and at the clocks of sender and host.",
    ),
    "SIZE_TOO_SMALL": Code(
        CodeKind.DENIAL,
        "An amount or a percentage comes to less than the smallest quantity that the instrument takes.",
        "Say a larger size; the denial names the minimum.",
    ),
    "STALE": Code(
        CodeKind.DENIAL,
        "The entry was older than max_order_age when its turn came.",
        "Signal again; if it happens often, look what delays the orders.",
    ),
    "SUPERSEDED": Code(
        CodeKind.DENIAL,
        "A close came while the entry waited for its turn; the entry was not sent.",
        "Signal again if it is still meant.",
    ),
    "SYSTEM": Code(
        CodeKind.FAILURE,
        "The operating system refused something, for the reason in the sentence.",
        "Mend what it names: a path, a permission, the room on the disk.",
    ),
    "TARGET_REACHED": Code(
        CodeKind.DENIAL,
        "The strategy holds what it is to hold, as far as the venue takes quantities.",
        "Nothing.",
    ),
    "TEST": Code(
        CodeKind.RESULT,
        "It was a test: resolved, sized and judged by the guards as a real order, and not sent.",
        "Take test out of the message when it is to be sent.",
    ),
    "UNEXPECTED": Code(
        CodeKind.FAILURE,
        "A fault of the program or of a plugin, not of the input.",
        "Run it again with --verbose and report what it says.",
    ),
    "UNKNOWN_ACCOUNT": Code(
        CodeKind.FAILURE,
        "No account of this name is configured; nothing was sent.",
        "Use a name from the configuration's accounts.",
    ),
    "UNKNOWN_ORDER": Code(
        CodeKind.FAILURE,
        "The account has no order of this id; nothing was sent.",
        "Look at the ids with 'fks-exec orders list'.",
    ),
    "UNKNOWN_SYMBOL": Code(
        CodeKind.FAILURE,
        "The text names no instrument of the account, or more than one; nothing was sent.",
        "Use one of the names that the sentence offers.",
    ),
    "UNRESOLVED": Code(
        CodeKind.ALARM,
        "The venue does not tell whether an order exists there, so that only an operator can settle it.",
        "Look at the venue, then settle the order with 'fks-exec orders resolve'.",
    ),
    "UNRESOLVED_ORDER": Code(
        CodeKind.DENIAL | CodeKind.RESULT,
        "It is not known whether an order of this instrument exists at the venue; entries, and changes of it, wait.",
        "Look at the venue and settle that order with 'fks-exec orders resolve'.",
    ),
    "UPDATE_FAILED": Code(
        CodeKind.ALARM,
        "Something that the venue told could not be booked.",
        "Look into the log; compare the order and the position with the venue.",
    ),
    "USAGE": Code(
        CodeKind.FAILURE,
        "The command's arguments cannot be meant; nothing was sent.",
        "See the command's --help.",
    ),
    "WITHDRAWN": Code(
        CodeKind.RESULT,
        "The order was cancelled before it was sent; nothing was sent.",
        "Nothing.",
    ),
}

CODES: Mapping[str, Code] = dict(sorted({**_OWN, **PROTECTION_CODES}.items()))
"""All of the hub's own."""

ACCOUNT_STATES: Mapping[HaltState, str] = {
    HaltState.ACTIVE: "Orders are taken and sent.",
    HaltState.REDUCING: "Only orders that reduce a position are sent; the others are denied.",
    HaltState.HALTED: "Nothing is sent; every order is denied.",
}
"""What each state of an account lets pass."""
