"""What each embedded service is doing now."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import psutil

from pipelines.errors import ServiceError
from pipelines.local import state
from pipelines.local.catalog import embedded_services
from pipelines.local.readiness import how_it_ended, port_answers
from pipelines.local.service import Service
from pipelines.settings import Settings, settings

Status = Literal["running", "starting", "exited", "stopped"]


@dataclass(frozen=True)
class ServiceState:
    """One service now. `since`: UTC, when it started or ended; memory is resident bytes; `wanted`: it should be up."""

    name: str
    title: str
    status: Status
    port: int
    log: str
    wanted: bool = False
    supervised: bool = False
    pid: int | None = None
    since: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    memory_bytes: int | None = None
    uptime_seconds: float | None = None
    ended: str | None = None  # 'signal 9' or 'exit code 1'

    @property
    def is_missing(self) -> bool:
        """It should be up and is not."""
        return self.wanted and self.status in ("exited", "stopped")

    def describe(self) -> str:
        """The status in words: 'running', 'exited (signal 9) at 2026-01-05T10:00:00+00:00'."""
        if self.status == "exited":
            return f"exited ({self.ended}) at {self.since}"
        return self.status if self.supervised or self.status == "stopped" else f"{self.status}, supervisor gone"


def status(config: Settings | None = None) -> list[ServiceState]:
    """Every embedded service that the settings use, in a fixed order."""
    config = config or settings()
    recorded = state.read_state(config.data_dir.absolute())
    return [_state(service, recorded) for service in embedded_services(config)]


def require_services(config: Settings | None = None) -> None:
    """Return if every embedded service runs; raise ServiceError naming those that do not and the remedy."""
    down = [service for service in status(config) if service.status in ("exited", "stopped")]
    died = [service for service in down if service.status == "exited"]
    if died:
        told = "; ".join(f"{service.title} {service.describe()}, log {service.log}" for service in died)
        raise ServiceError(f"{told}. Start what is down with 'dishpatch up'.")
    if down:
        names = ", ".join(service.title for service in down)
        raise ServiceError(f"not running: {names}. Start them with 'dishpatch up'.")
    ports = {service.name: service.port for service in embedded_services(config or settings())}
    moved = [service for service in status(config) if service.name in ports and service.port != ports[service.name]]
    if moved:
        told = ", ".join(f"{s.title} on {s.port}, wanted on {ports[s.name]}" for s in moved)
        raise ServiceError(f"running on other ports: {told}. Stop them with 'dishpatch down', then 'dishpatch up'.")


def _state(service: Service, recorded: state.State | None) -> ServiceState:
    unknown = ServiceState(service.name, service.title, "stopped", service.port, str(service.log_files[0]))
    record = recorded.processes.get(service.name) if recorded else None
    if recorded is None or record is None:
        return unknown
    known = replace(unknown, wanted=recorded.wanted, port=record.port, since=record.since)
    process = record.process() if record.status == "running" else None
    if process is None:
        return replace(
            known,
            status="stopped" if record.status == "stopped" else "exited",
            exit_code=record.exit_code,
            signal=record.signal,
            ended=how_it_ended(record),
        )
    return replace(
        known,
        status="running" if port_answers(record.port) else "starting",
        supervised=recorded.supervisor() is not None,
        pid=record.pid,
        memory_bytes=_memory_bytes(process),
        uptime_seconds=round(time.time() - record.create_time, 1),
    )


def _memory_bytes(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None
