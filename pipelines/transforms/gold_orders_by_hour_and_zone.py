"""Gold orders_by_hour_and_zone: order volume, one row a city, business day, local hour and zone. Pure.

Silver orders in, the contract's columns out.
"""

from __future__ import annotations

from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as F

from pipelines.transforms import measures as m


def gold_orders_by_hour_and_zone(orders: DataFrame) -> DataFrame:
    """`orders`: SILVER.ORDERS of whole business days. Columns.

    Data_contracts/gold/orders_by_hour_and_zone.odcs.yaml.
    """
    return orders.group_by("CITY_ID", "BUSINESS_DATE", "LOCAL_HOUR", "ZONE_ID").agg(
        F.max("ZONE_NAME").alias("ZONE_NAME"),
        m.one_currency(),
        m.placed(),
        m.delivered(),
        m.still_open(),
        m.count_where(F.col("IS_PREORDER")).alias("PREORDERS_PLACED"),
        m.money_sum("BASKET_VALUE_CENTS"),
    )
