"""The embedded services, in the order they are shown."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.local.cassandra import Cassandra
from pipelines.local.kafka import Kafka
from pipelines.local.object_store import ObjectStore
from pipelines.local.service import LOOPBACK, Service
from pipelines.local.warehouse import Warehouse
from pipelines.settings import Settings


def embedded_services(settings: Settings) -> list[Service]:
    """Those that these settings use; one that points elsewhere (a real Snowflake account, say) is left out."""
    embedded: dict[Callable[[Settings], Service], bool] = {
        Kafka: not settings.kafka_bootstrap_servers,
        Cassandra: settings.cassandra_contact_points == LOOPBACK and settings.cassandra_port == 0,
        ObjectStore: settings.uses_embedded_s3,
        Warehouse: settings.uses_embedded_warehouse and settings.snowflake_port == 0,
    }
    return [kind(settings) for kind, used in embedded.items() if used]
