"""What the supervisor and `dishpatch up` need to know of one embedded service, and nothing of what it serves."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.settings import Settings

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 20.0  # between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Launch:
    """One process as the supervisor starts it: paths are absolute, no secret is in it, as it is written to a file."""

    name: str
    argv: list[str]
    cwd: str
    output_file: str  # stdout and stderr
    log_files: list[str]  # where the service says what went wrong, most telling first
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)  # files outside the data folder, removed after a stop
    stop_seconds: float = STOP_SECONDS


class Service(ABC):
    """One embedded service: its folder, ports, configuration, command and the request that proves it ready."""

    name: str
    title: str
    ports: tuple[str, ...]  # names in PORT_OFFSETS, the one that clients use first
    memory_mib: int  # resident under load, measured
    ready_seconds: float  # deadline of the readiness request; many times the usual, for a busy machine
    stop_seconds: float = STOP_SECONDS

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.data_dir.absolute() / self.name
        self.logs = settings.data_dir.absolute() / "logs"
        self.output_file = self.logs / f"{self.name}.out"

    @property
    def port(self) -> int:
        """The port that clients use."""
        return self.settings.port(self.ports[0])

    def listening_ports(self) -> list[int]:
        """Every port the process listens on."""
        return [self.settings.port(name) for name in self.ports]

    @property
    def log_files(self) -> list[Path]:
        """Logs, most telling first."""
        return [self.output_file]

    def prepare(self) -> None:
        """Write folders and configuration. Called before the process starts; safe to repeat over existing data."""
        for folder in (self.folder, self.logs, self.temporary_folder):
            folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments; `prepare` has run."""

    @abstractmethod
    def probe(self) -> None:
        """One real request that only a ready service answers. Raises anything at all when it is not ready."""

    @property
    def temporary_folder(self) -> Path:
        return self.folder / "tmp"

    def launch(self) -> Launch:
        """The process to start, with temporary files kept under the data folder."""
        return Launch(
            name=self.name,
            argv=self.command(),
            cwd=str(self.folder),
            output_file=str(self.output_file),
            log_files=[str(path) for path in self.log_files],
            port=self.port,
            environment=self.own_environment(),
            leftovers=self.leftovers(),
            stop_seconds=self.stop_seconds,
        )

    def own_environment(self) -> dict[str, str]:
        """What differs from this process's: a home where there is none, and UTF-8, by which Java reads paths."""
        home = os.environ.get("HOME") or str(self.folder)
        return {"TMPDIR": str(self.temporary_folder), "HOME": home, "LC_ALL": "C.UTF-8"}

    def leftovers(self) -> list[str]:
        """Files the program insists on making outside the data folder."""
        return []
