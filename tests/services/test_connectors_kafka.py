"""Reading to the end is never short, and an error of a transaction is the first one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from pipelines.connectors import kafka
from pipelines.errors import ServiceError
from pipelines.movers.kafka_to_cassandra import kafka_to_cassandra
from tests.services.tiny_events import event, message, placed, send

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]


def offsets(topic: str, start: dict[int, int]) -> list[int]:
    return [r.offset for poll in kafka.read_to_end(topic, start) for r in poll if r.partition == 0]


@contextmanager
def open_transaction(topic: str) -> Iterator[None]:
    """A producer's transaction with one record in the topic, neither committed nor aborted."""
    with kafka.producer("undecided") as client:
        client.begin_transaction()
        client.send(topic, value=b"undecided", partition=0).get(timeout=30)
        yield
        with suppress(KafkaError):  # the broker may have ended it
            client.abort_transaction()


def delete_before(topic: str, offset: int) -> None:
    """What retention does."""
    admin = KafkaAdminClient(**kafka.connection())
    try:
        admin.delete_records({TopicPartition(topic, 0): offset})
    finally:
        admin.close()


def test_what_an_open_transaction_hides_is_waited_for_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "TRANSACTION_SECONDS", 4)
    with open_transaction("reviews"):
        (behind,) = send("reviews", (b"behind", []))
        assert offsets("reviews", {}) == [behind]


def test_a_transaction_that_stays_open_is_an_error_and_not_a_short_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "UNDECIDED_SECONDS", 1)
    with open_transaction("payments"):
        send("payments", (b"behind", []))
        with pytest.raises(ServiceError, match="topic payments partition 0: a transaction at offset 0 is still open"):
            offsets("payments", {})
        with pytest.raises(ServiceError, match="topic payments partition 0: a transaction at offset 0 is still open"):
            kafka_to_cassandra(group_id="short")


def test_a_start_that_expired_or_is_not_there_yet_is_an_error_with_its_offsets() -> None:
    send("courier_shifts", *[(b"x", [])] * 5)
    delete_before("courier_shifts", 3)
    assert offsets("courier_shifts", {}) == offsets("courier_shifts", {0: 0}) == [3, 4]
    assert offsets("courier_shifts", {0: 2}) == [3, 4]  # the one before may be the mark of a transaction
    assert offsets("courier_shifts", {0: 5}) == []
    with pytest.raises(ServiceError, match=re.escape("at offset 1, but the oldest kept is 3: 2 offsets expired")):
        offsets("courier_shifts", {0: 1})
    with pytest.raises(ServiceError, match=r"courier_shifts partition 0: .* at offset 6, but the topic ends at 5"):
        offsets("courier_shifts", {0: 6})


def test_an_abort_that_fails_too_does_not_hide_the_first_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_client: KafkaProducer) -> None:
        raise KafkaTimeoutError("abort")

    monkeypatch.setattr(KafkaProducer, "abort_transaction", fail)
    with (
        kafka.producer("aborting") as client,
        pytest.raises(ValueError, match="the first") as told,
        kafka.transaction(client),
    ):
        raise ValueError("the first")
    assert ["could not be aborted either" in note for note in told.value.__notes__] == [True]


def test_a_broker_that_sends_nothing_stops_the_movers_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    send("orders", message("orders", [placed("stalled")]))
    send("delivery_progress", message("delivery_progress", [event("delivery_progress", "picked_up", "stalled")]))
    seek = KafkaConsumer.seek

    def seek_and_pause(client: KafkaConsumer, part: TopicPartition, offset: int) -> None:
        seek(client, part, offset)
        client.pause(part)

    monkeypatch.setattr(KafkaConsumer, "seek", seek_and_pause)
    monkeypatch.setattr(kafka, "STALL_SECONDS", 1)
    with pytest.raises(ServiceError, match="Kafka stopped answering while topic orders has records due"):
        offsets("orders", {})
    with pytest.raises(ServiceError, match="Kafka stopped answering while one of the order topics has records due"):
        kafka_to_cassandra(group_id="stalled")
