"""What the warehouse keeps over a restart: tables, stages, and which files it has loaded."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector

from pipelines.local.readiness import port_answers
from pipelines.local.warehouse import Warehouse
from pipelines.settings import Settings

pytestmark = [pytest.mark.service, pytest.mark.fault]

COPY = "copy into t from @st file_format=(type=parquet) match_by_column_name=case_insensitive"


@contextmanager
def running(warehouse: Warehouse) -> Iterator[subprocess.Popen[bytes]]:
    """The warehouse's process, ready; killed with SIGKILL at the end."""
    warehouse.prepare()
    with warehouse.output_file.open("ab") as output:
        process = subprocess.Popen(warehouse.command(), stdout=output, stderr=output, cwd=warehouse.folder)
    try:
        deadline = time.monotonic() + 60
        while not port_answers(warehouse.port):
            assert process.poll() is None, warehouse.output_file.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def session(config: Settings) -> Iterator[Any]:
    """A cursor in DISHPATCH.PUBLIC."""
    with (
        snowflake.connector.connect(
            user="t",
            password="t",
            account="fakesnow",
            host="127.0.0.1",
            port=config.port("warehouse"),
            protocol="http",
            database="DISHPATCH",
            schema="PUBLIC",
            login_timeout=5,
            network_timeout=10,
            session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        ) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def test_a_file_loaded_before_a_kill_is_skipped_after_it(tmp_path: Path, second_settings: Settings) -> None:
    odd = second_settings.model_copy(update={"data_dir": tmp_path / "it's, data é"})
    warehouse = Warehouse(odd)
    file = tmp_path / "part-0001.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3]}), file)
    with running(warehouse), session(second_settings) as cursor:
        cursor.execute("create table t (id int)")
        cursor.execute("create stage st")
        cursor.execute(f"put 'file://{file}' @st auto_compress=false overwrite=true")
        first = cursor.execute(COPY).fetchall()
        assert "LOADED" in str(first)
    with running(warehouse), session(second_settings) as cursor:
        assert "part-0001.parquet" in str(cursor.execute("list @st").fetchall())
        again = cursor.execute(COPY).fetchall()
        assert "LOADED" not in str(again).replace("already loaded", "")
        assert "LOAD_SKIPPED" in str(again) or "0 files processed" in str(again)
        assert cursor.execute("select count(*), sum(id) from t").fetchone() == (3, 6)
