"""The fitted profile: a file a person reads and edits, and in which nobody of the history can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from generator.city.city import City, read_city
from generator.like.fit import fit_city
from generator.like.fit_places import cells_of
from generator.like.observed import Observed
from generator.like.profile_file import profile_text
from pipelines.errors import UsageError
from tests.unit.generator.like.made_up_town import couriers_table, observed, orders_table


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[City, Observed]:
    history = observed(tmp_path_factory.mktemp("town"), orders_table(), couriers_table())
    return fit_city(history), history


def test_reading_the_file_gives_the_same_city(town: tuple[City, Observed], tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text(profile_text(*town), encoding="utf-8")
    assert read_city(tmp_path / "profile.yaml") == town[0]


def test_no_place_identity_or_moment_of_the_history_is_in_the_file(town: tuple[City, Observed]) -> None:
    city, history = town
    text = profile_text(city, history)
    orders = history.orders
    for name in ("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng"):
        shown = {f"{value:.4f}" for value in orders[name]} | {f"{value:.5f}" for value in orders[name]}
        numbers = {f"{float(n):.{d}f}" for n in re.findall(r"-?\d+\.\d{3,}", text) for d in (4, 5)}
        assert shown & numbers == set()
    words = set(re.findall(r"[\w+.:-]+", text))
    assert words & (set(orders["restaurant_id"]) | set(history.shifts["courier_id"])) == set()
    assert not re.search(r"o\d{5}|k\d{4}|\d\d:\d\d", text)


def test_each_cell_stands_for_five_orders_or_more(town: tuple[City, Observed]) -> None:
    city, history = town
    assert city.restaurants is not None
    assert city.customers is not None
    for end, finest, kept in (("pickup", 9, city.restaurants.cells), ("dropoff", 8, city.customers.cells)):
        cells = cells_of(history.orders[f"{end}_lat"], history.orders[f"{end}_lng"], finest)
        counts = pd.Series(cells[cells != ""]).value_counts()
        assert counts.min() >= 5
        assert {cell.cell for cell in kept} == set(counts.index)
        assert len(kept) <= 300


def test_tables_are_bounded_however_long_the_history(town: tuple[City, Observed]) -> None:
    document = yaml.safe_load(profile_text(*town))

    def longest(value: object) -> int:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        own = len(value) if isinstance(value, list) and value and not isinstance(value[0], dict) else 0
        return max([own, *(longest(part) for part in parts)])

    assert longest(document) == 96
    assert len(document["lives"]["kitchen"]["preparation_minutes"]) == 64


def test_an_edited_profile_is_followed_and_a_wrong_one_named(town: tuple[City, Observed], tmp_path: Path) -> None:
    document = yaml.safe_load(profile_text(*town))
    path = tmp_path / "edited.yaml"
    document["lives"]["kitchen"]["preparation_minutes"] = [7.0]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert read_city(path).lives.kitchen.preparation_minutes == (7.0,)
    document["couriers"]["fitted_shifts"] = None
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(UsageError, match="either `shifts` or `fitted_shifts`"):
        read_city(path)
