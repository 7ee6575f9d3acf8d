"""A publisher that is killed leaves nothing to read, and its unit can be published again."""

from __future__ import annotations

import signal

import pytest
from kafka import KafkaConsumer

from pipelines.connectors.kafka import connection, partitions_of
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.progress import published_units
from tests.services import publishing
from tests.services.processes import Workers
from tests.services.tiny_events import kept

pytestmark = [pytest.mark.fault, pytest.mark.service]


@pytest.mark.usefixtures("fresh_stores")
def test_a_publisher_killed_in_the_middle_leaves_nothing_and_the_unit_can_be_published_again(workers: Workers) -> None:
    publisher = workers.start("tests.services.publishing:publish_and_die", "killed", 6)
    publisher.join(60)
    assert publisher.exitcode == -signal.SIGKILL
    assert uncommitted("delivery_progress") > 0  # some of it had reached the broker
    assert kept("delivery_progress", "killed") == 0
    assert "killed" not in published_units("killed")
    assert kafka_to_bronze("delivery_progress").rows == 0

    again = publish_unit("killed", "killed", publishing.many("killed"), fingerprint="a")
    assert again.rows == {"delivery_progress": publishing.ROWS}
    assert kept("delivery_progress", "killed") == publishing.ROWS
    assert kafka_to_bronze("delivery_progress").rows == publishing.ROWS


def uncommitted(topic: str) -> int:
    """Offsets of a topic after the last one that readers may see."""
    ends = []
    for isolation in ("read_uncommitted", "read_committed"):
        client = KafkaConsumer(**connection(), isolation_level=isolation)
        try:
            ends.append(sum(client.end_offsets(partitions_of(client, topic)).values()))
        finally:
            client.close()
    return ends[0] - ends[1]
