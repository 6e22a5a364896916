# SPDX-License-Identifier: MIT
"""A host behind each of the proxies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fks_exec_server.proxies.configurations import Blanks
from fks_exec_simulators.proxies import KINDS, Kind, Proxy, proxy
from fks_exec_simulators.proxies.upstream import PATIENCE
from fks_exec_simulators.served import ServeProcess, serve_process


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of them."""
    found: Kind = request.param
    return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ServeProcess]:
    """A real one, in a process of its own."""
    with serve_process(tmp_path) as host:
        yield host


@pytest.fixture
def front(tmp_path: Path, host: ServeProcess, kind: Kind) -> Iterator[Proxy]:
    """A proxy before it."""
    with proxy(kind, tmp_path / "proxy", host.port, Blanks(patience=PATIENCE)) as front:
        yield front
