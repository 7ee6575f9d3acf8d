"""The flow holds together: every read is written, in an order that exists, by notebooks that exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.flow import STEPS, Step, dependencies, selected


def step(name: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> Step:
    return Step(name, Path(f"{name}.ipynb"), reads, writes, "")


DIAMOND = (
    step("d", ("b/x", "c/x"), ("d/x",)),
    step("b", ("a/x",), ("b/x",)),
    step("c", ("a/x",), ("c/x",)),
    step("a", ("kafka/orders",), ("a/x",)),
)


def test_every_step_names_a_notebook_that_exists() -> None:
    missing = [str(step.notebook) for step in STEPS if not step.notebook.is_file()]
    assert missing == []


def test_every_step_notebook_bears_its_step_name() -> None:
    assert [step.notebook.stem for step in STEPS] == [step.name for step in STEPS]


def test_a_step_depends_on_the_writers_of_what_it_reads() -> None:
    needs = dependencies(STEPS)
    assert needs["kafka_to_bronze"] == needs["kafka_to_cassandra"] == ()
    assert needs["silver_to_warehouse"] == ("silver_orders",)
    assert needs["evaluate_eta"] == ("silver_orders", "silver_to_warehouse", "train_eta")
    assert {"gold_operations_by_day", "evaluate_eta"} <= set(needs["daily_operations"])


def test_a_step_for_each_city_waits_for_what_its_cities_are_looked_up_in() -> None:
    needs = dependencies(STEPS)
    per_city = [step for step in STEPS if step.per_city]
    assert {"the_city", "train_eta"} <= {step.name for step in per_city}
    for step in per_city:
        assert "silver_to_warehouse" in needs[step.name], step.name
        assert step.inputs.count("warehouse/orders") == 1
    assert all(step.inputs == step.reads for step in STEPS if not step.per_city)


def test_running_order_puts_writers_first_whatever_order_they_are_stated_in() -> None:
    order = list(dependencies(DIAMOND))
    assert order[0] == "a"
    assert order[-1] == "d"


def test_a_read_that_nothing_writes_is_refused() -> None:
    with pytest.raises(UsageError, match="Step z reads silver/nothing, which no step writes"):
        dependencies([*DIAMOND, step("z", ("silver/nothing",), ())])


def test_two_writers_of_one_dataset_are_refused() -> None:
    with pytest.raises(UsageError, match="Both b and z write b/x"):
        dependencies([*DIAMOND, step("z", (), ("b/x",))])


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two steps 'a'"):
        dependencies([*DIAMOND, step("a", (), ("other/x",))])


def test_a_circle_is_refused_and_named() -> None:
    circle = [replace(s, reads=("d/x",)) if s.name == "a" else s for s in DIAMOND]
    with pytest.raises(UsageError, match=r"circle: .*a.*d|circle: .*d.*a"):
        dependencies(circle)


def test_from_selects_the_step_and_all_that_depends_on_it() -> None:
    assert {s.name for s in selected(DIAMOND, from_steps=["b"])} == {"b", "d"}
    assert {s.name for s in selected(DIAMOND, from_steps=["b", "c"])} == {"b", "c", "d"}


def test_only_selects_that_step_alone() -> None:
    assert [s.name for s in selected(DIAMOND, only=["a"])] == ["a"]


def test_an_unknown_step_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="no step 'silver'; the steps are: kafka_to_bronze, "):
        selected(STEPS, from_steps=["silver"])


def test_from_and_only_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        selected(DIAMOND, from_steps=["a"], only=["b"])


def test_upstream_reaches_through_steps_between() -> None:
    assert flow.upstream(dependencies(DIAMOND))["d"] == {"a", "b", "c"}
