"""The orders and the shifts of a user's files: every row through every rule, the kept ones as simulations take them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from generator.city import City
from generator.history.convert import identities, read_fields, read_moments
from generator.history.findings import Findings, Outcome
from generator.history.mapping import FileSpec, Mapping
from generator.history.rules import digest, order_rules, position_rules, repeated_rows, shift_rules
from generator.history.targets import COURIERS, ORDERS

Earlier = dict[str, tuple[str, str]]  # identity -> (digest of its row, where it was imported)

# What an order may lack, and the type of the empty column where the mapping does not fill it.
OPTIONAL = {
    "customer_id": "string",
    "restaurant_id": "string",
    "restaurant_name": "string",
    "basket_value_cents": "Int64",
    "promised_at": "datetime64[us, UTC]",
    "scheduled_for": "datetime64[us, UTC]",
    "ready_at": "datetime64[us, UTC]",
    "preparing_at": "datetime64[us, UTC]",
}
SHIFT_COLUMNS = ["courier_id", "vehicle", "capacity", "lat", "lng", "starts_at", "ends_at"]


@dataclass(frozen=True)
class Place:
    """Where and when the rows are of: `day` is set only for files of clock times."""

    mapping: Mapping
    city: City
    day: date | None

    def days(self, moments: pd.Series) -> pd.Series:
        """ISO day of each row: the files' own, else the local calendar day of the moment."""
        if self.day is not None:
            return pd.Series([self.day.isoformat()] * len(moments), dtype="string")
        days: pd.Series = moments.dt.tz_convert(self.city.zone_info).dt.strftime("%Y-%m-%d").astype("string")
        return days

    def business_dates(self, moments: pd.Series) -> pd.Series:
        """Business date of each moment: its local day, which begins at the city's cut hour."""
        local = moments.dt.tz_convert(self.city.zone_info).dt.tz_localize(None)
        days: pd.Series = (local - pd.Timedelta(hours=self.city.day_cut_hour)).dt.date
        return days


@dataclass(frozen=True)
class Kept:
    """Rows of one file that are imported, their identities with digests, the first business date of any good row."""

    rows: pd.DataFrame
    keys: pd.DataFrame
    first_date: date | None = None


def kept_orders(fields: pd.DataFrame, spec: FileSpec, place: Place, found: Findings, before: Earlier) -> Kept:
    """Orders by every rule. `fields`: the columns of `read_fields`; `before`: rows that other files brought in."""
    city = place.city
    moments = read_moments(spec, ORDERS, place.mapping, city, place.day, found)
    orders = pd.concat([fields, moments], axis="columns")
    identity = identities(spec, "order_id", orders, place.days(orders["placed_at"]), city, found)
    position_rules(orders, "pickup_lat", "pickup_lng", "pickup", city, found)
    position_rules(orders, "dropoff_lat", "dropoff_lng", "dropoff", city, found)
    orders = order_rules(orders, found)
    repeated_rows(identity, found, before)
    for name, kind in OPTIONAL.items():
        if name not in orders:
            orders[name] = pd.Series([None] * len(orders), dtype=kind)
    orders["order_id"] = identity
    orders["currency"] = city.currency
    orders["business_date"] = place.business_dates(orders["placed_at"])
    first = min(orders["business_date"][found.outcome <= Outcome.duplicate], default=None)
    kept = orders[found.kept].reset_index(drop=True)
    if spec.restaurant_id_from_pickup:
        kept["restaurant_id"] = _place_ids(kept, city, spec.restaurant_id_from_pickup.decimals)
    return Kept(kept, _keys("orders", identity, found), first)


def _place_ids(orders: pd.DataFrame, city: City, decimals: int) -> pd.Series:
    """An identity of the place an order is picked up at, e.g. `medellin-r+6.2251-75.5700`."""
    rounded = f"{{:+.{decimals}f}}".format
    lat, lng = (orders[c].map(rounded).astype("string") for c in ("pickup_lat", "pickup_lng"))
    return f"{city.city_id}-r" + lat + lng


def kept_shifts(spec: FileSpec, place: Place, found: Findings, before: Earlier) -> Kept:
    """Shifts of couriers by every rule."""
    fields = read_fields(spec, COURIERS, found)
    moments = read_moments(spec, COURIERS, place.mapping, place.city, place.day, found)
    shifts = pd.concat([fields, moments], axis="columns")
    starts = shifts["starts_at"]
    shifts["courier_id"] = identities(spec, "courier_id", shifts, place.days(starts), place.city, found)
    position_rules(shifts, "lat", "lng", "courier", place.city, found)
    shift_rules(shifts, found)
    # One courier has many shifts: a shift's identity is the courier and when it began.
    identity = shifts["courier_id"] + "@" + starts.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("string")
    repeated_rows(identity, found, before)
    if "capacity" not in shifts:
        shifts["capacity"] = pd.Series([None] * len(shifts), dtype="Int64")
    return Kept(shifts[found.kept][SHIFT_COLUMNS].reset_index(drop=True), _keys("couriers", identity, found))


def no_shifts() -> Kept:
    """What is kept where there is no file of couriers."""
    shifts = pd.DataFrame({c: pd.Series(dtype=k) for c, k in zip(SHIFT_COLUMNS, NO_SHIFT_TYPES, strict=True)})
    return Kept(shifts, pd.DataFrame({"kind": [], "identity": [], "digest": []}, dtype="string"))


NO_SHIFT_TYPES = ["string", "string", "Int64", "float64", "float64", "datetime64[us, UTC]", "datetime64[us, UTC]"]


def _keys(kind: str, identity: pd.Series, found: Findings) -> pd.DataFrame:
    """Identity and digest of every kept row, to know it again in another file."""
    where = found.kept.nonzero()[0]
    digests = [digest(found.rows.originals[i]) for i in where]
    keys = {"kind": [kind] * len(where), "identity": identity[found.kept].tolist(), "digest": digests}
    return pd.DataFrame(keys, dtype="string")
