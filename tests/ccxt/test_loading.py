"""ccxt is imported when it is wanted, and a wrong id is told with what may have been meant."""

from __future__ import annotations

import subprocess
import sys

import pytest
from blockbuster import BlockBuster

from fks_exec.errors import ConfigError
from fks_exec_ccxt.session.loading import exchange_class, load_ccxt


def test_no_module_of_ours_imports_ccxt() -> None:
    program = (
        "import importlib, pkgutil, sys, fks_exec_ccxt\n"
        "for found in pkgutil.walk_packages(fks_exec_ccxt.__path__, 'fks_exec_ccxt.'):\n"
        "    importlib.import_module(found.name)\n"
        "sys.exit('ccxt' in sys.modules or 'aiohttp' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


async def test_the_import_leaves_the_loop_alone(nonblocking: BlockBuster) -> None:
    assert (await load_ccxt()).__name__ == "ccxt.async_support"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("binanse", "did you mean binance"),
        ("Binance", "is written 'binance'"),
        ("bitmex", "has dropped BitMEX"),
        ("okex", "it is 'okx' there"),
        ("ftx", "FTX is closed"),
        ("zzzzzz", "see docs.ccxt.com"),
    ],
)
def test_an_unknown_exchange_is_told_with_what_may_be_meant(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        exchange_class(name, "accounts.a.config.exchange")
    assert caught.value.where == "accounts.a.config.exchange"


def test_an_attribute_of_ccxt_that_is_no_exchange_is_none() -> None:
    with pytest.raises(ConfigError):
        exchange_class("Exchange")
