"""The truth says what happened, reaches the business only as chargebacks, and nothing betrays it."""

from __future__ import annotations

import ast
import re

import pandas as pd
import pyarrow.compute as pc

from generator.fraud.truth import CULPRITS, FRAUD_TRUTH
from pipelines.contracts import topics
from pipelines.settings import PROJECT_DIR
from tests.unit.generator.fraud.fraud_days import day_with, placements, truth


def every_event() -> pd.DataFrame:
    frames = [t.select(["event_id", "event_time", "event_type"]).to_pandas() for t in day_with().events.values()]
    return pd.concat(frames).set_index("event_id")


def test_truth_names_events_that_exist_and_their_first_and_last_time() -> None:
    table, events = day_with().truth["fraud"], every_event()
    assert table.schema.equals(FRAUD_TRUTH)
    assert set(truth()["pattern"]) == set(CULPRITS)
    for row in truth().itertuples():
        times = events.loc[list(row.event_ids), "event_time"]
        assert (times.min(), times.max()) == (row.from_time, row.to_time)
    assert not truth().duplicated(["pattern", "order_id"]).any()


def test_truth_names_the_culprit_and_not_the_victim() -> None:
    for pattern, persons in CULPRITS.items():
        rows = truth()[truth()["pattern"] == pattern]
        for person in ("customer_id", "courier_id", "restaurant_id"):
            assert rows[person].notna().any() == (person in persons)
        if "customer_id" in persons:
            assert (
                rows["customer_id"].to_numpy() == placements().loc[rows["order_id"], "customer_id"].to_numpy()
            ).all()


def test_labels_come_weeks_later_and_only_with_chargebacks() -> None:
    payments = day_with().events["payments"].to_pandas()
    back = payments[payments["event_type"] == "charged_back"].set_index("order_id")["event_time"]
    labelled = truth().dropna(subset=["label_time"])
    assert (labelled["label_time"].to_numpy() == back.reindex(labelled["order_id"]).to_numpy()).all()
    assert set(back.index) - set(truth()["order_id"]) == set()  # honest ones are a few in ten thousand
    days = (labelled["label_time"] - labelled["from_time"]).dt.total_seconds() / 86_400
    assert len(days) > 30
    assert days.min() > 7
    assert days.between(14, 56).mean() > 0.8
    stolen = truth().query("pattern == 'stolen_card'")
    assert 0.6 < stolen["label_time"].notna().mean() < 0.95


def test_nothing_in_the_events_betrays_fraud() -> None:
    fraudulent = placements().index.isin(truth()["order_id"])
    for name in ("customer_id", "device_id", "event_id", "trace_id", "restaurant_id"):
        forms = placements()[name].map(lambda text: re.sub("[0-9a-f]", "x", text))
        assert set(forms[fraudulent]) <= set(forms[~fraudulent])
    for name in ("promotion_code", "currency", "source"):
        assert set(placements()[name][fraudulent]) <= set(placements()[name][~fraudulent])
    portions, lines = (
        placements()["items"].map(lambda items: max(i["quantity"] for i in items)),
        placements()["items"].map(len),
    )
    assert portions[fraudulent].max() <= portions[~fraudulent].max()
    assert lines[fraudulent].max() <= lines[~fraudulent].max()
    words = re.compile("|".join([*CULPRITS, "fraud", "burst", "ring ", "spoof"]))
    for table in day_with().events.values():
        assert not [name for name in table.column_names if words.search(name)]
        texts = [column for column in table.columns if str(column.type) == "string"]
        assert not [t for column in texts for t in pc.unique(column).to_pylist() if t and words.search(t)]


def test_order_ids_of_fraud_are_numbered_among_all_others_by_time() -> None:
    ordered = placements().sort_index()
    kinds = ordered.index.str.rsplit("-", n=1).str[0]  # orders that rain or an offer adds have numbers of their own
    assert all(orders["event_time"].is_monotonic_increasing for _, orders in ordered.groupby(kinds))


def test_events_are_those_of_the_topics_and_the_truth_is_not_among_them() -> None:
    assert set(day_with().events) <= set(topics())


def test_no_step_of_the_flow_and_no_model_reads_the_truth() -> None:
    """Neither by importing it nor by reading the folder where files of it lie; an evaluation must be named here."""
    readers = []
    for path in [*PROJECT_DIR.glob("pipelines/**/*.py"), *PROJECT_DIR.glob("models/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        imports = [node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        if any(name.startswith("generator.fraud") for name in imports) or re.search(r"_truth\b|\.truth\b", text):
            readers.append(path.name)
    for path in PROJECT_DIR.glob("notebooks/**/*.ipynb"):
        if re.search(r"generator\.fraud|_truth\b|\.truth\b", path.read_text(encoding="utf-8")):
            readers.append(path.name)
    assert readers == []
