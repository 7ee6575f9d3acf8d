from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.eta.model import EtaModel
from models.eta.train import train, training_rows, why_not_enough
from pipelines.errors import UsageError
from tests.unit.models.synthetic import FIRST_DAY, TIME_ZONE, last_day, silver_orders, trained


def test_same_rows_in_any_order_give_the_same_model_byte_for_byte(orders: pd.DataFrame, model: EtaModel) -> None:
    again = trained(orders.sample(frac=1, random_state=5))
    assert again.files() == model.files()
    assert again.version == model.version


def test_a_changed_target_of_a_training_day_changes_the_version(orders: pd.DataFrame, model: EtaModel) -> None:
    changed = orders.copy()
    first = changed.index[changed["delivery_seconds"].notna()][0]
    changed.loc[first, "delivery_seconds"] += 600
    assert trained(changed).version != model.version


def test_shifting_or_shuffling_the_last_day_changes_nothing_in_training(orders: pd.DataFrame, model: EtaModel) -> None:
    last = orders["business_date"] == last_day(orders)
    shifted, shuffled = orders.copy(), orders.copy()
    shifted.loc[last, "placed_at"] += timedelta(minutes=17)
    shifted.loc[last, "delivered_at"] += timedelta(minutes=17)
    targets = orders.loc[last, "delivery_seconds"].sample(frac=1, random_state=2).to_numpy()
    shuffled.loc[last, "delivery_seconds"] = targets
    assert not np.array_equal(targets, orders.loc[last, "delivery_seconds"].to_numpy(), equal_nan=True)
    assert trained(shifted).files() == model.files()
    assert trained(shuffled).files() == model.files()


def test_handing_over_a_row_of_the_day_judged_is_refused(orders: pd.DataFrame) -> None:
    day = last_day(orders)
    with pytest.raises(UsageError, match=f"order of {day} was handed over"):
        train(orders, city_id="bogota", time_zone=TIME_ZONE, evaluation_date=day)


def test_a_rows_restaurant_mean_comes_from_earlier_days_only(orders: pd.DataFrame) -> None:
    changed = orders.copy()
    third = FIRST_DAY + timedelta(days=2)
    changed.loc[changed["business_date"] >= third, "delivery_seconds"] *= 3
    mean = "restaurant_mean_seconds"
    before, after = training_rows(orders, TIME_ZONE), training_rows(changed, TIME_ZONE)
    same = before["business_date"] <= third
    pd.testing.assert_series_equal(before.loc[same, mean], after.loc[same, mean])
    assert before.loc[before["business_date"] == FIRST_DAY, mean].isna().all()
    later = before["business_date"] > third
    assert (after.loc[later, mean] > before.loc[later, mean]).all()


def test_rows_before_the_window_only_count_as_recent_orders(orders: pd.DataFrame) -> None:
    second = FIRST_DAY + timedelta(days=1)
    rows = training_rows(orders, TIME_ZONE, first_date=second)
    assert rows["business_date"].min() == second
    assert rows.loc[rows["business_date"] == second, "restaurant_mean_seconds"].isna().all()


def test_only_measured_deliveries_are_learned_from(orders: pd.DataFrame, model: EtaModel) -> None:
    earlier = orders[orders["business_date"] < last_day(orders)]
    assert model.document["training"]["rows"] == int(earlier["delivery_seconds"].notna().sum()) < len(earlier)


@pytest.mark.parametrize(("days", "orders_a_day", "enough"), [(2, 800, False), (3, 100, False), (3, 400, True)])
def test_too_few_days_or_rows_are_said_in_words(days: int, orders_a_day: int, enough: bool) -> None:
    reason = why_not_enough(silver_orders(days, orders_a_day), min_days=3, min_rows=500)
    assert (reason is None) is enough
    if reason:
        assert f"{days} earlier days" in reason
        assert "training needs 3 days and 500 deliveries" in reason


def test_no_order_at_all_is_not_enough(orders: pd.DataFrame) -> None:
    assert "0 earlier days with 0 measured" in str(why_not_enough(orders.iloc[:0], min_days=3, min_rows=500))


def test_the_model_survives_being_written_and_read(model: EtaModel) -> None:
    read = EtaModel.from_files(model.files())
    assert read == model
    assert (read.version, read.sha256) == (model.version, model.sha256)
    assert model.version.startswith(str(date(2026, 3, 8)))
