"""Every row of a file ends in exactly one outcome, by rules with names; too many wrong rows refuse the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.history.check import check_files, refuse_above_share
from generator.history.history_tables import Known
from pipelines.errors import ImportRefused, UsageError
from tests.unit.generator.history.examples import HEADER, TOWN, check, mapping, outcomes, write


def at(order_id: str, pickup: str = "12.9716,77.5946", dropoff: str = "12.9900,77.6100") -> str:
    return f"{order_id},2026-03-06 12:00:00,{pickup},{dropoff}"


def test_positions_that_are_wrong_are_set_aside_each_by_its_rule(tmp_path: Path) -> None:
    rows = [
        at("2"),
        at("3", "0.0,0.0"),
        at("4", "0.00,0.00", "0.01,0.01"),
        at("5", "77.5900,12.9700", "77.6100,12.9900"),
        at("6", "-12.9700,77.5900"),
        at("7", "12.9700,0"),
        at("8", "129.7,77.5900"),
        at("9", '"12,97","77,59"'),
        at("10", "12.9700,77.5900", "12.9700,77.5900"),
        at("11", dropoff="13.3500,77.6100"),
        at("12", "12°58'N,77°35'E"),
        at("13", "1.297e1,7.759e1"),
        at("14", dropoff="77.6100,12.9900"),
        at("15", dropoff="0,0"),
        at("16", dropoff="48.8566,2.3522"),
        at("17", ","),
    ]
    checked = check(tmp_path, HEADER, *rows)
    assert outcomes(checked) == {
        3: ("quarantined", "pickup_position_missing"),
        4: ("quarantined", "pickup_position_missing"),
        5: ("quarantined", "pickup_outside_area"),
        6: ("quarantined", "pickup_outside_area"),
        7: ("quarantined", "pickup_outside_area"),
        8: ("rejected", "pickup_lat_outside_90"),
        9: ("rejected", "pickup_lat_unreadable"),
        10: ("flagged", "distance_zero"),
        11: ("flagged", "dropoff_outside_area"),
        12: ("rejected", "pickup_lat_unreadable"),
        14: ("quarantined", "dropoff_far_away"),
        15: ("quarantined", "dropoff_position_missing"),
        16: ("quarantined", "dropoff_far_away"),
        17: ("rejected", "pickup_lat_missing"),
    }
    details = checked.found["orders"].listing("orders").set_index("line")["detail"]
    assert "looks swapped" in details[5]
    assert "looks swapped" in details[14]
    assert "looks swapped" not in details[6]


def test_what_is_read_is_the_sum_of_the_outcomes_and_nothing_is_lost(tmp_path: Path) -> None:
    rows = [at("1"), at("1"), at("2", "0,0"), at("3", "x,y"), at("4", "12.97,77.59", "12.97,77.59"), at("5")]
    found = check(tmp_path, HEADER, *rows).found["orders"]
    counts = found.counts()
    expected = {"read": 6, "imported": 2, "flagged": 1, "duplicate": 1, "quarantined": 1, "rejected": 1}
    assert {name: count for name, count in counts.items() if count} == expected
    assert found.listing("orders")["original"].tolist() == [rows[1], rows[2], rows[3], rows[4]]


def test_the_same_row_again_is_a_duplicate_and_another_row_of_its_identity_a_conflict(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, at("1"), at("1"), at("1", "12.9800,77.5946"), at("01"))
    assert outcomes(checked) == {3: ("duplicate", "duplicate"), 4: ("quarantined", "identity_conflict")}
    assert checked.orders["order_id"].tolist() == ["lunchtown-1", "lunchtown-01"]


def test_a_wrong_row_does_not_take_the_identity_from_a_right_one(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, at("1", "0,0"), at("1"))
    assert outcomes(checked) == {2: ("quarantined", "pickup_position_missing")}
    assert checked.orders["order_id"].tolist() == ["lunchtown-1"]


def test_rows_that_another_file_brought_in_are_known_again(tmp_path: Path) -> None:
    first = check(tmp_path, HEADER, at("1"), at("2"))
    known = {i: (d, "import 1") for i, d in zip(first.keys["identity"], first.keys["digest"], strict=True)}
    path = write(tmp_path, HEADER, at("1"), at("2", "12.9800,77.5946"), at("3"), name="later.csv")
    later = check_files(mapping(), path, None, earlier=lambda _: {"lunchtown": Known(orders=known)})
    assert outcomes(later) == {2: ("duplicate", "duplicate"), 3: ("quarantined", "identity_conflict")}
    assert later.orders["order_id"].tolist() == ["lunchtown-3"]


def test_an_order_without_an_identity_is_rejected(tmp_path: Path) -> None:
    assert outcomes(check(tmp_path, HEADER, at(""))) == {2: ("rejected", "order_id_missing")}


def test_an_identity_may_be_made_of_several_columns_and_the_local_day(tmp_path: Path) -> None:
    orders = {"identity": "{Shop Code}/{order_id}/{day}"}
    late = f"A1,2026-03-06 23:30:00,{at('')[21:].lstrip(',')},007|00033"
    checked = check(tmp_path, f"{HEADER},Shop Code", late, late.replace("007", "008"), orders=orders)
    assert checked.orders["order_id"].tolist() == ["007|00033/A1/2026-03-06", "008|00033/A1/2026-03-06"]


TIMES = {name: {"column": name} for name in ("preparing_at", "ready_at", "promised_at", "scheduled_for")}


@pytest.mark.parametrize(
    ("preparing", "ready", "promised", "scheduled", "ending"),
    [
        ("12:05", "12:20", "12:40", "", None),
        ("12:05", "12:20", "11:40", "", ("quarantined", "promised_before_placement")),
        ("", "11:59", "12:40", "", ("quarantined", "ready_before_placement")),
        ("11:59", "12:20", "12:40", "", ("quarantined", "preparing_before_placement")),
        ("12:30", "12:20", "12:40", "", ("flagged", "preparing_after_ready")),
        ("12:05", "12:00", "12:40", "", ("flagged", "ready_at_placement+preparing_after_ready")),
        ("", "", "", "11:00", ("flagged", "scheduled_before_placement")),
        ("", "soon", "", "", ("rejected", "ready_at_unreadable")),
    ],
)
def test_milestones_against_the_order_of_time_end_by_their_rule(
    tmp_path: Path, preparing: str, ready: str, promised: str, scheduled: str, ending: tuple[str, str] | None
) -> None:
    times = [f"2026-03-06 {t}" if ":" in t else t for t in (preparing, ready, promised, scheduled)]
    checked = check(tmp_path, ",".join([HEADER, *TIMES]), ",".join([at("1"), *times]), columns=TIMES)
    assert outcomes(checked).get(2) == ending


def test_a_milestone_that_contradicts_another_is_taken_as_missing(tmp_path: Path) -> None:
    times = "2026-03-06 12:30,2026-03-06 12:20,,2026-03-06 11:00"
    order = check(tmp_path, ",".join([HEADER, *TIMES]), f"{at('1')},{times}", columns=TIMES).orders.iloc[0]
    assert str(order["ready_at"]) == "2026-03-06 17:20:00+00:00"
    assert order[["preparing_at", "scheduled_for"]].isna().all()


MONEY = {"basket_value_cents": {"column": "total", "required": True}}


def test_an_amount_ends_as_cents_missing_flagged_or_set_aside_but_never_as_a_guess(tmp_path: Path) -> None:
    amounts = ["12.00", "0", "-3.60", "", "12.0.0", "—"]
    rows = [f"{at(str(n))},{amount}" for n, amount in enumerate(amounts)]
    checked = check(tmp_path, f"{HEADER},total", *rows, columns=MONEY)
    assert outcomes(checked) == {
        3: ("flagged", "basket_value_zero"),
        4: ("quarantined", "basket_value_cents_negative"),
        5: ("rejected", "basket_value_cents_missing"),
        6: ("rejected", "basket_value_cents_unreadable"),
        7: ("rejected", "basket_value_cents_unreadable"),
    }
    assert checked.orders["basket_value_cents"].tolist() == [1200, 0]


def test_more_wrong_rows_than_allowed_refuse_the_file_with_counts_and_first_lines(tmp_path: Path) -> None:
    rows = [at(str(n)).replace("2026-03-06", f"2025-{n % 31 + 1:02d}-03") for n in range(100)]
    checked = check(tmp_path, HEADER, *rows, max_rejected_share=0.02)
    with pytest.raises(ImportRefused) as refused:
        refuse_above_share(checked)
    message = str(refused.value)
    lost = checked.found["orders"].counts()["rejected"]
    assert f"{lost} of 100 rows" in message
    assert f"placed_at_unreadable {lost}" in message
    assert "line 14 (placed_at_unreadable: '2025-13-03 12:00:00'), line 15" in message
    assert "line 16" in message
    assert "line 17" not in message


def test_wrong_rows_within_the_share_are_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [at(str(n)) for n in range(99)] + [at("99", "0,0")]
    checked = check(tmp_path, HEADER, *rows, max_rejected_share=0.01)
    refuse_above_share(checked)
    assert len(checked.orders) == 99


def test_a_file_with_no_good_row_is_refused_whatever_the_share(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="1 of 1 rows"):
        refuse_above_share(check(tmp_path, HEADER, at("1", "0,0"), max_rejected_share=1))


FAR = {
    **TOWN,
    "city_id": "elsewhere",
    "name": "Elsewhere",
    "bounds": {"min_lat": 40, "max_lat": 41, "min_lng": 2, "max_lng": 3},
}


def test_the_city_is_recognised_by_where_orders_are_picked_up(tmp_path: Path) -> None:
    rows = [at("1"), at("2"), at("3", "40.5,2.5", "40.5,2.6")]
    checked = check(tmp_path, HEADER, *rows, cities=[FAR, TOWN])
    assert checked.city.city_id == "lunchtown"
    assert outcomes(checked) == {4: ("quarantined", "pickup_outside_area")}


def test_a_file_of_no_known_city_is_refused_and_swapped_positions_are_hinted(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"median 50\.0000/9\.0000"):
        check(tmp_path, HEADER, at("1", "50,9"), cities=[FAR, TOWN])
    with pytest.raises(ImportRefused, match="look swapped, then it is Lunchtown"):
        check(tmp_path, HEADER, at("1", "77.5946,12.9716"), cities=[FAR, TOWN])


def test_a_city_may_be_named_and_must_be_one_of_the_mappings(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, at("1"))
    assert check_files(mapping(cities=[FAR, TOWN]), path, None, city_id="elsewhere").orders.empty
    with pytest.raises(UsageError, match="it has elsewhere, lunchtown"):
        check_files(mapping(cities=[FAR, TOWN]), path, None, city_id="nowhere")


COURIERS = {
    "identity": "{courier_id}",
    "columns": {
        "courier_id": {"column": "id"},
        "vehicle": {"column": "v", "values": {"moto": "motorcycle"}},
        "lat": {"column": "lat"},
        "lng": {"column": "lng"},
        "starts_at": {"column": "on"},
        "ends_at": {"column": "off"},
        "capacity": {"column": "cap"},
    },
}


def test_shifts_end_by_their_rules_and_one_courier_may_have_several(tmp_path: Path) -> None:
    day = "2026-03-06"
    rows = [
        f"7,moto,12.9,77.5,{day} 10:00,{day} 14:00,2",
        f"7,moto,12.9,77.5,{day} 18:00,{day} 23:00,2",
        f"7,moto,12.9,77.5,{day} 18:00,{day} 23:00,2",
        f"8,rocket,12.9,77.5,{day} 10:00,{day} 14:00,2",
        f"9,moto,12.9,77.5,{day} 14:00,{day} 10:00,2",
        f"10,moto,12.9,77.5,{day} 14:00,{day} 14:00,",
        f"11,moto,13.9,77.5,{day} 10:00,{day} 14:00,2",
        f"12,moto,12.9,77.5,{day} 10:00,2026-03-09 14:00,2",
        f"13,moto,12.9,77.5,{day} 10:00,{day} 14:00,1.5",
        f"14,moto,12.9,77.5,{day} 10:00,{day} 14:00,0",
    ]
    orders, couriers = write(tmp_path, HEADER, at("1")), write(tmp_path, "id,v,lat,lng,on,off,cap", *rows, name="c.csv")
    checked = check_files(mapping(couriers=COURIERS), orders, couriers)
    assert outcomes(checked, "couriers") == {
        4: ("duplicate", "duplicate"),
        5: ("rejected", "vehicle_unreadable"),
        6: ("quarantined", "shift_ends_before_it_begins"),
        7: ("flagged", "shift_of_no_length"),
        8: ("quarantined", "courier_outside_area"),
        9: ("quarantined", "shift_longer_than_two_days"),
        10: ("rejected", "capacity_unreadable"),
        11: ("quarantined", "capacity_below_1"),
    }
    assert checked.shifts["courier_id"].tolist() == ["7", "7", "10"]
    assert checked.shifts["capacity"].fillna(0).tolist() == [2, 2, 0]


def test_a_mapping_that_simulates_couriers_work_asks_for_the_couriers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --couriers"):
        check(tmp_path, HEADER, at("1"), simulate=["courier_assignments"])
    with pytest.raises(UsageError, match="has no `couriers`"):
        check_files(mapping(), write(tmp_path, HEADER, at("1")), write(tmp_path, "x", name="c.csv"))
