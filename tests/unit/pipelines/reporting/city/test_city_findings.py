"""What the city's report says of full, small and empty days, and that no home shows."""

import re
from dataclasses import replace

import h3
import numpy as np
import pandas as pd
import pytest

from pipelines.contracts import load_contract
from pipelines.reporting.city.assemble import FRAMES, PLACEMENT_COLUMNS, SILVER_COLUMNS, city_day
from pipelines.reporting.city.courier_time import courier_time
from pipelines.reporting.city.day import PRIVATE
from pipelines.reporting.city.findings_day import (
    conditions_finding,
    conditions_of,
    day_finding,
    funnel_finding,
    quarters_of,
)
from pipelines.reporting.city.findings_map import map_finding, rides_finding
from pipelines.reporting.city.findings_work import _load_say, courier_time_finding, kitchens_finding
from pipelines.reporting.city.kitchens import KitchenComparison
from pipelines.reporting.city.overview import figures, sentence
from pipelines.reporting.city.streets import undirected
from pipelines.reporting.svg import report_svg
from pipelines.transforms.silver_orders import short_cell
from tests.unit.pipelines.reporting.city_days import DAY, full_day, grid, no_orders, of, three_orders

STREETS = undirected(grid())


def all_of(day, streets=STREETS):
    """The findings of a day by name."""
    time = courier_time(day.assignments, day.progress, day.orders, day.shifts, day.begins, day.ends)
    quarters, half_hours = quarters_of(day, time), conditions_of(day)
    found = [
        map_finding(day, streets), rides_finding(day, streets), day_finding(day, quarters, half_hours),
        funnel_finding(day), courier_time_finding(day, time), kitchens_finding(day),
        conditions_finding(day, half_hours),
    ]  # fmt: skip
    return {finding.name: finding for finding in found}, quarters, time


@pytest.fixture(scope="module")
def full():
    return all_of(full_day())


@pytest.fixture(scope="module")
def three():
    return all_of(three_orders())


@pytest.fixture(scope="module")
def none():
    return all_of(no_orders())


def test_titles_of_a_full_day_state_what_the_data_says(full):
    titles = {name: finding.title for name, finding in full[0].items()}
    assert re.fullmatch(r"\d+\u202f% of the orders went to Quarter \d", titles["map"])
    assert re.fullmatch(r"Half of all riding went along \d+\u202f% of the streets", titles["rides"])
    assert re.fullmatch(r"At \d\d:\d\d \d+ orders were open for \d+ couriers on shift", titles["day"])
    assert titles["funnel"] == "50\u202f% of 800 visits ended with an order"
    assert re.fullmatch(
        r"Couriers waited \d+\u202f% of their time for an order and .* at restaurants", titles["couriers"]
    )
    assert titles["conditions"] == "Traffic was slowest at 16:00: 60\u202f% of the free speed"


def test_rain_is_told_beside_the_dry(full):
    said = full[0]["conditions"].say
    assert "6.0\u202fmm of rain fell in 2.0 hours" in said
    assert "in the dry" in said


def test_the_sentence_counts_and_names_the_fullest_moment(full):
    day, quarters, time = full_day(), full[1], full[2]
    said = sentence(day, quarters, time)
    assert said.startswith("**400 orders** from 12 restaurants, carried by 24 of 24 couriers on shift; at **")
    told = figures(day, quarters, time)
    assert (told["orders_placed"], told["couriers_text"], told["simulated_text"]) == (
        400, "24 on shift, 24 carried", "all 400 orders",
    )  # fmt: skip
    assert told["peak_open_orders"] == pytest.approx(quarters["open_orders"].max(), abs=0.05)


def test_three_orders_are_shown_and_nothing_is_claimed_of_them(three):
    found, quarters, time = three
    for finding in found.values():
        assert not re.search(r"\d", finding.title), finding.title
    assert "too few to say more" in sentence(three_orders(), quarters, time)
    for name in ("rides", "kitchens", "funnel", "conditions"):
        assert found[name].notice is not None
    assert found["map"].svgs


def test_a_day_without_orders_is_a_page_of_notices(none):
    found, quarters, time = none
    assert all(finding.notice and not finding.svgs for finding in found.values())
    assert sentence(no_orders(), quarters, time).startswith("**No orders were placed**")
    assert figures(no_orders(), quarters, time)["peak_open_orders"] is None


def test_empty_tables_of_the_lake_make_the_same_page_of_notices():
    events = {topic: load_contract(f"events/{topic}").arrow_schema.empty_table() for topic in FRAMES}
    orders = load_contract("silver/orders").arrow_schema.empty_table().select(list(SILVER_COLUMNS))
    placements = load_contract("bronze/orders").arrow_schema.empty_table().select(list(PLACEMENT_COLUMNS))
    day = city_day("harbourton", DAY, {}, orders, placements, events)
    found, quarters, time = all_of(day)
    assert all(finding.notice for finding in found.values())
    assert figures(day, quarters, time)["orders_placed"] == 0


