"""`dishpatch replay` from the command line: what it prints, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.generator.history.examples import write
from tests.unit.generator.history.test_rappi import COURIERS, ORDERS


def dishpatch(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own, with data in `folder`."""
    environment = os.environ | {"DISHPATCH_DATA_DIR": str(folder / "data"), "COLUMNS": "120"}
    command = [sys.executable, "-m", "pipelines.cli", "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


@pytest.fixture
def files(tmp_path: Path) -> list[str | Path]:
    orders, couriers = write(tmp_path, *ORDERS[:5]), write(tmp_path, *COURIERS[:4], name="couriers.csv")
    return ["--orders", orders, "--couriers", couriers]


def test_a_dry_run_prints_the_account_as_a_table_or_as_json(tmp_path: Path, files: list[str | Path]) -> None:
    shown = dishpatch(tmp_path, "--mapping", "rappi", *files, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "quarantined" in shown.stdout
    assert "nothing imported" in shown.stdout
    as_json = json.loads(dishpatch(tmp_path, "--mapping", "rappi", *files, "--dry-run", "--json").stdout)
    assert as_json["status"] == "dry run"
    assert as_json["orders"] == {
        "read": 4,
        "imported": 4,
        "flagged": 0,
        "other_movement": 0,
        "duplicate": 0,
        "quarantined": 0,
        "rejected": 0,
        "filtered": 0,
    }


def test_a_refusal_is_one_sentence_and_its_own_exit_code(tmp_path: Path, files: list[str | Path]) -> None:
    bad = write(tmp_path, *ORDERS, name="bad.csv")
    refused = dishpatch(tmp_path, "--mapping", "rappi", "--orders", bad, *files[2:], "--dry-run")
    assert refused.returncode == 1
    assert refused.stderr.strip().startswith("ImportRefused: ")
    assert "2 of 6 rows (33.3%) are wrong" in refused.stderr
    assert "Traceback" not in refused.stderr
    unknown = dishpatch(tmp_path, "--mapping", "rapi", *files)
    assert (unknown.returncode, "did you mean 'rappi'" in unknown.stderr) == (2, True)
