"""The ledger keeps what every run was asked and came to, also when its process did not live to say so."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.runs.ledger import Ledger
from pipelines.runs.result import RunError, RunResult

NOTEBOOK, OUTPUT = Path("in.ipynb"), Path("out.ipynb")


def test_a_finished_run_is_read_back_whole(tmp_path: Path) -> None:
    result = RunResult(
        "succeeded",
        NOTEBOOK,
        OUTPUT,
        figures={"rows": 3, "share": None},
        inputs={"bronze/orders": 4},
        outputs={"silver/orders": 5},
        start_up_seconds=2.1,
        work_seconds=0.4,
        peak_memory_bytes=10**8,
    )
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.queue("r1", "f1", "silver_orders", "futian", "2026-01-05")
        ledger.start("r1", NOTEBOOK, {"city_id": "futian"}, OUTPUT)
        ledger.finish("r1", result, Path("report.html"))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        record = ledger.run("r1")
    assert (record.status, record.step, record.city_id) == ("succeeded", "silver_orders", "futian")
    assert record.figures == {"rows": 3, "share": None}
    assert record.inputs | record.outputs == {"bronze/orders": 4, "silver/orders": 5}
    assert record.parameters == {"city_id": "futian"}
    assert (record.start_up_seconds, record.work_seconds, record.peak_memory_bytes) == (2.1, 0.4, 10**8)
    assert record.report_path == "report.html"
    assert record.queued_at <= (record.started_at or "") <= (record.ended_at or "")


def test_a_failed_run_keeps_its_cell_signal_and_what_it_published(tmp_path: Path) -> None:
    error = RunError("kernel_died", "the kernel was killed by signal 9", cell=3, source_line="x = 1", signal=9)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.queue("r1", "f1", "s", None, None)
        ledger.start("r1", NOTEBOOK, {}, OUTPUT)
        ledger.finish("r1", RunResult("failed", NOTEBOOK, OUTPUT, figures={"rows": 3}, error=error))
        record = ledger.run("r1")
    assert record.status == "failed"
    assert record.error == error
    assert record.figures == {"rows": 3}


def test_a_run_whose_process_was_killed_is_shown_as_failed(tmp_path: Path) -> None:
    code = f"""
import os, pathlib, signal
from pipelines.runs.ledger import Ledger
with Ledger.open(pathlib.Path({str(tmp_path / "ledger.sqlite")!r})) as ledger:
    ledger.queue("running", "f1", "s", None, None)
    ledger.queue("queued", "f1", "t", None, None)
    ledger.start("running", pathlib.Path("in.ipynb"), {{}}, pathlib.Path("out.ipynb"))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        statuses = {record.run_id: record.status for record in ledger.runs("f1")}
        error = ledger.run("running").error
    assert statuses == {"running": "failed", "queued": "not_started"}
    assert error is not None
    assert "process died" in error.message


def test_a_run_whose_process_lives_is_left_alone(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.queue("r1", "f1", "s", None, None)
        ledger.start("r1", NOTEBOOK, {}, OUTPUT)
        assert ledger.run("r1").status == "running"


def test_four_threads_can_open_a_new_ledger_and_record_at_once(tmp_path: Path) -> None:
    def record(number: int) -> None:
        for run in range(10):
            with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
                ledger.queue(f"r{number}.{run}", f"f{number}", "s", None, None)
                ledger.close_unstarted(f"r{number}.{run}", "skipped")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(4)))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert len(ledger.runs()) == 40
        assert len(ledger.runs(limit=5)) == 5


def test_an_unknown_run_is_named(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, pytest.raises(UsageError, match="no run 'r9'"):
        ledger.run("r9")
