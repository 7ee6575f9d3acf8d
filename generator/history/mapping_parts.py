"""The parts of a mapping: how a file is laid out, where each field comes from, which rows are orders."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
DETECT = "detect"
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
# Formats of numbers that stand for times, beside strptime's: spreadsheets' days since 1900 or 1904, Unix time.
SERIAL_FORMATS = ("excel", "excel_1904", "epoch_s", "epoch_ms", "epoch_us")


class Part(BaseModel):
    """Base of every part of a mapping: frozen, and no key passes unread."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Column(Part):
    """Where one field comes from and how its text is to be read."""

    column: str | list[str] | None = None  # name in the file's header; several are joined by a space
    constant: str | None = None  # the same text for every row, instead of a column
    default: str | None = None  # text taken where the cell is missing
    format: str | None = None  # times: a strptime format or one of SERIAL_FORMATS; without a date in it, `day` is used
    default_time: str | None = None  # the clock time where there is a day alone (or the last of several columns misses)
    batch_times: list[str] = []  # stamps a batch job wrote: it happened, when is not known
    unit: str | None = None  # lengths and durations: the unit of a bare number
    after: Literal["placed_at", "picked_up_at"] = "placed_at"  # durations: what they are counted from
    missing: list[str] | None = None  # markers of this column, instead of the file's
    strip_prefix: str = ""  # taken off before reading, e.g. "(min)"
    strip_suffix: str = ""
    required: bool | None = None  # a row without it is rejected; placement, positions and identities always are
    values: dict[str, str] | None = None  # text in the file -> our word; anything else is rejected

    @field_validator("values", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return {str(v): str(v) for v in value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` (a name in the header) or `constant`")
        if isinstance(self.column, list) and len(self.column) < 2:
            raise ValueError("a list in `column` joins two columns or more; give one as plain text")
        if self.default_time is not None and not isinstance(self.column, list) and self.day_clock is None:
            raise ValueError(f"`default_time` is a time of the day such as '12:00', not {self.default_time!r}")
        return self

    @property
    def day_clock(self) -> timedelta | None:
        """`default_time` of a column of its own, as time since midnight."""
        found = CLOCK.fullmatch(self.default_time or "")
        return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3] or 0)) if found else None

    @property
    def sources(self) -> list[str]:
        """Columns of the file this field is made of."""
        return self.column if isinstance(self.column, list) else [] if self.column is None else [self.column]


class ItemFields(Part):
    """Keys of one element of a list of dishes. `name` and `quantity` are required of each."""

    name: str = "name"
    quantity: str = "quantity"
    item_id: str | None = None  # without it the name stands for the dish
    unit_price: str | None = None
    options: str | None = None
    numbers_as_text: bool = False  # "2" is read as 2; else a number written as text rejects its row


class FromPosition(Part):
    """An identity made of a position rounded to so many decimals (4 is about 11 m)."""

    decimals: int = Field(default=4, ge=2, le=6)


class RowKinds(Part):
    """Which rows are orders: the words of a column (any case) -> order, refund or charge."""

    column: str
    values: dict[str, Literal["order", "refund", "charge"]]
    empty: Literal["order", "refund", "charge", "reject"] = "reject"


class Filter(Part):
    """Rows that are this history's, by a column's words (any case). `empty` is what an empty cell means."""

    column: str
    keep: list[str] = []
    drop: list[str] = []
    empty: Literal["keep", "flag", "filter"] = "flag"

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if bool(self.keep) == bool(self.drop) and (self.keep or self.empty != "filter"):
            raise ValueError(f"the filter on {self.column!r} needs either `keep` or `drop`, or `empty: filter` alone")
        return self


class Shop(Part):
    """One shop: its city (whose time zone and currency hold), and what the file does not say of it."""

    city: str
    name: str | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    lng: float | None = Field(default=None, ge=-180, le=180)


class Shops(Part):
    """Shops by their code in a column of the orders; from the mapping or from a CSV file beside it."""

    column: str
    table: dict[str, Shop] = {}
    file: str | None = None  # CSV with the columns shop, city and, if wanted, name, lat, lng


class FileSpec(Part):
    """One kind of file: its format, what marks a missing value and which column fills which field."""

    format: Literal["csv", "jsonl", "parquet"] = "csv"
    separator: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    header_line: int = Field(default=1, ge=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    grouping: Literal["thousands", "indian"] = "thousands"
    missing: list[str] = []
    identity: str
    row_identity: str | None = None
    columns: dict[str, Column]
    details: dict[str, Column] = {}
    restaurant_id_from_pickup: FromPosition | None = None
    row_kinds: RowKinds | None = None
    filters: list[Filter] = []
    shops: Shops | None = None
    city_from: Literal["file", "pickup"] = "file"
    swapped: Literal["quarantine", "correct"] = "quarantine"
    preorder_least_minutes: float = Field(default=30, ge=0)
    longest_life_hours: float = Field(default=24, gt=0)  # food is not brought later: one of the times is wrong
    item_fields: ItemFields = ItemFields()

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode("utf-8" if value == DETECT else value)
        except LookupError:
            raise ValueError(f"no text encoding {value!r}; write its name, or {DETECT}") from None
        return value

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        return self

    def file_columns(self) -> dict[str, str]:
        """Mapping key -> column of the file it names, the placeholders of identities included."""
        named: dict[str, str] = {}
        for part, columns in (("columns", self.columns), ("details", self.details)):
            for key, column in columns.items():
                for number, source in enumerate(column.sources):
                    named[f"{part}.{key}.column" + (f".{number}" if number else "")] = source
        for part, template in (("identity", self.identity), ("row_identity", self.row_identity or "")):
            extra = [p for p in PLACEHOLDER.findall(template) if p not in ("city", "day", *self.columns)]
            named |= {f"{part} {{{p}}}": p for p in extra}
        for part, told in (("row_kinds", self.row_kinds), ("shops", self.shops)):
            named |= {f"{part}.column": told.column} if told else {}
        return named | {f"filters.{n}.column": f.column for n, f in enumerate(self.filters)}


class TimeRules(Part):
    """What to do with a local time that the change of clocks skipped or repeated."""

    nonexistent: Literal["quarantine", "reject", "shift"] = "quarantine"
    ambiguous: Literal["quarantine", "reject", "first", "second"] = "quarantine"
