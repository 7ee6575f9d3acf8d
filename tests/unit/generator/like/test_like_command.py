"""`dishpatch generate --like` from the command line: from files, from a folder of events, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml
from typer.testing import CliRunner

from generator.city.city import load_city
from generator.day import generate_day
from generator.like.fit import fit_city
from generator.like.observed import of_events
from generator.like.stored import of_stored
from generator.sending.files import write_plan
from generator.sending.plan import Plan
from pipelines.cli import app
from pipelines.errors import UsageError
from tests.unit.generator.generated_days import FRIDAY
from tests.unit.generator.like.made_up_town import MAPPING, couriers_table, files, orders_table


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Arguments that name a made-up town's files and mapping."""
    found = files(tmp_path, orders_table(300), couriers_table(90))
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    return ["--mapping", str(tmp_path / "mapping.yaml"), *(f"--{kind}={path}" for kind, path in found.items())]


def run(*arguments: str | Path) -> str:
    """What the command prints; its error, if it has one, is raised."""
    result = CliRunner().invoke(
        app, ["generate", *map(str, arguments)], catch_exceptions=False, env={"COLUMNS": "120", "NO_COLOR": "1"}
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_files_give_profile_report_and_json_and_nothing_is_sent(tmp_path: Path, paths: list[str]) -> None:
    profile, report = tmp_path / "town.yaml", tmp_path / "ks.json"
    said = run("--like", *paths, "--profile", profile, "--json", report, "--seed", "3")
    content = json.loads(report.read_text(encoding="utf-8"))
    assert list(content) == ["ks", "orders", "couriers"]
    assert {"order_time_of_day", "pickup_to_dropoff_km", "preparation_minutes", "shift_hours"} <= set(content["ks"])
    assert all(0 <= distance <= 1 for distance in content["ks"].values())
    assert content["couriers"] == 90
    assert f"{content['ks']['order_time_of_day']:.3f}" in said
    assert "\x1b[" not in said
    assert str(profile) in said
    run("--like", *paths, "--profile", profile, "--json", report, "--seed", "3")
    assert json.loads(report.read_text(encoding="utf-8")) == content


def test_the_profile_and_the_days_can_be_made_again(tmp_path: Path, paths: list[str]) -> None:
    profile = tmp_path / "town.yaml"
    run(
        "--like", *paths, "--profile", profile, "--out", tmp_path / "days", "--from", "2026-03-12", "--to", "2026-03-12"
    )
    run("--city", profile, "--from", "2026-03-12", "--to", "2026-03-12", "--out", tmp_path / "again")
    made = sorted(p.relative_to(tmp_path / "days") for p in (tmp_path / "days").rglob("*.parquet"))
    assert made
    for path in made:
        assert (tmp_path / "days" / path).read_bytes() == (tmp_path / "again" / path).read_bytes()


def test_events_without_couriers_and_positions_are_a_history_too() -> None:
    day = generate_day(load_city("futian"), FRIDAY, 150, 7)
    orders = day["orders"]
    for name in ("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng"):
        orders = orders.set_column(orders.column_names.index(name), name, pa.nulls(len(orders), pa.float64()))
    others = ("restaurant_responses", "delivery_progress", "courier_shifts")
    observed = of_events(
        load_city("futian"), {"orders": orders} | {name: day[name].schema.empty_table() for name in others}
    )
    assert fit_city(observed).couriers is not None


def test_who_cancelled_decides_how_an_order_ended_and_nobody_named_is_the_customer() -> None:
    day = generate_day(load_city("futian"), FRIDAY, 400, 7)
    orders = day["orders"].to_pandas()
    cancelled = orders.index[orders["event_type"] == "cancelled"][:4]
    assert len(cancelled) == 4
    orders["reason"] = orders["reason"].astype(object)
    orders["cancelled_by"] = orders["cancelled_by"].astype(object)
    for row, by in zip(cancelled, (None, "customer", "restaurant", "platform"), strict=True):
        orders.loc[row, ["reason", "cancelled_by"]] = ["said", by]
    tables = day | {"orders": pa.Table.from_pandas(orders, schema=day["orders"].schema, preserve_index=False)}
    ended = dict(zip(placed_ids(tables), of_events(load_city("futian"), tables).orders["ending"], strict=True))
    found = [ended[order] for order in orders.loc[cancelled, "order_id"]]
    assert found == ["cancelled_by_customer", "cancelled_by_customer", "rejected", "no_courier"]


def placed_ids(tables: dict[str, pa.Table]) -> list[str]:
    """Orders by placement, as a history is observed."""
    orders = tables["orders"].to_pandas().sort_values(["event_time", "event_id"], kind="stable")
    return [str(order) for order in orders[orders["event_type"] == "placed"].drop_duplicates("order_id")["order_id"]]


def test_a_folder_of_generated_days_is_a_history(tmp_path: Path) -> None:
    write_plan(Plan(load_city("futian"), FRIDAY, FRIDAY, 250, 7), tmp_path / "days")
    history = of_stored(str(tmp_path / "days"))
    placed = (
        generate_day(load_city("futian"), FRIDAY, 250, 7)["orders"].column("event_type").to_pylist().count("placed")
    )
    assert len(history.orders) == placed
    assert history.city.time_zone == "Asia/Shanghai"
    run("--like", tmp_path / "days", "--profile", tmp_path / "p.yaml", "--json", tmp_path / "ks.json")
    distances = json.loads((tmp_path / "ks.json").read_text(encoding="utf-8"))["ks"]
    assert distances["cancelled_or_failed"] < 0.05
    by_chance = 1.358 * (2 / placed) ** 0.5
    near = ("order_time_of_day", "pickup_to_dropoff_km", "preparation_minutes", "dropoff_zone_lat")
    assert max(distances[name] for name in near) < 0.05 + by_chance


def test_a_history_that_is_not_there_is_refused_in_words(tmp_path: Path, paths: list[str]) -> None:
    with pytest.raises(UsageError, match="--mapping and --orders is missing"):
        run("--like")
    with pytest.raises(UsageError, match="leave out --mapping"):
        run("--like", "futian", *paths)
    with pytest.raises(UsageError, match="belong to --like"):
        run(*paths, "--from", "2026-03-12", "--to", "2026-03-12")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no such city"):
        run("--like", tmp_path / "empty")


def test_files_of_several_cities_need_the_name_of_one(tmp_path: Path) -> None:
    town, far = MAPPING["cities"][0], {"min_lat": 52.1, "max_lat": 52.4, "min_lng": 16.2, "max_lng": 16.6}
    cities = [town, town | {"city_id": "other", "name": "Other", "bounds": far}]
    mapping = {"name": "both", "cities": cities, "orders": MAPPING["orders"] | {"city_from": "pickup"}}
    rows = orders_table(300)
    other = rows.assign(id="x" + rows["id"].astype(str), plat=rows["plat"] + 4, dlat=rows["dlat"] + 4).head(120)
    rows_of_both = pd.concat([rows, other], ignore_index=True)
    rows_of_both.to_csv(tmp_path / "both.csv", index=False)
    (tmp_path / "both.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    arguments = ["--like", "--mapping", tmp_path / "both.yaml", "--orders", tmp_path / "both.csv"]
    with pytest.raises(UsageError, match=r"--city: madeup \(300 orders\), other \(120 orders\)"):
        run(*arguments)
    run(*arguments, "--city", "other", "--profile", tmp_path / "o.yaml", "--json", tmp_path / "ks.json")
    assert json.loads((tmp_path / "ks.json").read_text(encoding="utf-8"))["ks"]["pickup_zone_lat"] < 0.2
    assert load_city(str(tmp_path / "o.yaml")).city_id == "other_like"


def test_a_history_without_positions_or_couriers_gives_a_city_and_its_own_cancellations(tmp_path: Path) -> None:
    rows = orders_table(400)[["id", "placed"]].assign(restaurant="r1", state=["done"] * 360 + ["gone"] * 40)
    rows.to_csv(tmp_path / "till.csv", index=False)
    columns = {name: MAPPING["orders"]["columns"][name] for name in ("order_id", "placed_at")}
    columns |= {
        "restaurant_id": {"column": "restaurant"},
        "state": {"column": "state", "values": {"done": "delivered", "gone": "cancelled"}},
    }
    mapping = {key: MAPPING[key] for key in ("name", "cities")} | {
        "orders": {"identity": "{order_id}", "columns": columns}
    }
    (tmp_path / "till.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    run(
        "--like", "--mapping", tmp_path / "till.yaml", "--orders", tmp_path / "till.csv",
        "--profile", tmp_path / "p.yaml", "--json", tmp_path / "ks.json",
    )  # fmt: skip
    told = json.loads((tmp_path / "ks.json").read_text(encoding="utf-8"))["ks"]
    assert set(told) == {"order_time_of_day", "cancelled_or_failed"}
    assert max(told.values()) < 1.358 * (2 / 400) ** 0.5 + 0.03
    assert load_city(str(tmp_path / "p.yaml")).lives.customer.change_mind_share == 0.1
