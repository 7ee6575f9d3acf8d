"""A drafted mapping imports its file once the stated blanks are filled, and says what it cannot know."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from generator.history.blanks import blanks_in
from generator.history.check import Checked, check_files, refuse_above_share
from generator.history.mapping import load_mapping
from generator.history.suggest.suggest import suggest
from pipelines.cli import app
from pipelines.errors import MappingError, UsageError
from tests.unit.generator.history.examples import write
from tests.unit.generator.history.field_rows import EXPLAINED, LIFE_HEADER, PAID, PAYOUT, life
from tests.unit.generator.history.test_rappi import COURIERS, ORDERS
from tests.unit.generator.history.test_real_tables import OLIST, ZOMATO

ANSWERS: dict[str, Any] = {
    "city_id": "somewhere", "name": "Somewhere", "time_zone": "UTC", "currency": "USD", "day": "2026-01-05",
    "min_lat": -60.0, "max_lat": 60.0, "min_lng": -170.0, "max_lng": 170.0, "max_rejected_share": 0.2,
    "constant": "somebody", "default_time": "12:00 PM",
}  # fmt: skip


def filled(folder: Path, path: Path) -> tuple[Checked, str, dict[str, str]]:
    """The file read by its draft with the blanks filled; the draft's text and blanks."""
    text, blanks = suggest(path)
    content = yaml.safe_load(text)
    for key in blanks:
        *way, last = key.split(".")
        at = content
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = ANSWERS.get(last)
        if last == "format":  # day or month first? this person's files are of New York
            at[last] = next(f for f in blanks[key].split("?")[0].split(" or ") if f.startswith("%m"))
    draft = folder / "draft.yaml"
    draft.write_text(yaml.safe_dump(content), encoding="utf-8")
    return check_files(load_mapping(str(draft)), path, None), text, blanks


@pytest.mark.parametrize(
    ("rows", "orders", "refunds"),
    [
        (ORDERS[:5], 4, 0),
        (ZOMATO, 3, 0),
        (OLIST, 4, 0),
        ([EXPLAINED, PAYOUT, *PAID[:5]], 3, 1),
        ([LIFE_HEADER, life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "10:33", state="completed")], 1, 0),
    ],
    ids=["rappi", "zomato", "olist", "payouts", "lives"],
)
def test_a_draft_imports_its_file_once_its_blanks_are_filled(
    tmp_path: Path, rows: list[str], orders: int, refunds: int
) -> None:
    checked, text, blanks = filled(tmp_path, write(tmp_path, *rows))
    refuse_above_share(checked)
    assert (len(checked.orders), len(checked.kept.refunds)) == (orders, refunds)
    assert {"cities.0.time_zone", "cities.0.city_id"} <= set(blanks)
    assert all(question in text for question in blanks.values())


def test_a_draft_with_blanks_loads_only_as_the_list_of_its_questions(tmp_path: Path) -> None:
    text, blanks = suggest(write(tmp_path, *OLIST))
    draft = tmp_path / "draft.yaml"
    draft.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match=rf"{len(blanks)} to fill in: .*cities.0.time_zone: IANA time zone"):
        load_mapping(str(draft))


