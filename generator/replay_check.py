"""Read and check a user's files by a mapping: everything is known of every row before anything is imported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from generator.city import City
from generator.mapping import FileSpec, Mapping
from generator.mapping_targets import COURIERS, ORDERS
from generator.replay_bytes import content_hash, read_bytes
from generator.replay_city import find_city
from generator.replay_convert import identities, read_fields, read_moments
from generator.replay_findings import Findings
from generator.replay_rows import read_rows
from generator.replay_rules import digest, order_rules, position_rules, repeated_rows, shift_rules
from pipelines.errors import ImportRefused, UsageError

Earlier = dict[str, tuple[str, str]]  # identity -> (digest of its row, where it was imported)


@dataclass(frozen=True)
class Checked:
    """Files that were read and checked. `orders` and `shifts` are the kept rows, in the columns of
    `generator.life.simulate_lives`; `found` has the outcome of every row of each file; `keys` their identities."""

    mapping: Mapping
    city: City
    day: date | None
    paths: dict[str, Path]
    files_hash: str
    orders: pd.DataFrame
    shifts: pd.DataFrame
    found: dict[str, Findings]
    keys: pd.DataFrame

    @property
    def unit(self) -> str:
        """`<date>:<12 digits of the files' SHA-256>`; the date is the files' day or their first business date."""
        first = self.day or min(self.orders["business_date"], default=None)
        return f"{first.isoformat() if first else 'undated'}:{self.files_hash[:12]}"

    @property
    def producer_id(self) -> str:
        return f"replay:{self.mapping.name}:{self.city.city_id}"

    def business_dates(self) -> dict[str, int]:
        """Kept orders by business date."""
        counts = self.orders["business_date"].value_counts().sort_index()
        return {str(day): int(n) for day, n in counts.items()}


def check_files(
    mapping: Mapping,
    orders_file: Path,
    couriers_file: Path | None,
    day: date | None = None,
    city_id: str | None = None,
    earlier: dict[str, dict[str, Earlier]] | None = None,
) -> Checked:
    """Read both files and check every row. `earlier`: by city, by `orders` and `couriers`, rows imported before.

    MappingError and ImportRefused where a file as a whole cannot be read; a row that cannot be is in `found`.
    """
    day = _day(mapping, day)
    paths = {"orders": orders_file} | ({"couriers": couriers_file} if couriers_file else {})
    specs = _specs(mapping, paths)
    contents = {kind: read_bytes(path) for kind, path in paths.items()}
    found = {kind: Findings(read_rows(contents[kind], specs[kind], paths[kind], kind)) for kind in paths}
    fields = read_fields(specs["orders"], ORDERS, found["orders"])
    city = find_city(mapping.cities, fields["pickup_lat"], fields["pickup_lng"], city_id)
    before = (earlier or {}).get(city.city_id, {})
    orders, order_keys = _orders(fields, specs["orders"], mapping, city, day, found["orders"], before.get("orders", {}))
    shifts, shift_keys = _shifts(specs.get("couriers"), mapping, city, day, found, before.get("couriers", {}))
    keys = pd.concat([order_keys, shift_keys], ignore_index=True)
    return Checked(mapping, city, day, paths, content_hash(list(contents.values())), orders, shifts, found, keys)


def _day(mapping: Mapping, day: date | None) -> date | None:
    if not mapping.clock_times_only:
        if day is not None:
            raise UsageError(
                f"mapping {mapping.name}: the files have dates of their own, --date does not apply; leave it out"
            )
        return None
    if (chosen := day or mapping.day) is None:
        raise UsageError(f"mapping {mapping.name}: the files hold clock times only; say their day by --date YYYY-MM-DD")
    return chosen


def _specs(mapping: Mapping, paths: dict[str, Path]) -> dict[str, FileSpec]:
    if "couriers" in paths and mapping.couriers is None:
        raise UsageError(f"mapping {mapping.name} has no `couriers`; describe the file there or leave --couriers out")
    if "couriers" not in paths and "courier_assignments" in mapping.simulate:
        raise UsageError(
            f"mapping {mapping.name} simulates courier_assignments, which needs couriers; give --couriers FILE"
        )
    return {"orders": mapping.orders} | ({"couriers": mapping.couriers} if mapping.couriers else {})


