# SPDX-License-Identifier: MIT
"""What an account may read of itself: balance, settings, key.

docs/v5/account, docs/v5/user/apikey-info, docs/v5/asset/coin-info.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .account import Account
from .answers import plain, wrong
from .asking import Fields
from .book import Book
from .orders import CENTS


def wallet_balance(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """GET /v5/account/wallet-balance of the unified account."""
    if fields.required("accountType") != "UNIFIED":
        raise wrong("accountType only support UNIFIED.")
    profit, held = account.unrealised(book.markets), account.position_margin(book.markets)
    resting, available = account.orders_margin(book.markets), account.available(book.markets)
    equity, wanted = account.usdt + profit, fields.text("coin")
    coins = [_coin("USDT", account.usdt, equity, profit, resting, held, account.realised)]
    coins += [_coin(coin, amount, amount) for coin, amount in account.coins.items()]
    total = {
        "accountType": "UNIFIED",
        "totalEquity": _money(equity),
        "totalWalletBalance": _money(account.usdt),
        "totalMarginBalance": _money(equity),
        "totalAvailableBalance": _money(available),
        "totalPerpUPL": _money(profit),
        "totalInitialMargin": _money(held + resting),
        "totalMaintenanceMargin": "0",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "accountLTV": "0",
        "coin": [coin for coin in coins if not wanted or coin["coin"] in wanted.split(",")],
    }
    return {"list": [total]}


def _money(value: Decimal) -> str:
    return plain(value.quantize(CENTS))


def _coin(
    coin: str,
    wallet: Decimal,
    equity: Decimal,
    profit: Decimal = Decimal(0),
    resting: Decimal = Decimal(0),
    held: Decimal = Decimal(0),
    realised: Decimal = Decimal(0),
) -> dict[str, Any]:
    return {
        "coin": coin,
        "equity": _money(equity),
        "usdValue": _money(equity),
        "walletBalance": _money(wallet),
        "unrealisedPnl": _money(profit),
        "cumRealisedPnl": _money(realised),
        "totalOrderIM": _money(resting),
        "totalPositionIM": _money(held),
        "totalPositionMM": "0",
        **{name: "0" for name in ("locked", "borrowAmount", "spotBorrow", "accruedInterest", "bonus", "spotHedgingQty")},
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "marginCollateral": True,
        "collateralSwitch": True,
    }


def account_info(book: Book, account: Account, _: Fields) -> dict[str, Any]:
    """GET /v5/account/info: unified account 2.0 Pro, cross margin."""
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": "1697078946000",
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def api_key(book: Book, account: Account, _: Fields) -> dict[str, Any]:
    """GET /v5/user/query-api."""
    return {
        "id": str(2_208_368 + account.number),
        "note": "tests",
        "apiKey": account.key,
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": ["SpotTrade"],
            "Wallet": ["AccountTransfer"],
            "Options": [],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2030-01-01T00:00:00Z",
        "createdAt": "2025-10-13T03:20:45Z",
        "unified": 0,
        "uta": 1,
        "userID": 1_448_938 + account.number,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_1",
        "kycRegion": "",
    }


def coin_info(book: Book, account: Account, _: Fields) -> dict[str, Any]:
    """GET /v5/asset/coin/query-info: the coins, none of which can be moved here."""
    coins = ["USDT", *(instrument.base for instrument in book.instruments.values())]
    return {"rows": [{"name": coin, "coin": coin, "remainAmount": "0", "chains": []} for coin in coins]}
