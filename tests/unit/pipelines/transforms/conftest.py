"""A warehouse for the gold transforms: the embedded server on a free port, with SILVER.ORDERS of the contract."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from snowflake.snowpark import DataFrame, Session

from pipelines.contracts import load_contract
from pipelines.errors import ServiceError
from pipelines.movers.warehouse_tables import ensure_tables
from pipelines.settings import settings
from tests.unit.pipelines.transforms import gold_by_example as example

START_SECONDS = 60.0


@pytest.fixture(scope="session")
def warehouse(own_settings: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A Snowpark session of a warehouse that only these tests see."""
    from pipelines.connectors.snowflake import open_session

    folder = tmp_path_factory.mktemp("warehouse")
    port = _free_port()
    server = _start(folder, port)
    try:
        with ExitStack() as opened:
            with pytest.MonkeyPatch.context() as patch:  # for this session alone: later tests mean the shared warehouse
                patch.setenv("DISHPATCH_SNOWFLAKE_PORT", str(port))
                settings.cache_clear()
                _wait(server, folder, port)
                session = opened.enter_context(open_session())
            settings.cache_clear()
            ensure_tables(session, [load_contract("warehouse/orders")])
            session.sql("CREATE STAGE IF NOT EXISTS SILVER.LOADS").collect()
            yield session
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def gold(warehouse: Session, tmp_path: Path) -> Callable[..., list[dict[str, object]]]:
    """gold(transform, *orders): rows of the gold table for these silver orders, in key order."""

    def build(transform: Callable[[DataFrame], DataFrame], *orders: dict[str, object]) -> list[dict[str, object]]:
        return example.build(warehouse, tmp_path, transform, orders)

    return build


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.local.warehouse_server", str(folder), str(port)]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _wait(server: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    """Until the server takes a connection; the test fails with its log if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServiceError(f"the warehouse did not start:\n{(folder / 'server.log').read_text()}")
