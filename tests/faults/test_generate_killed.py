"""A generation that is killed at random moments and begun again gives what an undisturbed one gives."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.progress import published_units
from tests.services import generating
from tests.services.processes import Workers
from tests.services.tiny_events import bronze

pytestmark = pytest.mark.fault

KILLS, DAYS = 10, 4


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def files_in(folder: Path) -> int:
    return sum(path.suffix == ".parquet" for path in folder.rglob("*"))


def test_files_of_a_run_killed_ten_times_are_those_of_an_undisturbed_run(workers: Workers, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    generating.write(str(undisturbed), DAYS)
    moments, most = random.Random(5), files_in(undisturbed) // KILLS
    for _ in range(KILLS):
        there = files_in(killed)
        writer = workers.start("tests.services.generating:write", str(killed), DAYS)
        wanted = there + moments.randint(1, most - 1)
        while files_in(killed) < wanted:
            time.sleep(0.001)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
    last = workers.start("tests.services.generating:write", str(killed), DAYS)
    last.join(60)
    assert last.exitcode == 0
    assert contents(killed) == contents(undisturbed)


@pytest.mark.service
@pytest.mark.usefixtures("fresh_stores")
def test_a_paced_run_killed_again_and_again_is_in_bronze_once_and_whole(workers: Workers) -> None:
    plan, moments = generating.plan(1), random.Random(6)
    for _ in range(4):
        runner = workers.start("tests.services.generating:pace", 1)
        time.sleep(moments.uniform(1.5, 3.0))
        runner.kill()
        runner.join()
    last = workers.start("tests.services.generating:pace", 1)
    last.join(60)
    assert last.exitcode == 0
    through = published_units(plan.producer_id)[generating.FIRST.isoformat()]["through_us"]
    for topic, rows in plan.generate(generating.FIRST).events.items():
        kafka_to_bronze(topic)
        produced = rows.column("produced_at").cast("int64").to_pylist()
        due = [i for i, at in zip(rows.column("event_id").to_pylist(), produced, strict=True) if at < through]
        assert Counter(row["event_id"] for row in bronze(topic)) == Counter(due)
