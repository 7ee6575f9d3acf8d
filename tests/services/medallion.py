"""Every mover in this process, in the order of the flow."""

from __future__ import annotations

import importlib

from pipelines.flow import GOLD_TABLES, TOPICS
from pipelines.movers.bronze_to_silver import bronze_to_silver
from pipelines.movers.kafka_to_bronze import topics_to_bronze
from pipelines.movers.kafka_to_cassandra import kafka_to_cassandra
from pipelines.movers.silver_to_warehouse import silver_to_warehouse
from pipelines.movers.warehouse_to_gold import GoldResult, build_gold


def run_movers(*topics: str) -> None:
    """Move and build everything new; only of `topics` into bronze if any are given."""
    topics_to_bronze(topics or TOPICS)
    kafka_to_cassandra()
    bronze_to_silver()
    silver_to_warehouse()
    for table in GOLD_TABLES:
        build(table)


def build(table: str) -> GoldResult:
    """Build the changed days of a gold table by its transform."""
    name = f"gold_{table}"
    return build_gold(table, getattr(importlib.import_module(f"pipelines.transforms.{name}"), name))
