"""Refused messages by command: listed, shown with their bytes, and sent again once."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.connectors.kafka import Record, producer
from pipelines.contracts import load_contract
from pipelines.movers.dead_letters import read_letters, write_letter
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.reconcile.events import event_lines
from tests.services.tiny_events import bronze, message, placed, send

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

REFUSED_HEADERS = message("orders", [placed("o3")])[1]
REFUSED = message("orders", [placed("o1"), placed("o2")], contract_version="3.0.0")


@pytest.fixture(scope="module", autouse=True)
def refused(stores: object) -> str:
    """A message of an unknown version, a null and a text, refused; where the first is."""
    send("payments", (None, []), partition=2, key=b"o1")
    (at,) = send("orders", REFUSED, partition=1, key=b"o1")
    send("orders", (b"[bold]not parquet", REFUSED_HEADERS), partition=2)
    kafka_to_bronze("orders")
    kafka_to_bronze("payments")
    return f"1/{at}"


def dishpatch(*words: str) -> tuple[int, str]:
    """Exit code and what was said; an error of ours is what `dishpatch` would print."""
    result = CliRunner().invoke(app, ["dead-letters", *words])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        return int(getattr(result.exception, "exit_code", 99)), str(result.exception)
    return result.exit_code, result.output


def listed(*words: str) -> list[dict[str, Any]]:
    code, said = dishpatch("list", "--json", *words)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(said)
    return found


def test_every_topics_letters_are_listed_with_where_and_why(refused: str) -> None:
    by_reason = {row["reason"]: row for row in listed()}
    assert set(by_reason) == {"null_value", "not_parquet", "unknown_contract_version"}
    letter = by_reason["unknown_contract_version"]
    assert (letter["topic"], letter["at"], letter["rows"], letter["bytes"]) == ("orders", refused, 2, len(REFUSED[0]))
    assert by_reason["null_value"]["bytes"] is None
    code, said = dishpatch("list", "orders")
    assert code == 0
    assert "unknown_contract_version" in said
    assert "null_value" not in said
    assert dishpatch("list", "reviews") == (0, "no dead letters\n")


def test_a_letter_is_shown_with_its_headers_and_its_bytes_can_be_saved(refused: str, tmp_path: Path) -> None:
    saved = tmp_path / "letter.parquet"
    code, said = dishpatch("show", "orders", refused, "--out", str(saved))
    assert code == 0
    known = load_contract("events/orders").version
    assert f"events/orders 3.0.0; known is {known}: upgrade, then replay the dead letter" in said
    assert "b'3.0.0'" in said
    assert "b'o1'" in said
    assert saved.read_bytes() == REFUSED[0]


def test_what_does_not_exist_is_refused_with_what_does() -> None:
    code, said = dishpatch("list", "order")
    assert (code, "no topic 'order'; known: " in said, "orders" in said) == (2, True, True)
    code, said = dishpatch("show", "orders", "0/99")
    assert (code, said) == (2, "no dead letter orders 0/99; see 'dishpatch dead-letters list orders'")
    code, said = dishpatch("replay", "orders", "--set-header", "contract_version")
    assert code == 2
    assert "--set-header takes NAME=VALUE" in said


def test_a_null_has_nothing_to_replay_and_stays_listed() -> None:
    code, said = dishpatch("replay", "payments")
    assert code == 0
    assert said.startswith("0 of 1 dead letters of payments replayed, 1 null values have nothing to replay")
    assert [row["replayed_at"] for row in listed("payments")] == [None]


def test_any_producers_headers_come_back_as_they_were() -> None:
    """Null values, names like a letter's own, and bytes that are no text: each is legal in Kafka."""
    theirs: list[tuple[str, bytes | None]] = [
        ("null", None),
        ("dead_letter.partition", b"\xff"),
        ("dead_letter.replayed_at", b"2026-01-01"),
        ("dead_letter.null.x", b"y"),
        ("dead_letter.nothing", None),
        ("\N{SNOWMAN}", b"\xfe\xff"),
    ]
    (offset,) = send("restaurant_responses", (b"foreign", []))
    with producer() as client:
        record = Record("restaurant_responses", 0, offset, 0, None, b"foreign", theirs)
        write_letter(client, record, "not_parquet", "by hand").get(timeout=30)
    (letter,) = read_letters("restaurant_responses")
    assert (letter.partition, letter.offset, letter.replayed_at, letter.headers) == (0, offset, None, theirs)
    assert "header       null: None" in dishpatch("show", "restaurant_responses", f"0/{offset}")[1]
    assert dishpatch("replay", "restaurant_responses")[0] == 0
    (replayed,) = read_letters("restaurant_responses")
    assert (replayed.headers, replayed.replayed_at is None) == (theirs, False)
    kafka_to_bronze("restaurant_responses")


def test_the_largest_message_that_the_broker_takes_can_be_a_letter_and_be_replayed() -> None:
    largest = secrets.token_bytes(2 * 1024 * 1024 - 200)
    compressed = bytes(5_000_000)
    (first,) = send("reviews", (largest, []))
    with producer(compression="gzip") as client:
        second = client.send("reviews", value=compressed, partition=0).get(timeout=30).offset
    assert kafka_to_bronze("reviews").dead_letters.total() == 2
    assert {x.offset: x.value for x in read_letters("reviews")} == {first: largest, second: compressed}
    done = dishpatch("replay", "reviews", "--at", f"0/{second}")
    assert done == (0, "1 of 1 dead letters of reviews replayed; 'dishpatch run' moves them\n")
    kafka_to_bronze("reviews")


def test_a_replay_with_a_header_put_right_is_admitted_once_and_reconciled(refused: str) -> None:
    words = ("replay", "orders", "--at", refused, "--set-header", "contract_version=1.0.0")
    assert dishpatch(*words) == (0, "1 of 1 dead letters of orders replayed; 'dishpatch run' moves them\n")
    assert dishpatch(*words)[1].startswith("0 of 1 dead letters of orders replayed")
    kafka_to_bronze("orders")
    assert [row["order_id"] for row in bronze("orders")] == ["o1", "o2"]
    assert [row["at"] for row in listed("orders") if row["replayed_at"]] == [refused]
    lines = {(line.dataset, line.day): line for line in event_lines()[0]}
    assert all(not line.problems for line in lines.values())
    assert lines["orders", ""].counts["dead_lettered"] == 3  # two rows of the first, one unreadable
    assert lines["orders", "2026-03-06"].counts["in_bronze"] == 2
