"""Names of zones: what the map writes, where, and that the largest come first."""

import re

import h3
import pandas as pd
import pytest

from pipelines.reporting.city import drawing as dr
from pipelines.reporting.city.frame import Extent
from pipelines.reporting.city.map_labels import FARTHEST, free_place, zone_labels
from pipelines.reporting.city.map_plots import demand_map
from pipelines.reporting.city.places import Demand
from pipelines.reporting.city.zone_names import in_words, letter, with_places

FRAME = Extent(52.4, 52.6, 13.2, 13.6).fitted(0, 0, 360, 400)
NO_CELLS = pd.Series(dtype=int)


def zones(*rows):
    """(label, lat, lng) by orders, each with its share."""
    labels, lat, lng = zip(*rows, strict=True)
    return pd.DataFrame({"label": labels, "share": 0.5 / len(rows), "lat": lat, "lng": lng})


def boxes(drawn):
    """(left, right, base line, words) of each label."""
    found = []
    for label in drawn:
        x, y, words = re.match(r'<text x="([\d.]+)" y="([\d.]+)".*>(.*)</text>', label).groups()
        half = dr.text_width(words, bold=True) / 2
        found.append((float(x) - half, float(x) + half, float(y), words))
    return found


def test_labels_of_zones_that_crowd_lie_on_none_and_within_the_map():
    drawn = boxes(zone_labels(zones(*[(f"Quarter {n}", 52.5, 13.4) for n in range(6)]), FRAME, 9))
    assert [words.split()[1] for *_, words in drawn] == list("012345")
    for place, (left, right, base, _) in enumerate(drawn):
        assert left >= 0
        assert right <= FRAME.width
        for other_left, other_right, other_base, _ in drawn[:place]:
            assert right < other_left or left > other_right or abs(base - other_base) >= 14


def test_a_name_at_the_edge_is_moved_in_and_not_cut_off():
    ((left, right, *_),) = boxes(zone_labels(zones(("Xiangmihu", 52.5, 13.5999)), FRAME, 9))
    assert 0 <= left < right <= FRAME.width


def test_no_smaller_zone_is_named_where_a_larger_one_finds_no_room():
    crowd = [(f"A quarter {n}", 52.5, 13.4) for n in range(40)]
    drawn = boxes(zone_labels(zones(*crowd, ("Far away", 52.41, 13.21)), FRAME, 99))
    assert [words.split()[2] for *_, words in drawn] == [str(n) for n in range(len(drawn))]
    assert 5 < len(drawn) < 40


def test_a_label_stays_near_its_zone():
    place = free_place(180, 200, 20, FRAME, [(180, 400, 200 + 17 * n) for n in range(-9, 10)])
    assert place is None
    at, _, base = free_place(180, 200, 20, FRAME, [(180, 20, 200)])
    assert 0 < ((at - 180) ** 2 + (base - 200) ** 2) ** 0.5 <= FARTHEST


def test_zones_without_a_name_get_letters_in_the_order_of_their_orders():
    named, first, second = (h3.latlng_to_cell(52.5, 13.4 + east, 7) for east in (0.0, 0.1, 0.2))
    rows = pd.DataFrame({
        "zone_id": [first, named, second, "unknown"], "is_cell": [True, True, True, False],
        "name": [f"Zone {first[4:].rstrip('f')}", "Old Town", f"Zone {second[4:].rstrip('f')}", "No position"],
        "orders": [50, 40, 10, 5],
    })  # fmt: skip
    found = with_places(rows, NO_CELLS)
    assert found["label"].tolist() == ["A", "Old Town", "B", "No position"]
    assert found["where"].notna().tolist() == [True, False, True, False]
    assert found["where"].iloc[2].endswith("km east of the middle")
    assert found["lat"].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("north", "east", "words"),
    [
        (0.1, 0.1, "in the middle"), (1.2, 0.0, "1.2\u202fkm north of the middle"),
        (-3.0, -3.0, "4\u202fkm south-west of the middle"), (-0.1, 1.0, "1.0\u202fkm east of the middle"),
        (float("nan"), 0.0, None),
    ],
)  # fmt: skip
def test_a_place_is_told_by_its_way_from_the_middle(north, east, words):
    assert in_words(north, east) == words


def test_letters_go_on_after_z():
    assert [letter(n) for n in (0, 25, 26, 52)] == ["A", "Z", "AA", "BA"]


@pytest.mark.parametrize(("wide", "high"), [(0.40, 0.05), (0.10, 0.10), (0.02, 0.10)])
def test_a_map_fills_its_drawing_whether_the_city_is_flat_square_or_tall(wide, high):
    extent = Extent(0.0, high, 0.0, wide)
    rows = pd.DataFrame({"zone_id": ["z"], "is_cell": [False], "name": ["All"], "orders": [40], "share": [1.0],
                         "late_share": [0.5]})  # fmt: skip
    shops = pd.DataFrame({"orders": [40], "lat": [high / 2], "lng": [wide / 2]})
    svg = demand_map(752, extent, Demand(9, NO_CELLS, 40), with_places(rows, NO_CELLS), shops, None)
    width, height = (float(v) for v in re.search(r'<clipPath.*?width="([\d.]+)" height="([\d.]+)"', svg).groups())
    full = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)[1])
    assert width * height > 0.3 * 752 * full
