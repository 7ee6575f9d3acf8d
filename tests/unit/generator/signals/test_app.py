"""Visits to the app: each order has the one that led to it; the others are left where the profile says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from generator.city.city import load_city
from generator.signals.app import STAGES
from tests.unit.generator.generated_days import friday

APP = load_city("futian").signals.app


@cache
def steps() -> pd.DataFrame:
    return friday()["app_events"].to_pandas().sort_values(["session_id", "event_time"], ignore_index=True)


@cache
def placed() -> pd.DataFrame:
    orders = friday()["orders"].to_pandas()
    return orders[orders["event_type"] == "placed"].set_index("order_id")


def test_every_placed_order_was_checked_out_just_before_by_its_customer_at_its_restaurant() -> None:
    out = steps()[steps()["event_type"] == "checked_out"].set_index("order_id")
    assert out.index.is_unique
    assert set(out.index) == set(placed().index)
    orders = placed().reindex(out.index)
    before = (orders["event_time"] - out["event_time"]).dt.total_seconds()
    assert before.between(0.3, 3).all()
    for column in ("customer_id", "restaurant_id", "trace_id"):
        assert (out[column] == orders[column]).all()


def test_what_a_visit_that_orders_puts_into_the_basket_is_what_was_ordered() -> None:
    out = steps()[steps()["event_type"] == "checked_out"].set_index("session_id")["order_id"]
    added = steps()[steps()["event_type"] == "added_to_basket"]
    baskets = {
        out[visit]: sorted(zip(rows["item_id"], rows["quantity"].astype(int), strict=True))
        for visit, rows in added[added["session_id"].isin(out.index)].groupby("session_id")
    }
    ordered = {o: sorted((i["item_id"], i["quantity"]) for i in items) for o, items in placed()["items"].items()}
    assert baskets == ordered


def test_a_visit_goes_one_way_from_opening_to_its_one_end() -> None:
    rank = {name: n for n, name in enumerate((*STAGES, "end"))}
    kinds = steps()["event_type"].map(lambda name: rank.get(name, 4))
    same = steps()["session_id"].eq(steps()["session_id"].shift())
    assert (kinds[same] >= kinds.shift()[same]).all()
    assert (kinds[~same] == 0).all()
    ends = steps()[kinds == 4]
    assert ends["session_id"].is_unique
    assert len(ends) == (~same).sum()
    assert steps().groupby("session_id")["customer_id"].nunique().max() == 1


def test_visits_are_left_after_each_stage_as_often_as_the_profile_says() -> None:
    ends = steps()["event_type"] == "abandoned"
    stage = steps()["event_type"].shift()[ends].value_counts(normalize=True)
    total = sum(APP.left_after.values())
    for name, share in APP.left_after.items():
        assert stage[name] == pytest.approx(share / total, abs=0.04)
    assert len(placed()) / (len(placed()) + ends.sum()) == pytest.approx(APP.visits_that_order_share, abs=0.03)


def test_a_visit_is_on_the_device_that_orders_and_devices_are_shared_as_the_profile_says() -> None:
    out = steps()[steps()["event_type"] == "checked_out"].set_index("order_id")
    assert (out["device_id"] == placed()["device_id"].reindex(out.index)).all()
    assert steps().groupby("session_id")["device_id"].nunique().max() == 1
    assert steps().groupby("device_id")["device"].nunique().max() == 1
    shares = steps().drop_duplicates("device_id")["device"].value_counts(normalize=True)
    wanted = load_city("futian").customers.devices  # type: ignore[union-attr]
    assert all(shares[name] == pytest.approx(share / sum(wanted.values()), abs=0.06) for name, share in wanted.items())


def test_who_comes_without_ordering_is_somebody_who_orders_on_other_days() -> None:
    lost = steps().groupby("session_id").filter(lambda rows: "abandoned" in set(rows["event_type"]))
    shared = set(lost["customer_id"]) & set(placed()["customer_id"])
    assert len(shared) > 0.05 * lost["customer_id"].nunique()


def test_dishes_in_a_basket_are_of_the_restaurant_whose_menu_was_looked_at_last() -> None:
    added = steps()["event_type"] == "added_to_basket"
    rows = steps()[added]
    assert np.all([item.startswith(shop) for item, shop in zip(rows["item_id"], rows["restaurant_id"], strict=True)])
    before = steps().shift()[added]
    assert (before["restaurant_id"] == rows["restaurant_id"]).all()


def test_searches_say_for_what_and_nothing_else_does() -> None:
    assert steps()["query"].notna().equals(steps()["event_type"] == "searched")
