"""The days that `make run` shows: the same command gives everyone the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from generator.city.city import load_city
from generator.scenario.scenario import load_scenario
from generator.sending.plan import Plan
from generator.sending.publish import publish_plan

# Fixed, not "yesterday": whoever runs the default, whenever, can compare figures with the documentation and others'.
# A Sunday, so that with the eight days of the default the same weekday a week before is there to compare with.
LAST_DEMO_DAY = date(2026, 11, 22)
DEMO_CITY = "futian"
DEMO_SCENARIO = "rainy_sunday"  # rain over one quarter on the last evening, so that the report has something to find


def demo_plan(days: int = 8, orders_per_day: int = 1500, seed: int = 7) -> Plan:
    """`days` business days that end on LAST_DEMO_DAY."""
    first = LAST_DEMO_DAY - timedelta(days=days - 1)
    return Plan(load_city(DEMO_CITY), first, LAST_DEMO_DAY, orders_per_day, seed, load_scenario(DEMO_SCENARIO))


def publish_demo_days(
    days: int = 8, orders_per_day: int = 1500, seed: int = 7, progress: Callable[[str, int], None] | None = None
) -> dict[str, int]:
    """Publish the demo days to Kafka; rows sent now, by dataset. `progress(day, rows)` is told as rows go out."""
    return publish_plan(demo_plan(days, orders_per_day, seed), progress)
