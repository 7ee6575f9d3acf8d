"""A unit of events is in Kafka whole and once, or not at all."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

from pipelines import messages
from pipelines.connectors import kafka
from pipelines.connectors.kafka import consumer, partitions_of, read_to_end
from pipelines.errors import ContractViolation, ImportRefused, ServiceError
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.progress import published_units
from pipelines.movers.topics import PROGRESS_TOPIC
from pipelines.reconcile.events import event_lines
from tests.services.tiny_events import bronze, event, kept, placed, table

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]


def some_orders(unit: str, count: int = 10) -> dict[str, Any]:
    return {"orders": table("orders", [placed(f"{unit}-{n}", n) for n in range(count)])}


def test_a_unit_is_published_once_and_whole() -> None:
    first = publish_unit("p", "once", some_orders("once"), fingerprint="a")
    assert (first.rows, first.already_there) == ({"orders": 10}, False)
    assert first.messages == len([r for poll in read_to_end("orders", {}) for r in poll])
    again = publish_unit("p", "once", some_orders("once"), fingerprint="a")
    assert (again.rows, again.messages, again.already_there) == ({"orders": 0}, 0, True)
    assert kept("orders", "once") == 10
    progress = published_units("p")["once"]
    assert (progress["rows"], progress["rows_by_event_date"]) == ({"orders": 10}, {"orders": {"2026-03-06": 10}})


def test_another_input_for_a_published_unit_is_refused_and_sends_nothing() -> None:
    publish_unit("p", "history", some_orders("history"), fingerprint="a")
    with pytest.raises(ImportRefused, match="has published history before from other input"):
        publish_unit("p", "history", some_orders("other"), fingerprint="b")
    assert kept("orders", "history") == 10


def test_a_row_that_breaks_its_contract_is_named_and_nothing_of_the_unit_is_sent() -> None:
    rows = [placed("good"), placed("bad", basket_value_cents=-1)]
    with pytest.raises(ContractViolation, match=r"1 of 2 rows break a rule; row 1 breaks basket_value_cents_out_of"):
        publish_unit("p", "broken", {"orders": table("orders", rows)}, fingerprint="a")
    assert kept("orders", "broken") == 0
    assert "broken" not in published_units("p")


def test_the_messages_of_an_order_are_in_one_partition_in_their_order() -> None:
    events = [event("restaurant_responses", kind, f"o{n}", n) for n in range(40) for kind in ("accepted", "ready")]
    publish_unit("p", "ordered", {"restaurant_responses": table("restaurant_responses", events)}, fingerprint="a")
    kafka_to_bronze("restaurant_responses")
    partitions: dict[str, set[int]] = {}
    kinds: dict[str, list[str]] = {}
    for row in bronze("restaurant_responses"):
        partitions.setdefault(row["order_id"], set()).add(row["kafka_partition"])
        kinds.setdefault(row["order_id"], []).append(row["event_type"])
    assert {len(found) for found in partitions.values()} == {1}
    assert len(set.union(*partitions.values())) == 4
    assert set(map(tuple, kinds.values())) == {("accepted", "ready")}


def test_of_two_publishers_of_one_id_the_later_wins_and_the_earlier_published_nothing() -> None:
    sent, overtaken = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def wait_to_be_overtaken(_rows: int) -> None:
        sent.set()
        overtaken.wait(60)

    def earlier() -> None:
        try:
            publish_unit("twins", "u", some_orders("twin-a"), fingerprint="a", on_batch=wait_to_be_overtaken)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=earlier)
    thread.start()
    assert sent.wait(60)
    later = publish_unit("twins", "u", some_orders("twin-b"), fingerprint="b")
    overtaken.set()
    thread.join(120)
    assert later.rows == {"orders": 10}
    assert [type(failure) for failure in failures] == [ServiceError]
    assert "nothing of it was published" in str(failures[0])
    kafka_to_bronze("orders")
    ids = {row["order_id"] for row in bronze("orders") if row["order_id"].startswith("twin")}
    assert ids == {f"twin-b-{n}" for n in range(10)}


def test_a_unit_behind_a_strangers_open_transaction_is_found_and_not_published_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "TRANSACTION_SECONDS", 5)
    with ExitStack() as strangers:

        def hide_what_follows(_rows: int) -> None:
            if not opened:
                opened.append(strangers.enter_context(kafka.producer("stranger")))
                opened[0].begin_transaction()
                opened[0].send(PROGRESS_TOPIC, value=b"{}", key=b"stranger/u", partition=0).get(timeout=30)

        opened: list[KafkaProducer] = []
        publish_unit("p", "behind", some_orders("behind"), fingerprint="a", on_batch=hide_what_follows)
        again = publish_unit("p", "behind", some_orders("behind"), fingerprint="a")
    assert again.already_there
    assert kept("orders", "behind") == 10


def test_a_commit_whose_answer_is_lost_is_told_as_not_known_and_the_unit_is_there_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = KafkaProducer.commit_transaction

    def lose_the_answer(client: KafkaProducer) -> None:
        commit(client)
        raise KafkaTimeoutError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(KafkaProducer, "commit_transaction", lose_the_answer)
        with pytest.raises(ServiceError, match=r"not known whether it was made\. Run the same again") as told:
            publish_unit("p", "unconfirmed", some_orders("unconfirmed"), fingerprint="a")
    assert "nothing of it was published" not in str(told.value)
    assert publish_unit("p", "unconfirmed", some_orders("unconfirmed"), fingerprint="a").already_there
    assert kept("orders", "unconfirmed") == 10


@pytest.fixture
def one_row_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_ROWS", 1)


@pytest.mark.usefixtures("one_row_a_message")
def test_offsets_spent_on_transactions_are_not_counted_as_rows() -> None:
    """Three commits of 10 and an aborted one of 10 take 44 offsets; 30 rows were produced and are in bronze."""

    def unit(name: str) -> dict[str, Any]:
        rows = [event("reviews", "submitted", "o1", n, text=name) for n in range(10)]
        return {"reviews": table("reviews", rows)}

    for name in ("first", "second"):
        publish_unit("counted", name, unit(name), fingerprint="a")
    sent: list[int] = []

    def give_up_at_the_end(rows: int) -> None:
        sent.append(rows)
        if len(sent) == 10:
            time.sleep(0.2)  # longer than the producer waits: the aborted messages are on the broker
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_unit("counted", "aborted", unit("aborted"), fingerprint="a", on_batch=give_up_at_the_end)
    publish_unit("counted", "third", unit("third"), fingerprint="a")
    moved = kafka_to_bronze("reviews")
    assert (moved.rows, moved.messages) == (30, 30)
    with consumer() as client:
        ends = client.end_offsets(partitions_of(client, "reviews"))
    assert sum(ends.values()) == 44
    lines, notes = event_lines()
    (line,) = [line for line in lines if line.dataset == "reviews"]
    assert (line.counts["produced"], line.counts["in_kafka"], line.counts["in_bronze"]) == (30, 30, 30)
    assert (line.problems, notes) == ((), [])
