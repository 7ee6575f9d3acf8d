"""Files as they really come, each kind of oddity with values of our own: every line ends as it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.history.history_events import events_of
from generator.history.record import account
from tests.unit.generator.history.field_mappings import (
    COPIED,
    PLACES,
    PORTAL,
    ends,
)
from tests.unit.generator.history.field_rows import (
    COPIED_HEADER,
    GOOD,
    PAID,
    payouts,
    read,
)


def test_a_payout_report_gives_orders_refunds_and_movements_and_no_row_twice(tmp_path: Path) -> None:
    checked = payouts(tmp_path, *PAID)
    assert ends(checked) == {
        3: GOOD,
        4: GOOD,
        5: GOOD,
        6: GOOD,
        7: ("other_movement", "charge"),
        8: ("quarantined", "placed_at_does_not_exist"),
    }
    assert checked.orders["order_id"].tolist() == ["0|07/K9/2026-07-04", "0|08/K9/2026-07-04", "0|08/B2/2026-07-04"]
    assert checked.orders["placed_at"].astype(str).tolist()[1] == "2026-07-04 04:30:00+00:00"
    record = account(checked)
    assert record["sums"]["payout_cents"]["USD"]["read"] == 2450 - 2450 + 630 - 1500 + 390
    assert record["orders"]["read"] == sum(n for name, n in record["orders"].items() if name != "read") == 6


def test_a_refund_is_an_event_of_its_order_on_its_own_day_and_no_order(tmp_path: Path) -> None:
    checked = payouts(tmp_path, *PAID)
    refund = events_of(checked, 1)["payments"].to_pylist()
    assert [(r["event_type"], r["order_id"], r["amount_cents"], r["currency"]) for r in refund] == [
        ("refunded", "0|07/K9/2026-07-04", 3100, "USD")
    ]
    assert refund[0]["event_time"].date().isoformat() == "2026-07-09"
    assert not refund[0]["is_simulated"]
    assert account(checked)["business_dates"] == {"2026-07-03": 1, "2026-07-04": 2}


def test_a_cancelled_order_of_nothing_is_placed_and_cancelled_and_no_sale_that_was_delivered(tmp_path: Path) -> None:
    events = events_of(payouts(tmp_path, PAID[3]), 1)
    assert sorted(e["event_type"] for e in events["orders"].to_pylist()) == ["cancelled", "placed"]
    assert "delivery_progress" not in events


def test_a_refund_finds_the_last_order_of_its_code_before_it_and_none_is_set_aside(tmp_path: Path) -> None:
    again = "Soup Bar,0|07,K9,m9,Completed,7/8/26,6:00 PM,10.00,0,0,10.00"
    late = "Soup Bar,0|07,K9,m10,Completed,7/10/26,6:00 PM,10.00,0,0,10.00"
    stray = "Soup Bar,0|07,Z1,m11,Refund,7/9/26,,-5.00,0,0,-5.00"
    checked = payouts(tmp_path, PAID[0], again, late, PAID[1], stray)
    assert checked.kept.refunds["order_id"].tolist() == ["0|07/K9/2026-07-08"]
    assert ends(checked)[7] == ("quarantined", "refund_without_order")


def test_the_same_movement_again_is_a_duplicate_and_another_under_its_number_a_conflict(tmp_path: Path) -> None:
    checked = payouts(tmp_path, PAID[0], PAID[0], PAID[1], PAID[1], PAID[4], PAID[4], PAID[3].replace("m4", "m1"))
    assert [outcome for outcome, _ in ends(checked).values()] == [
        "imported", "duplicate", "imported", "duplicate", "other_movement", "duplicate", "quarantined",
    ]  # fmt: skip


def test_a_row_of_an_unknown_kind_or_a_movement_without_a_sum_is_rejected(tmp_path: Path) -> None:
    checked = payouts(tmp_path, PAID[0].replace("Completed", "Chargeback?"), PAID[4].replace("-15.00", "x"), PAID[2])
    assert [ends(checked)[n] for n in (3, 4)] == [
        ("rejected", "row_kind_unknown"),
        ("rejected", "fees_cents_unreadable"),
    ]


PORTAL_HEADER = "Date,Place,Order,State,Subtotal,Commission,Payout"


@pytest.mark.parametrize(
    ("state", "subtotal", "commission", "ending"),
    [
        ("Delivered", '"$2,310.05"', "($693.02)", GOOD),
        ("Delivered", "$7.25", "-$2.10", GOOD),
        ("Delivered", "$7.25", "$2.10-", GOOD),
        ("Delivered", "USD 7.25", "USD -2.10", GOOD),
        ("Delivered", "7.25 USD", "2", GOOD),
        (" delivered ", "$7", "", GOOD),
        ("Delivered", "$7.25\u00a0", "\u2212$2.10", GOOD),
        ("Delivered", "$0.00", "$0.00", ("flagged", "basket_value_zero")),
        ("Delivered", "—", "", ("rejected", "basket_value_cents_unreadable")),
        ("Delivered", "", "", ("rejected", "basket_value_cents_missing")),
        ("Delivered", "$7.2.5", "", ("rejected", "basket_value_cents_unreadable")),
        ("Delivered", '"$2.310,05"', "", ("rejected", "basket_value_cents_unreadable")),
        ("Delivered", '"$23,10.05"', "", ("rejected", "basket_value_cents_unreadable")),
        ("Delivered", "$7.25", "n/a", ("rejected", "fees_cents_unreadable")),
        ("Delivered", "€7.25", "", ("rejected", "basket_value_cents_in_another_currency")),
        ("Delivered", "CAD 7.25", "", ("rejected", "basket_value_cents_in_another_currency")),
        ("Delivered", "-$7.25", "", ("quarantined", "basket_value_cents_negative")),
        ("Deliverd", "$7.25", "", ("rejected", "state_unreadable")),
    ],
)
def test_money_as_text_is_exact_cents_or_its_line_is_listed(
    tmp_path: Path, state: str, subtotal: str, commission: str, ending: tuple[str, str]
) -> None:
    row = f"2026-02-03 14:03,Taco,1,{state},{subtotal},{commission},1"
    checked = read(tmp_path, PORTAL, PORTAL_HEADER, row, mark=True)
    assert ends(checked) == {2: ending}


def test_markers_are_missing_in_numbers_and_levels_and_words_stay_words(tmp_path: Path) -> None:
    rows = [
        "1,Idli Hut,West,NaN ,4.4,conditions Rain,High ,(min) 24,3.1 km",
        "2,Nan,None, - ,null,conditions NaN,NaN ,(min) 22,900 m",
        "3,NA,-,30,,conditions Rain, hIGH,22 mins,1.5 km",
        "4,Idli Hut,West,30,4.4,conditions Rain,Low,(min) 31,2 mi",
    ]
    checked = read(tmp_path, COPIED, COPIED_HEADER, *rows)
    assert [outcome for outcome, _ in ends(checked).values()] == ["imported"] * 4
    details = checked.kept.details
    assert details["courier_age"].dtype == details["courier_rating"].dtype == "float64"
    assert details["courier_age"].isna().tolist() == [True, True, False, False]
    assert details["weather"].fillna("missing").tolist() == ["rain", "missing", "rain", "rain"]
    assert details["traffic"].fillna("missing").tolist() == ["High", "missing", "High", "Low"]
    assert details["distance_m"].round(3).tolist() == [3100, 900, 1500, 3218.688]
    assert details["zone"].tolist() == ["West", "None", "-", "West"]
    assert checked.orders["restaurant_name"].tolist() == ["Idli Hut", "Nan", "NA", "Idli Hut"]
    minutes = (checked.orders["delivered_at"] - checked.orders["placed_at"]).dt.total_seconds() / 60
    assert minutes.tolist() == [24, 22, 22, 31]


@pytest.mark.parametrize(
    ("row", "ending"),
    [
        ("1,A,B,29,6,x,Low,20,1 km", ("quarantined", "courier_rating_above_5")),
        ("1,A,B,29,-1,x,Low,20,1 km", ("quarantined", "courier_rating_below_0")),
        ("1,A,B,29,4,x,Low,(min)  ,1 km", ("rejected", "delivery_minutes_missing")),
        ("1,A,B,29,4,x,Low,NaN,1 km", ("rejected", "delivery_minutes_missing")),
        ("1,A,B,29,4,x,Low,(min) -4,1 km", ("quarantined", "delivery_minutes_negative")),
        ("1,A,B,150,4,x,Low,20,1 km", ("quarantined", "courier_age_above_100")),
        ("1,A,B,29,4,x,Low,20,1", ("rejected", "distance_m_unreadable")),
        ("1,A,B,29,4,x,Low,20,1 league", ("rejected", "distance_m_unreadable")),
        ("1,A,B,29,4,x,Low,20,-1 km", ("quarantined", "distance_m_below_0")),
        ("1,A,B,29,4,x,Gridlock,20,1 km", ("rejected", "traffic_unreadable")),
        ("1,A,B,none,4,x,Low,20,1 km", ("rejected", "courier_age_unreadable")),
        ("1,A,B,29,4,x,Low,about 20,1 km", ("rejected", "delivery_minutes_unreadable")),
    ],
)
def test_a_value_beyond_its_limits_is_set_aside_and_an_unreadable_one_rejected(
    tmp_path: Path, row: str, ending: tuple[str, str]
) -> None:
    assert ends(read(tmp_path, COPIED, COPIED_HEADER, row)) == {2: ending}


def test_swapped_positions_are_exchanged_only_where_the_mapping_says_so(tmp_path: Path) -> None:
    header = "order_id,pickup_lat,pickup_lng,drop_lat,drop_lng"
    rows = ["1,77.59,12.97,77.61,12.99", "2,12.97,77.59,77.61,12.99", "3,-12.97,77.59,12.99,77.61"]
    kept = read(tmp_path, PLACES, header, *rows, swapped="correct")
    assert [ends(kept)[n][0] for n in (2, 3, 4)] == ["flagged", "flagged", "quarantined"]
    assert kept.orders["pickup_lat"].tolist() == [12.97, 12.97]
    assert kept.orders["dropoff_lng"].tolist() == [77.61, 77.61]
    assert [outcome for outcome, _ in ends(read(tmp_path, PLACES, header, *rows)).values()] == ["quarantined"] * 3
