from __future__ import annotations

import json

import pandas as pd
import pytest

from models.registry import EtaRegistry
from pipelines.connectors import object_store
from pipelines.connectors.delta import open_table
from tests.notebooks.eta_lake import CITY, lake, run, write_silver
from tests.unit.models.synthetic import last_day, silver_orders

__all__ = ["lake"]

pytestmark = [pytest.mark.notebook, pytest.mark.service, pytest.mark.usefixtures("lake")]


def stored_model(version: str) -> dict[str, bytes]:
    names = ("model.txt", "model.json", "MANIFEST.json")
    return {name: object_store.get_bytes(f"models/eta/{CITY}/{version}/{name}") for name in names}


def test_a_model_is_registered_once_whatever_becomes_of_the_day_it_is_judged_on() -> None:
    orders = silver_orders()
    day = last_day(orders)
    write_silver(orders)
    clean = run("train_eta", day)
    earlier = orders[orders["business_date"] < day]
    assert clean.figures["status"] == "trained"
    assert clean.figures["train_rows"] == int(earlier["delivery_seconds"].notna().sum())
    assert clean.figures["train_to"] == "2026-03-08"
    assert clean.inputs == {"silver/orders": open_table("silver/orders").version()}
    before, keys = stored_model(clean.figures["model_version"]), object_store.list_keys("models/")

    write_silver(shifted_and_shuffled(orders[orders["business_date"] == day]), replace=f"business_date = '{day}'")
    changed = run("train_eta", day)
    assert changed.inputs != clean.inputs  # the table did change

    for key in object_store.list_keys(f"silver/orders/business_date={day}/"):
        object_store.put_bytes(key, b"not Parquet: whoever opens this fails")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        open_table("silver/orders").to_pyarrow_table()
    unreadable = run("train_eta", day)

    assert clean.figures == changed.figures == unreadable.figures
    assert object_store.list_keys("models/") == keys
    assert stored_model(clean.figures["model_version"]) == before
    model = EtaRegistry(CITY).load(clean.figures["model_version"])
    assert model.sha256 == clean.figures["model_sha256"]
    assert model.document["time_zone"] == "America/Bogota"  # the later registration


def shifted_and_shuffled(last: pd.DataFrame) -> pd.DataFrame:
    targets = last["delivery_seconds"].sample(frac=1, random_state=1).to_numpy()
    return last.assign(placed_at=last["placed_at"] + pd.Timedelta(minutes=17), delivery_seconds=targets)


def test_too_few_days_in_the_window_is_a_recorded_state_and_no_failure() -> None:
    orders = silver_orders()
    day = last_day(orders)
    write_silver(orders)
    result = run("train_eta", day, train_days=2)
    assert result.figures["status"] == "not_enough_days"
    assert result.figures["reason"].startswith("2 earlier days with")
    recorded = json.loads(object_store.get_bytes(f"models/eta/{CITY}/trainings/{day}.json"))
    assert (recorded["status"], recorded["model_version"]) == ("not_enough_days", None)
    assert EtaRegistry(CITY).latest() is None
