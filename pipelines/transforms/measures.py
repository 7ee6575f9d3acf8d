"""The measures of the business as Snowpark expressions over silver orders: one definition each for every gold table.

Contracts in data_contracts/gold name numerator, denominator and exclusions. Percentiles are linear, with n beside them
and none under MIN_FOR_PERCENTILE; a mean rating needs MIN_RATINGS.
"""

from __future__ import annotations

from snowflake.snowpark import Column
from snowflake.snowpark import functions as F

MIN_FOR_PERCENTILE = 5
MIN_RATINGS = 10
LOST = (
    "customer_before_acceptance",
    "customer_after_acceptance",
    "restaurant_rejected",
    "no_courier",
    "unanswered",
    "delivery_failed",
)


def count_where(condition: Column) -> Column:
    """Rows for which `condition` is true, as an integer; 0 where there is none."""
    return F.sum(F.iff(condition, F.lit(1), F.lit(0))).cast("NUMBER(19,0)")


def has_outcome(outcome: str) -> Column:
    return F.col("OUTCOME") == F.lit(outcome)


DELIVERED = has_outcome("delivered")
MEASURED = DELIVERED & F.col("DELIVERY_SECONDS").is_not_null()
PROMISED = DELIVERED & F.col("IS_LATE").is_not_null()
REVIEWED = DELIVERED & F.col("RATING_OVERALL").is_not_null()


def placed() -> Column:
    return F.count(F.lit(1)).alias("ORDERS_PLACED")


def delivered() -> Column:
    return count_where(DELIVERED).alias("ORDERS_DELIVERED")


def still_open() -> Column:
    return count_where(has_outcome("open")).alias("ORDERS_OPEN")


def lost() -> list[Column]:
    """One column for each class of what was not fulfilled."""
    return [count_where(has_outcome(name)).alias(name.upper()) for name in LOST]


def ratio(numerator: Column, denominator: Column) -> Column:
    """numerator / denominator; missing where the denominator is 0."""
    return F.iff(denominator > 0, numerator.cast("FLOAT") / denominator.cast("FLOAT"), F.lit(None))


def fulfilment_rates() -> list[Column]:
    """Both rates, over the columns of `placed`, `delivered` and `lost`."""
    early = F.col("ORDERS_PLACED") - F.col("CUSTOMER_BEFORE_ACCEPTANCE")
    return [
        ratio(F.col("ORDERS_DELIVERED"), F.col("ORDERS_PLACED")).alias("FULFILMENT_RATE"),
        ratio(F.col("ORDERS_DELIVERED"), early).alias("FULFILMENT_RATE_WITHOUT_EARLY_CUSTOMER_CANCELLATIONS"),
    ]


def durations() -> list[Column]:
    """n, exclusions, median and 90th percentile of the delivery time, and the counts of lateness."""
    excluded = DELIVERED & F.col("DELIVERY_SECONDS").is_null() & ~F.col("IS_PREORDER")
    return [
        count_where(MEASURED).alias("DELIVERIES_MEASURED"),
        count_where(excluded).alias("DELIVERIES_EXCLUDED"),
        F.sum(F.iff(MEASURED, F.col("DELIVERY_SECONDS"), F.lit(None))).alias("DELIVERY_SECONDS_SUM"),
        percentile(0.5).alias("DELIVERY_SECONDS_MEDIAN"),
        percentile(0.9).alias("DELIVERY_SECONDS_P90"),
        count_where(PROMISED).alias("DELIVERIES_WITH_PROMISE"),
        count_where(PROMISED & (F.col("IS_LATE") == F.lit(True))).alias("DELIVERIES_LATE"),
    ]


def percentile(share: float) -> Column:
    """Linear percentile of the delivery time in seconds; missing under MIN_FOR_PERCENTILE measured deliveries."""
    # delivery_seconds is missing for everything that is not measured, and percentile_cont ignores missing values
    exact = F.sql_expr(f"percentile_cont({share}) within group (order by DELIVERY_SECONDS)")
    return F.iff(count_where(MEASURED) >= MIN_FOR_PERCENTILE, exact, F.lit(None))


def ratings() -> list[Column]:
    """n, sum and mean of overall ratings of delivered orders, and the share reviewed."""
    rating_sum = F.sum(F.iff(REVIEWED, F.col("RATING_OVERALL"), F.lit(0))).cast("FLOAT")
    n = count_where(REVIEWED)
    return [
        n.alias("REVIEWS"),
        rating_sum.alias("RATING_SUM"),
        F.iff(n >= MIN_RATINGS, rating_sum / n, F.lit(None)).alias("RATING_MEAN"),
        ratio(n, count_where(DELIVERED)).alias("SHARE_REVIEWED"),
    ]


def money_sum(column: str) -> Column:
    """Exact sum of an amount in hundredths; missing amounts are left out, all missing is missing."""
    # the cast inside keeps the sum in integers: the embedded warehouse would add bare columns as doubles
    return F.sum(F.col(column).cast("NUMBER(38,0)")).cast("NUMBER(19,0)").alias(column)


def one_currency() -> Column:
    """The group's currency; a city has one, so this is never a choice."""
    return F.max(F.col("CURRENCY")).alias("CURRENCY")
