"""Checks before anything starts: Python, ports, memory, disk. Each says what is wrong and what to do."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from pipelines.errors import SetupError
from pipelines.local.service import LOOPBACK, Service

SUPPORTED_PYTHON = ((3, 11), (3, 14))  # from, below
NEEDED_DISK_MIB = 2048  # databases, logs and a week of the default city
NEEDED_DISK_SHARE = 0.02  # SeaweedFS refuses writes when less than 1% of a disk is free
PORT_BASES = range(1024, 55001)  # SeaweedFS adds 10,000 to its ports
MIB = 1 << 20


def check(services: Sequence[Service], data_dir: Path) -> None:
    """All checks for the services about to start. Raises SetupError at the first that fails."""
    check_python()
    if not services:
        return
    check_port_base(services[0].settings.local_port_base)
    check_ports(services)
    check_memory(sum(service.memory_mib for service in services), available_memory_mib())
    check_disk(data_dir)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    low, below = SUPPORTED_PYTHON
    if not low <= version < below:
        raise SetupError(
            f"Python {version[0]}.{version[1]} is not supported: use {low[0]}.{low[1]} to {below[0]}.{below[1] - 1}. "
            "Install one of them, remove .venv and run 'make run' again."
        )


def check_port_base(base: int) -> None:
    if base not in PORT_BASES:
        raise SetupError(
            f"DISHPATCH_LOCAL_PORT_BASE={base} is outside {PORT_BASES[0]} to {PORT_BASES[-1]}: "
            "choose one inside, such as 21000."
        )


def check_ports(services: Iterable[Service]) -> None:
    """Every port can be listened on now."""
    for service in services:
        for port in service.listening_ports():
            check_port(port, service.title, service.settings.local_port_base)


def check_port(port: int, title: str, base: int) -> None:
    """One port can be listened on now; `title` names who needs it, `base` is the present port base."""
    if not port_is_free(port):
        raise SetupError(
            f"port {port} on {LOOPBACK}, needed by {title}, is in use{holder(port)}. "
            f"Stop that program, or choose other ports: DISHPATCH_LOCAL_PORT_BASE={free_base(port, base)}."
        )


def port_is_free(port: int) -> bool:
    """Whether one can listen on it, as a server that may reuse an address in TIME_WAIT would."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_base(port: int, base: int) -> int:
    """A base near the present one for which the port in question is free."""
    for shift in (1000, 2000, 3000, 4000, -1000):
        if base + shift in PORT_BASES and port_is_free(port + shift):
            return base + shift
    return 31000


def holder(port: int) -> str:
    """' by process 123 (java)' where the system tells; empty elsewhere (macOS tells only root)."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return ""


def available_memory_mib() -> int:
    """What new processes can take without swapping, within a container's limit if there is one."""
    available = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text()) - _reclaimable_bytes(group)
        available = min(available, limit - used)
    except (OSError, ValueError):  # no control group of this kind, or "max"
        pass
    return int(available // MIB)


def _reclaimable_bytes(group: Path) -> int:
    """File cache that the kernel gives up first; a container's usage counts it."""
    fields = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int(fields.get("inactive_file", 0))


def check_memory(needed_mib: int, available_mib: int) -> None:
    if available_mib < needed_mib:
        raise SetupError(
            f"{available_mib} MiB of memory are available, the services need {needed_mib} MiB. "
            "Close other programs, or give the machine (or its container) more memory."
        )


def check_disk(data_dir: Path) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(data_dir)
    needed = max(NEEDED_DISK_MIB * MIB, int(usage.total * NEEDED_DISK_SHARE))
    if usage.free < needed:
        raise SetupError(
            f"{usage.free // MIB} MiB are free where {data_dir} is, {needed // MIB} MiB are needed. "
            "Free some, or put the data on another disk with DISHPATCH_DATA_DIR."
        )
