"""What may run when, and what a failure stops."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.flow import Step
from pipelines.runs.schedule import Schedule, Task

DAY = date(2026, 1, 5)


def step(name: str, reads: tuple[str, ...], writes: tuple[str, ...], per_city: bool = False) -> Step:
    return Step(name, Path(f"{name}.ipynb"), reads, writes, "", per_city)


SILVER = step("silver", ("kafka/orders",), ("silver/orders",))
SPEED = step("speed", ("kafka/orders",), ("operations/orders",))
WAREHOUSE = step("warehouse", ("silver/orders",), ("warehouse/orders",))
GOLD = step("gold", ("warehouse/orders",), ("gold/orders",))
TRAIN = step("train", ("silver/orders",), ("models/eta",), per_city=True)
REPORT = step("report", ("gold/orders", "models/eta"), ("reports/day",), per_city=True)
FLOW = (SILVER, SPEED, WAREHOUSE, GOLD, TRAIN, REPORT)


def names(tasks: list[Task]) -> list[str]:
    return [str(task) for task in tasks]


def run(schedule: Schedule, *steps: Step, city: str | None = None, succeeded: bool = True) -> None:
    for one in steps:
        task = Task(one, city, DAY if city else None)
        assert task in schedule.ready()
        schedule.start(task)
        schedule.finish(task, succeeded)


def test_steps_start_when_what_they_read_is_written() -> None:
    schedule = Schedule(FLOW, FLOW)
    assert names(schedule.ready()) == ["silver", "speed"]
    run(schedule, SILVER)
    assert names(schedule.ready()) == ["speed", "warehouse"]


def test_cities_are_looked_up_once_the_warehouse_is_written() -> None:
    schedule = Schedule(FLOW, FLOW)
    run(schedule, SILVER)
    assert not schedule.awaits_targets
    run(schedule, WAREHOUSE)
    assert schedule.awaits_targets
    schedule.expand([("a", DAY), ("b", DAY)])
    assert not schedule.awaits_targets
    assert names(schedule.ready()) == ["speed", "gold", "train a 2026-01-05", "train b 2026-01-05"]


def test_cities_are_looked_up_at_once_when_the_warehouse_is_not_written() -> None:
    assert Schedule(FLOW, [TRAIN, REPORT]).awaits_targets
    assert not Schedule(FLOW, [GOLD]).awaits_targets


def test_a_failure_stops_what_depends_on_it_and_nothing_else() -> None:
    schedule = Schedule(FLOW, FLOW)
    run(schedule, SILVER, succeeded=False)
    assert schedule.awaits_targets
    schedule.expand([("a", DAY)])
    assert schedule.status[Task(WAREHOUSE)] == schedule.status[Task(REPORT, "a", DAY)] == "not_started"
    assert names(schedule.ready()) == ["speed"]
    assert schedule.failed_upstream(Task(REPORT, "a", DAY)) == Task(SILVER)
    assert schedule.resume_steps() == ("silver", "speed")[:1]


def test_a_failure_in_one_city_does_not_stop_another() -> None:
    schedule = Schedule(FLOW, FLOW)
    run(schedule, SILVER, SPEED, WAREHOUSE, GOLD)
    schedule.expand([("a", DAY), ("b", DAY)])
    run(schedule, TRAIN, city="a", succeeded=False)
    run(schedule, TRAIN, city="b")
    assert names(schedule.ready()) == ["report b 2026-01-05"]
    assert schedule.status[Task(REPORT, "a", DAY)] == "not_started"
    assert schedule.failed_upstream(Task(REPORT, "a", DAY)) == Task(TRAIN, "a", DAY)
    assert schedule.failed_upstream(Task(REPORT, "b", DAY)) is None


def test_without_any_city_the_city_steps_are_skipped() -> None:
    schedule = Schedule(FLOW, FLOW)
    run(schedule, SILVER, SPEED, WAREHOUSE, GOLD)
    schedule.expand([])
    assert schedule.status[Task(REPORT)] == "skipped"
    assert schedule.done


def test_order_is_kept_when_a_step_between_is_left_out() -> None:
    schedule = Schedule(FLOW, [SILVER, GOLD])
    assert names(schedule.ready()) == ["silver"]


def test_resume_names_the_first_unfinished_steps_only() -> None:
    schedule = Schedule(FLOW, FLOW)
    run(schedule, SILVER)
    schedule.stop()
    assert schedule.resume_steps() == ("speed", "warehouse")