@pytest.mark.parametrize("case", ["full", "three", "none"])
def test_every_plot_has_alt_text_and_a_table_and_takes_its_colours_from_the_tokens(case, request):
    for finding in request.getfixturevalue(case)[0].values():
        for svg in finding.svgs:
            shown = report_svg(svg, alt=finding.alt, prefix="c", where="cell")
            assert "#" not in shown.replace("(#c-", "").replace('"#c-', "")
        assert finding.notice or (finding.alt and finding.say and finding.table["rows"])


def places_drawn(svg, colour):
    """Closed shapes (cells) filled with a colour."""
    return sum(path.count("Z") for path in re.findall(rf'<path d="([^"]*)" fill="{colour}"', svg))


def test_homes_of_few_orders_are_not_drawn():
    day = full_day()
    lonely = h3.latlng_to_cell(52.5299, 13.4299, 9)
    alone = day.orders.index[-PRIVATE + 1 :]
    day.orders.loc[alone, "dropoff_cell"] = lonely
    kept = replace(day, orders=day.orders[(day.orders["dropoff_cell"] != lonely) | day.orders.index.isin(alone)])
    without = replace(day, orders=kept.orders.drop(index=alone))
    drawn, others = (map_finding(d, None).svgs[0] for d in (kept, without))
    ramp = "(?:#FCEBD3|#F4C78E|#E09A4A|#AE5E0C|#6A3204)"
    assert places_drawn(drawn, ramp) == places_drawn(others, ramp) > 0


def test_rides_of_few_orders_are_not_drawn():
    few = full_day(count=PRIVATE - 1)
    assert "fewer would show the way to single homes" in rides_finding(few, STREETS).notice[1]
    assert "fewer would show the way to single homes" in rides_finding(few, None).notice[1]


def test_a_city_without_streets_has_its_maps_without_them(full):
    found, *_ = all_of(full_day(), None)
    assert "OpenStreetMap" not in found["map"].svgs[0] + found["map"].say
    assert found["rides"].svgs
    for name in ("map", "rides"):
        for svg in full[0][name].svgs:
            assert (svg + full[0][name].say).count("OpenStreetMap") == 1


def test_the_maps_of_a_large_city_stay_small():
    large = undirected(grid(127))  # 16,129 corners, 32,004 stretches
    day = full_day()
    far = of("restaurants", restaurant_id=["r0", "r1"], lat=[52.5, 52.626], lng=[13.4, 13.526])
    wide = replace(day, bounds=None, restaurants=pd.concat([far, *[far] * 5]))
    maps = [report_svg(s, alt="a", prefix="c", where="cell") for s in map_finding(wide, large).svgs]
    rides = report_svg(rides_finding(wide, large).svgs[0], alt="a", prefix="r", where="cell")
    assert sum(len(svg.encode()) for svg in [*maps, rides]) < 180_000


def test_couriers_on_shift_and_those_who_carried_are_told_apart():
    day = full_day()
    idle = of("shifts", courier_id=["x", "x"], event_type=["started", "ended"], at=[day.begins + 9e3, day.begins + 9e4])
    more = replace(day, shifts=pd.concat([day.shifts, idle]))
    _, quarters, time = all_of(more)
    assert "carried by 24 of 25 couriers on shift" in sentence(more, quarters, time)
    assert figures(more, quarters, time)["couriers_text"] == "25 on shift, 24 carried"


def test_couriers_that_are_not_known_are_not_counted_as_none():
    day = full_day()
    unknown = replace(day, **{name: getattr(day, name).head(0) for name in ("shifts", "assignments", "progress")})
    _, quarters, time = all_of(unknown)
    assert "courier" not in sentence(unknown, quarters, time)
    told = figures(unknown, quarters, time)
    assert (told["couriers_text"], told["couriers_carrying"]) == ("not known", None)


def test_zones_without_a_name_are_told_by_where_they_lie_and_by_a_letter_of_the_map():
    day = full_day()
    cells = day.orders["zone_id"]
    found = map_finding(replace(day, orders=day.orders.assign(zone_name=cells.map(short_cell))), STREETS)
    assert re.fullmatch(r".* of the orders went to zone A, (in|.* of) the middle", found.title)
    assert all(re.search(r">A \d+\u202f%<", svg) for svg in found.svgs)
    assert "Zone" not in "".join(found.svgs) + found.title
    assert cells.value_counts().index[0] in found.table["rows"][0]


