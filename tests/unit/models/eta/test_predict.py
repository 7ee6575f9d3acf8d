from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.eta.encoding import OTHER_CODE, category_codes, fit_encoding, hidden_rows
from models.eta.features import order_time_features
from models.eta.model import EtaModel
from models.eta.predict import predict
from models.eta.train import training_rows
from pipelines.errors import ContractViolation
from tests.unit.models.synthetic import TIME_ZONE, last_day, silver_orders, trained


@pytest.fixture
def today(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[orders["business_date"] == last_day(orders)].reset_index(drop=True)


def test_a_zone_never_seen_gets_a_finite_forecast_flagged_cold(model: EtaModel, today: pd.DataFrame) -> None:
    unseen = today.copy()
    unseen.loc[:9, "zone_id"] = "zone-nowhere"
    unseen.loc[10:19, "restaurant_id"] = "restaurant-new"
    forecast = predict(model, unseen)
    assert forecast.rows["cold"].tolist() == [True] * 20 + [False] * (len(today) - 20)
    assert np.isfinite(forecast.rows["forecast_seconds"]).all()
    assert forecast.cold_share == pytest.approx(20 / len(today))


def test_an_unknown_restaurant_is_forecast_as_an_average_one(model: EtaModel, today: pd.DataFrame) -> None:
    by_restaurant = pd.concat([today.assign(restaurant_id=f"restaurant-{r:02d}") for r in range(25)])
    known = predict(model, by_restaurant).rows["forecast_seconds"]
    cold = predict(model, today.assign(restaurant_id="restaurant-new")).rows["forecast_seconds"]
    assert cold.mean() == pytest.approx(known.mean(), abs=90)  # kitchens differ by up to 720 s


def test_training_has_seen_other_in_every_category(orders: pd.DataFrame) -> None:
    rows = training_rows(orders, TIME_ZONE)
    for column, hidden in hidden_rows(rows["order_id"]).items():
        assert hidden.sum() == np.ceil(0.05 * len(rows)), column
    assert hidden_rows(pd.Series(["one"]))["zone_id"].tolist() == [True]


def test_a_rare_restaurant_is_other_and_flagged(orders: pd.DataFrame) -> None:
    rare = orders.copy()
    rare.loc[rare.index[:5], "restaurant_id"] = "restaurant-rare"
    encoding = trained(rare).encoding
    assert "restaurant-rare" not in encoding.levels["restaurant_id"]
    assert category_codes(pd.Series(["restaurant-rare"]), encoding.levels["restaurant_id"]).tolist() == [OTHER_CODE]


def test_a_missing_numeric_column_is_refused_and_not_taken_as_missing_values(
    model: EtaModel, today: pd.DataFrame
) -> None:
    with pytest.raises(ContractViolation, match="column distance_m is missing"):
        predict(model, today.drop(columns="distance_m"))


def test_missing_numbers_are_forecast_by_the_median_and_reported(model: EtaModel, today: pd.DataFrame) -> None:
    holes = today.copy()
    holes.loc[0, "distance_m"] = np.nan
    forecast = predict(model, holes)
    filled = today.copy()
    filled.loc[0, "distance_m"] = model.document["medians"]["distance_m"]
    assert forecast.rows["forecast_seconds"][0] == predict(model, filled).rows["forecast_seconds"][0]
    assert forecast.warnings == (f"distance_m is missing in 1 of {len(today)} orders; the training median stands in",)


@pytest.mark.parametrize(
    ("column", "value", "new", "reason"),
    [
        ("item_count", 1, 2, "constant"),
        ("distance_m", np.log(3e-4), 1_500.0, "constant"),
        ("restaurant_zone_id", "zone-a", "zone-b", "constant"),
        ("basket_value_cents", np.nan, 4_000, "no value"),
    ],
)
def test_a_constant_column_is_dropped_by_name_and_a_new_value_reported(
    orders: pd.DataFrame, today: pd.DataFrame, column: str, value: object, new: object, reason: str
) -> None:
    model = trained(orders.assign(**{column: value}))
    assert model.document["dropped_columns"][column]["reason"] == reason
    assert column not in model.booster.feature_name()
    assert predict(model, today.assign(**{column: value})).warnings == ()
    forecast = predict(model, today.assign(**{column: new}))
    assert np.isfinite(forecast.rows["forecast_seconds"]).all()
    assert [w.split()[0] for w in forecast.warnings] == [column]


def test_values_that_differ_by_rounding_only_are_constant(orders: pd.DataFrame) -> None:
    rows = training_rows(orders, TIME_ZONE)
    base = np.log(3e-4)
    rows["distance_m"] = np.where(np.arange(len(rows)) % 2, base, np.nextafter(base, 0))
    assert fit_encoding(rows).dropped["distance_m"]["reason"] == "constant but for rounding"


def test_a_weekday_seen_once_is_not_learned_from(orders: pd.DataFrame, model: EtaModel) -> None:
    assert "under 14" in model.document["dropped_columns"]["weekday"]["reason"]
    assert "weekday" in trained(silver_orders(days=15, orders_a_day=100)).document["columns"]


def test_a_forecast_for_no_order_is_no_row(model: EtaModel, today: pd.DataFrame) -> None:
    forecast = predict(model, today.iloc[:0])
    assert len(forecast.rows) == 0
    assert forecast.cold_share is None


def test_earlier_orders_change_counts_and_are_not_forecast(
    model: EtaModel, orders: pd.DataFrame, today: pd.DataFrame
) -> None:
    earlier, later = today.iloc[:200], today.iloc[200:]
    alone, together = predict(model, later), predict(model, later, earlier)
    assert together.rows["order_id"].tolist() == later["order_id"].tolist()
    whole = predict(model, today).rows["forecast_seconds"].iloc[200:]
    assert together.rows["forecast_seconds"].tolist() == whole.tolist()
    counts = order_time_features(later, TIME_ZONE)["zone_orders_30min"]
    assert counts.iloc[0] == 0
    assert len(alone.rows) == len(later)