def _orders(
    fields: pd.DataFrame,
    spec: FileSpec,
    mapping: Mapping,
    city: City,
    day: date | None,
    found: Findings,
    before: Earlier,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(kept orders, their keys)."""
    orders = pd.concat([fields, read_moments(spec, ORDERS, mapping, city, day, found)], axis="columns")
    local = orders["placed_at"].dt.tz_convert(city.zone_info).dt.tz_localize(None)
    days = local.dt.strftime("%Y-%m-%d") if day is None else pd.Series([day.isoformat()] * len(orders))
    identity = identities(spec, "order_id", orders, days, city, found)
    position_rules(orders, "pickup_lat", "pickup_lng", "pickup", city, found)
    position_rules(orders, "dropoff_lat", "dropoff_lng", "dropoff", city, found)
    orders = order_rules(orders, found)
    repeated_rows(identity, found, before)
    orders["order_id"] = identity
    orders["currency"] = city.currency
    orders["business_date"] = (local - pd.Timedelta(hours=city.day_cut_hour)).dt.date
    for name, kind in OPTIONAL.items():
        if name not in orders:
            orders[name] = pd.Series(pd.NA if kind in ("string", "Int64") else pd.NaT, index=orders.index, dtype=kind)
    kept = orders[found.kept].reset_index(drop=True)
    if spec.restaurant_id_from_pickup:
        places = f"{{:+.{spec.restaurant_id_from_pickup.decimals}f}}".format
        kept["restaurant_id"] = f"{city.city_id}-r" + kept["pickup_lat"].map(places) + kept["pickup_lng"].map(places)
    if kept.empty:
        _nothing_left(found)
    return kept, _keys("orders", identity, found)


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


def _shifts(
    spec: FileSpec | None, mapping: Mapping, city: City, day: date | None, found: dict[str, Findings], before: Earlier
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(kept shifts, their keys); no rows where there is no couriers' file."""
    columns = ["courier_id", "vehicle", "capacity", "lat", "lng", "starts_at", "ends_at"]
    if spec is None or "couriers" not in found:
        return pd.DataFrame(columns=columns), pd.DataFrame()
    ours = found["couriers"]
    fields = read_fields(spec, COURIERS, ours)
    shifts = pd.concat([fields, read_moments(spec, COURIERS, mapping, city, day, ours)], axis="columns")
    local = shifts["starts_at"].dt.tz_convert(city.zone_info).dt.strftime("%Y-%m-%d")
    days = local if day is None else pd.Series([day.isoformat()] * len(shifts))
    shifts["courier_id"] = identities(spec, "courier_id", shifts, days, city, ours)
    position_rules(shifts, "lat", "lng", "courier", city, ours)
    shift_rules(shifts, ours)
    # One courier has many shifts: a shift's identity is the courier and when it began.
    identity = shifts["courier_id"] + "@" + shifts["starts_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("string")
    repeated_rows(identity, ours, before)
    if "capacity" not in shifts:
        shifts["capacity"] = pd.Series(pd.NA, index=shifts.index, dtype="Int64")
    return shifts[ours.kept][columns].reset_index(drop=True), _keys("couriers", identity, ours)


def _keys(kind: str, identity: pd.Series, found: Findings) -> pd.DataFrame:
    """Identity and digest of every kept row, to know it again in another file."""
    where = found.kept.nonzero()[0]
    digests = [digest(found.rows.originals[i]) for i in where]
    return pd.DataFrame({"kind": kind, "identity": identity[where].to_numpy(dtype=object), "digest": digests})


def _nothing_left(found: Findings) -> None:
    """Raise unless every row is one that was imported before."""
    counts = found.counts()
    if counts["duplicate"] < counts["read"]:
        raise ImportRefused(f"no row of orders can be imported: {found.summary()}")


def refuse_above_share(checked: Checked) -> None:
    """ImportRefused where more rows of a file are rejected or quarantined than the mapping's `max_rejected_share`."""
    for kind, found in checked.found.items():
        counts = found.counts()
        lost = counts["rejected"] + counts["quarantined"]
        if lost > checked.mapping.max_rejected_share * counts["read"]:
            raise ImportRefused(
                f"{checked.paths[kind]}: {lost:,} of {counts['read']:,} rows ({lost / counts['read']:.1%}) are wrong, "
                f"the mapping allows {checked.mapping.max_rejected_share:.1%}; nothing was imported. {found.summary()}"
            )
