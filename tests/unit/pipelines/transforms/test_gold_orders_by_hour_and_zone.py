"""Order volume by hour and zone, and baskets equal to the cent."""

from __future__ import annotations

from pipelines.transforms.gold_orders_by_hour_and_zone import gold_orders_by_hour_and_zone as transform
from tests.unit.pipelines.transforms.gold_by_example import DAY, days_later, order

BIG = 2**53 + 1  # cents that no double can hold


def test_orders_of_an_hour_and_zone_are_counted_by_what_became_of_them(gold) -> None:
    (row,) = gold(
        transform,
        order("delivered", basket_value_cents=1500),
        order("open", basket_value_cents=250),
        order("no_courier", is_preorder=True, basket_value_cents=None),
    )
    assert row == {
        "city_id": "berlin",
        "business_date": DAY,
        "local_hour": 12,
        "zone_id": "z1",
        "zone_name": "Mitte",
        "currency": "EUR",
        "orders_placed": 3,
        "orders_delivered": 1,
        "orders_open": 1,
        "preorders_placed": 1,
        "basket_value_cents": 1750,
    }


def test_cents_above_two_to_the_53rd_come_back_unchanged_beside_a_missing_basket(gold) -> None:
    (row,) = gold(transform, order(basket_value_cents=BIG), order(basket_value_cents=None))
    assert row["basket_value_cents"] == BIG


def test_big_cents_add_up_to_the_cent(gold) -> None:
    (row,) = gold(transform, order(basket_value_cents=BIG), order(basket_value_cents=BIG), order(basket_value_cents=1))
    assert row["basket_value_cents"] == 2 * BIG + 1


def test_an_hour_in_which_no_basket_is_known_has_no_value_and_no_zero(gold) -> None:
    (row,) = gold(transform, order(basket_value_cents=None, currency=None))
    assert (row["basket_value_cents"], row["currency"], row["orders_placed"]) == (None, None, 1)


def test_amounts_of_two_cities_and_currencies_are_never_added(gold) -> None:
    rows = gold(
        transform,
        order(basket_value_cents=1500),
        order(basket_value_cents=4_200_000, city_id="bogota", currency="COP"),
    )
    told = [(r["city_id"], r["currency"], r["basket_value_cents"]) for r in rows]
    assert told == [("berlin", "EUR", 1500), ("bogota", "COP", 4_200_000)]


def test_hours_zones_and_days_are_rows_of_their_own(gold) -> None:
    rows = gold(
        transform,
        order(local_hour=12),
        order(local_hour=13),
        order(local_hour=12, zone_id="z2", zone_name="Wedding"),
        order(local_hour=12, business_date=days_later(1)),
    )
    assert [(r["business_date"].day, r["local_hour"], r["zone_id"], r["orders_placed"]) for r in rows] == [
        (12, 12, "z1", 1),
        (12, 12, "z2", 1),
        (12, 13, "z1", 1),
        (13, 12, "z1", 1),
    ]
