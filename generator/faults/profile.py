"""How often which fault happens: the typed form of a fault profile, where each number says why.

`usual.yaml` is the shipped profile and gives every shape its usual value. A user's file states the shares it wants and
the shapes it changes; a fault that it does not name does not happen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import yaml
from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, field_validator, model_validator

from generator.city.city import Part
from generator.city.lives_profile import Seconds, Share
from generator.documents import problems_of, read_document
from pipelines.contracts import load_contract, topics
from pipelines.errors import UsageError

USUAL = Path(__file__).resolve().parent / "usual.yaml"

Weight = Annotated[float, Field(ge=0)]
Scalar = int | float | str | bool
RowKind = Literal["missing_value", "out_of_range", "zero_position", "too_long", "malformed", "wrong_time_unit"]
MessageKind = Literal[
    "truncated", "not_parquet", "empty_value", "wrong_contract", "headers_missing", "unknown_version", "wrong_row_count"
]


def _some(value: dict[Any, float]) -> dict[Any, float]:
    if not sum(value.values()):
        raise ValueError("no kind has a weight above 0")
    return value


def _known(topic: str) -> str:
    if topic not in topics():
        raise ValueError(f"{topic!r} is no topic; known: {', '.join(topics())}")
    return topic


class Fault(Part):
    """One kind of fault. `share` is of the events unless the kind says otherwise; `topics` names where, all if none."""

    share: Share
    topics: tuple[str, ...] = ()

    @field_validator("topics")
    @classmethod
    def _topics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_known(topic) for topic in value)

    def holds(self, topic: str) -> bool:
        return self.share > 0 and (not self.topics or topic in self.topics)


class Missing(Fault):
    """Events that are never handed over."""


class Duplicates(Fault):
    """Events that come twice: beside each other in one message, or sent again later in another."""

    same_message_share: Share
    mean_delay_seconds: Seconds
    longest_delay_seconds: Seconds


class Late(Fault):
    """Events handed over late: log-normal, cut off at the longest delay."""

    median_seconds: Annotated[float, Field(gt=0)]
    spread: Annotated[float, Field(ge=0, le=5)]
    longest_seconds: Seconds


class OutOfOrder(Fault):
    """Events that others overtake on the way: up to `farthest_places` events of the same topic."""

    farthest_places: Annotated[int, Field(ge=1)]


class ClockSkew(Fault):
    """Devices whose clock is off by a constant for some hours of the day. `share` is of the devices.

    `devices`: which column names the device whose clock an event of the topic is told by.
    """

    devices: dict[str, str]
    median_seconds: Annotated[float, Field(gt=0)]
    spread: Annotated[float, Field(ge=0, le=5)]
    longest_seconds: Seconds
    ahead_share: Share
    mean_hours: Annotated[float, Field(gt=0)]

    @field_validator("devices")
    @classmethod
    def _columns(cls, value: dict[str, str]) -> dict[str, str]:
        for topic, column in value.items():
            if column not in load_contract(f"events/{_known(topic)}").columns:
                raise ValueError(f"events/{topic} has no column {column!r}")
        return value


class CorruptRows(Fault):
    """Rows with a value that breaks a rule. `kinds` are relative weights, where a row's topic has such a column."""

    kinds: Annotated[dict[RowKind, Weight], AfterValidator(_some)]


class UnknownValues(Fault):
    """Values that no enumeration of the contract knows: a known one with `suffix`, as a newer producer would send."""

    suffix: Annotated[str, Field(min_length=1)]


class AddedColumn(Part):
    """A column that the contract does not have yet; each event takes one of `values`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["string", "int32", "int64", "float64", "bool"]
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _of_type(self) -> AddedColumn:
        for value in self.values:
            try:
                kept = pa.array([value], pa.type_for_alias(self.type))[0].as_py()
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
                raise ValueError(f"values: {value!r} is no {self.type}") from error
            if kept != value:
                raise ValueError(f"values: {value!r} is no {self.type}")
        return self


class AddedColumns(Fault):
    """A newer producer that sends one column more and does not say so. `share` is of the message keys (orders,
    couriers …), those whose app is the newer one; from `since` on, if given.
    """

    since: AwareDatetime | None = None
    columns: dict[str, AddedColumn]

    @field_validator("columns")
    @classmethod
    def _new(cls, value: dict[str, AddedColumn]) -> dict[str, AddedColumn]:
        for topic, column in value.items():
            if column.name in load_contract(f"events/{_known(topic)}").columns:
                raise ValueError(f"events/{topic} has the column {column.name!r} already")
        return value


class BadMessages(Fault):
    """Whole messages that cannot be admitted, beside the good ones; `share` is bad messages an event.

    Each is a garbled copy of up to `rows` events, which arrive in a good message as well. `kinds` are relative weights.
    """

    rows: Annotated[int, Field(ge=1, le=1000)]
    kinds: Annotated[dict[MessageKind, Weight], AfterValidator(_some)]


class Faults(Part):
    """A whole profile. With every share 0 it is clean: nothing happens."""

    missing: Missing
    duplicates: Duplicates
    late: Late
    out_of_order: OutOfOrder
    clock_skew: ClockSkew
    corrupt_rows: CorruptRows
    unknown_values: UnknownValues
    added_columns: AddedColumns
    bad_messages: BadMessages

    @property
    def is_clean(self) -> bool:
        return not any(getattr(self, name).share for name in type(self).model_fields)


def load_faults(name: str) -> Faults:
    """The shipped profile `usual`, or the one of a YAML file; UsageError names the fault in it."""
    path = USUAL if name == USUAL.stem else Path(name)
    try:
        given = read_document(path)
        return faults_of({} if given is None else given)
    except OSError as error:
        raise UsageError(
            f"no fault profile {name!r} ({error.strerror}); shipped: {USUAL.stem}, or give a YAML file"
        ) from error
    except ValidationError as error:
        raise UsageError(f"{path}: {problems_of(error)}") from error


def faults_of(given: Any) -> Faults:
    """The profile that `given` states, section by section, over usual shapes and shares of 0."""
    if not isinstance(given, dict):
        return Faults.model_validate(given)
    merged = {name: values | {"share": 0.0} for name, values in _usual().items()}
    for section, values in given.items():
        known = merged.get(section)
        merged[section] = known | values if known and isinstance(values, dict) else values
    return Faults.model_validate(merged)


def _usual() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(USUAL.read_text(encoding="utf-8"))
    return found
