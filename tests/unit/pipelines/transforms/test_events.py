"""Repeats are told from events, and rows that break a rule are kept aside whole."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.contracts import load_contract
from pipelines.transforms.events import distinct_events, good_events, latest_cities, split_events
from tests.unit.pipelines.transforms.stories import at, bronze, city, placed


def row(order_id: str, **columns: object) -> dict[str, object]:
    return placed(order_id, "11:00", **columns)[1]


def registration(**columns: object) -> dict[str, object]:
    return _only("cities", row("A") | {"event_type": "registered"} | city() | columns)


def test_an_event_sent_three_times_is_one_event_as_it_first_came() -> None:
    sent = [row("A", event_id="e1", reason=text) for text in ("first", "second", "third")]
    kept = distinct_events(bronze("orders", [*sent, row("B", event_id="e2")])).to_pylist()
    assert [(r["event_id"], r["reason"]) for r in kept] == [("e1", "first"), ("e2", None)]


def test_the_first_by_message_and_row_counts_whatever_is_read_first() -> None:
    later = row("A", event_id="e1", reason="second", kafka_offset=5, row_in_message=1)
    first = row("A", event_id="e1", reason="first", kafka_offset=5, row_in_message=0)
    next_message = row("A", event_id="e1", reason="third", kafka_offset=6, row_in_message=0)
    assert distinct_events(bronze("orders", [next_message, later, first])).column("reason").to_pylist() == ["first"]


def test_rows_without_an_identity_are_not_taken_for_repeats_of_each_other() -> None:
    kept = distinct_events(bronze("orders", [row("A", event_id=None), row("B", event_id=None)]))
    assert kept.column("order_id").to_pylist() == ["A", "B"]


def test_no_rows_give_no_rows() -> None:
    nothing = bronze("orders", [])
    good, bad = split_events("orders", nothing)
    assert (good.num_rows, bad.num_rows) == (0, 0)
    assert good.schema.names == load_contract("bronze/orders").columns


def test_a_bad_row_is_kept_whole_with_its_coordinates_and_every_rule_it_breaks() -> None:
    bad_row = row("A", event_id="e1", currency="euro", basket_value_cents=-5, restaurant_name="Söhne", kafka_offset=77)
    good, bad = split_events("orders", bronze("orders", [row("B"), bad_row]))
    assert good.column("order_id").to_pylist() == ["B"]
    kept = bad.to_pylist()[0]
    assert kept["rules"] == "basket_value_cents_out_of_range,currency_malformed"
    assert (kept["dataset"], kept["order_id"], kept["event_id"]) == ("bronze/orders", "A", "e1")
    assert (kept["kafka_partition"], kept["kafka_offset"], kept["row_in_message"]) == (0, 77, 0)
    assert (kept["partition_date"], kept["event_time"]) == (date(2026, 9, 12), at("11:00"))
    whole = json.loads(kept["row"])
    assert (whole["currency"], whole["basket_value_cents"], whole["restaurant_name"]) == ("euro", -5, "Söhne")
    assert set(whole) == set(load_contract("bronze/orders").columns)


def test_a_row_without_a_time_is_quarantined_without_a_date() -> None:
    _, bad = split_events("orders", bronze("orders", [row("A") | {"event_time": None}]))
    assert bad.select(["rules", "partition_date"]).to_pylist() == [
        {"rules": "event_time_missing", "partition_date": None}
    ]


def test_a_courier_shift_is_quarantined_without_an_order() -> None:
    shift = row("A") | {"event_type": "vanished", "courier_id": "c1"}
    _, bad = split_events("courier_shifts", bronze("courier_shifts", [_only("courier_shifts", shift)]))
    assert bad.select(["order_id", "rules"]).to_pylist() == [{"order_id": None, "rules": "event_type_unknown"}]


def test_what_goes_to_the_operational_state_keeps_its_repeats() -> None:
    contract = load_contract("events/orders")
    rows = bronze("orders", [row("A", event_id="e1"), row("A", event_id="e1"), row("B", restaurant_id=None)])
    kept = good_events("orders", rows.select(contract.columns))
    assert kept.column("order_id").to_pylist() == ["A", "A"]


def test_the_latest_registration_of_a_city_counts_whatever_came_last() -> None:
    def registered(clock: str, cut: int) -> dict[str, object]:
        return registration(event_time=at(clock), day_cut_hour=cut)

    rows = [registered("12:00", 5), registered("11:00", 4)]
    assert int(latest_cities(bronze("cities", rows)).loc["berlin", "day_cut_hour"]) == 5


def test_a_bad_registration_does_not_replace_a_good_one() -> None:
    good = registration()
    bad = registration(event_time=at("13:00"), day_cut_hour=25)
    assert int(latest_cities(bronze("cities", [good, bad])).loc["berlin", "day_cut_hour"]) == 4


# an example takes a tenth of a second: one that fails is shown as found, not made smaller for minutes
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=12), st.randoms())
def test_every_row_ends_once_as_event_repeat_or_quarantine(told, randoms) -> None:
    rows = [
        row(order, event_id=f"{order}{n}", kafka_offset=i, basket_value_cents=-1 if n == 0 else 5)
        for i, (order, n) in enumerate(told)
    ]
    randoms.shuffle(rows)
    good, bad = split_events("orders", bronze("orders", rows))
    ids = [r["event_id"] for r in rows]
    assert sorted([*good.column("event_id").to_pylist(), *bad.column("event_id").to_pylist()]) == sorted(set(ids))


def _only(topic: str, columns: dict[str, object]) -> dict[str, object]:
    known = load_contract(f"bronze/{topic}").columns
    return {name: value for name, value in columns.items() if name in known}
