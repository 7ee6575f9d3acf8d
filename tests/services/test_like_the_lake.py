"""`generate --like CITY` reads the history that was imported: real orders whose later life is simulated."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from generator.history.check import check_files
from generator.history.history_events import events_of
from generator.like.fit import fit_city
from generator.like.observed import of_files
from generator.like.stored import TOPICS, of_stored
from generator.sending.publish import publish_city
from pipelines.errors import UsageError
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from tests.unit.generator.like.made_up_town import couriers_table, files, mapping, orders_table

pytestmark = pytest.mark.service


def test_imported_orders_fit_the_same_profile_from_the_lake_as_from_their_files(stores: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run the flow after importing"):
        of_stored("madeup")
    paths = files(tmp_path, orders_table(120), couriers_table(40))
    checked = check_files(
        mapping().model_copy(update={"simulate": ["restaurant_responses", "orders"]}), **_named(paths)
    )
    publish_city(checked.city)
    publish_unit("replay:test", "history", events_of(checked, seed=1), fingerprint="test")
    for topic in (*TOPICS, "cities"):
        kafka_to_bronze(topic)
    history = of_stored("madeup", day=date(2026, 3, 10))
    assert len(history.orders) == 120
    assert history.orders["ending"].isna().all()  # how the orders ended is simulated: that is no history
    assert fit_city(history).lives.kitchen == fit_city(of_files(checked)).lives.kitchen
    assert fit_city(history).demand == fit_city(of_files(checked)).demand
    assert fit_city(history).couriers == fit_city(of_files(checked)).couriers
    with pytest.raises(UsageError, match="has no such city"):
        of_stored("atlantis")


def _named(paths: dict[str, Path]) -> dict[str, Path]:
    return {f"{kind}_file": path for kind, path in paths.items()}
