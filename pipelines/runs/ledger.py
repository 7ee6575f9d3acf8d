"""The run ledger: what every run was asked, what it read, wrote and found, and how it ended.

It is the only word on a run's status; the notebook file is not, because a killed kernel leaves one that looks finished.
SQLite in write-ahead mode: several runners, and people who look meanwhile, share it. A run whose process is gone
(kill -9, power cut) is shown as failed the next time anyone looks.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

import psutil
from filelock import FileLock

from pipelines.errors import UsageError
from pipelines.runs.result import RunError, RunResult
from pipelines.settings import PROJECT_DIR, settings

RunStatus = Literal["queued", "running", "succeeded", "failed", "not_started", "skipped"]

BUSY_TIMEOUT_SECONDS = 30  # a writer holds the file for milliseconds; this covers a laptop waking up

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    flow_run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    city_id TEXT,
    business_date TEXT,
    status TEXT NOT NULL CHECK (status IN ({", ".join(f"'{status}'" for status in get_args(RunStatus))})),
    notebook_path TEXT,
    parameters TEXT NOT NULL DEFAULT '{{}}',
    inputs TEXT NOT NULL DEFAULT '{{}}',
    outputs TEXT NOT NULL DEFAULT '{{}}',
    figures TEXT NOT NULL DEFAULT '{{}}',
    output_path TEXT,
    report_path TEXT,
    queued_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    start_up_seconds REAL,
    work_seconds REAL,
    peak_memory_bytes INTEGER,
    error TEXT,
    code_version TEXT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process_started_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_flow ON runs (flow_run_id);
"""
_JSON_COLUMNS = ("parameters", "inputs", "outputs", "figures")


@dataclass(frozen=True)
class RunRecord:
    """One run as the ledger knows it. Instants are ISO 8601 in UTC; `error` is set when status is `failed`."""

    run_id: str
    flow_run_id: str
    step: str
    city_id: str | None
    business_date: str | None
    status: RunStatus
    notebook_path: str | None
    parameters: dict[str, Any]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    figures: dict[str, Any]
    output_path: str | None
    report_path: str | None
    queued_at: str
    started_at: str | None
    ended_at: str | None
    start_up_seconds: float | None
    work_seconds: float | None
    peak_memory_bytes: int | None
    error: RunError | None
    code_version: str | None
    host: str
    pid: int
    process_started_at: float

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> RunRecord:
        """A row of the table with its JSON read."""
        values = {field.name: row[field.name] for field in fields(cls)}
        values |= {name: json.loads(values[name]) for name in _JSON_COLUMNS}
        values["error"] = RunError(**json.loads(values["error"])) if values["error"] else None
        return cls(**values)


