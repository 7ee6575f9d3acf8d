"""Row rules of a contract: derived from its columns (required, enum, range, pattern) and written in its `quality`.

A rule is a DuckDB predicate that is true for a good row. `check` tells, row by row, which rules are broken; what to do
(`quarantine` or `flag`) is the rule's severity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from open_data_contract_standard.model import SchemaProperty

from pipelines.contracts import Contract
from pipelines.tables import query

_ROW = "number of the row"  # no contract's column is named so


@dataclass(frozen=True)
class Rule:
    """`predicate` is true for a row that keeps the rule.

    Unknown (NULL) counts as kept unless the rule says otherwise.
    """

    name: str
    predicate: str
    severity: str
    description: str


def rules(contract: Contract, *, stored: bool = False) -> list[Rule]:
    """Every rule of the contract, derived ones first, in column order.

    With `stored` those that speak only of columns in the table: a rule tagged `build` needs working columns as well.
    """
    derived = [rule for prop in contract.properties for rule in _column_rules(prop)]
    written = [
        Rule(str(q.name), str(q.implementation), q.severity or "quarantine", q.description or "")
        for q in contract.quality
        if q.engine == "duckdb" and not (stored and "build" in (q.tags or []))
    ]
    return derived + written


def _column_rules(prop: SchemaProperty) -> list[Rule]:
    name, column, found = str(prop.name), f'"{prop.name}"', []
    options: dict[str, Any] = prop.logicalTypeOptions or {}
    if prop.required:
        found.append(Rule(f"{name}_missing", f"{column} IS NOT NULL", "quarantine", f"{name} is required"))
    if prop.enum:
        values = ", ".join(_text(str(_enum_value(e))) for e in prop.enum)
        found.append(Rule(f"{name}_unknown", f"{column} IN ({values})", "quarantine", f"{name} is one of {values}"))
    if "minLength" in options:
        found.append(
            Rule(f"{name}_empty", f"length({column}) >= {int(options['minLength'])}", "quarantine", "not empty")
        )
    if "maxLength" in options:
        found.append(
            Rule(f"{name}_too_long", f"length({column}) <= {int(options['maxLength'])}", "quarantine", "not longer")
        )
    if "pattern" in options:
        predicate = f"regexp_full_match({column}, {_text(options['pattern'])})"
        found.append(Rule(f"{name}_malformed", predicate, "quarantine", f"matches {options['pattern']}"))
    bounds = _bounds(column, options)
    if bounds:
        # NaN compares greater than everything in DuckDB, so a bound above catches it only where there is one
        nan = [f"NOT isnan({column})"] if prop.logicalType == "number" else []
        found.append(Rule(f"{name}_out_of_range", " AND ".join(nan + bounds), "quarantine", " and ".join(bounds)))
    return found + _nested_rules(prop)


def _nested_rules(prop: SchemaProperty) -> list[Rule]:
    """A list's missing elements, and missing required fields within them."""
    if prop.logicalType != "array" or prop.items is None:
        return []
    name, column = str(prop.name), f'"{prop.name}"'
    found = []
    if prop.items.required:
        predicate = f"len(list_filter({column}, lambda x: x IS NULL)) = 0"
        found.append(Rule(f"{name}_element_missing", predicate, "quarantine", f"no element of {name} is missing"))
    for field in prop.items.properties or []:
        if field.required:
            predicate = f'len(list_filter({column}, lambda x: x IS NOT NULL AND x."{field.name}" IS NULL)) = 0'
            found.append(Rule(f"{name}_{field.name}_missing", predicate, "quarantine", f"{field.name} is required"))
        kept = _bounds(f'x."{field.name}"', field.logicalTypeOptions or {})
        if kept:
            predicate = f"len(list_filter({column}, lambda x: NOT ({' AND '.join(kept)}))) = 0"
            found.append(Rule(f"{name}_{field.name}_out_of_range", predicate, "quarantine", " and ".join(kept)))
    return found


def _bounds(value: str, options: dict[str, Any]) -> list[str]:
    return [f"{value} {op} {options[key]!r}" for key, op in (("minimum", ">="), ("maximum", "<=")) if key in options]


def _enum_value(entry: Any) -> Any:
    return entry["value"] if isinstance(entry, dict) else getattr(entry, "value", entry)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def broken_rules(table: pa.Table, checked: list[Rule]) -> pa.ChunkedArray:
    """For each row of `table` the names of the rules it breaks: list<string>, empty for a good row.

    A predicate that is NULL (it speaks of a missing value) is kept: that a value is missing is a rule of its own.
    """
    if not checked or table.num_rows == 0:
        return pa.chunked_array([pa.array([[]] * table.num_rows, pa.list_(pa.string()))])
    tests = ", ".join(f"CASE WHEN NOT ({r.predicate}) THEN {_text(r.name)} END" for r in checked)
    numbered = table.append_column(_ROW, pa.array(np.arange(table.num_rows)))
    # a table of several chunks is read by several threads, and what they find comes back in any order
    sql = f'SELECT list_filter([{tests}], lambda r: r IS NOT NULL) AS broken FROM checked_rows ORDER BY "{_ROW}"'
    return query(sql, checked_rows=numbered).column("broken")
