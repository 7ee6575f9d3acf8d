"""Each shipped scenario does what it says: against the same day without it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from generator.city.city import load_city
from generator.day import generate_day
from generator.lives.life import LIFE_TOPICS
from generator.scenario.scenario import SCENARIOS_DIR, RoadWindow, Scenario, check_scenario, load_scenario
from generator.scenario.windows import Times
from pipelines.errors import UsageError

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
ORDERS = 500
SHIPPED = sorted(path.stem for path in SCENARIOS_DIR.glob("*.yaml"))


@cache
def day_of(scenario: str | None, day: date) -> dict[str, pa.Table]:
    return generate_day(load_city("futian"), day, ORDERS, 7, load_scenario(scenario) if scenario else None)


def placed_within(tables: dict[str, pa.Table], day: date, hours: tuple[int, int]) -> pd.DataFrame:
    """Orders placed within local hours of the day, with when each was delivered."""
    orders = tables["orders"].to_pandas()
    orders = orders[orders["event_type"] == "placed"].set_index("order_id")
    clock = orders["event_time"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    first = datetime.combine(day, datetime.min.time())
    chosen = orders[(clock >= first + timedelta(hours=hours[0])) & (clock < first + timedelta(hours=hours[1]))]
    progress = tables["delivery_progress"].to_pandas()
    done = progress[progress["event_type"] == "delivered"].set_index("order_id")["event_time"]
    return chosen.assign(delivered=done.reindex(chosen.index))


def minutes(orders: pd.DataFrame) -> float:
    soon = orders[orders["scheduled_for"].isna()]
    return float(((soon["delivered"] - soon["event_time"]).dt.total_seconds() / 60).median())


def reasons(tables: dict[str, pa.Table], topic: str) -> pd.Series:
    return tables[topic].to_pandas()["reason"].value_counts()


def test_rainy_friday_brings_more_orders_that_take_longer() -> None:
    dry, wet = (placed_within(day_of(s, FRIDAY), FRIDAY, (17, 23)) for s in (None, "rainy_friday"))
    assert 1.1 < len(wet) / len(dry) < 1.45
    assert minutes(wet) > minutes(dry) + 3
    assert len(set(dry.index) - set(wet.index)) < 0.03 * len(dry)  # fraud takes the place of other orders


def test_road_closure_sends_riders_round_its_area() -> None:
    usual, closed = day_of(None, FRIDAY), day_of("road_closure", FRIDAY)
    window = load_scenario("road_closure").windows[0]
    assert isinstance(window, RoadWindow)
    area, passing = window.closed_area, []
    for tables in (usual, closed):
        gps = tables["courier_gps"].to_pandas()
        hours = gps["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour
        inside = gps["lat"].between(area.min_lat, area.max_lat) & gps["lng"].between(area.min_lng, area.max_lng)
        riding = hours.between(17, 22) & (gps["speed_kmh"] > 8)
        passing.append(int((inside & riding).sum()) / int(riding.sum()))
    assert passing[0] > 0.02
    assert passing[1] < 0.6 * passing[0]
    before, after = (placed_within(tables, FRIDAY, (17, 23)) for tables in (usual, closed))
    assert minutes(after) > minutes(before)


def test_rain_of_a_scenario_is_told_by_the_weather() -> None:
    told = day_of("rainy_friday", FRIDAY)["weather"].to_pandas()
    hours = told["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour
    assert (told.loc[hours.between(17, 22), "rain_mm_per_hour"] >= 12).all()


def test_courier_shortage_leaves_orders_late_or_without_a_courier() -> None:
    usual, short = day_of(None, FRIDAY), day_of("courier_shortage", FRIDAY)
    assert short["courier_shifts"].num_rows < usual["courier_shifts"].num_rows
    there, missing = (placed_within(tables, FRIDAY, (17, 23)) for tables in (usual, short))
    assert there.index.equals(missing.index)
    late = [float((o["delivered"].isna() | (o["delivered"] > o["promised_at"])).mean()) for o in (there, missing)]
    assert late[1] > late[0] + 0.1


def test_kitchen_outage_rejects_the_orders_of_its_kitchens_and_slows_the_others() -> None:
    usual, out = day_of(None, FRIDAY), day_of("kitchen_outage", FRIDAY)
    closed = out["restaurant_responses"].to_pandas()
    closed = closed[closed["reason"] == "kitchen_closed"]
    lunch = placed_within(out, FRIDAY, (11, 14))
    assert 0.1 < len(closed) / len(lunch) < 0.45
    assert set(closed["restaurant_id"]) == set(lunch.loc[lunch.index.isin(closed["order_id"]), "restaurant_id"])
    assert "kitchen_closed" not in reasons(usual, "restaurant_responses")
    assert minutes(lunch) > minutes(placed_within(usual, FRIDAY, (11, 14))) + 2


def test_festival_brings_nearly_twice_the_orders_of_its_hours_and_leaves_the_morning_alone() -> None:
    usual, party = day_of(None, SATURDAY), day_of("festival", SATURDAY)
    before, after = (placed_within(tables, SATURDAY, (14, 24)) for tables in (usual, party))
    assert 1.6 < len(after) / len(before) < 2.0
    assert minutes(after) > minutes(before)
    mornings = [placed_within(tables, SATURDAY, (4, 12)) for tables in (usual, party)]
    same = mornings[0]["basket_value_cents"].eq(mornings[1]["basket_value_cents"])
    assert same.mean() > 0.97  # fraud takes the place of other orders


def test_before_its_window_a_scenario_changes_nothing_of_what_happens() -> None:
    usual, viral = day_of(None, FRIDAY), day_of("viral_promotion", FRIDAY)
    begins = pa.scalar(datetime(2026, 11, 20, 3, tzinfo=UTC), pa.timestamp("us", "UTC"))  # 11:00 in Shenzhen
    for topic in LIFE_TOPICS:
        told = [name for name in usual[topic].column_names if name != "expected_ready_at"]  # which the crowd delays
        before = [day[topic].filter(pc.less(day[topic]["event_time"], begins)).select(told) for day in (usual, viral)]
        assert before[0].num_rows > 0 or topic == "reviews"
        assert before[0].equals(before[1]), topic
    visits = [set(day["app_events"]["event_id"].to_pylist()) for day in (usual, viral)]
    assert visits[0] < visits[1]


def test_a_pre_order_from_before_an_outage_is_cooked_once_the_kitchen_opens() -> None:
    quiet = Scenario.model_validate(
        {"name": "cut", "windows": [{"hours": [17, 20], "kitchens": {"closed": True}, "why": "power cut"}]}
    )
    tables = generate_day(load_city("futian"), FRIDAY, 3 * ORDERS, 7, quiet)
    responses = tables["restaurant_responses"].to_pandas()
    local = responses["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour
    closed = responses["reason"] == "kitchen_closed"
    assert local[closed].between(17, 20).all()
    orders = tables["orders"].to_pandas().query("event_type == 'placed'").set_index("order_id")
    wanted = orders["scheduled_for"].dt.tz_convert("Asia/Shanghai")
    waiting = orders[wanted.dt.hour.isin([18, 19]) & (orders["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour < 17)]
    begun = responses[(responses["event_type"] == "preparing") & responses["order_id"].isin(waiting.index)]
    assert len(begun) > 0
    assert (begun["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour >= 20).all()


def test_viral_promotion_triples_the_orders_of_its_kitchens_most_with_its_code() -> None:
    usual, viral = (placed_within(day_of(s, FRIDAY), FRIDAY, (11, 15)) for s in (None, "viral_promotion"))
    used = viral[viral["promotion_code"] == "VIRAL40"]
    shops = set(used["restaurant_id"])
    theirs = [orders[orders["restaurant_id"].isin(shops)] for orders in (usual, viral)]
    assert 2.2 < len(theirs[1]) / len(theirs[0]) < 4.0
    assert 0.65 < len(used) / len(theirs[1]) < 0.95
    assert (used["discount_cents"] / used["basket_value_cents"]).between(0.39, 0.41).all()
    others = [orders[~orders["restaurant_id"].isin(shops)] for orders in (usual, viral)]
    assert len(others[0].index.symmetric_difference(others[1].index)) < 0.03 * len(others[0])  # fraud strikes elsewhere


def test_a_day_that_no_window_touches_is_the_day_without_the_scenario() -> None:
    sunday = date(2026, 11, 22)
    assert all(day_of("rainy_friday", sunday)[topic].equals(table) for topic, table in day_of(None, sunday).items())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_fits_the_shipped_city_and_says_what_it_is_for(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    check_scenario(scenario, load_city("futian"))
    assert (SCENARIOS_DIR / f"{name}.yaml").read_text(encoding="utf-8").startswith("#")


def test_fewer_orders_than_usual_are_a_part_of_the_usual_ones() -> None:
    quiet = Scenario.model_validate({"name": "quiet", "windows": [{"hours": [4, 28], "demand_factor": 0.5}]})
    kept = generate_day(load_city("futian"), FRIDAY, ORDERS, 7, quiet)
    usual, fewer = (placed_within(t, FRIDAY, (4, 28)) for t in (day_of(None, FRIDAY), kept))
    assert set(fewer.index) < set(usual.index)
    assert 0.4 < len(fewer) / len(usual) < 0.6


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"hours": [17, 23], "riding_facto": 2}, "windows.0: needs one of riding_factor"),
        ({"hours": [17, 23], "courier_share": 1.5}, "windows.0.courier_share.courier_share: .*less than or equal to 1"),
        ({"hours": [23, 17], "riding_factor": 2}, "from 23 until 17 is no time"),
        ({"riding_factor": 2}, "say when"),
        ({"start": "2026-11-22T18:00", "riding_factor": 2}, "belong together"),
        ({"start": "2026-11-22T18:00", "end": "2026-11-22T17:00", "riding_factor": 2}, "is not before end"),
        ({"start": "2026-11-22T18:00", "end": "2026-11-22T19:00", "hours": [1, 9], "riding_factor": 2}, "not both"),
        ({"weekdays": ["freitag"], "riding_factor": 2}, "weekdays.0"),
        ({"hours": [17, 23], "kitchens": {"share": 0.5}}, "say closed: true"),
        (
            {"hours": [17.5, 23], "riding_factor": 2},
            "hours: 17.5 is not a whole hour, and riding_factor holds for whole",
        ),
        ({"start": "2026-11-22T18:30", "end": "2026-11-22T19:00", "riding_factor": 2}, "18:30:00 is not a whole hour"),
        ({"hours": [17, 23], "riding_factor": 2, "zone": ["X"]}, "zone: no such key"),
        ({"hours": [17, 23], "promotion": {"code": "x", "discount_share": 0.1}}, "promotion.code"),
    ],
)
def test_a_wrong_window_is_refused_with_file_field_and_value(
    tmp_path: Path, window: dict[str, object], said: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "windows": [window]}), encoding="utf-8")
    with pytest.raises(UsageError, match=said) as refused:
        load_scenario(str(path))
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"hours": [17, 23], "riding_factor": 2, "zones": ["Soho"]}, "windows.0.zones: .* has no zone 'Soho'; it has"),
        ({"hours": [17, 23], "demand_factor": 2, "cuisines": ["tacos"]}, "has no cuisine 'tacos'; it has noodles"),
        ({"hours": [17, 23], "kitchens": {"closed": True, "zones": ["Soho"]}}, "has no zone 'Soho'"),
        ({"hours": [1, 3], "riding_factor": 2}, "begins at 4:00; the night after it is 25 to 27"),
        ({"hours": [27, 34], "riding_factor": 2}, "ends at 28:00, not at 34; what is later belongs to the next day"),
    ],
)
def test_a_scenario_that_does_not_fit_the_city_is_refused(window: dict[str, object], said: str) -> None:
    scenario = Scenario.model_validate({"name": "mine", "windows": [window]})
    with pytest.raises(UsageError, match=said):
        check_scenario(scenario, load_city("futian"))


def test_a_misspelt_scenario_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'rainy_friday'"):
        load_scenario("rainy_fridays")


def test_hours_past_midnight_belong_to_the_evening_before() -> None:
    city, times = load_city("futian"), Times(weekdays=("friday",), hours=(22.0, 26.0))
    span = times.span(city, FRIDAY)
    assert span is not None
    assert datetime.fromtimestamp(span[1], city.zone_info).hour == 2
    assert span[1] - span[0] == 4 * 3600
    assert times.span(city, SATURDAY) is None
