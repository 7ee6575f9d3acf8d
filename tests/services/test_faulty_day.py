"""A day full of faults goes through Kafka, bronze and silver: nothing good is lost or doubled, nothing bad gets in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.city.city import load_city
from generator.day import generate_day
from generator.faults import Delivered, inject
from generator.faults.alarms import raised_alarms
from generator.faults.bad_messages import message_id
from generator.faults.profile import faults_of
from generator.faults.score import Score, score
from generator.sending.plan import Plan
from generator.sending.publish import publish_plan
from generator.streams import Streams
from pipelines.contracts import load_contract, topics
from pipelines.errors import ImportRefused
from pipelines.movers.dead_letters import read_letters
from pipelines.movers.progress import published_units
from pipelines.reconcile import reconcile
from pipelines.settings import settings
from pipelines.transforms.events import split_events
from pipelines.transforms.silver_orders import TOPICS
from tests.services.medallion import run_movers
from tests.services.tiny_events import bronze, quarantine

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

DAY = date(2026, 11, 20)
OFTEN = {
    "missing": {"share": 0.01},
    "duplicates": {"share": 0.03},
    "late": {"share": 0.03},
    "out_of_order": {"share": 0.03},
    "clock_skew": {"share": 0.2},
    "corrupt_rows": {"share": 0.02},
    "unknown_values": {"share": 0.01},
    "added_columns": {"share": 0.1},
    "bad_messages": {"share": 0.01},
}
PLAN = Plan(load_city("futian"), DAY, DAY, 120, 7, faults=faults_of(OFTEN))


@dataclass(frozen=True)
class Moved:
    """What was handed over of the day."""

    events: dict[str, pa.Table]
    delivered: Delivered
    truth: pd.DataFrame

    def of(self, *faults: str) -> pd.DataFrame:
        return self.truth[self.truth["fault"].isin(faults)]


@pytest.fixture(scope="module")
def moved(stores: object) -> Moved:
    """The faulty day in every store."""
    events = generate_day(PLAN.city, DAY, PLAN.orders_per_day, PLAN.seed)
    delivered = inject(events, faults_of(OFTEN), Streams.of_day(PLAN.seed, DAY))
    publish_plan(PLAN)
    run_movers()
    return Moved(events, delivered, delivered.truth.to_pandas())


def test_every_bad_message_and_every_message_with_an_added_column_is_a_dead_letter_and_no_other(moved: Moved) -> None:
    letters = [letter for topic in topics() for letter in read_letters(topic)]
    bad = set(moved.of("bad_message")["message_id"])
    assert {message_id(letter.headers) for letter in letters if letter.reason != "schema_mismatch"} == bad
    assert len(bad) > 15
    wider = [letter for letter in letters if letter.reason == "schema_mismatch"]
    assert {letter.topic for letter in wider} == {"payments"}
    sent = [t.num_rows for t in moved.delivered.deliveries["payments"].tables if "tip_cents" in t.column_names]
    assert sum(letter.rows for letter in wider) == sum(sent) > 0


def test_every_admitted_row_is_in_bronze_once_for_each_time_it_was_handed_over(moved: Moved) -> None:
    for topic in moved.events:
        plain = [t for t in moved.delivered.deliveries[topic].tables if "tip_cents" not in t.column_names]
        sent = Counter(pa.concat_tables(plain)["event_id"].to_pylist())
        assert Counter(row["event_id"] for row in bronze(topic)) == sent


def read(truth: pd.DataFrame) -> pd.Series[bool]:
    """Which faults befell topics that silver reads."""
    return truth["topic"].isin(TOPICS)


def test_silver_reads_every_good_event_once_and_keeps_every_row_that_breaks_a_rule_aside(moved: Moved) -> None:
    kept = {(row["dataset"], row["event_id"]) for row in quarantine() if row["dataset"] != "silver/orders"}
    newer = set(moved.of("added_column")["event_id"])
    gone = set(moved.of("missing")["event_id"]) | newer
    for topic in TOPICS:  # those that silver reads
        table = moved.events[topic]
        rows = pa.Table.from_pylist(bronze(topic), schema=load_contract(f"bronze/{topic}").arrow_schema)
        good, bad = split_events(topic, rows)
        aside = {event_id for dataset, event_id in kept if dataset == f"bronze/{topic}"}
        assert set(bad["event_id"].to_pylist()) == aside
        assert good.num_rows == len(set(good["event_id"].to_pylist()))
        assert set(good["event_id"].to_pylist()) == set(table["event_id"].to_pylist()) - gone - aside
    altered = moved.of("corrupt_row", "unknown_value")
    ruled = altered[((altered["variant"] != "zero_position") | (altered["topic"] == "orders")) & read(altered)]
    wrong = set(ruled["event_id"]) - newer
    assert wrong <= {event_id for _, event_id in kept}
    assert len(wrong) > 20
    # what else is kept aside was told by a clock that is off by more than a day
    others = {event_id for _, event_id in kept} - wrong
    skewed = moved.of("clock_skew")
    skewed = skewed[read(skewed)]
    assert others == set(skewed.loc[skewed["delay_seconds"] > 86_400, "event_id"]) - wrong - newer


def test_everything_adds_up_although_much_was_bad(moved: Moved) -> None:
    done = reconcile()
    assert done.problems == []
    events = [line.counts for line in done.lines if line.account == "events"]
    progress = published_units(PLAN.producer_id)[DAY.isoformat()]
    stated = sum(sum(days.values()) for days in progress["rows_by_event_date"].values())
    assert sum(counts["produced"] for counts in events) == stated + 1  # the city
    assert sum(counts["from_others"] for counts in events) == 0
    assert sum(counts["dead_lettered"] for counts in events) > 0
    assert sum(counts["repeats"] for counts in events) > 0


def test_the_same_faulty_day_again_sends_nothing_and_its_truth_lies_in_the_data_folder(moved: Moved) -> None:
    assert set(publish_plan(PLAN).values()) == {0}
    (truth,) = (settings().data_dir / "_truth" / "faults").glob("*.parquet")
    assert pq.ParquetFile(truth).read().equals(moved.delivered.truth)


def test_the_day_without_its_faults_is_another_history_and_refused(moved: Moved) -> None:
    with pytest.raises(ImportRefused, match="from other input"):
        publish_plan(replace(PLAN, faults=None))


def test_what_the_pipeline_raises_is_true_and_catches_what_it_can(moved: Moved) -> None:
    found: Score = score(moved.delivered.truth, raised_alarms())
    share = found.by_fault.groupby("fault").apply(
        lambda f: f["caught"].sum() / f["injected"].sum(), include_groups=False
    )
    assert share[["bad_message", "added_column"]].to_list() == [1, 1]
    assert found.by_level.set_index("level")["false_alarms"].to_dict() == dict.fromkeys(
        ("message", "order", "repeat", "row"), 0
    )
