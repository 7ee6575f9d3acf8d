"""Wait until each service answers its real request; say which log tells why one does not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.errors import ServiceError
from pipelines.local import state
from pipelines.local.logs import telling_lines
from pipelines.local.service import LOOPBACK, Service

Dead = Mapping[str, int]  # pid of each service's former, ended process

POLL_SECONDS = 0.1
RETRY_SECONDS = 0.3


def wait_until_ready(
    services: Sequence[Service], data_dir: Path, dead: Dead, progress: Callable[[str, str], None]
) -> None:
    """All at once, each until its own deadline. Raises ServiceError naming every service that did not become ready."""

    def one(service: Service) -> ServiceError | None:
        started = time.monotonic()
        progress(service.name, "starting")
        try:
            _wait(service, data_dir, dead.get(service.name))
        except ServiceError as error:
            progress(service.name, "not ready")
            return error
        progress(service.name, f"ready in {time.monotonic() - started:.1f} s")
        return None

    with ThreadPoolExecutor(len(services) or 1) as pool:
        failed = [error for error in pool.map(one, services) if error is not None]
    if failed:
        raise ServiceError("\n".join(map(str, failed)))


def _wait(service: Service, data_dir: Path, dead_pid: int | None) -> None:
    deadline = time.monotonic() + service.ready_seconds
    last: BaseException | None = None
    while time.monotonic() < deadline:
        record = _record(service, data_dir)
        if record is None or record.pid == dead_pid:
            time.sleep(POLL_SECONDS)  # the supervisor has not come to it yet
            continue
        if record.status != "running":
            raise ServiceError(f"{service.title} ended while starting ({how_it_ended(record)}). {why(service, record)}")
        if not port_answers(service.port):
            time.sleep(POLL_SECONDS)  # clients back off for long when they begin before the port is open
            continue
        try:
            service.probe()
        except Exception as error:  # whatever a client raises, it only means: not yet
            last = error
            time.sleep(RETRY_SECONDS)
        else:
            return
    record = _record(service, data_dir)
    said = f" (last answer: {type(last).__name__}: {last})" if last else ""
    raise ServiceError(
        f"{service.title} was not ready after {service.ready_seconds:.0f} s{said}. {why(service, record)}"
    )


def how_it_ended(record: state.ProcessRecord) -> str:
    """'signal 9', 'exit code 1', or what is known."""
    if record.signal is not None:
        return f"signal {record.signal}"
    return f"exit code {record.exit_code}" if record.exit_code is not None else "nobody saw how"


def why(service: Service, record: state.ProcessRecord | None) -> str:
    """The log file and its last telling lines."""
    file, lines = telling_lines(service.log_files, record.log_sizes if record else None)
    return f"Its log {file} says: {' | '.join(lines)}" if lines else f"Its log {file} is empty."


def port_answers(port: int) -> bool:
    """Whether anything accepts a connection there; not yet readiness."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def _record(service: Service, data_dir: Path) -> state.ProcessRecord | None:
    recorded = state.read_state(data_dir)
    return recorded.processes.get(service.name) if recorded else None
