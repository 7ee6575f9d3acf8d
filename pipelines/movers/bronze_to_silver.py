"""Bronze to silver orders: exactly the business days that new events touch are built again.

Guarantee: idempotent. Which bronze versions are in silver is written as application versions in the same Delta commit
as the last day built; the quarantine is replaced before the orders. If it dies between any two lines, the days are
touched still and are built again from all their events, with the same result. A second builder at the same time loses
the commit, looks again and finds nothing or less to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from pipelines.connectors.delta import TableMoved, added_rows, ensure_table, read, versions, write
from pipelines.contracts import load_contract
from pipelines.errors import ServiceError
from pipelines.tokens import token_key
from pipelines.transforms.events import latest_cities, split_events
from pipelines.transforms.local_time import with_business_date
from pipelines.transforms.silver_orders import TOPICS, silver_orders

DAYS_AT_ONCE = 14  # business days held in memory together; a day of 25,000 orders is about 250,000 events
MAX_RACES = 10
UNANSWERED_AFTER = pd.Timedelta(hours=24)
_EPOCH = date(1970, 1, 1)


@dataclass
class SilverResult:
    """What one build did. `business_dates` were built again; `quarantined` counts rows kept aside by dataset."""

    business_dates: list[date] = field(default_factory=list)
    orders: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    bronze_versions: dict[str, int] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class _Bronze:
    """The bronze tables at the versions this build reads, with what silver has of them."""

    tables: dict[str, DeltaTable]
    done: dict[str, int]

    @property
    def versions(self) -> dict[str, int]:
        return {topic: int(table.version()) for topic, table in self.tables.items()}

    def added(self, topic: str, columns: list[str]) -> pa.Table:
        return added_rows(self.tables[topic], self.done.get(topic), columns)


def bronze_to_silver(business_date: date | None = None) -> SilverResult:
    """Build silver/orders and silver/quarantine for every touched business day, and for `business_date` if given."""
    for _ in range(MAX_RACES):
        try:
            return _build(business_date)
        except TableMoved:
            continue
    raise ServiceError(f"silver/orders: lost {MAX_RACES} commits in a row to other builders; run fewer at once")


def _build(business_date: date | None) -> SilverResult:
    silver = ensure_table("silver/orders", load_contract("silver/orders"))
    quarantine = ensure_table("silver/quarantine", load_contract("silver/quarantine"))
    tables = {t: ensure_table(f"bronze/{t}", load_contract(f"bronze/{t}")) for t in (*TOPICS, "cities")}
    bronze = _Bronze(tables, {a.split(":")[1]: v for a, v in versions(silver, [f"bronze:{t}" for t in tables]).items()})
    result = SilverResult(bronze_versions=bronze.versions, version=int(silver.version()))
    if bronze.versions == bronze.done and business_date is None:
        return result
    result.quarantined.update(_quarantine_events(bronze, quarantine))
    cities = latest_cities(read(tables["cities"]))
    placements = good_placements(tables["orders"], cities, quarantine)
    wanted = {business_date} if business_date else set()
    touched = _touched(bronze, silver, quarantine, placements, cities, wanted)
    days = sorted(touched.days)
    marks = {str(city): mark for city, mark in placements.groupby("city_id")["event_time"].max().items()}
    chunks = [days[i : i + DAYS_AT_ONCE] for i in range(0, len(days), DAYS_AT_ONCE)] or [[]]
    for number, chunk in enumerate(chunks, 1):
        built = silver_orders(_events_of(bronze, placements, touched.never_placed, chunk), cities, marks, token_key())
        last = {f"bronze:{t}": v for t, v in bronze.versions.items()} if number == len(chunks) else {}
        _replace(silver, quarantine, built.orders, _within(built.quarantine, chunk), chunk, last)
        result.orders += built.orders.num_rows
        result.quarantined["silver/orders"] += _within(built.quarantine, chunk).num_rows
    result.business_dates, result.version = days, int(silver.version())
    return result


def _quarantine_events(bronze: _Bronze, quarantine: DeltaTable) -> Iterator[str]:
    """Check the rules of every UTC date that has new events and put what breaks them in place of what was there."""
    contract = load_contract("silver/quarantine")
    for topic, table in bronze.tables.items():
        dates = set(bronze.added(topic, ["event_date"]).column("event_date").unique().to_pylist())
        if not dates:
            continue
        _, bad = split_events(topic, read(table, where=_on_dates("event_date", dates)))
        where = f"dataset = 'bronze/{topic}' AND ({_dates_sql('partition_date', dates)})"
        write(quarantine, bad, contract, {}, replace=where)
        yield from [f"bronze/{topic}"] * bad.num_rows


def good_placements(orders: DeltaTable, cities: pd.DataFrame, quarantine: DeltaTable | None = None) -> pd.DataFrame:
    """Every good placement ever, one row an order: order_id, city_id, event_time, business_date.

    Rows of orders that the quarantine (default: silver/quarantine) knows are checked again; the others are good.
    """
    columns = ["order_id", "city_id", "event_time"]
    is_placed = pc.field("event_type") == "placed"
    known = quarantine or ensure_table("silver/quarantine", load_contract("silver/quarantine"))
    kept = read(known, ["order_id"], pc.field("dataset") == "bronze/orders").column("order_id").drop_null()
    doubtful = pc.field("order_id").isin(kept.combine_chunks())
    sound = read(orders, columns, is_placed & ~doubtful)
    good, _ = split_events("orders", read(orders, where=is_placed & doubtful))
    rows = pa.concat_tables([sound, good.select(columns).cast(sound.schema)]).to_pandas().dropna()
    return with_business_date(rows.sort_values("event_time").drop_duplicates("order_id"), cities)


@dataclass(frozen=True)
class _Touched:
    """Business days to build again, and the orders among the new events and on these days that were never placed."""

    days: set[date]
    never_placed: set[str]


def _touched(
    bronze: _Bronze,
    silver: DeltaTable,
    quarantine: DeltaTable,
    placements: pd.DataFrame,
    cities: pd.DataFrame,
    wanted: set[date],
) -> _Touched:
    added = pa.concat_tables(bronze.added(topic, ["order_id", "city_id", "event_time"]) for topic in TOPICS)
    new = added.to_pandas().dropna()
    orders = set(new["order_id"])
    days = wanted | set(placements.loc[placements["order_id"].isin(orders), "business_date"])
    orphans = new[~new["order_id"].isin(placements["order_id"])].sort_values("event_time").drop_duplicates("order_id")
    days |= set(with_business_date(orphans, cities)["business_date"])
    kept = read(
        quarantine, ["order_id", "city_id", "partition_date"], pc.field("dataset") == "silver/orders"
    ).to_pandas()
    new_cities = set(bronze.added("cities", ["city_id"]).column("city_id").to_pylist())
    days |= set(kept.loc[kept["order_id"].isin(orders) | kept["city_id"].isin(new_cities), "partition_date"])
    stored = read(silver, ["city_id", "business_date", "outcome", "placed_at"])
    days |= set(_reopened(stored.to_pandas(), new_cities, placements))
    return _Touched(days, set(orphans["order_id"]) | set(kept.loc[kept["partition_date"].isin(days), "order_id"]))


def _reopened(stored: pd.DataFrame, new_cities: set[str], placements: pd.DataFrame) -> pd.Series[Any]:
    """Days of orders that time alone changes (open ones that nobody answered) and of cities registered anew."""
    reached = stored["city_id"].map(placements.groupby("city_id")["event_time"].max())
    waiting = (stored["outcome"] == "open") & (stored["placed_at"] < reached - UNANSWERED_AFTER)
    return stored.loc[waiting | stored["city_id"].isin(new_cities), "business_date"]


def _events_of(
    bronze: _Bronze, placements: pd.DataFrame, never_placed: set[str], days: list[date]
) -> Mapping[str, pa.Table]:
    """Good, distinct events of every order of `days`, and of orders that were never placed."""
    wanted = placements.loc[placements["business_date"].isin(days), "order_id"]
    # an order's events begin on its placement's UTC date, a day before or after its business date at most
    since = (min(days) if days else _EPOCH) - timedelta(days=2)
    reading = (pc.field("event_date") >= pa.scalar(since)) & pc.field("order_id").isin(pa.array(wanted, pa.string()))
    if never_placed:
        reading = reading | pc.field("order_id").isin(pa.array(sorted(never_placed), pa.string()))
    return {topic: split_events(topic, read(bronze.tables[topic], where=reading))[0] for topic in TOPICS}


def _within(quarantined: pa.Table, days: list[date]) -> pa.Table:
    return quarantined.filter(pc.is_in(quarantined.column("partition_date"), value_set=pa.array(days, pa.date32())))


def _replace(
    silver: DeltaTable,
    quarantine: DeltaTable,
    orders: pa.Table,
    contradictory: pa.Table,
    days: list[date],
    bronze_versions: dict[str, int],
) -> None:
    """Put orders and contradictory orders of `days` in place of what was there; versions go with the orders."""
    if days:
        where = f"dataset = 'silver/orders' AND ({_dates_sql('partition_date', days)})"
        write(quarantine, contradictory, load_contract("silver/quarantine"), {}, replace=where)
    replace = _dates_sql("business_date", days) if days else None
    write(silver, orders, load_contract("silver/orders"), bronze_versions, replace=replace)


def _dates_sql(column: str, dates: Iterable[date | None]) -> str:
    # dates are ours, not input: isoformat cannot carry anything else into the predicate
    known = sorted(d for d in dates if d is not None)
    tests = [f"{column} IN ({', '.join(repr(d.isoformat()) for d in known)})"] if known else []
    return " OR ".join(tests + ([f"{column} IS NULL"] if None in dates else []))


def _on_dates(column: str, dates: Iterable[date | None]) -> pc.Expression:
    test = pc.field(column).isin(pa.array([d for d in dates if d is not None], pa.date32()))
    return test | pc.field(column).is_null() if None in dates else test
