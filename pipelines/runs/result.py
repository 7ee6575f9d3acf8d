"""What one notebook run came to, as its process writes it and its caller reads it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Status = Literal["succeeded", "failed"]
ErrorKind = Literal[
    "exception", "kernel_died", "timeout", "interrupted", "process_died", "not_runnable", "not_rendered"
]


@dataclass(frozen=True)
class RunError:
    """Why a run failed. `cell` counts the notebook's cells from 1, as a reader does; None if no cell was reached."""

    kind: ErrorKind
    message: str
    cell: int | None = None
    source_line: str | None = None
    signal: int | None = None
    exit_status: int | None = None

    def __str__(self) -> str:
        where = "" if self.cell is None else f"cell {self.cell} [{self.source_line}]: "
        return f"{where}{self.message}"


@dataclass(frozen=True)
class RunResult:
    """Status, published figures and versions, seconds and bytes of one run; `error` is set exactly when it failed."""

    status: Status
    notebook: Path
    output: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    start_up_seconds: float | None = None  # launch → end of the cell tagged `imports`
    work_seconds: float | None = None  # from there to the end of the last cell that ran
    peak_memory_bytes: int | None = None  # of the kernel and its children, resident
    error: RunError | None = None

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"

    def write(self, path: Path) -> None:
        """Write as JSON, in one step: a reader sees the whole result or none."""
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(json.dumps(asdict(self), default=str, allow_nan=False))
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> RunResult:
        """The result a run's process wrote."""
        stored: dict[str, Any] = json.loads(path.read_text())
        stored["error"] = RunError(**stored["error"]) if stored["error"] else None
        stored["notebook"], stored["output"] = Path(stored["notebook"]), Path(stored["output"])
        return cls(**stored)
