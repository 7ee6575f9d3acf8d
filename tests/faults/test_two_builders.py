"""Two builders of the same silver day, and a builder that is killed: the same rows as one that was left alone."""

from __future__ import annotations

import random
import signal

import pytest

from pipelines.connectors.delta import open_table
from pipelines.movers.bronze_to_silver import bronze_to_silver
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.transforms.silver_orders import TOPICS
from tests.services.processes import Workers
from tests.services.stores import other_stores
from tests.services.tiny_events import (
    DATE,
    Row,
    delivered_life,
    event,
    publish,
    publish_city,
    quarantine,
    silver,
    together,
)

pytestmark = [pytest.mark.fault, pytest.mark.service, pytest.mark.slow, pytest.mark.usefixtures("fresh_stores")]

BUILDER = "pipelines.movers.bronze_to_silver:bronze_to_silver"
ROUNDS = 10


def into_bronze(*topics: str) -> None:
    for topic in topics or TOPICS:
        kafka_to_bronze(topic)


def built_alone() -> tuple[list[Row], list[tuple[object, ...]]]:
    """Silver and quarantine as one builder makes them of the same topics, in a lake of its own."""
    with other_stores():
        into_bronze(*TOPICS, "cities")
        bronze_to_silver()
        return silver(), kept_aside()


def kept_aside() -> list[tuple[object, ...]]:
    return [(row["dataset"], row["order_id"], row["rules"]) for row in quarantine()]


def a_day() -> None:
    """Twelve delivered orders, and one that was never placed."""
    publish_city()
    lives = [delivered_life(f"o{n}", 5 * n) for n in range(12)]
    publish("day", together(*lives, {"reviews": [event("reviews", "submitted", "orphan", 60)]}))
    into_bronze(*TOPICS, "cities")


def test_a_day_built_by_two_processes_at_once_ten_times_equals_one_build(workers: Workers) -> None:
    """The first round makes the tables, each later one has a new event of the day."""
    a_day()
    for round_ in range(ROUNDS):
        builders = [workers.start(BUILDER, DATE) for _ in range(2)]
        for process in builders:
            process.join(120)
        assert [process.exitcode for process in builders] == [0, 0]
        assert [row["order_id"] for row in silver()] == sorted(f"o{n}" for n in range(12))
        assert silver()[0]["refunded_cents"] == round_ * 10
        refund = event("payments", "refunded", "o0", 100 + round_, amount_cents=10)
        publish(f"refund {round_}", {"payments": [refund]})
        into_bronze("payments")
    bronze_to_silver()
    assert open_table("silver/orders").version() >= ROUNDS
    assert (silver(), kept_aside()) == built_alone()


def test_a_killed_builder_is_made_good_by_the_next(workers: Workers) -> None:
    draw = random.Random(9)
    a_day()
    killed = 0
    for round_ in range(6):
        builder = workers.start(BUILDER, DATE)
        builder.join(draw.uniform(0.05, 1.2))
        if builder.is_alive():
            builder.kill()
            builder.join()
            killed += builder.exitcode == -signal.SIGKILL
        refund = event("payments", "refunded", f"o{round_}", 100 + round_, amount_cents=10)
        publish(f"refund {round_}", {"payments": [refund]})
        into_bronze("payments")
    assert killed
    bronze_to_silver()
    assert (silver(), kept_aside()) == built_alone()