@pytest.mark.parametrize(
    ("days", "ending"),
    [
        (["03/04/2026", "05/06/2026"], "question"),
        (["03/04/2026", "25/06/2026"], "%d/%m/%Y %H:%M"),
        (["03/04/2026", "05/26/2026"], "%m/%d/%Y %H:%M"),
        (["3.4.26", "25.6.26"], "%d.%m.%y %H:%M"),
        (["2026-03-04", "2026-03-05"], None),
    ],
)
def test_day_and_month_are_told_apart_by_all_values_or_asked_for(
    tmp_path: Path, days: list[str], ending: str | None
) -> None:
    rows = [f"{n},{day} 12:00,Diner,10.00" for n, day in enumerate(days)]
    text, blanks = suggest(write(tmp_path, "order id,date,store,total", *rows))
    placed = yaml.safe_load(text)["orders"]["columns"]["placed_at"]
    if ending == "question":
        question = blanks["orders.columns.placed_at.format"]
        assert "%d/%m/%Y %H:%M or %m/%d/%Y %H:%M?" in question
        assert "cannot be told apart" in text
    else:
        assert placed.get("format") == ending


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_encoding_separator_and_decimal_comma_are_told_by_the_content(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [["order id", "placed at", "store", "total"], ["1", "2026-03-04 12:00", "Café", "1.204,50"]]
    rows.append(["2", "2026-03-04 12:01", "Café", "7,25"])
    path = tmp_path / "export.csv"
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    checked, _text, _blanks = filled(tmp_path, path)
    assert checked.orders["restaurant_name"].tolist() == ["Café", "Café"]
    assert checked.orders["basket_value_cents"].tolist() == [120450, 725]


def test_json_lines_and_parquet_are_drafted_too_and_markers_and_units_are_seen(tmp_path: Path) -> None:
    rows = [
        {"order_id": str(n), "placed_at": "2026-03-04T12:00:00Z", "store": f"S{n}", "distance": d, "driver_age": a}
        for n, (d, a) in enumerate([("3.1 km", "31"), ("900 m", "NaN"), ("2 km", "28")])
    ]
    frame = pd.DataFrame(rows)
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(frame.to_json(orient="records", lines=True).encode()))
    for name in ("a.parquet", "a.jsonl.gz"):
        checked, text, _blanks = filled(tmp_path, tmp_path / name)
        assert yaml.safe_load(text)["orders"]["missing"] == ["NaN"]
        assert checked.kept.details["distance_m"].tolist() == [3100, 900, 2000]
        assert checked.kept.details["courier_age"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["sep=;", "order id;placed at;store;total", "1;2026-03-01 12:00;A;12,50"], "header_line: 1"),
        (["order id,placed at,store,total", "1,2026-03-01 12:00,A,CHF 1'204.50"], "thousands: " + "'" * 4),
        (["order id,placed at,store,total", '1,2026-03-01 12:00,A,"₹1,04,204.50"'], "grouping: indian"),
        (["order id,created at utc,store,total", "1,2026-03-01 12:00,A,12.50"], "clock: utc"),
        (["order id,placed on,store,total", "1,2026-03-01,A,12.50"], "the file says the day alone"),
        (["order id,placed at,store,delivery seconds", "1,2026-03-01 12:00,A,1200"], "unit: seconds"),
        (["order id,placed at,store,distance", "1,2026-03-01 12:00,A,1200"], "the unit of its numbers: m, km, mi, ft"),
    ],
)
def test_what_a_file_shows_of_its_kind_is_in_the_draft_and_its_trial_is_good(
    tmp_path: Path, rows: list[str], said: str
) -> None:
    text, _blanks = suggest(write(tmp_path, *rows))
    assert said in text
    assert "a trial of this draft: read 1, imported 1" in text


def test_keys_of_dishes_are_found_or_asked_for(tmp_path: Path) -> None:
    line = '{"id": "%s", "createdAt": "2026-03-01T12:00", "store": "A", "lineItems": [{"title": "Pho", %s: "2"}]}'
    text, blanks = suggest(write(tmp_path, line % ("1", '"qty"'), line % ("2", '"qty"')))
    assert "item_fields: {name: title, quantity: qty, numbers_as_text: true}" in text
    assert "read 2, imported 2" in text
    text, blanks = suggest(write(tmp_path, line % ("1", '"howMany"'), line % ("2", '"howMany"')))
    assert blanks["orders.item_fields.quantity"] == "the key of a dish's quantity: title, howMany"


def test_a_header_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="'store' twice"):
        suggest(write(tmp_path, "order id,placed at,store,store", "1,2026-03-01 12:00,A,B"))


def test_where_no_row_is_left_nothing_is_offered_to_be_accepted(tmp_path: Path) -> None:
    _text, blanks = suggest(write(tmp_path, "order id,placed at,store,total", "1,2026-03-01 12:00,A,1 2 3 x"))
    assert "accept" not in blanks.get("max_rejected_share", "")


def test_words_of_a_state_that_are_not_known_are_asked_for(tmp_path: Path) -> None:
    rows = [f"{n},2026-03-04 12:00,Diner,{state}" for n, state in enumerate(["Delivered", "canceled", "parked"] * 3)]
    text, blanks = suggest(write(tmp_path, "order id,placed at,store,status", *rows))
    values = yaml.safe_load(text)["orders"]["columns"]["state"]["values"]
    assert (values["Delivered"], values["canceled"]) == ("delivered", "cancelled")
    assert "what is 'parked'" in blanks["orders.columns.state.values.parked"]


def test_more_wrong_rows_than_usual_are_a_question_and_not_a_larger_share(tmp_path: Path) -> None:
    rows = [f"{n},{'2026-03-04 12:00' if n % 4 else 'soon'},Diner,10.00" for n in range(12)]
    _text, blanks = suggest(write(tmp_path, "order id,placed at,store,total", *rows))
    assert "placed_at_unreadable 3" in blanks["max_rejected_share"]


def test_blanks_are_found_wherever_they_are() -> None:
    assert blanks_in({"a": [{"b": "FILL IN: what?"}], "c": "done"}) == {"a.0.b": "what?"}


