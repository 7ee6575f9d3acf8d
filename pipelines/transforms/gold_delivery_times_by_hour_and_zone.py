"""Gold delivery_times_by_hour_and_zone.

Waiting and lateness, one row a city, business day, local hour and zone. Pure: silver orders in, the contract's
columns out.
"""

from __future__ import annotations

from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as F

from pipelines.transforms import measures as m


def gold_delivery_times_by_hour_and_zone(orders: DataFrame) -> DataFrame:
    """`orders`: SILVER.ORDERS of whole business days. Columns.

    Data_contracts/gold/delivery_times_by_hour_and_zone.odcs.yaml.
    """
    delivered = orders.filter(m.DELIVERED)
    return delivered.group_by("CITY_ID", "BUSINESS_DATE", "LOCAL_HOUR", "ZONE_ID").agg(
        F.max("ZONE_NAME").alias("ZONE_NAME"), m.delivered(), *m.durations()
    )
