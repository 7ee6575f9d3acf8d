"""docs/cities_and_scenarios.md names every field that a person can write."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from generator.city.city import City
from generator.city.city_parts import VEHICLE_NAMES
from generator.city.lives_profile import USUAL_LIVES, Lives
from generator.city.signals_profile import USUAL_SIGNALS, Signals
from generator.roads.travel import VEHICLES
from generator.scenario.scenario import EFFECTS, SCENARIOS_DIR, Scenario

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cities_and_scenarios.md").read_text(encoding="utf-8")
OVERLAYS = {"lives", "signals", "fraud"}  # documented beside each number in the files of usual values


def models_in(kind: object) -> Iterator[type[BaseModel]]:
    """The models that a field's type mentions."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in typing.get_args(kind):
        yield from models_in(inner)


def fields_of(model: type[BaseModel], left_out: frozenset[str] = frozenset()) -> set[str]:
    """Names of all fields of the model and of the models within."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        if name not in left_out:
            for inner in models_in(field.annotation):
                found |= fields_of(inner)
    return found


@pytest.mark.parametrize("field", sorted(fields_of(City, frozenset(OVERLAYS))))
def test_page_names_every_field_of_a_profile(field: str) -> None:
    assert f"`{field}`" in PAGE


@pytest.mark.parametrize("model", [Scenario, *EFFECTS.values()])
def test_page_names_every_field_of_a_scenario(model: type[BaseModel]) -> None:
    said = PAGE[PAGE.index("## Scenarios") :] + PAGE[PAGE.index("A promotion has") : PAGE.index("### `restaurants`")]
    said += PAGE[PAGE.index("| `bounds`") :].splitlines()[0]
    missing = [f for f in sorted(fields_of(model)) if f"`{f}`" not in said and f"`{f}: true`" not in said]
    assert missing == []


@pytest.mark.parametrize(("model", "file"), [(Lives, USUAL_LIVES), (Signals, USUAL_SIGNALS)])
def test_each_number_of_the_overlays_is_in_its_file_of_usual_values_or_on_the_page(
    model: type[BaseModel], file: Path
) -> None:
    usual = file.read_text(encoding="utf-8")
    assert [f for f in sorted(fields_of(model)) if f"{f}:" not in usual and f"`{f}`" not in PAGE] == []


def test_page_names_every_shipped_scenario_and_vehicle() -> None:
    assert [path.stem for path in SCENARIOS_DIR.glob("*.yaml") if f"| `{path.stem}` |" not in PAGE] == []
    assert VEHICLE_NAMES == VEHICLES
    assert [name for name in VEHICLES if f"`{name}`" not in PAGE] == []