def test_the_command_writes_a_draft_once_and_lists_its_questions(tmp_path: Path) -> None:
    orders, out = write(tmp_path, *OLIST), tmp_path / "mine.yaml"
    told = CliRunner().invoke(app, ["mapping", "suggest", str(orders), "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "to fill in" in told.output
    assert "cities.0.time_zone: IANA time zone" in told.output
    assert yaml.safe_load(out.read_text(encoding="utf-8"))["orders"]["columns"]["placed_at"]
    again = CliRunner().invoke(app, ["mapping", "suggest", str(orders), "--out", str(out)])
    assert isinstance(again.exception, UsageError)
    listed = CliRunner().invoke(app, ["mapping", "list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == ["rappi", "zomato"]


def drafted(folder: Path, *lines: str) -> tuple[str, dict[str, Any]]:
    """(remarks above the draft, its content) of a file of these lines."""
    text, _ = suggest(write(folder, *lines))
    return "\n".join(line for line in text.splitlines() if line.startswith("#")), yaml.safe_load(text)


def test_a_file_without_column_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no line of column names was found; line 1 looks like data"):
        suggest(write(tmp_path, *(f"{n},2026-10-0{n} 10:00:00,r1,1{n}.50" for n in range(1, 6))))


def test_a_column_called_like_a_time_that_was_not_taken_is_named_with_its_ways_of_writing(tmp_path: Path) -> None:
    times = [f"2026-10-0{n} 12:00" if n % 2 else f"0{n}/10/2026 12:00" for n in range(1, 9)]
    remarks, _ = drafted(tmp_path, "order_id,created_at,shop_id", *(f"a{n},{t},s" for n, t in enumerate(times)))
    assert "created_at is called like a time and was not taken" in remarks
    assert "'2026-10-01 12:00' (50%), '02/10/2026 12:00' (50%)" in remarks


def test_unix_times_with_a_point_and_amounts_in_cents_are_known(tmp_path: Path) -> None:
    rows = [f"a{n},{1790000000 + 60 * n}.0,s,{1000 + n}" for n in range(8)]
    remarks, content = drafted(tmp_path, "order_id,created_at,shop_id,amount_in_cents", *rows)
    columns = content["orders"]["columns"]
    assert columns["placed_at"] == {"column": "created_at", "format": "epoch_s"}
    assert columns["basket_value_cents"] == {"column": "amount_in_cents", "unit": "cents"}
    assert "imported 8" in remarks


def test_one_code_among_dollar_signs_is_the_currency(tmp_path: Path) -> None:
    totals = ["$12.00", "$8.50", "$7.00", "USD 12.00", "$1.20"]
    rows = (f"a{n},2026-10-0{n + 1} 12:00,s,{total}" for n, total in enumerate(totals))
    assert drafted(tmp_path, "order_id,created_at,shop_id,total", *rows)[1]["cities"][0]["currency"] == "USD"


def test_one_swapped_row_does_not_widen_the_area(tmp_path: Path) -> None:
    places = ["12.97,77.59", "12.98,77.60", "12.95,77.58", "77.59,12.97", "-12.97,77.59", "12.99,77.61"]
    header = "order_id,created_at,pickup_lat,pickup_lng"
    rows = (f"a{n},2026-10-0{n + 1} 12:00,{place}" for n, place in enumerate(places))
    bounds = drafted(tmp_path, header, *rows)[1]["cities"][0]["bounds"]
    assert bounds == {"min_lat": 12.85, "max_lat": 13.09, "min_lng": 77.48, "max_lng": 77.71}


def test_a_file_of_shifts_is_told_from_one_of_orders(tmp_path: Path) -> None:
    assert "looks like couriers' shifts" in drafted(tmp_path, *COURIERS[:5])[0]


def test_line_items_below_their_order_are_left_out_by_a_drafted_filter(tmp_path: Path) -> None:
    header = "Name,Created at,Total,Lineitem name,Store"
    rows = [
        f"#{n},2026-10-0{n} 12:00,{total},{dish},s" for n in range(1, 6) for total, dish in (("9.50", "a"), ("", "b"))
    ]
    checked, text, _ = filled(tmp_path, write(tmp_path, header.replace("Name", "Order", 1), *rows))
    assert "taken as its line items" in text
    counts = checked.found["orders"].counts()
    assert (counts["imported"], counts["filtered"]) == (5, 5)


def test_a_workbook_and_a_list_of_json_are_named_for_what_they_are(tmp_path: Path) -> None:
    book = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    with pytest.raises(MappingError, match=r"is a workbook .* save its sheet as CSV"):
        suggest(book)
    with pytest.raises(MappingError, match="write one object a line"):
        suggest(write(tmp_path, '[{"order_id": 1}]', name="orders.json"))


def test_a_column_that_is_asked_for_is_asked_with_those_first_that_could_be_it(tmp_path: Path) -> None:
    rows = [f"2026-10-0{n} 12:00,N{n},r,{n}" for n in range(1, 6)]
    _, blanks = suggest(write(tmp_path, "Zeitpunkt,Beleg,Laden,Kasse", *rows))
    assert blanks["orders.columns.placed_at.column"].endswith(": Zeitpunkt (hold times), or Beleg, Laden, Kasse")
    assert "Beleg, Kasse (differ in every row), or Zeitpunkt" in blanks["orders.columns.order_id.column"]
