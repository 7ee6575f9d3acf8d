"""What to generate: a city's days, and the fingerprint of all that decides their events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from generator.city.city import City
from generator.day import Day, DayByTopic, begin_day, generate_day_with_truth, source_of
from generator.faults.handover import HandedOver, handed_over
from generator.faults.profile import Faults
from generator.scenario.scenario import Scenario
from generator.streams import Streams

# Raise it whenever the same arguments would give other events: a published day is history, an altered one is refused.
GENERATOR_VERSION = 3

OnRows = Callable[[str, int], None]  # told of a day and of rows of it that went out
OnSlice = Callable[[str, int, float], None]  # besides, by how many real seconds they were late


@dataclass(frozen=True)
class Plan:
    """What to generate: the local business days from `first` to `last`, both included; `faults` befall their events."""

    city: City
    first: date
    last: date
    orders_per_day: int
    seed: int
    scenario: Scenario | None = None
    faults: Faults | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def producer_id(self) -> str:
        return source_of(self.city, self.seed)

    def generate(self, day: date) -> Day:
        """Events and truth of one day of the plan."""
        return generate_day_with_truth(self.city, day, self.orders_per_day, self.seed, self.scenario)

    def hand_over(self, day: date) -> HandedOver:
        """One day of the plan, with its faults."""
        begun = begin_day(self.city, day, self.orders_per_day, self.seed, self.scenario)
        return handed_over(DayByTopic(begun), self.faults, Streams.of_day(self.seed, day))


def fingerprint(plan: Plan) -> str:
    """Hash of all that decides the events of any day: parameters, profile, streets, scenario, faults, version."""
    streets = plan.city.network.read_bytes() if plan.city.network else b""
    facts = {
        "version": GENERATOR_VERSION,
        "orders_per_day": plan.orders_per_day,
        "seed": plan.seed,
        "city": plan.city.model_dump(mode="json", exclude={"network"}),
        "streets": hashlib.sha256(streets).hexdigest(),
        "scenario": plan.scenario.model_dump(mode="json") if plan.scenario else None,
    }
    if plan.faults and not plan.faults.is_clean:
        facts["faults"] = plan.faults.model_dump(mode="json")
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
