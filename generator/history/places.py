"""Where and when the rows of a file are of: the city of each row, whose time zone and currency hold, and the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from generator.city.city import City
from generator.history.findings import Findings, Outcome
from generator.history.mapping import Mapping
from generator.history.mapping_parts import FileSpec, Shops
from generator.history.rules import inside, near_zero
from generator.history.values import TEXT
from generator.history.which_city import find_city
from pipelines.transforms.local_time import business_dates

SEVERAL = "several"


@dataclass(frozen=True)
class Places:
    """`row_city`: position in `cities` of each row's city. `day` is set only for files of clock times."""

    mapping: Mapping
    cities: list[City]
    row_city: np.ndarray
    day: date | None

    @property
    def key(self) -> str:
        """The one city's id, or `several`."""
        return self.cities[0].city_id if len(self.cities) == 1 else SEVERAL

    def by_city(self) -> Iterator[tuple[City, np.ndarray]]:
        """Each city with the mask of its rows."""
        for number, city in enumerate(self.cities):
            yield city, self.row_city == number

    def each(self, name: str) -> pd.Series:
        """An attribute of each row's city, as text."""
        values = np.array([str(getattr(city, name)) for city in self.cities], dtype=object)
        return pd.Series(values[self.row_city], dtype=TEXT)

    def days(self, moments: pd.Series) -> pd.Series:
        """ISO day of each row: the files' own, else the local calendar day of the moment."""
        if self.day is not None:
            return pd.Series([self.day.isoformat()] * len(moments), dtype=TEXT)
        days = pd.Series([None] * len(moments), dtype=TEXT)
        for city, mask in self.by_city():
            local = moments[mask].dt.tz_convert(city.zone_info)
            days[mask] = local.dt.strftime("%Y-%m-%d").astype(TEXT)
        return days

    def business_dates(self, moments: pd.Series) -> pd.Series:
        """Business date of each moment: its local day, which begins at the city's cut hour."""
        dates = pd.Series([None] * len(moments), dtype=object)
        for city, mask in self.by_city():
            dates[mask] = business_dates(moments[mask], city.time_zone, city.day_cut_hour).astype(object)
        return dates


def places_of(
    mapping: Mapping, spec: FileSpec, fields: pd.DataFrame, day: date | None, wanted: str | None, found: Findings
) -> Places:
    """The city of each row of orders: by its shop, by its pick-up, or one for the file, as the mapping says.

    `wanted` names the city instead. Raises UsageError and ImportRefused as `find_city` does.
    """
    if wanted is None and spec.shops is not None:
        return Places(mapping, mapping.cities, _by_shop(spec.shops, mapping.cities, fields, found), day)
    if wanted is None and spec.city_from == "pickup":
        return Places(mapping, mapping.cities, _by_pickup(mapping.cities, fields), day)
    lat, lng = (fields.get(n, pd.Series(np.nan, index=fields.index)) for n in ("pickup_lat", "pickup_lng"))
    city = find_city(mapping.cities, lat, lng, wanted)
    return Places(mapping, [city], np.zeros(len(fields), dtype=np.int64), day)


def _by_shop(shops: Shops, cities: list[City], fields: pd.DataFrame, found: Findings) -> np.ndarray:
    """Cities by shop code; fills what the file does not say of a shop into `fields`."""
    codes = found.rows.cells[shops.column].astype(TEXT).reset_index(drop=True).str.strip()
    codes = codes.mask(codes == "", pd.NA)
    unknown = (codes.notna() & ~codes.isin(list(shops.table))).to_numpy(dtype=bool)
    shown = codes.fillna("").to_numpy(dtype=object)
    found.add(codes.isna().to_numpy(), Outcome.rejected, "shop_missing", "")
    found.add(
        unknown,
        Outcome.quarantined,
        "shop_unknown",
        shown,
        "not in the table of shops: city, zone and currency unknown",
    )
    for name, attribute in (("restaurant_name", "name"), ("pickup_lat", "lat"), ("pickup_lng", "lng")):
        if name not in fields and any(getattr(s, attribute) is not None for s in shops.table.values()):
            fields[name] = codes.map({k: getattr(s, attribute) for k, s in shops.table.items()})
    if "restaurant_id" not in fields:
        fields["restaurant_id"] = codes
    for name in ("pickup_lat", "pickup_lng"):
        if name in fields:
            fields[name] = fields[name].astype("float64")
    number = {city.city_id: n for n, city in enumerate(cities)}
    row_city: np.ndarray = codes.map({k: number[s.city] for k, s in shops.table.items()}).fillna(0).to_numpy(np.int64)
    return row_city


def _by_pickup(cities: list[City], fields: pd.DataFrame) -> np.ndarray:
    """The first city whose area holds the pick-up (or would, latitude and longitude exchanged), else the first of all;
    the rules of positions then set such a row aside."""
    lat, lng = fields["pickup_lat"], fields["pickup_lng"]
    row_city = np.full(len(fields), -1, dtype=np.int64)
    for at_lat, at_lng in ((lat, lng), (lng, lat)):
        for number, city in enumerate(cities):
            here = inside(at_lat, at_lng, city.bounds) & ~near_zero(lat, lng)
            row_city[(row_city < 0) & here] = number
    return np.maximum(row_city, 0)
