# SPDX-License-Identifier: MIT
"""What the simulated venue's codes say and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind


def _result(meaning: str, remedy: str) -> Code:
    return Code(CodeKind.RESULT, meaning, remedy)


CODES: Mapping[str, Code] = {
    "AMEND": _result(
        "The order has no such price or leg, or the change makes no order of it; nothing was changed.",
        "Leave out what the message names.",
    ),
    "BAD_ID": _result(
        "The id that goes to the venue has letters or a length that it does not take.", "Report it: the host makes these ids."
    ),
    "DUPLICATE_ID": _result(
        "The id that goes to the venue was used before; nothing was changed.", "Look that order up instead of sending it again."
    ),
    "INSUFFICIENT_FUNDS": _result(
        "The free balance does not cover the order, when it was sent or when it was to fill.",
        "Make the order smaller, cancel resting orders, or configure another balance.",
    ),
    "LEG_REACHED": _result(
        "A stop or target of what the order had filled was reached, so that what was left of the order was cancelled.",
        "Nothing; send a new order if more is wanted.",
    ),
    "LOT_SIZE": _result("The quantity is no multiple of the instrument's quantity_step.", "Send a multiple of the step."),
    "MAX_QUANTITY": _result("The quantity is above the instrument's max_quantity.", "Send at most that."),
    "MIN_NOTIONAL": _result("The order is worth less than the instrument's min_notional.", "Raise the quantity."),
    "MIN_QUANTITY": _result("The quantity is below the instrument's min_quantity.", "Send at least that."),
    "NOT_OPEN": _result("The simulated venue is not open, or closed already; nothing was sent.", "Open the account first."),
    "NO_LIQUIDITY": _result(
        "A market order met less than its quantity in the market; the rest was cancelled.",
        "Send the rest again, or a limit order, which waits for more.",
    ),
    "NO_QUOTE": _result(
        "There is no quote on the side at which the order trades, or the account that gives the quotes does not answer.",
        "Set a quote, configure the instrument's bid and ask, or see that the other account answers.",
    ),
    "ORDER_ENDED": _result("The order has ended and cannot be changed any more.", "Look the order up."),
    "POST_ONLY": _result(
        "A post-only order would take at once, or has a time_in_force that does not rest.",
        "Move the price, or leave out post_only or the time_in_force.",
    ),
    "PRICE_TICK": _result("A price is no multiple of the instrument's price_tick.", "Send a multiple of the tick."),
    "PROTECTION": _result(
        "A stop_loss or take_profit stands at an order that does not open a position, or a leg cannot be an order.",
        "Leave them out of this order, or correct what the message names.",
    ),
    "PROTECTION_KIND": _result(
        "The account's configured kind of protection does not serve a stop or target that is asked for in this way.",
        "Ask for it as that kind does, or configure another kind of protection.",
    ),
    "REDUCE_ONLY": _result(
        "There was nothing, or less than the quantity, for a reduce-only order to close; the rest was cancelled.",
        "Nothing, if the position is closed; else look at the positions.",
    ),
    "STATE_CORRUPT": _result(
        "The account's state file cannot be used.", "Put a good copy in its place, or move it away to start anew."
    ),
    "STATE_IN_USE": _result(
        "The account's state folder is in use by another account or process.",
        "Close that one, or give this account a folder of its own.",
    ),
    "STATE_MISMATCH": _result(
        "The state has orders or holdings of instruments that the configuration no longer lists.",
        "List these instruments again.",
    ),
    "STATE_UNWRITABLE": _result(
        "The account's state could not be written, so nothing changes any more.",
        "Make room on the disk, and open the account again.",
    ),
    "STOP_LOSS_SIDE": _result(
        "The stop_loss is not on the losing side of the order's price.", "Move it there, or check the order's side."
    ),
    "TAKE_PROFIT_SIDE": _result(
        "The take_profit is not on the winning side of the order's price.", "Move it there, or check the order's side."
    ),
    "TIME_IN_FORCE": _result("The time_in_force is not served here.", "Use one of those that the message names."),
    "UNKNOWN_ORDER": _result("There is no order of that id to cancel.", "Look at the open orders."),
    "UNKNOWN_POSITION": _result(
        "The id of the position names none that the order would close.", "Look at the positions; only hedging has such ids."
    ),
    "UNKNOWN_SYMBOL": _result(
        "The instrument is not listed in the account's configuration.", "Use one of those that the message names, or list it."
    ),
    "WOULD_TRIGGER": _result(
        "The trigger of a stop, or of a target that is linked or moved, is reached already.",
        "Send a market order, or move the trigger.",
    ),
}
"""By code: all of them come with a result that was rejected, cancelled or not sent."""
