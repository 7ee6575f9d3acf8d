"""Files as they really come, each kind of oddity with values of our own: every line ends as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from generator.history.check import Checked, check_files, refuse_above_share
from generator.history.history_events import events_of
from generator.history.record import account
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract
from pipelines.errors import ImportRefused
from tests.unit.generator.history.examples import HEADER, check, mapping, outcomes, write
from tests.unit.generator.history.field_mappings import (
    COPIED,
    LIVES,
    NESTED,
    NEW_YORK,
    PAYOUTS,
    PLACES,
    PORTAL,
    ends,
    named,
)

GOOD = ("imported", "")


def read(
    folder: Path, content: dict[str, Any], *lines: str, end: str = "\n", mark: bool = False, **orders: Any
) -> Checked:
    """A file of these lines, read by a mapping with changes to its orders."""
    path = folder / "orders.txt"
    text = end.join(lines) + end
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    return check_files(named(content, **orders), path, None)


EXPLAINED = "What the shop is called,Its code,Ticket,One a movement,State of it,Day,Yes,Net,Tax,Fees,Out"
PAYOUT = "Shop,Shop Code,Order Code,Movement Id,State,Order or Refund Day,Accepted,Net Sale,Tax,Fees,Payout"
PAID = [
    "Soup Bar,0|07,K9,m1,Completed,7/4/26,7:05 PM,31.00,2.50,-9.00,24.50",
    "Soup Bar,0|07,K9,m2,Refund,7/9/26,,-31.00,-2.50,9.00,-24.50",
    "Soup Bar,0|08,K9,m3,completed,7/4/26,12:30 AM,8.00,0.70,-2.40,6.30",
    "Soup Bar,0|08,B2,m4,Cancelled,7/4/26,,0,0,0,0",
    "Soup Bar,0|08,,m5,Advertising,7/5/26,,0,0,-15.00,-15.00",
    "Soup Bar,0|08,C3,m6,Completed,3/14/27,2:10 AM,5.00,0.40,-1.50,3.90",
]


def payouts(folder: Path, *rows: str) -> Checked:
    return read(folder, PAYOUTS, EXPLAINED, PAYOUT, *rows, end="\r\n", mark=True)


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


COPIED_HEADER = "order_id,restaurant,zone,courier_age,rating,weather,traffic,minutes,distance"


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


LIFE_HEADER = (
    "order_id,kind,placed_at,promised_at,restaurant_notified_at,restaurant_confirmed_at,courier_accepted_at,"
    "picked_up_at,delivered_at,cancelled_at,state"
)
DAY = "2026-05-02T"


def life(kind: str, placed: str, *times: str, state: str, cancelled: str = "") -> str:
    """A row: promised, notified, confirmed, courier, pick-up and drop-off as clock times of one day (or nothing)."""
    whole = [f"{DAY}{t}:00Z" if t else "" for t in (placed, *times)]
    return ",".join(["X", kind, *whole, cancelled, state])


@pytest.mark.parametrize(
    ("row", "ending", "end"),
    [
        (life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed"), GOOD, "delivered"),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:33", "10:33", state="completed"),
            ("flagged", "pickup_confirmed_with_dropoff"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "13:10", state="completed"),
            ("flagged", "dropoff_confirmed_late"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "10:05", "10:03", "10:06", "10:20", "10:33", state="completed"),
            ("flagged", "accepted_before_notified"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:40", "10:33", state="completed"),
            ("flagged", "picked_up_after_delivery"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "09:58", "10:05", "10:20", "10:33", state="completed"),
            ("flagged", "accepted_before_placement"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "", state="completed"),
            ("flagged", "delivered_time_unknown"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "10:30", state="cancelled"),
            ("quarantined", "delivered_and_cancelled"),
            None,
        ),
        (
            life("adhoc", "10:00", "", "", "", "", "10:20", "10:30", state="open"),
            ("quarantined", "open_against_its_times"),
            None,
        ),
        (
            life("adhoc", "10:00", "", "", "", "", "", "09:30", state="completed"),
            ("quarantined", "delivered_before_placement"),
            None,
        ),
        (life("adhoc", "10:00", "", "10:01", "", "", "", "", state="open"), GOOD, "open"),
        (
            life("preorder", "10:00", "09:45", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            ("flagged", "scheduled_before_placement"),
            "delivered",
        ),
        (
            life("preorder", "10:00", "10:29", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            GOOD,
            "delivered",
        ),
        (
            life("preorder", "10:00", "10:30", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            GOOD,
            "delivered",
        ),
    ],
)
def test_a_life_with_an_oddity_ends_as_its_milestones_deserve(
    tmp_path: Path, row: str, ending: tuple[str, str], end: str | None
) -> None:
    checked = read(tmp_path, LIVES, LIFE_HEADER, row)
    assert ends(checked) == {2: ending}
    assert checked.orders["end"].tolist() == ([] if end is None else [end])


def test_a_preorder_less_than_thirty_minutes_ahead_is_wanted_now_and_promises_nothing(tmp_path: Path) -> None:
    rows = [
        life("preorder", "10:00", at, "", "", "", "10:20", "10:33", state="completed").replace("X,", f"{n},")
        for n, at in enumerate(["09:45", "10:29", "10:30", "12:00"])
    ]
    checked = read(tmp_path, LIVES, LIFE_HEADER, *rows)
    assert checked.orders["scheduled_for"].isna().tolist() == [True, True, False, False]
    assert checked.orders["promised_at"].isna().tolist() == [True, True, False, False]
    assert "taken as wanted now" in next(iter(checked.found["orders"].notes()))


BATCH = "2026-10-02T04:00:00Z"


def test_a_cancellation_that_a_batch_job_wrote_happened_at_an_unknown_time(tmp_path: Path) -> None:
    never = life("adhoc", "10:00", "", "10:01", "", "", "", "", state="cancelled", cancelled=BATCH)
    known = life("adhoc", "10:00", "", "", "10:02", "10:09", "", "", state="cancelled", cancelled=f"{DAY}10:05:00Z")
    checked = read(tmp_path, LIVES, LIFE_HEADER, never, known.replace("X,", "Y,"))
    events = events_of(checked, 1)
    told = [e for e in events["orders"].to_pylist() if e["event_type"] == "cancelled"]
    assert [(e["order_id"], e["is_time_unknown"]) for e in told] == [("X", True), ("Y", None)]
    assert told[0]["event_time"].isoformat() == "2026-05-02T10:00:00+00:00"
    late = [e["event_type"] for e in events["courier_assignments"].to_pylist() if e["order_id"] == "Y"]
    assert late == ["accepted", "assigned"] or late == ["assigned", "accepted"]
    assert any("after the order had ended" in note for note in checked.found["orders"].notes())


@pytest.mark.parametrize("stamp", ["2026-10-02T04:00:00+00:00", "2026-10-02 04:00:00Z", "2026-10-02T06:00:00+02:00"])
def test_a_batch_stamp_is_known_however_it_is_written(tmp_path: Path, stamp: str) -> None:
    row = life("adhoc", "10:00", "", "", "", "", "", "", state="cancelled", cancelled=stamp)
    checked = read(tmp_path, LIVES, LIFE_HEADER, row)
    assert checked.orders[["end", "end_unknown"]].iloc[0].tolist() == ["cancelled", True]


def test_a_delivered_order_with_a_batch_cancellation_is_a_contradiction(tmp_path: Path) -> None:
    row = life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "10:33", state="completed", cancelled=BATCH)
    assert ends(read(tmp_path, LIVES, LIFE_HEADER, row)) == {2: ("quarantined", "delivered_and_cancelled")}


def test_real_milestones_are_real_events_and_nothing_is_simulated_unasked(tmp_path: Path) -> None:
    row = life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed")
    events = events_of(read(tmp_path, LIVES, LIFE_HEADER, row), 1)
    told = {topic: [e["event_type"] for e in t.to_pylist()] for topic, t in events.items() if t.num_rows}
    assert {topic: sorted(types) for topic, types in told.items()} == {
        "orders": ["placed"],
        "restaurant_responses": ["accepted"],
        "courier_assignments": ["accepted", "assigned"],
        "delivery_progress": ["delivered", "picked_up"],
    }
    assert not any(e["is_simulated"] for t in events.values() for e in t.to_pylist())


def line(order: str, items: str, more: str = '"tags":{}') -> str:
    return f'{{"order_id":{order},"placed_at":"2026-06-01T10:00:00Z","items":{items},{more},"total":9.5}}'


SOUP = '[{"name":"Soup","qty":1,"options":[]}]'


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (line('"1"', '[{"name":"Soup","qty":1,"options":null}]'), GOOD),
        (line('"1"', SOUP, '"tags":{},"loyalty":{"tier":"gold"}'), GOOD),
        (line("9007199254740995", SOUP), GOOD),
        (line('"1"', SOUP).replace("9.5", "0.95e1"), GOOD),
        (line('"1"', "null"), ("quarantined", "items_missing")),
        (line('"1"', "[]"), ("quarantined", "items_empty")),
        (line('"1"', "[null]"), ("quarantined", "items_element_missing")),
        (line('"1"', '[{"qty":1}]'), ("quarantined", "items_value_missing")),
        (line('"1"', '[{"name":"Tea","qty":"2"}]'), ("rejected", "items_quantity_unreadable")),
        (line('"1"', '[{"name":"Tea","qty":2.5}]'), ("rejected", "items_quantity_unreadable")),
        (line('"1"', '[{"name":"Tea","qty":0}]'), ("quarantined", "items_quantity_outside")),
        (line('"1"', '[{"name":"Tea","qty":1,"options":[null]}]'), ("quarantined", "items_options_missing")),
        (line('"1"', '{"name":"Tea"}'), ("rejected", "items_unreadable")),
        (line('"1"', SOUP, '"tags":{"gift":null}'), ("quarantined", "tags_value_missing")),
        (line('"1"', SOUP, '"tags":{"gift":1}'), ("rejected", "tags_value_unreadable")),
        (line('"1"', SOUP).replace("9.5", "Infinity"), ("rejected", "not_json")),
        (line('"1"', SOUP).replace('"items"', '"order_id":"2","items"'), ("rejected", "key_twice")),
        (line('"1"', '[{"name":"Tea","name":"Tee","qty":1}]'), ("rejected", "key_twice")),
        (line('"1"', SOUP)[:70], ("rejected", "truncated_last_line")),
    ],
)
def test_a_nested_record_is_taken_whole_or_not_at_all(tmp_path: Path, text: str, ending: tuple[str, str]) -> None:
    good = line('"0"', SOUP)
    assert ends(read(tmp_path, NESTED, good, "", text)) == {1: GOOD, 3: ending}


def test_unknown_keys_are_kept_and_reported_and_numbers_as_text_only_if_declared(tmp_path: Path) -> None:
    more = line('"1"', SOUP, '"tags":{"gift":"no"},"loyalty":{"tier":"gold"}')
    two = line('"2"', '[{"name":"Tea","qty":"2"}]')
    fields = NESTED["orders"]["item_fields"] | {"numbers_as_text": True}
    checked = read(tmp_path, NESTED, more, two, item_fields=fields)
    assert account(checked)["unused_columns"] == ["loyalty.tier"]
    assert checked.kept.details["unmapped"].iloc[0] == '{"loyalty.tier": "gold"}'
    assert [i[0]["quantity"] for i in checked.orders["items"]] == [1, 2]
    dishes = [items[0]["name"] for items in events_of(checked, 1)["orders"].column("items").to_pylist()]
    assert sorted(dishes) == ["Soup", "Tea"]


def test_filters_are_counted_and_an_empty_channel_is_a_value_of_its_own(tmp_path: Path) -> None:
    good = "2026-03-06 12:00,12.9716,77.5946,12.99,77.61"
    rows = [f"{n},{good},{c}" for n, c in enumerate(["Marketplace", "Storefront", "", "storefront "])]
    for keep in ({"keep": ["marketplace"]}, {"drop": ["Storefront"]}):
        checked = check(tmp_path, f"{HEADER},channel", *rows, orders={"filters": [{"column": "channel", **keep}]})
        counts = checked.found["orders"].counts()
        assert {k: n for k, n in counts.items() if n} == {"read": 4, "imported": 1, "filtered": 2, "flagged": 1}
        assert outcomes(checked)[4] == ("flagged", "channel missing")


def test_a_filtered_row_is_not_asked_whether_it_is_readable(tmp_path: Path) -> None:
    rows = ["1,yesterday,x,x,x,x,test", "2,2026-03-06 12:00,12.9716,77.5946,12.99,77.61,real"]
    checked = check(tmp_path, f"{HEADER},c", *rows, orders={"filters": [{"column": "c", "drop": ["test"]}]})
    assert outcomes(checked) == {2: ("filtered", "c filtered")}
    refuse_above_share(checked)


LYON = NEW_YORK | {"city_id": "lyon", "name": "Lyon", "time_zone": "Europe/Paris", "currency": "EUR"}
LEEDS = NEW_YORK | {"city_id": "leeds", "name": "Leeds", "time_zone": "Europe/London", "currency": "GBP"}
SHOPS: dict[str, Any] = {
    "name": "shops",
    "cities": [LYON, LEEDS],
    "max_rejected_share": 0.9,
    "orders": {
        "identity": "{order_id}",
        "row_kinds": {"column": "kind", "values": {"sale": "order", "adjustment": "refund"}},
        "shops": {"column": "shop", "table": {"L1": {"city": "lyon", "name": "Bouchon"}, "E1": {"city": "leeds"}}},
        "columns": {
            "order_id": {"column": "id"},
            "placed_at": {"column": "at"},
            "basket_value_cents": {"column": "sum"},
        },
    },
}


def test_zone_and_currency_come_from_the_shop_and_currencies_are_never_added(tmp_path: Path) -> None:
    rows = [
        "7,2026-04-01 20:00,sale,20.00,L1",
        "8,2026-04-01 20:00,sale,20.00,E1",
        "7,2026-05-03 09:00,adjustment,-5.00,L1",
        "9,2026-04-01 20:00,sale,€20.00,E1",
        "9,2026-04-01 20:00,sale,20.00,X9",
        "9,2026-04-01 20:00,sale,20.00,",
    ]
    checked = read(tmp_path, SHOPS, "id,at,kind,sum,shop", *rows)
    assert [ends(checked)[n] for n in (5, 6, 7)] == [
        ("rejected", "basket_value_cents_in_another_currency"),
        ("quarantined", "shop_unknown"),
        ("rejected", "shop_missing"),
    ]
    assert checked.orders["placed_at"].dt.hour.tolist() == [18, 19]
    assert checked.orders["currency"].tolist() == ["EUR", "GBP"]
    sums = account(checked)["sums"]["basket_value_cents"]
    assert (sums["EUR"]["orders"], sums["EUR"]["refunds"], sums["GBP"]["orders"]) == (2000, -500, 2000)
    refund = events_of(checked, 1)["payments"].to_pylist()[0]
    assert (refund["amount_cents"], refund["event_time"].date().isoformat()) == (500, "2026-05-03")
    assert {c.city_id for c in checked.cities} == {"lyon", "leeds"}


def test_day_first_dates_read_month_first_refuse_the_file_as_a_whole(tmp_path: Path) -> None:
    place = "12.9716,77.5946,12.99,77.61"
    rows = [f"{n},{n % 28 + 1:02d}/03/2026 12:00,{place}" for n in range(100)]
    columns = {"placed_at": {"column": "placed", "format": "%m/%d/%Y %H:%M"}}
    checked = check(tmp_path, HEADER, *rows, columns=columns, max_rejected_share=0.02)
    with pytest.raises(ImportRefused, match=r"line 14 \(placed_at_unreadable.*nothing|nothing was imported.*line 14"):
        refuse_above_share(checked)


def test_a_mapping_says_in_which_files_refunds_stand_beside_the_order(tmp_path: Path) -> None:
    columns = {
        "basket_value_cents": {"column": "total"},
        "refund_cents": {"column": "back"},
        "refunded_at": {"column": "when"},
    }
    good = "2026-03-06 12:00,12.9716,77.5946,12.99,77.61,30.00"
    rows = [f"1,{good},4.50,2026-03-08 09:00", f"2,{good},0,", f"3,{good},4.50,", f"4,{good},1.00,2026-03-01 09:00"]
    checked = check(tmp_path, f"{HEADER},total,back,when", *rows, columns=columns)
    assert outcomes(checked) == {
        4: ("quarantined", "refund_without_time"),
        5: ("quarantined", "refunded_before_placement"),
    }
    refunds = checked.kept.refunds
    assert refunds["amount_cents"].tolist() == [450]
    assert refunds["refunded_at"].iloc[0] == pd.Timestamp("2026-03-08 13:00", tz="UTC")


def test_a_file_with_dates_by_serial_number_is_read_by_the_local_clock(tmp_path: Path) -> None:
    place = "12.9716,77.5946,12.99,77.61"
    rows = [f"1,46087.5,{place}", f"2,46087.0000,{place}", f"3,twelve,{place}", f"4,59.5,{place}"]
    columns = {"placed_at": {"column": "placed", "format": "excel"}}
    checked = check(tmp_path, HEADER, *rows, columns=columns)
    assert checked.orders["placed_at"].astype(str).tolist()[0] == "2026-03-06 17:00:00+00:00"
    assert [outcomes(checked)[n] for n in (4, 5)] == [("rejected", "placed_at_unreadable")] * 2


def test_mappings_with_a_table_of_shops_read_it_from_a_file_beside_them(tmp_path: Path) -> None:
    import yaml

    from generator.history.mapping import load_mapping

    write(tmp_path, "shop,city,name", "0|07,leeds,Soup Bar", name="shops.csv")
    orders = SHOPS["orders"] | {"shops": {"column": "shop", "file": "shops.csv"}}
    path = tmp_path / "shops.yaml"
    path.write_text(yaml.safe_dump(SHOPS | {"orders": orders}), encoding="utf-8")
    shops = load_mapping(str(path)).orders.shops
    assert shops is not None
    assert shops.table["0|07"].city == "leeds"
    assert mapping().orders.shops is None


def test_every_event_of_an_import_is_admitted_by_its_contract(tmp_path: Path) -> None:
    rows = [
        life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed"),
        life("adhoc", "10:00", "", "", "", "", "", "", state="cancelled", cancelled=BATCH).replace("X,", "Y,"),
        life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "", state="completed").replace("X,", "Z,"),
    ]
    files = [
        payouts(tmp_path, *PAID),
        read(tmp_path, LIVES, LIFE_HEADER, *rows),
        read(tmp_path, NESTED, line('"1"', SOUP)),
        read(tmp_path, COPIED, COPIED_HEADER, "1,A,B,29,4,x,Low,20,1 km"),
    ]
    for checked in files:
        for topic, table in events_of(checked, 1).items():
            broken = broken_rules(table, rules(load_contract(f"events/{topic}")))
            assert [names for names in broken.to_pylist() if names] == [], topic
