"""Start, stop and show the embedded services; what `dishpatch up`, `down` and `status` do.

`up` and `down` of one data folder exclude each other by a lock: a second `up` waits and then reports the services that
the first one started. `up` is safe at any time: it starts only what is not running, and first stops what an earlier
supervisor that was killed left behind.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import filelock
import psutil

from pipelines.errors import ServiceError
from pipelines.local import jars, preflight, state
from pipelines.local.catalog import embedded_services
from pipelines.local.java import java_program
from pipelines.local.readiness import Dead, wait_until_ready
from pipelines.local.service import Service
from pipelines.local.status import ServiceState, status
from pipelines.settings import Settings, settings

Progress = Callable[[str, str], None]  # (subject: a service's name or 'jars', what happens)

LOCK_SECONDS = 300.0
SUPERVISOR_STOP_SECONDS = 30.0  # it gives its services 20 s before SIGKILL


def quiet(_subject: str, _event: str) -> None:
    """Progress that nobody watches."""


def up(progress: Progress = quiet, config: Settings | None = None) -> list[ServiceState]:
    """Start every embedded service that is not running and wait until each answers a real request.

    Raises SetupError before anything starts (ports, memory, disk, Java, jars), ServiceError naming the log where a
    service does not become ready. Those that did stay up; call it again after mending the cause.
    """
    config = config or settings()
    data_dir = config.data_dir.absolute()
    preflight.check_python()
    with exclusive(data_dir, progress):
        stop_orphans(data_dir, progress)
        services = embedded_services(config)
        recorded = state.read_state(data_dir)
        running = recorded.live() if recorded else {}
        refuse_other_ports(services, recorded, running)
        missing = [service for service in services if service.name not in running]
        preflight.check(missing, data_dir)
        fetch_jars(missing, config, progress)
        for service in missing:
            service.prepare()
        state.write_plan(data_dir, [service.launch() for service in services])
        dead: Dead = {name: r.pid for name, r in recorded.processes.items() if name not in running} if recorded else {}
        if missing:
            start_or_wake_supervisor(data_dir, recorded)
        wait_until_ready(services, data_dir, dead, progress)
    return status(config)


def down(progress: Progress = quiet, config: Settings | None = None) -> list[ServiceState]:
    """Stop every service at once (SIGTERM, after 20 s SIGKILL) and keep the data. Nothing running is fine."""
    config = config or settings()
    data_dir = config.data_dir.absolute()
    if state.read_state(data_dir) is None:
        return status(config)
    with exclusive(data_dir, progress):
        recorded = state.read_state(data_dir)
        supervisor = recorded.supervisor() if recorded else None
        if supervisor is not None:
            for name in recorded.live() if recorded else {}:
                progress(name, "stopping")
            supervisor.terminate()
            _, alive = psutil.wait_procs([supervisor], timeout=SUPERVISOR_STOP_SECONDS)
            for stuck in alive:
                stuck.kill()
                stuck.wait(5)
        stop_orphans(data_dir, progress)
    return status(config)


@contextmanager
def exclusive(data_dir: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock that `up` and `down` of this data folder share; waits for the other one to finish."""
    path = state.lock_file(data_dir, "control")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        progress("services", "waiting for another 'dishpatch up' or 'down' to finish")
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout as error:
            raise ServiceError(
                f"another 'dishpatch up' or 'down' has held {path} for {LOCK_SECONDS:.0f} s. End it and try again."
            ) from error
    try:
        yield
    finally:
        lock.release()


def stop_orphans(data_dir: Path, progress: Progress) -> None:
    """Stop services whose supervisor is gone, so that a new one can own them. Nobody can tell how those end."""
    recorded = state.read_state(data_dir)
    if recorded is None or recorded.supervisor() is not None:
        return
    orphans = recorded.live()
    for name, process in orphans.items():
        progress(name, "stopping: its supervisor was killed")
        process.terminate()
    begun = time.monotonic()
    for launch in sorted(state.read_plan(data_dir), key=lambda planned: planned.stop_seconds):
        mine = [orphans[launch.name]] if launch.name in orphans else []
        _, alive = psutil.wait_procs(mine, timeout=max(0.0, begun + launch.stop_seconds - time.monotonic()))
        for stuck in alive:
            stuck.kill()
            stuck.wait(5)
        for path in launch.leftovers:
            Path(path).unlink(missing_ok=True)
    records = {n: r.ended("stopped", None) if r.status == "running" else r for n, r in recorded.processes.items()}
    state.write_state(data_dir, state.State(recorded.supervisor_pid, recorded.supervisor_create_time, False, records))


def refuse_other_ports(
    services: Sequence[Service], recorded: state.State | None, running: dict[str, psutil.Process]
) -> None:
    """The services of a data folder run on one set of ports at a time."""
    for service in services:
        if recorded and service.name in running and recorded.processes[service.name].port != service.port:
            raise ServiceError(
                f"{service.title} of this data folder already runs on port {recorded.processes[service.name].port}, "
                f"not {service.port}. Run 'dishpatch down' before changing DISHPATCH_LOCAL_PORT_BASE."
            )


def fetch_jars(services: Sequence[Service], config: Settings, progress: Progress) -> None:
    """Download what is missing and check all hashes, for the services that run on Java."""
    wanted = [jar for service in services if service.name in jars.COORDINATES for jar in jars.locked_jars(service.name)]
    if not wanted:
        return
    java_program()
    done: list[None] = []

    def on_jar() -> None:
        done.append(None)
        progress("jars", f"{len(done)} of {len(wanted)} checked")

    jars.fetch(wanted, config.jar_cache_dir, on_jar=on_jar)


def start_or_wake_supervisor(data_dir: Path, recorded: state.State | None) -> None:
    """A living supervisor reads the plan again on SIGHUP; else a new one is started, detached from this process."""
    supervisor = recorded.supervisor() if recorded else None
    if supervisor is not None:
        supervisor.send_signal(signal.SIGHUP)
        return
    log = data_dir / "logs" / "supervisor.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.run(
            [sys.executable, "-m", "pipelines.local.supervisor", str(data_dir)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=60,
        )
