"""What stops a start before it begins, and what each refusal tells the user to do."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import SetupError
from pipelines.local import preflight


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7), (4, 0)])
def test_an_unsupported_python_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=rf"Python {version[0]}\.{version[1]} is not supported: use 3\.11 to 3\.13"):
        preflight.check_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_supported_python_passes(version: tuple[int, int]) -> None:
    preflight.check_python(version)
    assert preflight.SUPPORTED_PYTHON[0] <= version < preflight.SUPPORTED_PYTHON[1]


def test_a_used_port_is_refused_with_who_holds_it_and_a_base_that_is_free(taken: int) -> None:
    with pytest.raises(SetupError) as refused:
        preflight.check_port(taken, "Kafka", 21000)
    said = str(refused.value)
    assert f"port {taken} on 127.0.0.1, needed by Kafka, is in use by process {os.getpid()}" in said
    base = int(said.split("DISHPATCH_LOCAL_PORT_BASE=")[1].rstrip("."))
    assert preflight.port_is_free(taken + base - 21000)


def test_a_port_held_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not preflight.port_is_free(server.getsockname()[1])


def test_a_port_is_free_again_after_its_server_ended(taken: int) -> None:
    assert not preflight.port_is_free(taken)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert preflight.port_is_free(port)


@pytest.mark.parametrize("base", [0, 80, 1023, 55001, 65000])
def test_a_port_base_that_cannot_work_is_refused(base: int) -> None:
    with pytest.raises(SetupError, match=f"DISHPATCH_LOCAL_PORT_BASE={base} is outside 1024 to 55000"):
        preflight.check_port_base(base)


def test_too_little_memory_is_refused_with_both_figures() -> None:
    preflight.check_memory(1950, 1950)
    with pytest.raises(SetupError, match="1949 MiB of memory are available, the services need 1950 MiB"):
        preflight.check_memory(1950, 1949)


def test_available_memory_is_less_than_the_machine_has() -> None:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    assert 0 < preflight.available_memory_mib() <= whole


def test_too_little_disk_is_refused_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total, free = 100 << 30, 1 << 30
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, total - free, free))
    with pytest.raises(SetupError, match=r"1024 MiB are free where .*data is, 2048 MiB are needed.*DISHPATCH_DATA_DIR"):
        preflight.check_disk(tmp_path / "data")


def test_a_nearly_full_large_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total, free = 1000 << 30, 15 << 30  # 1.5 %: SeaweedFS would soon stop writing
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, total - free, free))
    with pytest.raises(SetupError, match="20480 MiB are needed"):
        preflight.check_disk(tmp_path / "data")
