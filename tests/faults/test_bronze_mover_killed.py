"""The crash test: the bronze mover is killed again and again during a load; bronze has each row once."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from multiprocessing.context import ForkServerProcess

import pytest

from pipelines import messages
from pipelines.connectors.delta import open_table
from pipelines.movers.dead_letters import read_letters
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.reconcile.events import event_lines
from tests.services.processes import Workers
from tests.services.tiny_events import bronze, coordinates, event, publish, send

pytestmark = [pytest.mark.fault, pytest.mark.service, pytest.mark.slow]

KILLS = 20
MOVER = "pipelines.movers.kafka_to_bronze:kafka_to_bronze"
TOPIC = "delivery_progress"
COMMIT_ROWS = 15  # a commit every message or two: most of a mover's life is between a read and its commit


@pytest.fixture
def small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round's rows are in many messages, so in many commits."""
    monkeypatch.setattr(messages, "MAX_ROWS", 10)


@pytest.mark.usefixtures("fresh_stores", "small_messages")
def test_a_mover_killed_twenty_times_during_a_load_leaves_every_row_once(workers: Workers) -> None:
    """Killed at random points: before its first commit, and between and in the later ones, dead letters among them."""
    draw = random.Random(4)
    sent: set[str] = set()
    refused: list[tuple[int, int]] = []
    load(sent, refused, 0)
    kafka_to_bronze(TOPIC, commit_rows=COMMIT_ROWS)
    left: list[int] = []  # rows in bronze after each kill
    for round_ in range(1, 10 * KILLS):
        if len(left) == KILLS:
            break
        load(sent, refused, round_)
        version = open_table(f"bronze/{TOPIC}").version()
        mover = workers.start(MOVER, TOPIC, commit_rows=COMMIT_ROWS)
        if round_ % 4:
            await_commit(mover, version)
        mover.join(draw.uniform(0, 0.6))
        if mover.is_alive():
            mover.kill()
            mover.join()
            assert mover.exitcode == -signal.SIGKILL
            left.append(len(bronze(TOPIC)))
    assert len(left) == KILLS
    assert len(set(left)) > KILLS / 3  # the kills fell on different stages of the load
    assert left[-1] < len(sent)

    kafka_to_bronze(TOPIC, commit_rows=COMMIT_ROWS)
    rows = bronze(TOPIC)
    assert {row["event_id"] for row in rows} == sent
    assert max(Counter(row["event_id"] for row in rows).values()) == 1
    assert max(Counter(map(coordinates, rows)).values()) == 1
    assert sorted((x.partition, x.offset) for x in read_letters(TOPIC)) == sorted(refused)
    (line,) = [x for x in event_lines()[0] if x.dataset == TOPIC and x.day]
    assert (line.counts["in_bronze"], line.problems) == (len(sent), ())
    assert kafka_to_bronze(TOPIC).messages == 0


def load(sent: set[str], refused: list[tuple[int, int]], round_: int) -> None:
    """Another unit of 120 events, and a message that is refused."""
    rows = [event(TOPIC, "picked_up", f"order-{round_}-{n}", n / 10) for n in range(120)]
    publish(f"round {round_}", {TOPIC: rows})
    sent |= {row["event_id"] for row in rows}
    refused += [(round_ % 4, at) for at in send(TOPIC, (b"unreadable", []), partition=round_ % 4)]


def await_commit(mover: ForkServerProcess, version: int) -> None:
    """Until the mover has committed something, or has ended."""
    while mover.is_alive() and open_table(f"bronze/{TOPIC}").version() == version:
        time.sleep(0.01)
