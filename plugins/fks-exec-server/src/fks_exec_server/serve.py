# SPDX-License-Identifier: MIT
"""Two listeners in one process, on one loop: alerts, and operations; and how they stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, cast

import uvicorn
from starlette.types import ASGIApp

from fks_exec import ConfigError, FksExecError
from fks_exec_hub.control import serve_control
from fks_exec_hub.journal import JournalUnavailable

from .config import Address, ServerConfig, unreachable
from .http.app import config_of, create_app, create_operations_app
from .http.protocol import patient
from .limits.addresses import Addresses
from .telemetry.host import Telemetry
from .tradingview.silence import Silence, watching

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_OTHER_FILES = 256
"""Files that are no connection of a sender: the journal, the venues."""


_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there (it may be another 'fks-exec serve'), or change plugins.server",
    errno.EADDRNOTAVAIL: "this machine has no such address; name one of its own in plugins.server, such as 127.0.0.1",
    errno.EACCES: "ports below 1024 are not for every user; take a higher one in plugins.server, with a proxy in front",
}


class CannotListen(FksExecError):
    """An address that is taken, or is not this machine's."""


class _Listener(uvicorn.Server):
    """A uvicorn that leaves the signals to its host, since there are two of it, and that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(hub: ExecutionHub, *, ready: Callable[[Address, Address], None], stop: asyncio.Event | None = None) -> None:
    """Serve a hub until a signal (SIGTERM, SIGINT, SIGHUP) or ``stop``; then answer what is under way, and close the hub.

    Beside HTTP it takes an operator's commands through a local socket, see :mod:`fks_exec_hub.control`.

    Args:
        hub: opened, not started; it is started once both addresses are ours, and closed in the end.
        ready: called with the addresses, alerts and operations, when both are served.
        stop: instead of the signals.

    Raises:
        ConfigError: in ``[plugins.server]``; or the journal cannot be opened.
        CannotListen: an address is taken, or is not this machine's.
        CannotServe: the place of the local socket is taken.
        FksExecError: what the hub's start raises.
    """
    config = config_of(hub)
    for each in unreachable(config):
        logger.warning("%s", each)
    telemetry = Telemetry(hub, callers=config.senders)
    _allow_files(config.limits.connections)
    with _bound(config.address) as trading, _bound(config.operations_address) as operations, _stopping(stop) as stopped:
        async with _started(hub), serve_control(hub), watching(hub, config):
            telemetry.expect(await Silence(hub, config.senders).since())
            listeners = [
                (_listener(telemetry.wrap(create_app(hub, config)), config), trading),
                (_listener(create_operations_app(hub, telemetry.served), config), operations),
            ]
            await _run(listeners, stopped, lambda: ready(_address_of(trading), _address_of(operations)))


@contextlib.asynccontextmanager
async def _started(hub: ExecutionHub) -> AsyncIterator[None]:
    try:
        await hub.start()
    except JournalUnavailable as error:
        raise ConfigError("journal", str(error)) from error
    try:
        yield
    finally:
        await hub.close()


async def _run(listeners: list[tuple[_Listener, socket.socket]], stopped: asyncio.Event, ready: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as group:
        for listener, sock in listeners:
            group.create_task(listener.serve(sockets=[sock]))
        for listener, _ in listeners:
            await listener.listening.wait()
        ready()
        await stopped.wait()
        for listener, _ in listeners:
            listener.should_exit = True


def _listener(app: ASGIApp, config: ServerConfig) -> _Listener:
    longest = max(sender.wait for sender in config.senders.values())
    return _Listener(
        uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", patient(config.limits, Addresses(config.proxies))),
            ws="none",
            lifespan="off",
            loop="none",
            access_log=False,  # it would show the secret in the path
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=int(longest) + 2,
        )
    )


def _allow_files(connections: int) -> None:
    """As many open files as the connections need, where the system lets a process have them: the usual 1,024 are too few."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


@contextlib.contextmanager
def _stopping(stop: asyncio.Event | None) -> Iterator[asyncio.Event]:
    """What a signal sets; the handlers of before come back."""
    if stop is not None:
        yield stop
        return
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    before = {each: signal.getsignal(each) for each in _signals()}

    def heard(number: int, _: object) -> None:
        if number not in _SIGNALS:
            logger.warning("%s: the host stops; a changed configuration is read at the next start", signal.Signals(number).name)
        loop.call_soon_threadsafe(event.set)

    for each in before:  # not the loop's own handlers: Windows has none
        signal.signal(each, heard)
    try:
        yield event
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _signals() -> list[signal.Signals]:
    """Also that the terminal is gone, where nobody asked for it to be passed over, as nohup does."""
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    closes = hang_up is not None and signal.getsignal(hang_up) is signal.SIG_DFL
    return [*_SIGNALS, *([hang_up] if hang_up is not None and closes else [])]


def _bound(address: Address) -> socket.socket:
    """A socket that has the address; nothing can connect yet."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, name = found[0]
        sock = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere it would let two processes have one address
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(name)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
    except (OSError, UnicodeError) as error:  # the latter for a host that cannot be a name
        reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
        remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, "look at the address in plugins.server")
        raise CannotListen(f"cannot listen on {address}: {reason}; {remedy}") from None
    return sock


def _address_of(sock: socket.socket) -> Address:
    host, port = sock.getsockname()[:2]
    return Address(host, port)
