"""Gold operations_by_day: the headline figures, one row a city and business day, from the orders themselves.

Pure: silver orders in, the contract's columns out.
"""

from __future__ import annotations

from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as F

from pipelines.transforms import measures as m


def gold_operations_by_day(orders: DataFrame) -> DataFrame:
    """`orders`: SILVER.ORDERS of whole business days. Columns: data_contracts/gold/operations_by_day.odcs.yaml."""
    real_but_simulated_life = ~F.col("IS_SIMULATED") & F.col("IS_LIFE_SIMULATED")
    counted = orders.group_by("CITY_ID", "BUSINESS_DATE").agg(
        m.one_currency(),
        m.placed(),
        m.delivered(),
        m.still_open(),
        *m.lost(),
        *m.durations(),
        *m.ratings(),
        m.money_sum("CAPTURED_CENTS").alias("SALES_CENTS"),
        m.count_where(F.col("IS_SIMULATED")).alias("SIMULATED_ORDERS"),
        m.count_where(real_but_simulated_life).alias("SIMULATED_LIVES"),
    )
    late_share = m.ratio(F.col("DELIVERIES_LATE"), F.col("DELIVERIES_WITH_PROMISE")).alias("LATE_SHARE")
    return counted.select("*", *m.fulfilment_rates(), late_share)
