import re
from itertools import pairwise

import h3
import numpy as np
import pandas as pd
import pytest

from generator.roads.network import Network
from pipelines.reporting.city import places, ridden
from pipelines.reporting.city.classes import class_edges, class_names, class_of
from pipelines.reporting.city.day import PRIVATE
from pipelines.reporting.city.frame import extent_of
from pipelines.reporting.city.street_lines import HALF, street_lines
from pipelines.reporting.city.streets import streets_of, undirected
from tests.unit.pipelines.reporting.city_days import BLOCK, LAT, LNG, full_day, grid


@pytest.fixture(scope="module")
def streets():
    return undirected(grid())


def test_a_street_of_two_directions_is_one_stretch(streets):
    assert len(streets) == 2 * 14 * 13
    assert set(streets.kmh) == {20.0, 40.0}


def test_the_bends_of_a_stretch_lie_between_its_ends():
    one, two = np.array([0.0, 1.0]), np.ones(2)
    bends = {"shape_first": [0, 2, 4], "shape_lat": [0.2, 0.8, 0.8, 0.2], "shape_lng": [0.0, 0.0, 0.0, 0.0]}
    shapes = {name: np.array(values) for name, values in bends.items()}
    network = Network(one, one, np.array([0, 1]), np.array([1, 0]), two, two, **shapes)
    lat, _ = undirected(network).points(0)
    assert lat.tolist() == [0.0, 0.2, 0.8, 1.0]


def test_the_shipped_city_has_streets_and_a_city_of_imported_history_has_none():
    assert len(streets_of("futian")) > 1_000
    assert streets_of("no such city") is None


def drawn_pairs(lines):
    """Neighbouring points of all lines."""
    return {tuple(sorted((tuple(a), tuple(b)))) for line in lines for a, b in pairwise(line)}


def test_every_street_is_drawn_once_and_few_lines_draw_them(streets):
    frame = extent_of(streets.node_lat, streets.node_lng).fitted(0, 0, 360, 360)
    found = street_lines(streets, frame, 10_000)
    assert len(found.lines) <= 28  # fourteen streets each way; some go on round a corner
    a, b = streets.ends.T
    x, y = frame.x(streets.node_lng), frame.y(streets.node_lat)
    wanted = (np.abs(x[a] - x[b]) + np.abs(y[a] - y[b])).sum()
    drawn = sum(np.abs(np.diff(line, axis=0)).sum() for line in found.lines) / HALF
    assert drawn == pytest.approx(wanted, rel=0.005)
    assert sum(len(line) - 1 for line in found.lines) == len(drawn_pairs(found.lines)) <= 29


def test_the_path_leads_through_the_points_of_the_lines(streets):
    frame = extent_of(streets.node_lat, streets.node_lng).fitted(0, 0, 360, 360)
    found = street_lines(streets, frame, 10_000)
    start = re.match(r"M(-?\d+) (-?\d+)l", found.path)
    assert [int(value) for value in start.groups()] == found.lines[0][0].tolist()
    assert re.fullmatch(r"(M-?\d+ -?\d+l(-?\d+[ -]?)+)+", found.path.replace("M", "M").strip())
    box = np.concatenate(found.lines) / HALF
    assert box.min() >= 0
    assert box.max() <= 360


def test_main_streets_stay_where_there_is_room_for_few(streets):
    frame = extent_of(streets.node_lat, streets.node_lng).fitted(0, 0, 360, 360)
    main = int((streets.kmh == 40.0).sum())
    found = street_lines(streets, frame, main)
    only = street_lines(streets, frame, 10_000, streets.kmh == 40.0)
    assert drawn_pairs(found.lines) == drawn_pairs(only.lines)


def test_a_frame_keeps_the_shape_of_the_country():
    frame = extent_of(np.array([60.0, 60.1]), np.array([10.0, 10.2])).fitted(0, 0, 400, 400)
    east = float(frame.x(np.array(10.2)) - frame.x(np.array(10.0)))
    north = float(frame.y(np.array(60.0)) - frame.y(np.array(60.1)))
    assert east / north == pytest.approx(2 * np.cos(np.radians(60.05)), rel=1e-6)
    assert frame.holds(frame.x(np.array([10.0, 10.2])), frame.y(np.array([60.0, 60.1]))).all()


