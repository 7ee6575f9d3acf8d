"""The shifts of a user's couriers: every row through every rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.history.convert import identities, read_fields, read_moments
from generator.history.findings import Findings
from generator.history.history_tables import KEY_COLUMNS, Earlier, Kept, keys_of
from generator.history.keeping import shift_contract_rules
from generator.history.mapping_parts import FileSpec
from generator.history.places import Places
from generator.history.rules import position_rules, repeated_rows, shift_rules
from generator.history.targets import COURIERS

SHIFT_COLUMNS = ["courier_id", "vehicle", "capacity", "lat", "lng", "starts_at", "ends_at"]
_TYPES = ["string", "string", "Int64", "float64", "float64", "datetime64[us, UTC]", "datetime64[us, UTC]"]


def kept_shifts(spec: FileSpec, place: Places, found: Findings, before: Earlier) -> Kept:
    """Shifts of couriers by every rule; `place` has the one city they are of."""
    fields = read_fields(spec, COURIERS, found)
    places = Places(place.mapping, place.cities[:1], np.zeros(len(fields), dtype=np.int64), place.day)
    moments = read_moments(spec, COURIERS, places, found)
    shifts = pd.concat([fields, moments], axis="columns")
    starts = shifts["starts_at"]
    shifts["courier_id"] = identities(spec.identity, "courier_id", shifts, places.days(starts), places, found)
    position_rules(shifts, "courier", places.cities[0], np.ones(len(shifts), dtype=bool), found)
    shift_rules(shifts, found)
    if "capacity" not in shifts:
        shifts["capacity"] = pd.Series([None] * len(shifts), dtype="Int64")
    shift_contract_rules(shifts.assign(city_id=places.cities[0].city_id), found)
    # One courier has many shifts: a shift's identity is the courier and when it began.
    identity = shifts["courier_id"] + "@" + starts.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("string")
    repeated_rows(identity, found, before)
    kept = shifts[found.kept][SHIFT_COLUMNS].reset_index(drop=True)
    return Kept(kept, keys_of("couriers", identity, found.kept, found))


def no_shifts() -> Kept:
    """What is kept where there is no file of couriers."""
    shifts = pd.DataFrame({c: pd.Series(dtype=k) for c, k in zip(SHIFT_COLUMNS, _TYPES, strict=True)})
    return Kept(shifts, pd.DataFrame({name: [] for name in KEY_COLUMNS}, dtype="string"))
