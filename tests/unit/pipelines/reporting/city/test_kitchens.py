import math

import pandas as pd

from pipelines.reporting.city.kitchens import by_load, compared_with_itself, preparations


def orders(*rows):
    columns = ("order_id", "restaurant_id", "is_preorder", "accepted", "ready")
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], columns=list(columns))


def responses(**begun):
    return pd.DataFrame({"order_id": list(begun), "event_type": "preparing", "at": list(begun.values())})


def cooked(**columns):
    return pd.DataFrame(columns)


def test_an_order_begins_with_preparing_else_with_its_acceptance_if_wanted_at_once():
    told = orders(("a", "r", False, 0.0, 600.0), ("b", "r", False, 700.0, 900.0), ("c", "r", True, 0.0, 900.0))
    found = preparations(told, responses(a=300.0))
    assert found["minutes"].tolist() == [5.0, 200 / 60]


def test_orders_in_hand_are_those_begun_and_not_ready_in_the_same_kitchen():
    told = orders(
        ("a", "r", False, 0.0, 600.0), ("b", "r", False, 300.0, 900.0), ("c", "r", False, 600.0, 700.0),
        ("d", "s", False, 400.0, 800.0),
    )  # fmt: skip
    assert preparations(told, responses())["beside"].tolist() == [0, 1, 1, 0]


def test_orders_without_a_ready_time_or_ready_before_they_began_are_left_out():
    told = orders(("a", "r", False, 100.0, math.nan), ("b", "r", False, 100.0, 50.0))
    assert preparations(told, responses()).empty


def test_classes_of_few_orders_are_not_shown():
    minutes = [10.0] * 20 + [30.0] * 19
    found = by_load(cooked(minutes=minutes, beside=[0] * 20 + [5] * 19))
    assert found.to_dict("records") == [{"name": "alone", "orders": 20, "median": 10.0, "p90": 10.0}]


def test_a_slow_kitchen_that_is_busy_is_not_taken_for_load():
    slow = cooked(restaurant_id="slow", minutes=[30.0] * 12, beside=[4] * 12)
    quick = cooked(restaurant_id="quick", minutes=[10.0] * 6 + [12.0] * 6, beside=[0] * 6 + [2] * 6)
    compared = compared_with_itself(pd.concat([slow, quick], ignore_index=True))
    assert (compared.kitchens, compared.minutes_more) == (1, 2.0)


def test_without_kitchens_to_compare_nothing_is_said():
    compared = compared_with_itself(cooked(restaurant_id=["r"], minutes=[10.0], beside=[0]))
    assert compared.kitchens == 0
    assert math.isnan(compared.minutes_more)