def test_cells_of_few_orders_are_not_shown():
    cells = [*h3.grid_disk(h3.latlng_to_cell(LAT, LNG, 9), 1)]
    orders = pd.DataFrame({"dropoff_cell": [cells[0]] * 40 + [cells[1]] * 5 + [cells[2]] * 4})
    found = places.demand(orders)
    assert (found.resolution, found.orders) == (9, 49)
    assert found.cells.to_dict() == {cells[0]: 40, cells[1]: 5}


def test_sparse_orders_are_shown_in_larger_cells_until_most_of_them_are():
    start = h3.latlng_to_cell(LAT, LNG, 7)
    fine = h3.cell_to_children(start, 9)
    found = places.demand(pd.DataFrame({"dropoff_cell": list(fine)}))
    assert (found.resolution, found.shown_share) == (8, 1.0)


def test_one_wrong_position_does_not_move_a_restaurant():
    orders = pd.DataFrame({"restaurant_id": ["r"] * 3, "restaurant_name": [None, "Wok", "Wok"]})
    told = pd.DataFrame({"restaurant_id": ["r"] * 3, "lat": [52.5, 52.5, 0.0], "lng": [13.4, 13.4, 0.0]})
    (row,) = places.restaurants_of_day(orders, told).to_dict("records")
    assert row == {"restaurant_id": "r", "name": "Wok", "orders": 3, "lat": 52.5, "lng": 13.4}


def test_places_outside_the_service_area_do_not_stretch_the_map():
    day = full_day()
    shops = places.restaurants_of_day(day.orders, day.restaurants)
    shops.loc[0, ["lat", "lng"]] = [0.0, 0.0]
    found = places.extent(places.demand(day.orders), shops, day.bounds)
    assert found.min_lat > day.bounds[0] - 0.01


def ride(order, *places_of_ride):
    return pd.DataFrame(
        [{"courier_id": "k", "order_id": order, "lat": LAT + a * BLOCK, "lng": LNG + b * BLOCK, "at": 20.0 * n}
         for n, (a, b) in enumerate(places_of_ride)]
    )  # fmt: skip


def test_a_ride_counts_once_on_each_stretch_between_its_positions(streets):
    rides = ridden.rides_on_streets(ridden.ways(ride("o", (0, 0), (0, 3), (2, 3))), streets)
    assert rides.max() == 1
    assert rides.sum() == 5


def test_a_long_silence_is_not_bridged(streets):
    silent = ride("o", (0, 0), (0, 3)).assign(at=[0.0, 300.0])
    assert ridden.rides_on_streets(ridden.ways(silent), streets).sum() == 0


def test_positions_far_from_any_street_are_not_counted(streets):
    assert ridden.rides_on_streets(ridden.ways(ride("o", (40, 40), (40, 41))), streets).sum() == 0


def test_of_very_many_positions_whole_couriers_are_kept(monkeypatch):
    monkeypatch.setattr(ridden, "MOST_POSITIONS", 1_000)
    positions = full_day().positions
    kept, share = ridden.sampled(positions)
    assert len(kept) <= 1_100
    assert share == pytest.approx(kept["courier_id"].nunique() / 24)
    of_one = positions[positions["courier_id"] == kept["courier_id"].iloc[0]]
    assert len(kept[kept["courier_id"] == kept["courier_id"].iloc[0]]) == len(of_one)


def test_rides_are_counted_by_cell_where_no_streets_are_known():
    cells = ridden.rides_in_cells(ridden.ways(pd.concat([ride("o", (0, 0), (0, 1)), ride("p", (0, 0), (1, 0))])))
    assert cells.max() == 2
    assert cells.index.map(h3.get_resolution).unique().tolist() == [ridden.CELL_RESOLUTION]


def test_classes_begin_at_the_least_that_may_be_shown_and_hold_every_count():
    edges = class_edges(PRIVATE, 163, 5)
    assert edges == [5, 10, 20, 50, 100]
    assert class_names(edges) == ["5–9", "10–19", "20–49", "50–99", "100+"]
    assert class_of(np.array([4, 5, 9, 10, 163]), edges).tolist() == [-1, 0, 0, 1, 4]
    assert class_edges(PRIVATE, 5, 5) == [5]
