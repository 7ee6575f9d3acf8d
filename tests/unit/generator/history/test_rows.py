"""A user's file is read as it stands: marks, quotes, archives and lines that are no rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.history.check import check_files
from pipelines.errors import ImportRefused, MappingError
from tests.unit.generator.history.examples import GOOD, HEADER, check, mapping, outcomes, write


def test_a_byte_order_mark_and_windows_line_ends_are_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf" + HEADER.encode(), GOOD, end="\r\n")
    checked = check_files(mapping(), path, None)
    assert checked.orders["order_id"].tolist() == ["lunchtown-001"]


def test_an_identity_keeps_its_leading_zeros_and_every_digit(tmp_path: Path) -> None:
    rows = [GOOD, GOOD.replace("001,", "9007199254740993,"), GOOD.replace("001,", "041|00812,")]
    ids = check(tmp_path, HEADER, *rows).orders["order_id"].tolist()
    assert ids == ["lunchtown-001", "lunchtown-9007199254740993", "lunchtown-041|00812"]


def test_a_gzipped_file_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    plain = write(tmp_path, HEADER, GOOD)
    packed = tmp_path / "orders.dat"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = (check_files(mapping(), path, None) for path in (plain, packed))
    assert len(other.orders) == 1
    assert one.unit == other.unit


def test_a_truncated_gzip_is_refused_with_the_number_of_readable_rows(tmp_path: Path) -> None:
    rows = [GOOD.replace("001", str(n * 7919 % 1000003)) for n in range(3000)]
    content = gzip.compress("\n".join([HEADER, *rows]).encode())
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImportRefused, match=r"cut off .* [\d,]{3,} rows were readable, none was imported"):
        check_files(mapping(), path, None)


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    content[-6] ^= 0xFF  # the checksum
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match="damaged"):
        check_files(mapping(), path, None)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(MappingError, match="is empty"):
        check_files(mapping(), path, None)


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no rows"):
        check(tmp_path, HEADER)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "HTML"),
        (b'[{"id": "1"}]', "JSON"),
        (b'{"id": "1"}', "JSON"),
        (b"PK\x03\x04\x14\x00", "spreadsheet"),
        (b"PAR1\x15\x04", "Parquet"),
    ],
)
def test_another_kind_of_file_is_refused_by_what_it_looks_like(tmp_path: Path, first: bytes, message: str) -> None:
    with pytest.raises(MappingError, match=f"is not csv: it looks like .*{message}"):
        check(tmp_path, first)


def test_a_missing_column_is_named_with_its_mapping_key_and_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as refused:
        check(tmp_path, HEADER.replace("placed", "placed_time"), GOOD)
    assert "no column 'placed', named by orders.columns.placed_at.column; did you mean 'placed_time'?" in str(
        refused.value
    )
    assert "Columns of the file: id, placed_time, plat" in str(refused.value)


def test_another_separator_is_hinted(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="may be ';'"):
        check(tmp_path, HEADER.replace(",", ";"), GOOD.replace(",", ";"))


def test_a_declared_separator_and_decimal_comma_are_read(tmp_path: Path) -> None:
    row = GOOD.replace(",", ";").replace("12.9716", "12,9716")
    row = row.replace("77.5946", "77,5946").replace("12.9900", "12,9900").replace("77.6100", "77,6100")
    checked = check(tmp_path, HEADER.replace(",", ";"), row, orders={"separator": ";", "decimal": ","})
    assert checked.orders["pickup_lat"].tolist() == [12.9716]


def test_a_row_with_too_few_or_too_many_fields_is_rejected_alone(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, GOOD, "002,2026-03-06 12:00", GOOD.replace("001", "003") + ",more")
    wrong = ("rejected", "wrong_number_of_fields")
    assert outcomes(checked) == {3: wrong, 4: wrong}
    assert len(checked.orders) == 1


def test_lines_are_counted_in_the_file_through_quoted_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    header = f"{HEADER},note"
    rows = [f'{GOOD},"rings\ntwice"', "", GOOD.replace("001", "002").replace("12.9716", "?") + ",x"]
    checked = check(tmp_path, header, *rows)
    assert outcomes(checked) == {5: ("rejected", "pickup_lat_unreadable")}
    assert checked.found["orders"].rows.blank == 1
    assert checked.found["orders"].counts()["read"] == 2


def test_a_quote_that_never_ends_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="from line 3 on the quotes do not match"):
        check(tmp_path, HEADER, GOOD, '002,"2026', GOOD)


def test_bytes_that_are_no_text_reject_their_row_and_are_kept_as_they_were(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, GOOD, b"caf\xe9" + GOOD.encode())
    assert outcomes(checked) == {3: ("rejected", "not_text")}
    original = checked.found["orders"].listing("orders")["original"][0]
    assert original.encode("utf-8", "surrogateescape").startswith(b"caf\xe9001")


def test_a_declared_encoding_is_read(tmp_path: Path) -> None:
    row = GOOD.encode().replace(b"001", b"caf\xe9")
    checked = check(tmp_path, HEADER, row, orders={"encoding": "latin-1"})
    assert checked.orders["order_id"].tolist() == ["lunchtown-café"]


def test_a_header_below_a_line_of_explanations_is_found_where_the_mapping_says(tmp_path: Path) -> None:
    checked = check(tmp_path, "What the columns mean,,,,,", HEADER, GOOD, "002,?", orders={"header_line": 2})
    assert checked.orders["order_id"].tolist() == ["lunchtown-001"]
    assert outcomes(checked) == {4: ("rejected", "wrong_number_of_fields")}


def record(**changes: object) -> str:
    values = {"id": "001", "placed": "2026-03-06 12:00:00", "from": {"lat": 12.9716, "lng": 77.5946}, "dlat": 12.99}
    return json.dumps(values | {"dlng": 77.61} | changes)


JSONL = {"format": "jsonl"}
NESTED = {"pickup_lat": {"column": "from.lat"}, "pickup_lng": {"column": "from.lng"}}


def test_json_lines_are_read_with_nested_keys_and_all_digits(tmp_path: Path) -> None:
    number = record().replace('"001"', "9007199254740993")
    checked = check(tmp_path, record(), "", number, orders=JSONL, columns=NESTED)
    assert checked.orders["order_id"].tolist() == ["lunchtown-001", "lunchtown-9007199254740993"]
    assert checked.orders["pickup_lat"].tolist() == [12.9716, 12.9716]
    assert checked.found["orders"].rows.blank == 1


def test_json_lines_that_are_no_records_are_rejected_by_kind(tmp_path: Path) -> None:
    twice = record()[:-1] + ', "id": "002"}'
    path = write(tmp_path, record(), record(dlat=float("nan")), twice, "[1]", end="\n")
    path.write_text(path.read_text() + record()[:40], encoding="utf-8")
    checked = check_files(mapping(orders=JSONL, columns=NESTED), path, None)
    assert outcomes(checked) == {
        2: ("rejected", "not_json"),
        3: ("rejected", "key_twice"),
        4: ("rejected", "not_an_object"),
        5: ("rejected", "truncated_last_line"),
    }
    assert len(checked.orders) == 1


def test_parquet_gives_the_same_orders_as_the_same_rows_in_csv(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["001"],
            "placed": pa.array([pd.Timestamp("2026-03-06 12:00:00")], pa.timestamp("ms")),
            "plat": [12.9716],
            "plng": [77.5946],
            "dlat": [12.99],
            "dlng": [77.61],
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet")
    from_parquet = check_files(mapping(orders={"format": "parquet"}), tmp_path / "orders.parquet", None)
    from_csv = check(tmp_path, HEADER, GOOD)
    pd.testing.assert_frame_equal(from_parquet.orders, from_csv.orders)


def test_an_identity_that_parquet_holds_with_decimals_is_refused(tmp_path: Path) -> None:
    columns = {
        "id": [1.0, None],
        "placed": ["2026-03-06 12:00"] * 2,
        **{c: [12.9, 12.9] for c in ("plat", "plng", "dlat", "dlng")},
    }
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    with pytest.raises(MappingError, match=r"column id \(columns.order_id.column\) is double"):
        check_files(mapping(orders={"format": "parquet"}), tmp_path / "orders.parquet", None)


def test_sixteen_bit_text_is_read_where_declared_and_named_where_not(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode("utf-16"))
    assert len(check_files(mapping(orders={"encoding": "utf-16"}), path, None).orders) == 1
    with pytest.raises(MappingError, match="set `encoding: utf-16`"):
        check_files(mapping(), path, None)


def test_a_cut_off_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["001"] * 500}), tmp_path / "orders.parquet")
    path = tmp_path / "cut.parquet"
    path.write_bytes((tmp_path / "orders.parquet").read_bytes()[:-20])
    with pytest.raises(MappingError, match="cannot be read as Parquet"):
        check_files(mapping(orders={"format": "parquet"}), path, None)


def test_parquet_that_claims_more_than_memory_holds_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = pa.table(
        {"id": pa.array(["x" * 100_000] * 3000).dictionary_encode(), **dict.fromkeys("abcde", [0.0] * 3000)}
    )
    pq.write_table(long.rename_columns(["id", "placed", "plat", "plng", "dlat", "dlng"]), tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 50_000
    monkeypatch.setattr("generator.history.parquet_rows.MAX_BYTES", 100_000_000)
    with pytest.raises(ImportRefused, match="of text; split it by day"):
        check_files(mapping(orders={"format": "parquet"}), tmp_path / "bomb.parquet", None)
    monkeypatch.setattr("generator.history.parquet_rows.MAX_CELLS", 10_000)
    with pytest.raises(ImportRefused, match=r"3,000 rows of 6 columns, more than 10,000 cells"):
        check_files(mapping(orders={"format": "parquet"}), tmp_path / "bomb.parquet", None)


def test_a_line_that_says_the_separator_is_skipped_and_must_agree(tmp_path: Path) -> None:
    checked = check(tmp_path, "sep=,", HEADER, GOOD)
    assert checked.found["orders"].rows.lines.tolist() == [3]
    with pytest.raises(MappingError, match="says the separator is ';'"):
        check(tmp_path, "sep=;", HEADER, GOOD)


@pytest.mark.parametrize("end", ["002,2026-03-06", '002,"2026-03-06 12:00'])
def test_a_last_line_that_was_cut_off_is_named_as_such_and_the_rest_counts(tmp_path: Path, end: str) -> None:
    path = write(tmp_path, HEADER, GOOD)
    path.write_text(path.read_text(encoding="utf-8") + end, encoding="utf-8")
    checked = check_files(mapping(), path, None)
    assert outcomes(checked) == {3: ("rejected", "truncated_last_line")}
    assert len(checked.orders) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_an_encoding_is_told_by_the_bytes_where_the_mapping_asks_for_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(f"{HEADER}\n{GOOD.replace('001', 'Café')}\n".encode(encoding))
    checked = check_files(mapping(orders={"encoding": "detect"}), path, None)
    assert checked.orders["order_id"].tolist() == ["lunchtown-Café"]


def test_bytes_of_no_encoding_that_can_be_told_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, b"caf\x8f\x81" + GOOD.encode())
    with pytest.raises(MappingError, match="neither UTF-8 nor Windows-1252"):
        check_files(mapping(orders={"encoding": "detect"}), path, None)


def test_half_of_a_character_in_json_rejects_its_row_alone(tmp_path: Path) -> None:
    path = write(tmp_path, record(note="@").replace("@", r"cut \ud83c"), record().replace("001", r"\ud83c\udf55"))
    checked = check_files(mapping(orders=JSONL, columns=NESTED), path, None)
    assert outcomes(checked) == {1: ("rejected", "not_text")}
    assert checked.orders["order_id"].tolist() == ["lunchtown-🍕"]
