import pandas as pd
import pytest

from pipelines.reporting.city.courier_time import MAX_SPELL_SECONDS, carriers, courier_time

MINUTE = 60.0


def told(*rows, columns):
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], columns=list(columns))


def assignments(*rows):
    return told(*rows, columns=("order_id", "courier_id", "event_type", "at"))


def progress(*rows):
    return told(*rows, columns=("order_id", "event_type", "at"))


def shifts(*rows):
    return told(*rows, columns=("courier_id", "event_type", "at"))


def ended(**orders):
    return pd.DataFrame({"order_id": list(orders), "ended": list(orders.values())}, columns=["order_id", "ended"])


def minutes(found, courier="k"):
    """Minutes by activity of one courier."""
    own = found[found["courier_id"] == courier]
    return ((own["ends"] - own["begins"]) / MINUTE).groupby(own["activity"]).sum().to_dict()


SHIFT = shifts(("k", "started", 0.0), ("k", "ended", 3600.0))
ORDER = assignments(("o", "k", "assigned", 600.0))
ITS_WAY = progress(("o", "arrived_at_restaurant", 900.0), ("o", "picked_up", 1080.0), ("o", "delivered", 1800.0))


def test_a_delivery_is_cut_at_its_milestones_and_the_rest_of_the_shift_is_idle():
    found = courier_time(ORDER, ITS_WAY, ended(o=1800.0), SHIFT, 0.0, 86_400.0)
    assert minutes(found) == {"idle": 40.0, "to_restaurant": 5.0, "at_restaurant": 3.0, "to_customer": 12.0}


def test_the_time_of_a_shift_is_told_once_where_two_orders_overlap():
    two = assignments(("o", "k", "assigned", 600.0), ("p", "k", "assigned", 1200.0))
    way = pd.concat([ITS_WAY, progress(("p", "arrived_at_restaurant", 2100.0), ("p", "picked_up", 2160.0))])
    found = courier_time(two, way, ended(o=1800.0, p=2760.0), SHIFT, 0.0, 86_400.0)
    assert sum(minutes(found).values()) == 60.0
    assert minutes(found)["to_customer"] == 12.0 + 10.0  # with the first order in the bag, whatever else waits
    assert minutes(found)["to_restaurant"] == 5.0 + 5.0


def test_an_order_handed_on_is_the_first_couriers_until_then():
    both = assignments(("o", "j", "assigned", 0.0), ("o", "j", "unassigned", 240.0), ("o", "k", "assigned", 600.0))
    found = courier_time(both, ITS_WAY, ended(o=1800.0), SHIFT, 0.0, 86_400.0)
    assert minutes(found, "j") == {"to_restaurant": 4.0}
    assert minutes(found)["to_customer"] == 12.0


def test_an_order_called_off_at_the_counter_was_waited_for_until_then():
    called_off = pd.concat([ORDER, assignments(("o", "k", "unassigned", 1200.0))])
    found = courier_time(called_off, ITS_WAY.head(1), ended(o=1200.0), SHIFT, 0.0, 86_400.0)
    assert minutes(found) == {"idle": 50.0, "to_restaurant": 5.0, "at_restaurant": 5.0}


def test_milestones_that_are_missing_or_confirmed_together_leave_the_time_unclear():
    together = progress(("o", "arrived_at_restaurant", 900.0), ("o", "picked_up", 1800.0), ("o", "delivered", 1800.0))
    found = courier_time(ORDER, together, ended(o=1800.0), SHIFT, 0.0, 86_400.0)
    assert minutes(found) == {"idle": 40.0, "to_restaurant": 5.0, "unclear": 15.0}
    none = courier_time(ORDER, ITS_WAY.tail(1), ended(o=1800.0), SHIFT, 0.0, 86_400.0)
    assert minutes(none) == {"idle": 40.0, "unclear": 20.0}


def test_an_order_without_an_end_is_given_up_two_hours_after_its_last_milestone():
    found = courier_time(ORDER, ITS_WAY.head(2), ended(o=float("nan")), shifts(), 0.0, 86_400.0)
    assert minutes(found)["to_customer"] == MAX_SPELL_SECONDS / MINUTE


def test_pauses_are_no_time_at_work_and_a_shift_without_an_end_lasts_to_the_last_hand_off():
    paused = shifts(("k", "started", 0.0), ("k", "paused", 300.0), ("k", "resumed", 480.0))
    found = courier_time(ORDER, ITS_WAY, ended(o=1800.0), paused, 0.0, 86_400.0)
    assert sum(minutes(found).values()) == 30.0 - 3.0


def test_without_shifts_no_time_is_idle_and_without_anything_there_is_none():
    found = courier_time(ORDER, ITS_WAY, ended(o=1800.0), shifts(), 0.0, 86_400.0)
    assert "idle" not in minutes(found)
    assert courier_time(assignments(), progress(), ended(), shifts(), 0.0, 86_400.0).empty


def test_time_outside_the_day_is_left_out():
    found = courier_time(ORDER, ITS_WAY, ended(o=1800.0), SHIFT, 1_000.0, 1_500.0)
    assert minutes(found) == {"at_restaurant": pytest.approx(80 / 60), "to_customer": pytest.approx(420 / 60)}


def test_only_couriers_with_the_food_in_their_bag_carried_an_order():
    told = assignments(
        ("o", "k", "assigned", 600.0), ("o", "k", "unassigned", 700.0), ("o", "l", "assigned", 710.0),
        ("p", "m", "assigned", 600.0), ("q", "n", "assigned", 600.0), ("other", "x", "assigned", 600.0),
    )  # fmt: skip
    way = progress(("o", "picked_up", 1080.0), ("o", "delivered", 1800.0), ("other", "delivered", 900.0))
    orders = ended(o=1800.0, p=900.0, q=900.0).assign(outcome=["delivered", "customer_after_acceptance", "delivered"])
    assert carriers(told, way, orders) == {"l", "n"}
