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
from pipelines.tables import query
from pipelines.tokens import token_key
from pipelines.transforms.events import latest_cities, split_events
from pipelines.transforms.local_time import with_business_date
from pipelines.transforms.silver_orders import TOPICS, silver_orders

DAYS_AT_ONCE = 14  # business days held in memory together; a day of 25,000 orders is about 250,000 events
MAX_RACES = 10
UNANSWERED_AFTER = pd.Timedelta(hours=24)
DAYS_BEFORE = 2  # an order's events begin on its placement's UTC date, a day before or after its business date at most
_PLACED = pa.schema([("order_id", pa.string()), ("business_date", pa.date32())])
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
    marks = _reached(placements)
    chunks = [days[i : i + DAYS_AT_ONCE] for i in range(0, len(days), DAYS_AT_ONCE)] or [[]]
    for number, chunk in enumerate(chunks, 1):
        built = silver_orders(_events_of(bronze, placements, touched.never_placed, chunk), cities, marks, token_key())
        last = {f"bronze:{t}": v for t, v in bronze.versions.items()} if number == len(chunks) else {}
        orders = _within(built.orders, "business_date", chunk)
        kept = _within(built.quarantine, "partition_date", chunk)
        _replace(silver, quarantine, orders, kept, chunk, last)
        result.orders += orders.num_rows
        result.quarantined["silver/orders"] += kept.num_rows
    result.business_dates, result.version = days, int(silver.version())
    return result


def _quarantine_events(bronze: _Bronze, quarantine: DeltaTable) -> Iterator[str]:
    """Check the rules of every UTC date that has new events and put what breaks them in place of what was there."""
    contract = load_contract("silver/quarantine")
    for topic, table in bronze.tables.items():
        dates = set(bronze.added(topic, ["event_date"]).column("event_date").unique().to_pylist())
        if not dates:
            continue
        # a date at a time: what a date holds decides, not which dates happen to be looked at together
        found = [split_events(topic, read(table, where=_on_dates("event_date", {day})))[1] for day in dates]
        bad = pa.concat_tables(found)
        where = f"dataset = 'bronze/{topic}' AND ({_dates_sql('partition_date', dates)})"
        write(quarantine, bad, contract, {}, replace=where)
        yield from [f"bronze/{topic}"] * bad.num_rows


def good_placements(orders: DeltaTable, cities: pd.DataFrame, quarantine: DeltaTable | None = None) -> pd.DataFrame:
    """Every good placement ever, one row an order: order_id, city_id, event_time, ingested_at, business_date.

    Rows of orders that the quarantine (default: silver/quarantine) knows are checked again; the others are good.
    """
    columns = ["order_id", "city_id", "event_time", "ingested_at"]
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
    # a city registered anew may move its orders to other days: those they are on now, and those they were on
    days |= set(placements.loc[placements["city_id"].isin(new_cities), "business_date"])
    columns = ["order_id", "city_id", "business_date", "outcome", "placed_at", "restaurant_accepted_at"]
    days |= set(_reopened(read(silver, columns).to_pandas(), orders, new_cities, placements))
    return _Touched(days, set(orphans["order_id"]) | set(kept.loc[kept["partition_date"].isin(days), "order_id"]))


def _reached(placements: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """How far each city's orders reach; never past the moment they were seen, so that a wrong clock ages no order."""
    if placements.empty:
        return {}
    last = placements.groupby("city_id")[["event_time", "ingested_at"]].max().min(axis=1)
    return {str(city): mark for city, mark in last.items()}


def _reopened(stored: pd.DataFrame, orders: set[str], new_cities: set[str], placements: pd.DataFrame) -> pd.Series[Any]:
    """Stored days of touched orders, of cities registered anew, and of orders that nobody answered for a day."""
    if stored.empty:
        return stored["business_date"]
    touched = stored["order_id"].isin(orders) | stored["city_id"].isin(new_cities)
    marks = pd.Series(_reached(placements), dtype="datetime64[us, UTC]")
    due = stored["city_id"].map(marks).astype("datetime64[us, UTC]") - UNANSWERED_AFTER
    waiting = (stored["outcome"] == "open") & stored["restaurant_accepted_at"].isna() & (stored["placed_at"] < due)
    return stored.loc[touched | waiting, "business_date"]


def _events_of(
    bronze: _Bronze, placements: pd.DataFrame, never_placed: set[str], days: list[date]
) -> Mapping[str, pa.Table]:
    """Good, distinct events of every order of `days`, and of orders that were never placed."""
    wanted = placements.loc[placements["business_date"].isin(days), ["order_id", "business_date"]]
    since = (min(days) if days else _EPOCH) - timedelta(days=DAYS_BEFORE)
    of_days = pc.field("order_id").isin(pa.array(wanted["order_id"].to_list(), pa.string()))
    reading = (pc.field("event_date") >= pa.scalar(since)) & of_days
    if never_placed:
        reading = reading | pc.field("order_id").isin(pa.array(sorted(never_placed), pa.string()))
    placed = pa.Table.from_pandas(wanted, preserve_index=False).cast(_PLACED)
    return {
        topic: _of_their_days(split_events(topic, read(bronze.tables[topic], where=reading))[0], placed)
        for topic in TOPICS
    }


def _of_their_days(events: pa.Table, placed: pa.Table) -> pa.Table:
    """Events not long before their order's day, whichever days are built together; all of orders never placed."""
    sql = f"""SELECT events.* FROM events LEFT JOIN placed USING (order_id)
        WHERE business_date IS NULL OR event_date >= business_date - {DAYS_BEFORE}"""
    return query(sql, events=events, placed=placed)


def _within(rows: pa.Table, column: str, days: list[date]) -> pa.Table:
    return rows.filter(pc.is_in(rows.column(column), value_set=pa.array(days, pa.date32())))


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
