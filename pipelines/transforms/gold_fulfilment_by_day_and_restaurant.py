"""Gold fulfilment_by_day_and_restaurant.

What became of the orders, one row a city, business day and restaurant. Pure: silver orders in, the contract's columns
out.
"""

from __future__ import annotations

from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as F

from pipelines.transforms import measures as m


def gold_fulfilment_by_day_and_restaurant(orders: DataFrame) -> DataFrame:
    """`orders`: SILVER.ORDERS of whole business days. Columns.

    Data_contracts/gold/fulfilment_by_day_and_restaurant.odcs.yaml.
    """
    counted = orders.group_by("CITY_ID", "BUSINESS_DATE", "RESTAURANT_ID").agg(
        F.max("RESTAURANT_NAME").alias("RESTAURANT_NAME"), m.placed(), m.delivered(), m.still_open(), *m.lost()
    )
    return counted.select("*", *m.fulfilment_rates())
