from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from pipelines.reporting.headline import figures, sales_text, sentence, simulated_text, tiles
from pipelines.reporting.tiles import tile_view


def views(gold):
    return {t["label"]: tile_view(t) for t in tiles(gold, 93.0, 20.0, 60.0)}


def test_a_troubled_day_is_told_against_last_week_with_its_excess_and_its_largest_loss(normal):
    said = sentence(normal)
    assert said.startswith("**90.8\u202f%** of **1,200** orders were delivered, **3.5 points below** last Tuesday; ")
    assert "more orders than usual came late" in said
    assert "of all late ones in Harbour" in said
    assert "most often because no courier was found (34)" in said


def test_three_orders_are_counted_and_not_rated(three):
    assert sentence(three) == (
        "**3 orders** were placed and **2** delivered, too few for rates; 1 of 2 came late; 1 is still open; "
        "no reviews arrived."
    )


def test_a_day_without_orders_says_so(none):
    assert sentence(none) == "**No orders were placed** on Tuesday 10 March 2026, or none has arrived yet."


def test_without_days_before_nothing_is_compared(days):
    said = sentence(days.normal(0))
    assert "usual" not in said
    assert "last Tuesday" not in said
    assert "came after the promise" in said


def test_a_day_without_reviews_leaves_satisfaction_blank_and_gives_the_last_known(days):
    gold = days.normal(reviewed=False)
    tile = views(gold)["Satisfaction"]
    assert (tile["amount"], tile["css"]) == ("–", "none")
    assert tile["empty"] == "No reviews arrived for this day."
    assert tile["range"].startswith("Monday 4.")
    assert sentence(gold).endswith("no reviews arrived.")


def test_tiles_of_a_day_without_orders_are_blank_and_never_zero(none):
    assert {view["amount"] for view in views(none).values()} == {"–"}


def test_a_rate_of_three_orders_is_shown_and_not_coloured(three):
    tile = views(three)["Fulfilment rate"]
    assert (tile["amount"], tile["css"], tile["status"]) == ("66.7", "none", "Too few to judge")
    assert views(three)["Median time"]["empty"].startswith("Only 2 deliveries measured")


def test_fulfilment_stands_beside_its_version_without_early_cancellations(normal):
    assert dict(views(normal)["Fulfilment rate"]["beside"]) == {"without early cancellations": "92.0\u202f%"}
    assert views(normal)["Fulfilment rate"]["status"] == "Below 93\u202f% target"


def test_four_days_before_give_no_usual_range_and_no_colour(days):
    tile = views(days.normal(4))["Late share"]
    assert (tile["css"], tile["range"]) == ("none", "4 days before: not enough days for a usual range")


def test_a_missing_day_is_a_gap_and_not_a_zero(days):
    gold = days.normal(10)
    hole = gold.business_date - timedelta(days=3)
    gold = replace(gold, days=gold.days[gold.days["business_date"] != hole])
    series = gold.series("orders_placed")
    assert (len(series), series[-3]) == (10, None)


def test_two_currencies_are_never_added(normal):
    row = normal.days[normal.days["business_date"] == normal.business_date]
    both = pd.concat([normal.days, row.assign(currency="COP", sales_cents=100)], ignore_index=True)
    gold = replace(normal, days=both)
    assert sales_text(gold) == "EUR\u202f25,615.00 and COP\u202f1.00"
    assert figures(gold)["sales_cents_cop"] == 100


@pytest.mark.parametrize(
    ("simulated", "said"), [(0, "none of 40 orders"), (12, "12 of 40 orders"), (40, "all 40 orders")]
)
def test_simulated_orders_are_stated(simulated, said):
    assert simulated_text({"orders_placed": 40, "simulated_orders": simulated}) == said


def test_published_figures_are_plain_values(normal, none):
    from pipelines.runs.publish import figures_payload

    assert figures_payload(figures(normal))["figures"]["orders_placed"] == 1200
    empty = figures_payload(figures(none))["figures"]
    assert (empty["orders_placed"], empty["fulfilment_rate"]) == (0, None)
