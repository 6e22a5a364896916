# SPDX-License-Identifier: MIT
"""The configuration of a simulated account: PaperConfig and its instruments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from attrs import field, frozen

from fks_exec import ConfigError, Instrument, Kind, MarketData
from fks_exec.model.numbers import to_decimal, to_optional

_SYMBOL = re.compile(r"([A-Z0-9]{1,16})/([A-Z0-9]{1,16})(?::([A-Z0-9]{1,16}))?", re.ASCII)
ProtectionWord: TypeAlias = Literal["attached", "oco", "reduce_only_pair", "stop_only", "none"]
FeeWord: TypeAlias = Literal["quote", "base"]

_WORDS = {"protection": get_args(ProtectionWord), "fee_in": get_args(FeeWord)}
_SWITCHES = ("amend", "hedging", "quotes_age", "durable")
_QUOTE = ("bid", "ask", "bid_size", "ask_size")
_ABOVE_ZERO = ("quantity_step", "price_tick", "min_quantity", "max_quantity", "min_notional", *_QUOTE)


def _kind(value: Kind | str) -> Kind:
    return Kind(value)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class PaperInstrument:
    """One instrument that the simulated venue lists.

    Args:
        symbol: ``BASE/QUOTE``, for contracts also ``BASE/QUOTE:SETTLE``; the quote is the account's currency.
        kind: ``spot`` (the thing itself, never sold short) or ``linear`` (a contract paid in the quote currency).
        aliases: further spellings, e.g. ``BINANCE:BTCUSDT``.
        quantity_step, min_quantity, max_quantity: base units (contracts of one base unit for linear).
        price_tick, bid, ask: quote currency; without bid and ask there is no quote until one is set.
        min_notional: quote currency.
        bid_size, ask_size: how much can be sold at the bid and bought at the ask until another quote is set, base units;
            None: as much as one likes.
    """

    symbol: str
    kind: Kind = field(default=Kind.SPOT, converter=_kind)
    aliases: tuple[str, ...] = field(default=(), converter=_texts)
    quantity_step: Decimal | None = field(default=None, converter=to_optional)
    price_tick: Decimal | None = field(default=None, converter=to_optional)
    min_quantity: Decimal | None = field(default=None, converter=to_optional)
    max_quantity: Decimal | None = field(default=None, converter=to_optional)
    min_notional: Decimal | None = field(default=None, converter=to_optional)
    bid: Decimal | None = field(default=None, converter=to_optional)
    ask: Decimal | None = field(default=None, converter=to_optional)
    bid_size: Decimal | None = field(default=None, converter=to_optional)
    ask_size: Decimal | None = field(default=None, converter=to_optional)

    def __attrs_post_init__(self) -> None:
        self._check_symbol()
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(name, f"the {name} of {self.symbol} is not greater than zero; leave the key out for none")
        if self.bid is not None and self.ask is not None and self.bid > self.ask:
            raise ConfigError("bid", f"the bid of {self.symbol} is above its ask; swap them")
        for name in ("bid", "ask"):
            if getattr(self, name) is None and getattr(self, f"{name}_size") is not None:
                problem = f"{self.symbol} has a {name}_size and no {name}; add the {name}, or leave the size out"
                raise ConfigError(f"{name}_size", problem)
        if self.min_quantity and self.max_quantity and self.min_quantity > self.max_quantity:
            raise ConfigError("min_quantity", f"the min_quantity of {self.symbol} is above its max_quantity; swap them")

    def _check_symbol(self) -> None:
        match = _SYMBOL.fullmatch(self.symbol)
        if match is None:
            raise ConfigError("symbol", f"{self.symbol[:40]!a} is not BASE/QUOTE in capitals, such as 'BTC/USDT'")
        base, quote, settle = match.groups()
        if base == quote:
            raise ConfigError("symbol", f"{self.symbol} has the same currency twice; write BASE/QUOTE")
        if settle is not None and (settle != quote or self.kind is Kind.SPOT):
            raise ConfigError("symbol", f"{self.symbol}: only a linear contract has a settle currency, and it is the quote's")
        if self.kind is Kind.INVERSE:
            raise ConfigError("kind", f"{self.symbol} is inverse, which is not simulated; use 'spot' or 'linear'")

    @property
    def base(self) -> str:
        """The currency, or thing, that is traded."""
        return self.symbol.partition("/")[0]

    @property
    def quote(self) -> str:
        """The currency of its prices."""
        return self.symbol.partition("/")[2].partition(":")[0]

    @property
    def quoted(self) -> bool:
        """Whether it comes with a price."""
        return self.bid is not None or self.ask is not None

    def quotation(self) -> MarketData:
        """The quote that it comes with."""
        return MarketData(symbol=self.symbol, **{name: getattr(self, name) for name in _QUOTE})

    def rules(self) -> Instrument:
        """The same as the record that hosts know."""
        return Instrument(
            symbol=self.symbol,
            kind=self.kind,
            base=self.base,
            quote=self.quote,
            quantity_step=self.quantity_step,
            price_tick=self.price_tick,
            min_quantity=self.min_quantity,
            max_quantity=self.max_quantity,
            min_notional=self.min_notional,
        )


def _instruments(value: Iterable[PaperInstrument]) -> tuple[PaperInstrument, ...]:
    return tuple(value)


@frozen(kw_only=True)
class PaperConfig:
    """The ``config`` table of a simulated account.

    Args:
        currency: what cash, equity and fees are counted in; the quote currency of every instrument.
        cash: what a new account starts with; an account with a state file goes on with what it has.
        fee_percent: of the notional, for an order that takes.
        maker_fee_percent: of the notional, for an order that rested; None: the same.
        slippage_ticks: how many price ticks an order that takes at the market loses.
        fee_in: what a buy on spot pays its fee in: ``quote``, or ``base``: then less can be sold than was bought.
        leverage: notional of contracts that one unit of equity carries.
        protection: how stops and targets are served: ``attached`` to the entry; ``oco``: one call places a stop and the
            target that it is linked with; ``reduce_only_pair``: two orders that know nothing of each other; ``stop_only``;
            ``none``.
        amend: orders that rest can be changed in place.
        hedging: a long and a short of one contract stand side by side; a reduce-only order closes the other side's.
        quotes_age: a quote that was set keeps the time at which it was set; false: it stands until another is set, and
            is as of now whenever it is asked for. A quote that only the configuration gives is always as of now.
        durable: wait for the disk before each answer; false survives a killed process, not a power failure.
        quotes: another account of the same host that gives the prices; its venue is asked before each order and whenever
            a price is asked for. None: bid and ask of the instruments, and what is set from Python.
        quotes_every: seconds between two looks at those prices while something rests or is held.
        instruments: at least one.
    """

    currency: str = "USDT"
    cash: Decimal = field(default=Decimal(100_000), converter=to_decimal)
    fee_percent: Decimal = field(default=Decimal("0.1"), converter=to_decimal)
    maker_fee_percent: Decimal | None = field(default=None, converter=to_optional)
    slippage_ticks: int = 0
    fee_in: FeeWord = "quote"
    leverage: Decimal = field(default=Decimal(1), converter=to_decimal)
    protection: ProtectionWord = "attached"
    amend: bool = True
    hedging: bool = False
    quotes_age: bool = False
    durable: bool = True
    quotes: str | None = None
    quotes_every: float = 1.0
    instruments: tuple[PaperInstrument, ...] = field(default=(), converter=_instruments)

    def __attrs_post_init__(self) -> None:
        self._check_numbers()
        self._check_words()
        self._check_instruments()
        self._check_quotes()

    def _check_numbers(self) -> None:
        for name in ("cash", "fee_percent", "maker_fee_percent", "slippage_ticks"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ConfigError(name, f"{name} is less than zero; a simulated account has no debts and no rebates")
        if self.leverage <= 0:
            raise ConfigError("leverage", "leverage is not greater than zero; 1 is none")

    def _check_words(self) -> None:
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise ConfigError(name, f"{name} is {str(value)[:40]!a}, which is not one of {', '.join(words)}")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(name, f"{name} is neither true nor false")

    def _check_instruments(self) -> None:
        if not self.instruments:
            problem = "the venue lists nothing to trade; add a table [[accounts.NAME.config.instruments]] with a symbol"
            raise ConfigError("instruments", problem)
        for item in self.instruments:
            if item.quote != self.currency:
                problem = f"{item.symbol} is priced in {item.quote}, the account counts in {self.currency}; they must agree"
                raise ConfigError("instruments", problem)
            if self.slippage_ticks and item.price_tick is None:
                raise ConfigError("slippage_ticks", f"slippage_ticks needs the price_tick of {item.symbol}; add it")
        self._check_names()

    def _check_quotes(self) -> None:
        if not 0.01 <= self.quotes_every <= 3600:
            problem = f"quotes_every is {self.quotes_every:g}, which is not 0.01 to 3600 seconds; 1 is usual"
            raise ConfigError("quotes_every", problem)
        if self.quotes is None:
            return
        if not self.quotes:
            raise ConfigError("quotes", "quotes names no account; write the name of one, or leave the key out")
        fixed = next((item.symbol for item in self.instruments if item.quoted), None)
        if fixed is not None:
            problem = f"the prices come from account {self.quotes[:64]!a}, and {fixed} has a bid or ask of its own"
            raise ConfigError("quotes", f"{problem}; leave out one of them")

    def check_account(self, account: str) -> None:
        """An account cannot ask itself for quotes.

        Raises:
            ConfigError: it would.
        """
        if self.quotes == account:
            problem = f"account {account!a} cannot ask itself for quotes; name another account, or set bid and ask"
            raise ConfigError("quotes", problem)

    def _check_names(self) -> None:
        names = Counter(name.casefold() for i in self.instruments for name in {i.symbol, *i.aliases})
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ConfigError("instruments", f"{twice[0]!a} names two instruments; a symbol or alias stands once")
