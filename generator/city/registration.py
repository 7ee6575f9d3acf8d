"""The event that tells everything downstream of a city."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from generator.city.city import City
from pipelines.contracts import conform, load_contract

REGISTERED_FROM = datetime(2000, 1, 1, tzinfo=UTC)  # before any event a user could import


def city_registration(city: City) -> pa.Table:
    """The one event that describes the city to everything downstream; the same city gives the same event.

    Its time lies before any event of the city, a day later for each revision of the profile, so that the latest counts.
    """
    at = REGISTERED_FROM + timedelta(days=city.revision - 1)
    zones = [{"zone_id": zone.zone_id, "name": zone.name} for zone in city.zones]
    facts = city.model_dump(include={"name", "time_zone", "currency", "day_cut_hour", "zone_resolution"})
    facts |= city.bounds.model_dump() | {"zones": zones}
    identity = hashlib.blake2b(repr((city.city_id, city.revision, facts)).encode(), digest_size=16).hexdigest()
    row = facts | {
        "event_id": identity,
        "event_type": "registered",
        "event_time": at,
        "produced_at": at,
        "city_id": city.city_id,
        "source": f"city:{city.city_id}",
        "is_simulated": city.demand is not None,
    }
    contract = load_contract("events/cities")
    return conform(pa.Table.from_pylist([row], schema=contract.arrow_schema), contract)
