"""Text becomes a number, money or a word only where it is exactly what the mapping declares."""

from __future__ import annotations

import pandas as pd
import pytest

from generator.history.mapping_parts import Column, FileSpec
from generator.history.values import TEXT, cells_of, money_problems, other_currency, read_money, read_number, read_text

MARKERS = ["NaN", "nan", "null", "-"]


def spec(**changes: object) -> FileSpec:
    return FileSpec.model_validate({"identity": "{a}", "columns": {}, "missing": MARKERS} | changes)


def cells(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), dtype=TEXT)


def number(text: str, **changes: object) -> float | str:
    values, bad = read_number(cells(text), spec(**changes))
    return "bad" if bad[0] else float(values[0])


def cents(text: str, **changes: object) -> int | str:
    values, bad = read_money(cells(text), spec(**{"thousands": ","} | changes))
    return "bad" if bad[0] else int(values[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.97", 12.97),
        ("-0.5", -0.5),
        ("1.297e1", 12.97),
        (".5", 0.5),
        ("12,97", "bad"),
        ("12°58'N", "bad"),
        ("1.2.3", "bad"),
        ("1e999", "bad"),
        ("inf", "bad"),
        ("nan", "bad"),
        ("1_000", "bad"),
        ("0x10", "bad"),
    ],
)
def test_a_number_is_read_exactly_or_not_at_all(text: str, value: float | str) -> None:
    assert number(text) == value


def test_a_decimal_comma_is_read_where_it_is_declared() -> None:
    comma = {"decimal": ",", "thousands": "."}
    assert [number(t, **comma) for t in ("12,97", "1.204,5", "12.97", "1204.5")] == [12.97, 1204.5, "bad", "bad"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,204.50", 120450),
        ("($361.35)", -36135),
        ("-$3.60", -360),
        ("$0.00", 0),
        ("USD 12.00", 1200),
        ("USD -3.60", -360),
        ("12 €", 1200),
        ("$12", 1200),
        ("$12.5", 1250),
        ("—", "bad"),
        ("$12.0.0", "bad"),
        ("$1.204,50", "bad"),
        ("$1,20", "bad"),
        ("12.005", "bad"),
        ("(12", "bad"),
        ("90071992547409.93", 9007199254740993),
    ],
)
def test_money_becomes_exact_cents_or_is_refused(text: str, value: int | str) -> None:
    assert cents(text) == value


def test_declared_markers_are_missing_in_numbers_and_text_keeps_its_words() -> None:
    frame = pd.DataFrame({"a": ["NaN ", " - ", "null", "", "NA", None, "3"]}, dtype=object)
    as_number = cells_of(frame, Column(column="a"), spec(), is_text=False)
    as_text = cells_of(frame, Column(column="a"), spec(), is_text=True)
    assert as_number.isna().tolist() == [True, True, True, True, False, True, False]
    assert as_text.fillna("missing").tolist() == ["NaN", "-", "null", "missing", "NA", "missing", "3"]


def test_a_columns_own_markers_replace_the_files() -> None:
    frame = pd.DataFrame({"a": ["unknown", "-"]}, dtype=object)
    found = cells_of(frame, Column(column="a", missing=["unknown"]), spec(), is_text=True)
    assert found.isna().tolist() == [True, False]


def test_a_declared_prefix_is_taken_off_before_reading() -> None:
    frame = pd.DataFrame({"a": ["(min) 24", "(min)  ", "24"]}, dtype=object)
    found = cells_of(frame, Column(column="a", strip_prefix="(min) "), spec(), is_text=False)
    assert found.fillna("missing").tolist() == ["24", "missing", "24"]


def test_listed_words_are_translated_whatever_their_case_and_others_are_refused() -> None:
    values, bad = read_text(
        cells("Moto", "BIKE", "rocket", None), Column(column="a", values={"moto": "motorcycle", "bike": "bicycle"})
    )
    assert values.fillna("missing").tolist() == ["motorcycle", "bicycle", "missing", "missing"]
    assert bad.tolist() == [False, False, True, False]


@pytest.mark.parametrize(("text", "value"), [("￥800", 80000), ("800円", 80000), ("¥800", 80000), ("800元", 80000)])
def test_yen_and_yuan_are_read_by_their_signs(text: str, value: int) -> None:
    assert cents(text) == value
    said = cells(text)
    is_other = other_currency(said, pd.Series(["USD"], dtype=TEXT))[0]
    assert is_other == (text[0] != "¥" and text[0] != "￥")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1250", 1250), ("$1,250", 1250), ("-1250", -1250), ("1250.0", 1250), ("12.50", "bad"), ("", "bad")],
)
def test_amounts_in_cents_are_whole_and_taken_as_they_are(text: str, value: int | str) -> None:
    values, bad = read_money(cells(text), spec(thousands=","), "cents")
    assert ("bad" if bad[0] else int(values[0])) == value


def test_three_decimals_are_refused_with_the_reason() -> None:
    why = money_problems(cells("1.250", "KWD 12.505", "x"), spec(), None)
    assert ["two decimals" in sentence for sentence in why] == [True, True, False]
