# SPDX-License-Identifier: MIT
"""Accounts that cannot open, plugins handed over in code, the hub without an event loop."""

import asyncio
import threading
from collections.abc import Awaitable, Generator
from functools import partial
from pathlib import Path

import pytest

from fks_exec import (
    AccountNotReady,
    AccountState,
    ConfigError,
    Denial,
    Event,
    ExecutionResult,
    Order,
    PluginError,
    RateBudget,
    Submission,
    VenueRejected,
    hookimpl,
)
from fks_exec_hub import UnknownAccount, open_account, sync
from fks_exec_hub.errors import HubClosed
from fks_exec_hub.journal import JournalInUse
from fks_exec_simulators.observers import Recorder
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on


class Veto:
    """A guard handed over in code."""

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Denial | None:
        return Denial(code="VETO", message="no") if order.quantity > 1 else None


class Watch:
    """A wrapper in the documented pattern."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl(wrapper=True)
    def execute_order(
        self, order: Order, submission: Submission
    ) -> Generator[None, Awaitable[ExecutionResult], Awaitable[ExecutionResult]]:
        answer = yield
        return self._watch(answer)

    async def _watch(self, answer: Awaitable[ExecutionResult]) -> ExecutionResult:
        result = await answer
        self.seen.append(result.status.value)
        return result


class Both:
    """A guard that also hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> None:
        return None

    @hookimpl
    def observe(self, event: Event) -> None:
        self.heard.append(type(event).__name__)


async def test_guards_and_wrappers_handed_over_in_code_serve_every_account(tmp_path: Path) -> None:
    watch, stage = Watch(), Stage()
    config = configure(tmp_path, accounts={name: {"venue": "stage", "guards": []} for name in ("one", "two")})
    async with hub_on(stage, config, Veto(), watch) as hub:
        for name in ("one", "two"):
            assert (await hub.execute_order(name, buy("1"))).status == "filled"
            assert (await hub.execute_order(name, buy("2"))).code == "VETO"
    assert watch.seen == ["filled", "filled"]


async def test_an_object_that_is_guard_and_observer_hears_each_event_once(tmp_path: Path) -> None:
    both = Both()
    async with hub_on(Stage(), configure(tmp_path), both) as hub:
        await hub.execute_order(ACCOUNT, buy())
    assert both.heard == ["AccountReadiness", "OrderAccepted", "OrderSent", "OrderConcluded", "OrderFilled"]


async def test_what_a_venue_tells_is_heard_by_the_observers_of_the_hub(tmp_path: Path) -> None:
    """From any thread, between the hub's own."""
    stage, recorder = Stage(), Recorder()
    async with hub_on(stage, configure(tmp_path), recorder) as hub:
        assert stage.context is not None
        told = RateBudget(account=ACCOUNT, time=1, used=0.5, waiting=1, seconds=0.25)
        await asyncio.to_thread(stage.context.tell, told)
        await hub.execute_order(ACCOUNT, buy())
    assert [type(event).__name__ for event in recorder.events][:3] == ["AccountReadiness", "RateBudget", "OrderAccepted"]
    assert recorder.events[1] == told


async def test_an_object_that_plays_no_role_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="marks no hook"):
        await hub_on(Stage(), configure(tmp_path), object()).start()


async def test_an_account_that_cannot_open_is_not_ready_with_its_reason_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fks_exec_hub.accounts.opening.DELAYS", (0.01,))
    stage = Stage()
    stage.open_errors.extend([VenueRejected("terminal down"), RuntimeError("secret=hunter2")])
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert not hub.status()[0].ready
        assert hub.status()[0].reason == "terminal down"
        assert not (await hub.health())[ACCOUNT]
        async with asyncio.timeout(5):
            while not hub.status()[0].ready:
                assert "hunter2" not in hub.status()[0].reason
                await asyncio.sleep(0.005)
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    assert stage.opened == 3


