from datetime import UTC, date, datetime

import pandas as pd

from pipelines.reporting.quality import _days, of_the_day, source_row
from pipelines.reporting.source_state import badge, counted, source_view
from pipelines.transforms.local_time import business_day_utc

DAY = date(2026, 3, 10)


def events(*ids, at=datetime(2026, 3, 10, 21, 30, tzinfo=UTC)):
    return pd.DataFrame({"event_id": list(ids), "order_id": ["o1"] * len(ids), "event_time": [at] * len(ids)})


def test_a_row_that_broke_a_rule_lowers_completeness_and_is_counted():
    row = source_row("Payments", events("a", "b", "c", "d"), events("d"), DAY, "Europe/Berlin", True)
    assert (row["complete"], row["quarantined"], row["last_event"]) == (0.75, 1, "22:30")


def test_an_event_delivered_twice_counts_once():
    assert source_row("Payments", events("a", "a", "b"), events("b"), DAY, "UTC", True)["complete"] == 0.5


def test_a_source_without_events_is_missing_only_where_the_day_has_orders():
    nothing = events()
    assert source_row("Reviews", nothing, nothing, DAY, "UTC", True)["state"] == "missing"
    assert source_row("Reviews", nothing, nothing, DAY, "UTC", False)["state"] == "none"


def test_rows_set_aside_belong_to_the_day_by_order_or_by_time():
    aside = pd.DataFrame({
        "event_id": ["a", "b", "c"],
        "order_id": ["known", None, None],
        "event_time": [datetime(2026, 3, *at, tzinfo=UTC) for at in ((14,), (10, 12), (12,))],
    })  # fmt: skip
    kept = of_the_day(aside, {"known"}, *business_day_utc(DAY, "Europe/Vienna", 4))
    assert kept["event_id"].tolist() == ["a", "b"]


def test_a_day_of_25_hours_has_the_rows_of_its_last_hour_and_one_of_23_none_of_the_next_day():
    def of(day, *times):
        aside = pd.DataFrame({"event_id": list(times), "order_id": [None] * len(times), "event_time": list(times)})
        return of_the_day(aside, set(), *business_day_utc(day, "Europe/Vienna", 4))["event_id"].tolist()

    long, short = datetime(2026, 10, 25, 2, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert of(date(2026, 10, 24), long) == [long]  # half past three on the 25th, the hour that the night has more
    assert of(date(2026, 3, 28), short) == []  # half past four on the 29th


def test_a_day_that_begins_on_the_utc_date_before_is_looked_for_there_too():
    assert _days("event_date", DAY) == [("event_date", ">=", date(2026, 3, 9)), ("event_date", "<=", date(2026, 3, 17))]


def test_the_badge_names_what_is_missing_or_partial():
    good = source_view({"source": "Orders", "complete": 0.999, "quarantined": 1})
    partial = source_view({"source": "Payments", "complete": 0.913, "quarantined": 9})
    missing = source_view({"source": "Reviews", "complete": float("nan"), "quarantined": 0})
    assert badge([good]) == ("good", "Complete: the source is good")
    assert badge([good, partial, missing]) == ("late", "Partial: payments 91.3\u202f%, reviews missing")
    assert counted([good, partial, missing]) == "One source good, one partial, one missing"
    assert badge([source_view({"source": "Orders", "state": "none"})]) == ("none", "No data for this day")


def test_the_badge_does_not_call_sources_without_data_good():
    good, none = {"source": "Orders", "complete": 1.0}, {"source": "Weather", "state": "none"}
    assert badge([source_view(good), source_view(none)]) == ("good", "Complete: one source good, one without data")
    assert badge([source_view(good)] * 2) == ("good", "Complete: all two sources good")