class Ledger:
    """An open ledger. Not to be shared between threads; open one for each, that is cheap."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path | None = None) -> Iterator[Self]:
        """The ledger at `path` (default: the setting `ledger_file`), made on first use, closed at the end."""
        file = path or settings().ledger_file
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            # Switching to write-ahead mode ignores the busy time-out, so only one process does it at a time.
            with FileLock(file.with_suffix(".lock")):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
            connection.execute("PRAGMA synchronous = NORMAL")
            yield cls(connection)
        finally:
            connection.close()

    def queue(self, run_id: str, flow_run_id: str, step: str, city_id: str | None, business_date: str | None) -> None:
        """A run that this process will start."""
        process = psutil.Process()
        self._insert(
            run_id=run_id,
            flow_run_id=flow_run_id,
            step=step,
            city_id=city_id,
            business_date=business_date,
            status="queued",
            queued_at=_now(),
            code_version=code_version(),
            host=socket.gethostname(),
            pid=process.pid,
            process_started_at=process.create_time(),
        )

    def start(self, run_id: str, notebook: Path, parameters: Mapping[str, object], output: Path) -> None:
        """The run's process is being started now."""
        self._update(
            run_id,
            status="running",
            started_at=_now(),
            notebook_path=str(notebook),
            parameters=json.dumps(parameters, default=str),
            output_path=str(output),
        )

    def finish(self, run_id: str, result: RunResult, report_path: Path | None = None) -> None:
        """The run ended; everything it published is kept, also when it failed."""
        kept = {name: json.dumps(getattr(result, name)) for name in ("inputs", "outputs", "figures")}
        self._update(
            run_id,
            status=result.status,
            ended_at=_now(),
            start_up_seconds=result.start_up_seconds,
            work_seconds=result.work_seconds,
            peak_memory_bytes=result.peak_memory_bytes,
            error=json.dumps(asdict(result.error)) if result.error else None,
            report_path=str(report_path) if report_path else None,
            **kept,
        )

    def close_unstarted(
        self, run_id: str, status: Literal["not_started", "skipped"], report: Path | None = None
    ) -> None:
        """The run will not take place in this flow; `report` is the page that says so, if there is one."""
        self._update(run_id, status=status, ended_at=_now(), report_path=str(report) if report else None)

    def runs(self, flow_run_id: str | None = None, limit: int | None = None) -> list[RunRecord]:
        """Runs, newest first; of one flow, if named. Runs whose process has died are closed first."""
        self.close_abandoned()
        where, values = ("WHERE flow_run_id = ?", [flow_run_id]) if flow_run_id else ("", [])
        rows = self._connection.execute(
            f"SELECT * FROM runs {where} ORDER BY queued_at DESC, rowid DESC LIMIT ?",
            [*values, -1 if limit is None else limit],
        )
        return [RunRecord.from_row(row) for row in rows]

    def run(self, run_id: str) -> RunRecord:
        """One run by its id; UsageError if there is none."""
        self.close_abandoned()
        row = self._connection.execute("SELECT * FROM runs WHERE run_id = ?", [run_id]).fetchone()
        if row is None:
            raise UsageError(f"The ledger has no run '{run_id}'; 'dishpatch runs list' shows those it has")
        return RunRecord.from_row(row)

    def close_abandoned(self) -> int:
        """Close the open runs of this host whose process is gone: running ones failed, queued ones never started."""
        open_runs = self._connection.execute(
            "SELECT run_id, status, pid, process_started_at FROM runs"
            " WHERE status IN ('queued', 'running') AND host = ?",
            [socket.gethostname()],
        ).fetchall()
        gone = [row for row in open_runs if not _is_alive(row["pid"], row["process_started_at"])]
        for row in gone:
            error = RunError("process_died", f"process died: process {row['pid']}, which ran this, is gone")
            if row["status"] == "running":
                self._close_if(row, status="failed", ended_at=_now(), error=json.dumps(asdict(error)))
            else:
                self._close_if(row, status="not_started", ended_at=_now())
        return len(gone)

    def _insert(self, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", list(values.values()))

    def _update(self, run_id: str, **values: object) -> None:
        changed = self._connection.execute(
            f"UPDATE runs SET {_assignments(values)} WHERE run_id = ?", [*values.values(), run_id]
        )
        if changed.rowcount != 1:
            raise UsageError(f"The ledger has no run '{run_id}'; queue it first")

    def _close_if(self, row: sqlite3.Row, **values: object) -> None:
        """Only if nobody closed it meanwhile."""
        self._connection.execute(
            f"UPDATE runs SET {_assignments(values)} WHERE run_id = ? AND status = ?",
            [*values.values(), row["run_id"], row["status"]],
        )


def _assignments(names: Iterable[str]) -> str:
    return ", ".join(f"{name} = ?" for name in names)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _is_alive(pid: int, started_at: float) -> bool:
    """Whether that very process lives: a later one under the same number started at another time."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started_at) < 1 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@cache
def code_version() -> str | None:
    """What `git describe` says of the working tree ("-dirty" if it has changes); None without git or a repository."""
    command = ["git", "describe", "--always", "--tags", "--dirty"]
    try:
        described = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
