"""Events as silver reads them: each once, and those that break a rule apart. Pure: tables in, tables out."""

from __future__ import annotations

import json
from zoneinfo import available_timezones

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import conform, load_contract
from pipelines.tables import query

COORDINATES = ["kafka_partition", "kafka_offset", "row_in_message"]


def distinct_events(bronze: pa.Table) -> pa.Table:
    """The first row of each event_id, by Kafka coordinates; rows without an event_id all stay."""
    if bronze.num_rows == 0:
        return bronze
    order = ", ".join(COORDINATES)
    sql = f"""SELECT * FROM bronze
        QUALIFY event_id IS NULL OR row_number() OVER (PARTITION BY event_id ORDER BY {order}) = 1
        ORDER BY {order}"""
    return query(sql, bronze=bronze)


def split_events(topic: str, bronze: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(good distinct rows, quarantine rows) of a topic's bronze rows; quarantine conforms to silver/quarantine.

    Of an event that came again the first good row counts: a row mended under the same event_id takes the place of the
    bad one.
    """
    contract = load_contract(f"bronze/{topic}")
    broken = broken_rules(bronze, rules(contract))
    is_good = pc.equal(pc.list_value_length(broken), 0)
    good = distinct_events(bronze.filter(is_good))
    mended = pc.is_in(bronze.column("event_id"), value_set=good.column("event_id").combine_chunks())
    unmended = pc.and_(pc.invert(is_good), pc.invert(mended))
    bad = distinct_events(bronze.filter(unmended).append_column("broken", broken.filter(unmended)))
    return good, _quarantined(topic, bad.drop_columns("broken"), bad.column("broken"))


def good_events(topic: str, rows: pa.Table) -> pa.Table:
    """The rows (of the event contract) that keep every rule; repeats stay."""
    broken = broken_rules(rows, rules(load_contract(f"events/{topic}")))
    return rows.filter(pc.equal(pc.list_value_length(broken), 0))


def _quarantined(topic: str, rows: pa.Table, broken: pa.ChunkedArray) -> pa.Table:
    n = rows.num_rows
    missing = pa.nulls(n, pa.string())
    columns = {
        "dataset": pa.array([f"bronze/{topic}"] * n, pa.string()),
        "partition_date": rows.column("event_date"),
        "rules": pa.array([",".join(names) for names in broken.to_pylist()], pa.string()),
        "city_id": rows.column("city_id"),
        "order_id": rows.column("order_id") if "order_id" in rows.column_names else missing,
        "event_id": rows.column("event_id"),
        "event_time": rows.column("event_time"),
        **{name: rows.column(name) for name in COORDINATES},
        "row": rows_as_json(rows),
    }
    return conform(pa.table(columns), load_contract("silver/quarantine"))


def rows_as_json(rows: pa.Table) -> pa.Array:
    """Each row as one JSON text, instants in ISO 8601; a row loop, because only the few bad rows come here."""
    return pa.array([json.dumps(row, default=str, ensure_ascii=False) for row in rows.to_pylist()], pa.string())


def latest_cities(bronze_cities: pa.Table) -> pd.DataFrame:
    """The latest registration of each city, indexed by city_id."""
    good, _ = split_events("cities", bronze_cities)
    known = [zone in available_timezones() for zone in good.column("time_zone").to_pylist()]
    good = good.filter(pa.array(known, pa.bool_()))  # without a clock a city is as good as not registered
    frame: pd.DataFrame = good.to_pandas().sort_values(["event_time", "event_id"])
    return frame.drop_duplicates("city_id", keep="last").set_index("city_id")
