"""Rows that contradict a calendar, a contract or what was imported before: found in the check, each by its rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.history.check import check_files, refuse_above_share
from generator.history.history_events import events_of
from generator.history.history_tables import Known
from pipelines.errors import ImportRefused
from pipelines.movers.events_to_kafka import checked_delivery
from tests.unit.generator.history.examples import HEADER, check, mapping, outcomes, write
from tests.unit.generator.history.test_check import at

LIFE = f"{HEADER},done"
LIVED = {"delivered_at": {"column": "done"}}


def test_a_delivery_of_another_year_is_set_aside_and_enters_no_delivery_time(tmp_path: Path) -> None:
    rows = [at("1") + ",2027-03-06 12:30:00", at("2") + ",2026-03-06 12:30:00", at("3") + ",2026-03-07 12:00:00"]
    checked = check(tmp_path, LIFE, *rows, columns=LIVED)
    assert outcomes(checked) == {2: ("quarantined", "delivered_long_after_placement")}
    longer = check(tmp_path, LIFE, *rows, columns=LIVED, orders={"longest_life_hours": 24 * 366})
    assert outcomes(longer) == {}


def test_a_pre_order_is_delivered_within_a_day_of_when_it_was_wanted(tmp_path: Path) -> None:
    header = f"{LIFE},wanted"
    rows = [
        at("1") + ",2026-03-09 19:05:00,2026-03-09 19:00:00",
        at("2") + ",2026-03-12 19:05:00,2026-03-09 19:00:00",
    ]
    checked = check(tmp_path, header, *rows, columns=LIVED | {"scheduled_for": {"column": "wanted"}})
    assert outcomes(checked) == {3: ("quarantined", "delivered_long_after_placement")}


def test_milestones_long_after_the_order_are_missing_and_a_late_closing_has_no_time(tmp_path: Path) -> None:
    rows = [at("1") + ",2026-03-09 12:00:00,", at("2") + ",,2026-03-09 04:00:00"]
    columns = {"accepted_at": {"column": "accepted"}, "cancelled_at": {"column": "cancelled"}}
    checked = check(tmp_path, f"{HEADER},accepted,cancelled", *rows, columns=columns)
    assert outcomes(checked) == {
        2: ("flagged", "accepted_long_after_placement"),
        3: ("flagged", "cancelled_long_after_placement"),
    }
    assert checked.orders["accepted_at"].isna().all()
    assert checked.orders["end"].tolist()[1] == "cancelled"
    assert checked.orders["end_unknown"].tolist()[1]


def test_an_order_later_than_the_import_is_set_aside(tmp_path: Path) -> None:
    rows = [at("1").replace("2026-", f"{datetime.now(UTC).year + 2}-"), at("2")]
    assert outcomes(check(tmp_path, HEADER, *rows)) == {2: ("quarantined", "placed_in_the_future")}


def test_rows_that_kafka_would_refuse_are_rejected_by_the_check_and_keep_no_other_from_it(tmp_path: Path) -> None:
    rows = [at("x" * 256), at("2"), at("n\x003"), at("4", "12.97,"), at("5")]
    columns = {"pickup_lat": {"column": "plat", "required": False}, "pickup_lng": {"column": "plng", "required": False}}
    checked = check(tmp_path, HEADER, *rows, columns=columns)
    assert outcomes(checked) == {
        2: ("rejected", "order_id_too_long"),
        4: ("rejected", "order_id_unreadable"),
        5: ("rejected", "pickup_position_is_half"),
    }
    for topic, table in events_of(checked, 1).items():
        assert checked_delivery(topic, table).parts


def test_an_amount_or_a_courier_beyond_its_contract_is_rejected_with_the_contracts_rule(tmp_path: Path) -> None:
    columns = {
        "basket_value_cents": {"column": "total"},
        "courier_id": {"column": "courier"},
        "courier_accepted_at": {"column": "placed"},
    }
    rows = [at("1") + ",200000000000000,c", at("2") + ",12," + "c" * 201, at("3") + ",12,c"]
    checked = check(tmp_path, f"{HEADER},total,courier", *rows, columns=columns)
    assert outcomes(checked) == {
        2: ("rejected", "basket_value_cents_out_of_range"),
        3: ("rejected", "courier_id_too_long"),
    }
    details = checked.found["orders"].listing("orders")["detail"].tolist()
    assert details[0].startswith("events/orders ")


def test_one_changed_row_among_known_ones_is_told_apart_from_a_wrong_file(tmp_path: Path) -> None:
    old = check(tmp_path, HEADER, at("1"), at("2"))
    keys = old.keys[old.keys["kind"] == "orders"]
    known = Known(orders={i: (d, "import x") for i, d in zip(keys["identity"], keys["digest"], strict=True)})
    path = write(tmp_path, HEADER, at("1"), at("2", "12.9800,77.5946"))
    town = mapping()
    again = check_files(town, path, None, earlier=lambda _: {"lunchtown": known})
    with pytest.raises(
        ImportRefused, match=r"1 of 2 rows are known already, 1 cannot be taken.*line 3 \(identity_conflict"
    ):
        refuse_above_share(again)


def test_many_rows_of_one_identity_are_refused_with_what_may_lie_behind(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, at("1"), *(at("1", f"12.98{n},77.59") for n in range(5)), max_rejected_share=0.1)
    with pytest.raises(ImportRefused, match="line items of an order"):
        refuse_above_share(checked)


def test_a_filter_may_only_leave_out_rows_whose_cell_is_empty(tmp_path: Path) -> None:
    filters = [{"column": "total", "empty": "filter"}]
    checked = check(
        tmp_path, f"{HEADER},total", at("1") + ",12", at("1") + ",", at("2") + ",x", orders={"filters": filters}
    )
    assert outcomes(checked) == {3: ("filtered", "total missing")}


def test_a_promise_or_wish_of_another_year_is_taken_as_missing(tmp_path: Path) -> None:
    columns = {"scheduled_for": {"column": "wanted"}, "promised_at": {"column": "promised"}}
    row = at("1") + ",2027-03-06 19:00:00,2027-03-06 19:00:00"
    checked = check(tmp_path, f"{HEADER},wanted,promised", row, columns=columns)
    rule = "scheduled_long_after_placement+promised_long_after_placement"
    assert outcomes(checked) == {2: ("flagged", rule)}
    assert checked.orders[["scheduled_for", "promised_at"]].isna().all(axis=None)
