"""Gold satisfaction_by_day_and_restaurant: ratings, one row a city, business day and restaurant. Pure.

Silver orders in, the contract's columns out.
"""

from __future__ import annotations

from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as F

from pipelines.transforms import measures as m


def gold_satisfaction_by_day_and_restaurant(orders: DataFrame) -> DataFrame:
    """`orders`: SILVER.ORDERS of whole business days. Columns.

    Data_contracts/gold/satisfaction_by_day_and_restaurant.odcs.yaml.
    """
    delivered = orders.filter(m.DELIVERED)
    return delivered.group_by("CITY_ID", "BUSINESS_DATE", "RESTAURANT_ID").agg(
        F.max("RESTAURANT_NAME").alias("RESTAURANT_NAME"), m.delivered(), *m.ratings()
    )
