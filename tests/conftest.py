"""Fixtures of every test: an environment of its own, and the four embedded services where a test asks for them.

No test touches the services or data of the person who runs it: the data folder is a temporary one and the ports start
at DISHPATCH_TEST_PORT_BASE (default 21500: SeaweedFS's ports at +10000 stay under the ephemeral ones). Only the
downloaded jars are shared. Each pytest-xdist worker has data, ports and services of its own, 300 ports above the last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import local
from pipelines.errors import DishpatchError
from pipelines.settings import PROJECT_DIR, Settings, settings

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
TEST_PORT_BASE = int(os.environ.get("DISHPATCH_TEST_PORT_BASE", "21500")) + 300 * WORKER
FAULT_PORT_BASE = TEST_PORT_BASE + 100


@pytest.fixture(scope="session", autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the whole session: temporary data and reports, ports of its own, the project's jar cache."""
    folder = tmp_path_factory.mktemp("dishpatch")
    own = {
        "DISHPATCH_DATA_DIR": str(folder / "data"),
        "DISHPATCH_REPORTS_DIR": str(folder / "reports"),
        "DISHPATCH_LOCAL_PORT_BASE": str(TEST_PORT_BASE),
        "DISHPATCH_CACHE_DIR": os.environ.get("DISHPATCH_CACHE_DIR") or str(PROJECT_DIR / ".dishpatch" / "cache"),
    }
    theirs = [name for name in os.environ if name.startswith("DISHPATCH_") and not name.startswith("DISHPATCH_TEST_")]
    with pytest.MonkeyPatch.context() as patch:
        for name in theirs:
            if name != "DISHPATCH_EVALUATION_DATA":
                patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield settings()
    settings.cache_clear()


@pytest.fixture(scope="session")
def services(own_settings: Settings) -> Iterator[Settings]:
    """The four services, started once for all tests and stopped at the end; yields the settings to reach them."""
    failure = None
    try:
        local.up()
    except DishpatchError as error:
        failure = str(error)
    try:
        if failure is not None:
            pytest.fail(f"the embedded services do not start: {failure}", pytrace=False)
        yield own_settings
    finally:
        local.down()


@pytest.fixture(scope="module")
def second_settings(own_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A second data folder and set of ports, for tests that kill services: the shared ones are not disturbed."""
    folder: Path = tmp_path_factory.mktemp("second")
    return Settings(data_dir=folder / "data", cache_dir=own_settings.cache_dir, local_port_base=FAULT_PORT_BASE)