def test_the_narrow_map_lists_the_zones_with_their_late_shares_too(full):
    wide, narrow = full[0]["map"].svgs
    for word in ("Orders by zone", "late", "Quarter 0"):
        assert f">{word}<" in wide
        assert f">{word}<" in narrow


def test_without_a_map_of_orders_the_rides_do_not_point_to_one(none):
    day = full_day()
    unplaced = replace(
        day,
        orders=day.orders.assign(dropoff_cell=None, zone_id="unknown"),
        restaurants=day.restaurants.head(0),
        positions=day.positions.head(0),
    )
    assert map_finding(unplaced, STREETS).notice
    for found in (rides_finding(unplaced, STREETS), none[0]["rides"]):
        assert "map of orders" not in found.notice[1]
    mapped = rides_finding(replace(day, positions=day.positions.head(0)), STREETS)
    assert "map of orders shows" in mapped.notice[1]


def test_orders_that_no_visit_of_the_day_led_to_are_told(full):
    assert "Of the day’s" not in full[0]["funnel"].say
    day = full_day()
    first = day.visits["session_id"] == day.orders["order_id"].iloc[0]
    early = day.visits.assign(
        at=day.visits["at"].where(~first | (day.visits["event_type"] == "checked_out"), day.begins - 60)
    )
    lost = early[early["session_id"] != day.orders["order_id"].iloc[1]]
    said = funnel_finding(replace(day, visits=lost)).say
    assert "Of the day’s 400 orders 1 came of a visit begun before the day and 1 of no visit that is known." in said


def test_without_shifts_supply_is_not_judged():
    day = full_day()
    found, *_ = all_of(replace(day, shifts=day.shifts.head(0)))
    assert "No shift of a courier is known" in found["day"].say
    assert "on shift" not in found["day"].title
    assert found["couriers"].title == "Where couriers’ time went"
    assert "time without one is not" in found["couriers"].say


def test_more_orders_open_than_couriers_is_told_with_its_time():
    day = full_day()
    few = replace(day, shifts=day.shifts[day.shifts["courier_id"].isin(["k0"])])
    assert "more orders were open than couriers on shift" in all_of(few)[0]["day"].say


def test_a_day_of_very_many_places_still_fits_the_page():
    day, random = full_day(), np.random.default_rng(3)
    count, disk = 30_000, h3.grid_disk(h3.latlng_to_cell(52.5, 13.4, 9), 45)  # 6,211 cells
    cells = random.choice(np.array(disk, dtype=object), count)
    orders = pd.concat([day.orders] * (count // len(day.orders)), ignore_index=True).assign(
        dropoff_cell=cells,
        zone_id=[h3.cell_to_parent(c, 7) for c in cells],
        zone_name=[h3.cell_to_parent(c, 7) for c in cells],
        restaurant_id=[f"r{n % 2_000}" for n in range(count)],
    )
    lat, lng = 52.5 + random.normal(0, 0.03, 2_000), 13.4 + random.normal(0, 0.05, 2_000)
    shops = of("restaurants", restaurant_id=[f"r{n}" for n in range(2_000)], lat=lat, lng=lng)
    found = map_finding(replace(day, orders=orders, restaurants=shops, bounds=None), None)
    sizes = [len(report_svg(svg, alt="a", prefix="c", where="cell").encode()) for svg in found.svgs]
    assert sum(sizes) + len(str(found.table)) < 120_000
    assert found.table["rows"][-1][0].endswith("other zones")
    assert "The 300 restaurants with most orders are drawn" in found.say


@pytest.mark.parametrize(
    ("compared", "told", "said"),
    [
        (KitchenComparison(0, float("nan")), 8.0, "No kitchen had enough quiet and busy orders"),
        (KitchenComparison(8, 0.8, 5), 8.0, "(median; longer in 5 of 8 kitchens): too few or too uneven to tell"),
        (KitchenComparison(40, 0.1, 21), 8.0, "so it is rather that slow kitchens have many orders in hand"),
        (
            KitchenComparison(11, 2.8, 11),
            4.0,
            "2.8\u202fmin longer (median; longer in 11 of 11 kitchens), so it is not",
        ),
        (KitchenComparison(30, 1.0, 27), 8.0, "load goes with a part of it, and more lies between"),
        (
            KitchenComparison(9, -2.0, 0),
            8.0,
            "2.0\u202fmin less (median; longer in 0 of 9 kitchens), so it is not load",
        ),
    ],
)
def test_what_is_concluded_of_kitchens_follows_from_the_same_kitchens_and_their_number(compared, told, said):
    assert said in _load_say(compared, told)


def test_a_day_of_imported_orders_with_a_simulated_course_says_so():
    day = full_day()
    real = replace(day, orders=day.orders.assign(is_simulated=False))
    _, quarters, time = all_of(real)
    assert figures(real, quarters, time)["simulated_text"] == "orders real, the course of all simulated"
