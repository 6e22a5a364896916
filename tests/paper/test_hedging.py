# SPDX-License-Identifier: MIT
"""A long and a short of one contract side by side: what opens goes to its own side, what reduces to the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fks_exec import Side, VenueError, VenueRejected

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Make = Callable[..., Any]
Open = Callable[..., Awaitable[Any]]


def both(make_bench: Make, **changes: Any) -> Any:
    """A bench that is five long and three short."""
    bench = make_bench(hedging=True, **changes)
    bench.send("buy", 5, PERP)
    bench.send("sell", 3, PERP)
    return bench


def sides(bench: Any) -> tuple[Any, Any]:
    """What is held of the contract, long and short."""
    held = bench.engine.ledger.holdings
    return held[f"{PERP} long"].quantity, held[f"{PERP} short"].quantity


def test_a_sell_beside_a_long_opens_a_short(make_bench: Make) -> None:
    """Nothing is closed; both need margin."""
    bench = both(make_bench)
    assert sides(bench) == (5, -3)
    assert bench.cash - bench.engine.free_cash() == (50 + 27) + (5 + 3)  # margin, and the spread that both have lost


def test_without_hedging_a_sell_closes_first(make_bench: Make) -> None:
    """Netting."""
    bench = make_bench()
    bench.send("buy", 5, PERP)
    bench.send("sell", 7, PERP)
    assert bench.held(PERP) == -2


@pytest.mark.parametrize(("side", "left"), [("sell", (0, -3)), ("buy", (5, 0))])
def test_a_reduce_only_order_closes_the_other_sides_position(make_bench: Make, side: str, left: tuple[int, int]) -> None:
    """And no more than that."""
    bench = both(make_bench)
    entry = bench.send(side, 9, PERP, reduce_only=True)
    assert (entry.code, sides(bench)) == ("REDUCE_ONLY", left)
    with pytest.raises(VenueRejected) as caught:
        bench.send(side, 1, PERP, reduce_only=True)
    assert caught.value.code == "REDUCE_ONLY"


def test_spot_is_never_sold_short_here_either(make_bench: Make) -> None:
    """A thing has one side."""
    bench = both(make_bench)
    with pytest.raises(VenueRejected):
        bench.send("sell", 1)
    bench.send("buy", 1)
    assert bench.held(SPOT) == 1


def test_attached_legs_close_their_own_side(make_bench: Make) -> None:
    """The stop of the short does not touch the long."""
    bench = both(make_bench)
    short = bench.send("sell", 2, PERP, stop_loss=12)
    bench.quote(11, 12, PERP)
    assert (str(short.legs[0].status), sides(bench)) == ("filled", (5, -3))


def test_legs_go_with_their_own_side_only(make_bench: Make) -> None:
    """The long's end leaves the short's stop alone."""
    bench = make_bench(hedging=True)
    long, short = bench.send("buy", 5, PERP, stop_loss=7), bench.send("sell", 3, PERP, stop_loss=12)
    bench.send("sell", 5, PERP, reduce_only=True)
    assert [str(entry.legs[0].status) for entry in (long, short)] == ["canceled", "accepted"]


@pytest.mark.parametrize(("side", "trigger", "ticket"), [(Side.SELL, 8, "long"), (Side.BUY, 12, "short")])
def test_a_leg_names_the_position_that_it_closes(make_bench: Make, side: Side, trigger: int, ticket: str) -> None:
    """By its side alone, or by its ticket too; another's is refused."""
    bench = both(make_bench, protection="reduce_only_pair")
    assert bench.protect("stop_loss", 1, trigger, PERP, side=side).status == "accepted"
    assert bench.protect("stop_loss", 1, trigger, PERP, side=side, position_id=ticket).status == "accepted"
    with pytest.raises(VenueRejected) as caught:
        bench.protect("stop_loss", 1, trigger, PERP, side=side, position_id={"long": "short", "short": "long"}[ticket])
    assert caught.value.code == "UNKNOWN_POSITION"


async def test_both_sides_are_told_with_their_tickets_and_survive_a_restart(open_desk: Open, tmp_path: Path) -> None:
    """Profit and average of each."""
    first = await open_desk(tmp_path, hedging=True)
    await first.send("buy", 5, PERP)
    await first.send("sell", 3, PERP)
    positions = await first.venue.fetch_positions()
    assert [(p.symbol, p.position_id, p.quantity, p.average_price, p.unrealized_pnl) for p in positions] == [
        (PERP, "long", 5, 10, -5),
        (PERP, "short", -3, 9, -3),
    ]
    everything = await first.everything()
    await first.venue.close()
    second = await open_desk(tmp_path, hedging=True)
    assert await second.everything() == everything


@pytest.mark.parametrize("hedging", [True, False])
async def test_an_account_is_turned_only_when_it_is_flat(open_desk: Open, tmp_path: Path, hedging: bool) -> None:
    """A position of the other kind would be dropped in silence; what is held on spot is of both kinds."""
    first = await open_desk(tmp_path, hedging=hedging)
    await first.send("buy", 1)
    await first.send("buy", 5, PERP)
    await first.venue.close()
    with pytest.raises(VenueError, match="set hedging back") as caught:
        await open_desk(tmp_path, hedging=not hedging)
    assert caught.value.code == "STATE_MISMATCH"
    again = await open_desk(tmp_path, hedging=hedging)
    await again.send("sell", 5, PERP, reduce_only=True)
    await again.venue.close()
    turned = await open_desk(tmp_path, hedging=not hedging)
    assert await turned.venue.fetch_positions() == []
    assert (await turned.venue.fetch_balance())[1].total == 1
