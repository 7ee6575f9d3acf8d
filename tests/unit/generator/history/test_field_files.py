"""Files as a whole: nested records, filters, shops, several kinds of date, and what their events keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from generator.history.check import refuse_above_share
from generator.history.history_events import events_of
from generator.history.record import account
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract
from pipelines.errors import ImportRefused
from tests.unit.generator.history.examples import HEADER, check, mapping, outcomes, write
from tests.unit.generator.history.field_mappings import (
    COPIED,
    LIVES,
    NESTED,
    NEW_YORK,
    ends,
)
from tests.unit.generator.history.field_rows import (
    BATCH,
    COPIED_HEADER,
    GOOD,
    LIFE_HEADER,
    PAID,
    SOUP,
    life,
    line,
    payouts,
    read,
)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (line('"1"', '[{"name":"Soup","qty":1,"options":null}]'), GOOD),
        (line('"1"', SOUP, '"tags":{},"loyalty":{"tier":"gold"}'), GOOD),
        (line("9007199254740995", SOUP), GOOD),
        (line('"1"', SOUP).replace("9.5", "0.95e1"), GOOD),
        (line('"1"', "null"), ("quarantined", "items_missing")),
        (line('"1"', "[]"), ("quarantined", "items_empty")),
        (line('"1"', "[null]"), ("quarantined", "items_element_missing")),
        (line('"1"', '[{"qty":1}]'), ("quarantined", "items_value_missing")),
        (line('"1"', '[{"name":"Tea","qty":"2"}]'), ("rejected", "items_quantity_unreadable")),
        (line('"1"', '[{"name":"Tea","qty":2.5}]'), ("rejected", "items_quantity_unreadable")),
        (line('"1"', '[{"name":"Tea","qty":0}]'), ("quarantined", "items_quantity_outside")),
        (line('"1"', '[{"name":"Tea","qty":1,"options":[null]}]'), ("quarantined", "items_options_missing")),
        (line('"1"', '{"name":"Tea"}'), ("rejected", "items_unreadable")),
        (line('"1"', SOUP, '"tags":{"gift":null}'), ("quarantined", "tags_value_missing")),
        (line('"1"', SOUP, '"tags":{"gift":1}'), ("rejected", "tags_value_unreadable")),
        (line('"1"', SOUP).replace("9.5", "Infinity"), ("rejected", "not_json")),
        (line('"1"', SOUP).replace('"items"', '"order_id":"2","items"'), ("rejected", "key_twice")),
        (line('"1"', '[{"name":"Tea","name":"Tee","qty":1}]'), ("rejected", "key_twice")),
        (line('"1"', SOUP)[:70], ("rejected", "truncated_last_line")),
    ],
)
def test_a_nested_record_is_taken_whole_or_not_at_all(tmp_path: Path, text: str, ending: tuple[str, str]) -> None:
    good = line('"0"', SOUP)
    assert ends(read(tmp_path, NESTED, good, "", text)) == {1: GOOD, 3: ending}


def test_unknown_keys_are_kept_and_reported_and_numbers_as_text_only_if_declared(tmp_path: Path) -> None:
    more = line('"1"', SOUP, '"tags":{"gift":"no"},"loyalty":{"tier":"gold"}')
    two = line('"2"', '[{"name":"Tea","qty":"2"}]')
    fields = NESTED["orders"]["item_fields"] | {"numbers_as_text": True}
    checked = read(tmp_path, NESTED, more, two, item_fields=fields)
    assert account(checked)["unused_columns"] == ["loyalty.tier"]
    assert checked.kept.details["unmapped"].iloc[0] == '{"loyalty.tier": "gold"}'
    assert [i[0]["quantity"] for i in checked.orders["items"]] == [1, 2]
    dishes = [items[0]["name"] for items in events_of(checked, 1)["orders"].column("items").to_pylist()]
    assert sorted(dishes) == ["Soup", "Tea"]


def test_filters_are_counted_and_an_empty_channel_is_a_value_of_its_own(tmp_path: Path) -> None:
    good = "2026-03-06 12:00,12.9716,77.5946,12.99,77.61"
    rows = [f"{n},{good},{c}" for n, c in enumerate(["Marketplace", "Storefront", "", "storefront "])]
    for keep in ({"keep": ["marketplace"]}, {"drop": ["Storefront"]}):
        checked = check(tmp_path, f"{HEADER},channel", *rows, orders={"filters": [{"column": "channel", **keep}]})
        counts = checked.found["orders"].counts()
        assert {k: n for k, n in counts.items() if n} == {"read": 4, "imported": 1, "filtered": 2, "flagged": 1}
        assert outcomes(checked)[4] == ("flagged", "channel missing")


def test_a_filtered_row_is_not_asked_whether_it_is_readable(tmp_path: Path) -> None:
    rows = ["1,yesterday,x,x,x,x,test", "2,2026-03-06 12:00,12.9716,77.5946,12.99,77.61,real"]
    checked = check(tmp_path, f"{HEADER},c", *rows, orders={"filters": [{"column": "c", "drop": ["test"]}]})
    assert outcomes(checked) == {2: ("filtered", "c filtered")}
    refuse_above_share(checked)


LYON = NEW_YORK | {"city_id": "lyon", "name": "Lyon", "time_zone": "Europe/Paris", "currency": "EUR"}


LEEDS = NEW_YORK | {"city_id": "leeds", "name": "Leeds", "time_zone": "Europe/London", "currency": "GBP"}


SHOPS: dict[str, Any] = {
    "name": "shops",
    "cities": [LYON, LEEDS],
    "max_rejected_share": 0.9,
    "orders": {
        "identity": "{order_id}",
        "row_kinds": {"column": "kind", "values": {"sale": "order", "adjustment": "refund"}},
        "shops": {"column": "shop", "table": {"L1": {"city": "lyon", "name": "Bouchon"}, "E1": {"city": "leeds"}}},
        "columns": {
            "order_id": {"column": "id"},
            "placed_at": {"column": "at"},
            "basket_value_cents": {"column": "sum"},
        },
    },
}


def test_zone_and_currency_come_from_the_shop_and_currencies_are_never_added(tmp_path: Path) -> None:
    rows = [
        "7,2026-04-01 20:00,sale,20.00,L1",
        "8,2026-04-01 20:00,sale,20.00,E1",
        "7,2026-05-03 09:00,adjustment,-5.00,L1",
        "9,2026-04-01 20:00,sale,€20.00,E1",
        "9,2026-04-01 20:00,sale,20.00,X9",
        "9,2026-04-01 20:00,sale,20.00,",
    ]
    checked = read(tmp_path, SHOPS, "id,at,kind,sum,shop", *rows)
    assert [ends(checked)[n] for n in (5, 6, 7)] == [
        ("rejected", "basket_value_cents_in_another_currency"),
        ("quarantined", "shop_unknown"),
        ("rejected", "shop_missing"),
    ]
    assert checked.orders["placed_at"].dt.hour.tolist() == [18, 19]
    assert checked.orders["currency"].tolist() == ["EUR", "GBP"]
    sums = account(checked)["sums"]["basket_value_cents"]
    assert (sums["EUR"]["orders"], sums["EUR"]["refunds"], sums["GBP"]["orders"]) == (2000, -500, 2000)
    refund = events_of(checked, 1)["payments"].to_pylist()[0]
    assert (refund["amount_cents"], refund["event_time"].date().isoformat()) == (500, "2026-05-03")
    assert {c.city_id for c in checked.cities} == {"lyon", "leeds"}


def test_day_first_dates_read_month_first_refuse_the_file_as_a_whole(tmp_path: Path) -> None:
    place = "12.9716,77.5946,12.99,77.61"
    rows = [f"{n},{n % 28 + 1:02d}/03/2026 12:00,{place}" for n in range(100)]
    columns = {"placed_at": {"column": "placed", "format": "%m/%d/%Y %H:%M"}}
    checked = check(tmp_path, HEADER, *rows, columns=columns, max_rejected_share=0.02)
    with pytest.raises(ImportRefused, match=r"line 14 \(placed_at_unreadable.*nothing|nothing was imported.*line 14"):
        refuse_above_share(checked)


def test_a_mapping_says_in_which_files_refunds_stand_beside_the_order(tmp_path: Path) -> None:
    columns = {
        "basket_value_cents": {"column": "total"},
        "refund_cents": {"column": "back"},
        "refunded_at": {"column": "when"},
    }
    good = "2026-03-06 12:00,12.9716,77.5946,12.99,77.61,30.00"
    rows = [f"1,{good},4.50,2026-03-08 09:00", f"2,{good},0,", f"3,{good},4.50,", f"4,{good},1.00,2026-03-01 09:00"]
    checked = check(tmp_path, f"{HEADER},total,back,when", *rows, columns=columns)
    assert outcomes(checked) == {
        4: ("quarantined", "refund_without_time"),
        5: ("quarantined", "refunded_before_placement"),
    }
    refunds = checked.kept.refunds
    assert refunds["amount_cents"].tolist() == [450]
    assert refunds["refunded_at"].iloc[0] == pd.Timestamp("2026-03-08 13:00", tz="UTC")


def test_a_file_with_dates_by_serial_number_is_read_by_the_local_clock(tmp_path: Path) -> None:
    place = "12.9716,77.5946,12.99,77.61"
    rows = [f"1,46087.5,{place}", f"2,46087.0000,{place}", f"3,twelve,{place}", f"4,59.5,{place}"]
    columns = {"placed_at": {"column": "placed", "format": "excel"}}
    checked = check(tmp_path, HEADER, *rows, columns=columns)
    assert checked.orders["placed_at"].astype(str).tolist()[0] == "2026-03-06 17:00:00+00:00"
    assert [outcomes(checked)[n] for n in (4, 5)] == [("rejected", "placed_at_unreadable")] * 2


def test_mappings_with_a_table_of_shops_read_it_from_a_file_beside_them(tmp_path: Path) -> None:
    import yaml

    from generator.history.mapping import load_mapping

    write(tmp_path, "shop,city,name", "0|07,leeds,Soup Bar", name="shops.csv")
    orders = SHOPS["orders"] | {"shops": {"column": "shop", "file": "shops.csv"}}
    path = tmp_path / "shops.yaml"
    path.write_text(yaml.safe_dump(SHOPS | {"orders": orders}), encoding="utf-8")
    shops = load_mapping(str(path)).orders.shops
    assert shops is not None
    assert shops.table["0|07"].city == "leeds"
    assert mapping().orders.shops is None


def test_every_event_of_an_import_is_admitted_by_its_contract(tmp_path: Path) -> None:
    rows = [
        life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed"),
        life("adhoc", "10:00", "", "", "", "", "", "", state="cancelled", cancelled=BATCH).replace("X,", "Y,"),
        life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "", state="completed").replace("X,", "Z,"),
    ]
    files = [
        payouts(tmp_path, *PAID),
        read(tmp_path, LIVES, LIFE_HEADER, *rows),
        read(tmp_path, NESTED, line('"1"', SOUP)),
        read(tmp_path, COPIED, COPIED_HEADER, "1,A,B,29,4,x,Low,20,1 km"),
    ]
    for checked in files:
        for topic, table in events_of(checked, 1).items():
            broken = broken_rules(table, rules(load_contract(f"events/{topic}")))
            assert [names for names in broken.to_pylist() if names] == [], topic
