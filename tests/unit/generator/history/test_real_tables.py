"""Order tables as people have them: the delivery file that is passed around, and a marketplace's table of orders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from generator.history.check import check_files, refuse_above_share
from generator.history.history_events import events_of
from generator.history.mapping import load_mapping, parse_mapping
from generator.history.record import account
from tests.unit.generator.history.examples import outcomes, write

EVALUATION_DATA = os.environ.get("DISHPATCH_EVALUATION_DATA")

ZOMATO = [
    "ID,Delivery_person_ID,Delivery_person_Age,Delivery_person_Ratings,Restaurant_latitude,Restaurant_longitude,"
    "Delivery_location_latitude,Delivery_location_longitude,Order_Date,Time_Orderd,Time_Order_picked,"
    "Weatherconditions,Road_traffic_density,Vehicle_condition,Type_of_order,Type_of_vehicle,multiple_deliveries,"
    "Festival,City,Time_taken(min)",
    "0x1 ,PUNRES01DEL01 ,33,4.5,18.51,73.85,18.53,73.87,05-02-2022,19:10:00,19:20:00,conditions Fog,Jam ,1,Meal ,"
    "scooter ,1,No ,Urban ,(min) 25",
    "0x2 ,PUNRES01DEL01 ,NaN ,NaN ,18.51,73.85,18.55,73.89,15-02-2022,23:55:00,00:05:00,conditions NaN,NaN ,2,Snack ,"
    "motorcycle ,NaN ,NaN ,NaN ,(min) 31",
    "0x3 ,SURRES02DEL02 ,27,4.8,21.17,72.79,21.20,72.82,16-02-2022,09:30:00,09:40:00,conditions Sunny,Low ,0,Drinks ,"
    "electric_scooter ,0,No ,Metropolitian ,(min) 16",
]
ZERO = ZOMATO[1].replace("0x1", "0x4").replace("18.51,73.85", "0.0,0.0").replace("18.53,73.87", "0.02,0.02")
UNTIMED = ZOMATO[1].replace("0x1", "0x5").replace("19:10:00", "NaN ")

OLIST = [
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
    "order_delivered_customer_date,order_estimated_delivery_date",
    "a1,c1,delivered,2018-03-01 10:00:00,2018-03-01 10:10:00,2018-03-02 12:00:00,2018-03-06 15:00:00,"
    "2018-03-12 00:00:00",
    "a2,c2,shipped,2018-03-01 11:00:00,2018-03-01 11:10:00,2018-03-03 12:00:00,,2018-03-12 00:00:00",
    "a3,c3,canceled,2018-03-01 12:00:00,,,,2018-03-12 00:00:00",
    "a4,c4,delivered,2018-03-02 10:00:00,2018-03-02 10:10:00,2018-03-03 12:00:00,,2018-03-12 00:00:00",
]
OLIST_MAPPING: dict[str, Any] = {
    "name": "olist",
    "cities": [
        {
            "city_id": "sao_paulo",
            "name": "São Paulo",
            "time_zone": "America/Sao_Paulo",
            "currency": "BRL",
            "bounds": {"min_lat": -24.1, "max_lat": -23.3, "min_lng": -47.0, "max_lng": -46.3},
        }
    ],
    "orders": {
        "identity": "{order_id}",
        "longest_life_hours": 24 * 366,
        "columns": {
            "order_id": {"column": "order_id"},
            "customer_id": {"column": "customer_id"},
            "state": {
                "column": "order_status",
                "values": {"delivered": "delivered", "canceled": "cancelled", "shipped": "open"},
            },
            "placed_at": {"column": "order_purchase_timestamp"},
            "picked_up_at": {"column": "order_delivered_carrier_date"},
            "delivered_at": {"column": "order_delivered_customer_date"},
            "promised_at": {"column": "order_estimated_delivery_date"},
            "restaurant_id": {"constant": "the marketplace"},
            "cancelled_by": {"constant": "customer"},
        },
    },
}


def test_the_delivery_file_gives_real_deliveries_of_several_cities_and_details_for_models(tmp_path: Path) -> None:
    path = write(tmp_path, *ZOMATO, ZERO, UNTIMED)
    checked = check_files(load_mapping("zomato"), path, None)
    assert outcomes(checked) == {5: ("quarantined", "pickup_position_missing"), 6: ("rejected", "placed_at_missing")}
    assert checked.orders["city_id"].tolist() == ["pune", "pune", "surat"]
    told = {
        e["event_type"]: e for e in events_of(checked, 1)["delivery_progress"].to_pylist() if "0x2" in e["order_id"]
    }
    # ordered 23:55 in India, picked up after midnight, 31 minutes on the way
    assert told["picked_up"]["event_time"].isoformat() == "2022-02-15T18:35:00+00:00"
    assert told["delivered"]["event_time"].isoformat() == "2022-02-15T19:06:00+00:00"
    assert not told["delivered"]["is_simulated"]
    details = checked.kept.details
    assert details["courier_age"].tolist()[::2] == [33, 27]
    assert details["traffic"].fillna("missing").tolist() == ["Jam", "missing", "Low"]
    assert details["vehicle_type"].tolist() == ["scooter", "motorcycle", "electric_scooter"]


def test_a_marketplaces_order_table_is_told_as_it_was(tmp_path: Path) -> None:
    checked = check_files(parse_mapping(OLIST_MAPPING, "olist"), write(tmp_path, *OLIST), None)
    refuse_above_share(checked)
    assert account(checked)["ends"] == {"cancelled": 1, "delivered": 2, "open": 1}
    assert outcomes(checked)[5] == ("flagged", "delivered_time_unknown")
    # four days by carrier are no courier's ride: delivered, but in no delivery time
    assert outcomes(checked)[2] == ("flagged", "dropoff_confirmed_late")
    events = events_of(checked, 1)
    assert sorted(e["event_type"] for e in events["orders"].to_pylist()) == ["cancelled", *["placed"] * 4]
    assert not any(e["is_simulated"] for t in events.values() for e in t.to_pylist())


@pytest.mark.parametrize("simulated", [["payments", "reviews"], ["reviews"]])
def test_money_and_stars_are_simulated_from_real_ends_only_where_the_mapping_asks(
    tmp_path: Path, simulated: list[str]
) -> None:
    amount = {"basket_value_cents": {"column": "total"}}
    orders = OLIST_MAPPING["orders"] | {"columns": OLIST_MAPPING["orders"]["columns"] | amount}
    mapping = parse_mapping(OLIST_MAPPING | {"orders": orders, "simulate": simulated}, "olist")
    many = [OLIST[1].replace("a1", f"b{n}") for n in range(60)]
    path = write(tmp_path, OLIST[0] + ",total", *(f"{row},50.00" for row in [*OLIST[1:], *many]))
    events = events_of(check_files(mapping, path, None), 1)
    assert events["reviews"].num_rows > 3
    assert ("payments" in events) == ("payments" in simulated)
    for topic in simulated:
        assert all(e["is_simulated"] for e in events[topic].to_pylist())
        assert not {e["order_id"] for e in events[topic].to_pylist()} & {"a2", "a3", "a4"}


@pytest.mark.skipif(EVALUATION_DATA is None, reason="set DISHPATCH_EVALUATION_DATA to a folder with the delivery file")
def test_the_real_delivery_file_is_read_whole() -> None:
    checked = check_files(load_mapping("zomato"), Path(EVALUATION_DATA or "") / "zomato_deliveries.csv.gz", None)
    refuse_above_share(checked)
    counts = checked.found["orders"].counts()
    assert counts["read"] == sum(count for name, count in counts.items() if name != "read")
    assert counts["imported"] + counts["flagged"] == len(checked.orders) > 0.85 * counts["read"]
    assert checked.orders["city_id"].nunique() == 22
