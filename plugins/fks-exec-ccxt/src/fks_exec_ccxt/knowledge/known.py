# SPDX-License-Identifier: MIT
"""The record of what documentation says of an exchange and neither ccxt's tables nor a probe tell: :class:`Traits`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from fks_exec import TimeInForce

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
DIGITS = "123456789"
"""Without 0: an id that begins with it would lose it on its way through a number."""

PROVED = frozenset({("binance", "spot"), ("bybit", "swap")})
"""Exchange and market type whose look-ups, legs and cancels were tried against a counterpart, not only against documents."""

Params: TypeAlias = Mapping[str, Any]
LookUp: TypeAlias = Literal["by_id", "by_scan", "none"]
Sandbox: TypeAlias = Literal["sandbox", "demo", "both"]


def _words(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


def _params(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class Shelf:
    """A list that is asked for one order with a trigger, by either of its names.

    Args:
        method: ccxt's, e.g. ``fetch_open_orders``.
        params: sent with it, beside the name.
    """

    method: str
    params: Params = field(factory=dict, converter=_params, hash=False)


_TIMES = {TimeInForce.IOC: {"timeInForce": "IOC"}, TimeInForce.FOK: {"timeInForce": "FOK"}}


@frozen(kw_only=True)
class Traits:
    """How one market type of one exchange is spoken to.

    Args:
        exchange: ccxt's id.
        names: what charts and alerts call the exchange, in capitals: the text before the colon of ``BINANCE:BTCUSDT``.
        id_alphabet, id_length: of the ids that the host makes; the exchange's own limits less ``id_prefix``.
        id_prefix: put before each of them on the wire.
        id_number: on the wire it is a number.
        id_words: the words that carry it in ccxt's params.
        trigger_id_words: the same, of orders with a trigger.
        id_fields: the exchange's own names for it, where one is spelled like ccxt's word.
        trigger_ids: orders with a trigger can be told by that id; else only exits that must reduce are sent with one.
        look_up: how an order of unknown outcome is found; none: nothing proves that one is not there, so a person decides.
        request_ttl: seconds after which the exchange drops a request that it has not handled; None: never, or not known.
        window: ccxt's option that says it instead, in milliseconds; empty: it has none.
        sandbox: which of its test systems ccxt reaches.
        amend: an order that rests can be changed in place, keeping its name.
        conditional_apart: open orders with a trigger have a list of their own.
        conditional_look_up: an order with a trigger is asked for, and cancelled, elsewhere than one without.
        trigger_lists: where an order with a trigger is asked for instead, one after the other: what rests, what has ended.
        trigger_words: the words for the exchange's and our name of it there.
        order_list: a stop and a target can be placed as one list of two linked orders.
        attached: an entry carries its stop and target, and they can be read back.
        attached_params: sent with such an entry.
        options: for ccxt, at construction.
        modes: ccxt's flags of the account's mode with the value of an ordinary account, where a probe finds them unset.
        market_params: sent with each plain market order.
        stop: ccxt's word for the trigger of an entry that follows the price (buys above, sells below); empty: it has none.
        stop_market: such an entry may be a market order.
        stop_loss, take_profit: ccxt's word for the trigger of a leg; empty: it has none.
        target_rests: of contracts, where no order waits for a target: it is a limit order at that price that only reduces.
        trigger_direction: ccxt wants to be told from which side ``triggerPrice`` is reached.
        trigger_params, stop_loss_params, take_profit_params: sent with each order with a trigger, with each such leg.
        times: what says each time in force.
        gtd: what says GTD, ``{"timeInForce": "GTD"}`` and ``gtd_word`` with its form, ``ms`` or ``iso``.
        gtd_linear: of contracts, only linear ones know it.
        same_words: ccxt's words that are the exchange's documented words too, so that they are no leak.
        reduce_only: the exchange enforces reduce-only, and ccxt says it as such.
        hedged: ccxt can say the side of the position.
        margin_word: ``marginMode`` is a part of each order, and must be what the account has.
        leverage_word: ``leverage`` is a part of each order, and must be what the account has.
        numbers: ccxt takes quantities as numbers only.
        unit_contracts: a quantity is in base (linear) or quote (inverse) units, whatever contract size the market tells.
        price_digits: how many significant digits a price may have; None: no such rule.
        unit_word: a field and its value which say that a purchase at the market is in base currency; None: no such field.
    """

    exchange: str
    names: frozenset[str] = field(default=frozenset(), converter=_words)
    id_alphabet: str = LETTERS
    id_length: int = 32
    id_prefix: str = ""
    id_number: bool = False
    id_words: tuple[str, ...] = ("clientOrderId",)
    trigger_id_words: tuple[str, ...] = ("clientOrderId",)
    id_fields: frozenset[str] = field(default=frozenset(), converter=_words)
    trigger_ids: bool = True
    look_up: LookUp = "none"
    request_ttl: float | None = None
    window: str = ""
    sandbox: Sandbox | None = None
    amend: bool = False
    conditional_apart: bool = True
    conditional_look_up: bool = True
    trigger_lists: tuple[Shelf, ...] = ()
    trigger_words: tuple[str, str] = ("orderId", "clientOid")
    order_list: bool = False
    attached: bool = False
    attached_params: Params = field(factory=dict, converter=_params, hash=False)
    options: Params = field(factory=dict, converter=_params, hash=False)
    modes: Params = field(factory=dict, converter=_params, hash=False)
    market_params: Params = field(factory=dict, converter=_params, hash=False)
    stop: str = ""
    stop_market: bool = True
    stop_loss: str = ""
    take_profit: str = ""
    target_rests: bool = False
    trigger_direction: bool = False
    trigger_params: Params = field(factory=dict, converter=_params, hash=False)
    stop_loss_params: Params = field(factory=dict, converter=_params, hash=False)
    take_profit_params: Params = field(factory=dict, converter=_params, hash=False)
    times: Mapping[TimeInForce, Params] = field(default=_TIMES, converter=_params, hash=False)
    gtd: Params | None = field(default=None, hash=False)
    gtd_word: str = ""
    gtd_form: Literal["ms", "iso"] = "ms"
    gtd_linear: bool = False
    same_words: frozenset[str] = field(default=frozenset(), converter=_words)
    reduce_only: bool = False
    hedged: bool = False
    margin_word: bool = False
    leverage_word: bool = False
    numbers: bool = False
    unit_contracts: bool = False
    price_digits: int | None = None
    unit_word: tuple[str, str] | None = None

    def wire_id(self, text: str) -> str:
        """The host's id as it goes to the exchange."""
        return f"{self.id_prefix}{text}"

    def host_id(self, text: str) -> str:
        """The host's id of one that the exchange told; a foreign one stays as it is."""
        return text.removeprefix(self.id_prefix)

    def id_params(self, text: str, *, trigger: bool = False) -> dict[str, Any]:
        """What carries the host's id in ccxt's params."""
        value = int(text) if self.id_number else self.wire_id(text)
        return dict.fromkeys(self.trigger_id_words if trigger else self.id_words, value)