async def test_that_an_account_is_not_ready_is_said_once(tmp_path: Path) -> None:
    """Its opening has raised that sentence, and so does what is asked of it."""
    stage = Stage()
    stage.open_errors.append(AccountNotReady(ACCOUNT, "the terminal is down"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert hub.status()[0].reason == "the terminal is down"
        with pytest.raises(AccountNotReady, match=r"^account 'main' is not ready: the terminal is down$"):
            await hub.execute_order(ACCOUNT, buy())


async def test_a_required_account_that_cannot_open_stops_the_start_and_frees_the_journal(tmp_path: Path) -> None:
    stage = Stage()
    stage.open_errors.append(VenueRejected("terminal down"))
    with pytest.raises(VenueRejected, match="terminal down"):
        await hub_on(stage, configure(tmp_path, account={"required": True})).start()
    async with hub_on(stage, configure(tmp_path, account={"required": True})) as hub:
        assert hub.ready


async def test_a_second_hub_on_the_journal_is_told_who_owns_it(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path)):
        with pytest.raises(JournalInUse, match="another hub of this same process"):
            await hub_on(Stage(), configure(tmp_path)).start()


async def test_an_unknown_journal_scheme_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="memory, sqlite"):
        await hub_on(Stage(), configure(tmp_path, journal="kafka:x")).start()


async def test_quotes_positions_balances_and_health_can_be_asked(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert [(await hub.quote(ACCOUNT, "BTCUSDT")).ask for _ in range(3)] == [100] * 3
        assert stage.quotes_asked == 1
        assert (await hub.balances(ACCOUNT))[0].total == 100_000
        assert (await hub.health())[ACCOUNT]
        assert [r.key.client_order_id for r in await hub.orders()] == []
        stage.quote = None
        with pytest.raises(AccountNotReady, match="no quote"):
            await hub.quote(ACCOUNT, "ETHUSDT")


async def test_many_who_want_a_quote_ask_once(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["position_size"])) as hub:
        await asyncio.gather(*(hub.execute_order(ACCOUNT, buy("0.01")) for _ in range(20)))
    assert stage.quotes_asked == 1


async def test_an_account_can_be_opened_alone_for_a_look(tmp_path: Path) -> None:
    stage = Stage()
    config = configure(tmp_path)
    async with open_account(config, ACCOUNT, config.load_plugins([stage])) as account:
        assert (await account.fetch_data("BTC/USDT")).bid == 99
    with pytest.raises(UnknownAccount):
        async with open_account(config, "other"):
            pass
    assert not (tmp_path / "fks-exec.db").exists()


def _trade(hub: sync.ExecutionHub, results: list[ExecutionResult], order: Order) -> None:
    results.append(hub.execute_order(ACCOUNT, order))


def test_the_synchronous_hub_trades_from_any_thread_and_starts_again_after_close(tmp_path: Path) -> None:
    stage = Stage()
    for round_ in range(2):
        with sync.ExecutionHub.open(configure(tmp_path), plugins=[stage]) as hub:
            results: list[ExecutionResult] = []
            orders = [buy(client_order_id=f"{round_}-{n}") for n in range(5)]
            trade = partial(_trade, hub, results)
            threads = [threading.Thread(target=trade, args=(order,)) for order in orders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [result.status for result in results] == ["filled"] * 5
            assert hub.positions(ACCOUNT)[0].quantity == 5 * (round_ + 1)
            assert hub.order(ACCOUNT, f"{round_}-0") is not None
            assert hub.quote(ACCOUNT, "BTCUSDT").ask == 100
            assert (hub.accounts, hub.status()[0].ready, bool(hub.health()[ACCOUNT])) == ((ACCOUNT,), True, True)
            assert hub.balances(ACCOUNT)[0].currency == "USDT"
    with pytest.raises(HubClosed):
        hub.execute_order(ACCOUNT, buy())
    hub.close()


def test_the_synchronous_hub_leaves_no_thread_when_it_cannot_start(tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(ConfigError):
        sync.ExecutionHub.open(configure(tmp_path, journal="kafka:x"), plugins=[Stage()]).start()
    assert threading.active_count() <= before


@pytest.mark.parametrize("where", ["state", "state/deeper"])
async def test_a_file_in_place_of_the_state_folder_stops_the_start(tmp_path: Path, where: str) -> None:
    """Before the journal is made; nor is an account to open for ever."""
    (tmp_path / "state").write_text("", "ascii")
    with pytest.raises(ConfigError, match=r"^state: .*/state is no folder; move it away"):
        await hub_on(Stage(), configure(tmp_path, state=where)).start()
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


async def test_an_account_whose_folder_cannot_be_made_is_not_ready_with_that_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again: somebody may mend it meanwhile."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / ACCOUNT).write_text("", "ascii")
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        [status] = hub.status()
    assert not status.ready
    assert "its folder" in status.reason
    assert "cannot be made: file exists; look at state in the configuration" in status.reason
    assert "never retrieved" not in caplog.text
