"""`dishpatch mapping suggest`: draft a mapping from a file, and try it on that file with stand-ins for the blanks."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pandas as pd

from generator.history.blanks import blank, blanks_in
from generator.history.check import check_files
from generator.history.findings import Findings
from generator.history.mapping import parse_mapping
from generator.history.suggest.draft import Draft, draft_of
from generator.history.suggest.yaml_text import yaml_text
from pipelines.errors import DishpatchError

# What a blank is taken for in the trial alone. None of it is written into the draft. XTS is the code kept for tests.
STAND_INS: dict[str, Any] = {
    "city_id": "trial", "name": "Trial", "time_zone": "UTC", "currency": "XTS", "day": "2026-01-05",
    "min_lat": -90.0, "max_lat": 90.0, "min_lng": -180.0, "max_lng": 180.0, "constant": "somebody",
    "default_time": "12:00",
}  # fmt: skip

LONG_LIFE_HOURS, LONG_LIVES_SHARE = 24 * 31, 0.1  # parcels, not meals


def suggest(path: Path) -> tuple[str, dict[str, str]]:
    """(YAML text of the draft, its blanks: dotted key -> question).

    MappingError: the file is not CSV, JSON lines or Parquet, or not readable as a whole.
    """
    draft = draft_of(path)
    try:
        _try(draft, path)
    except DishpatchError as error:
        draft.remarks.append(f"a trial of this draft was refused: {error}")
    return yaml_text(draft), blanks_in(draft.content)


def _try(draft: Draft, path: Path) -> None:
    """Read the file by the draft; more rows left out than the usual share become a question."""
    trial = copy.deepcopy(draft.content)
    if any(key.endswith(".column") for key in blanks_in(trial)):
        draft.remarks.append("no trial of this draft: a column that every order needs was not found")
        return
    for key, question in blanks_in(trial).items():
        if not key.endswith(".unit"):  # a wrong unit would be found wrong: the trial goes without that field
            _set(trial, key, question)
    columns = trial["orders"]["columns"]
    trial["orders"]["columns"] = {name: c for name, c in columns.items() if not blanks_in({"unit": c.get("unit")})}
    mapping = parse_mapping(trial, "the draft")
    found = check_files(mapping, path, None).found["orders"]
    if _lives_are_long(found):
        draft.content["orders"]["longest_life_hours"] = trial["orders"]["longest_life_hours"] = LONG_LIFE_HOURS
        draft.comments["orders.longest_life_hours"] = "many orders of this file end more than a day after placement"
        mapping = parse_mapping(trial, "the draft")
        found = check_files(mapping, path, None).found["orders"]
    counts = {name: count for name, count in found.counts().items() if count}
    draft.remarks.append("a trial of this draft: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    lost = found.counts()["rejected"] + found.counts()["quarantined"]
    share = lost / found.counts()["read"]
    if share > mapping.max_rejected_share:
        rules = {r: n for o in ("rejected", "quarantined") for r, n in found.totals_by_rule().get(o, {}).items()}
        why = ", ".join(f"{rule} {count:,}" for rule, count in sorted(rules.items(), key=lambda r: -r[1])[:3])
        accept = f", or accept that with {math.ceil(share * 100) / 100:g}" if found.kept.any() else ""
        draft.content["max_rejected_share"] = blank(
            f"{share:.1%} of the rows would be left out ({why}); mend the draft{accept}"
        )


def _lives_are_long(found: Findings) -> bool:
    """Whether so many orders end more than a day after placement that this is how they are, and no mistyped year."""
    late = pd.Series(found.rule).str.contains("_long_after_placement", regex=False)
    return float(late.mean()) > LONG_LIVES_SHARE


def _set(content: dict[str, Any], key: str, question: str) -> None:
    """Put a stand-in at a dotted key: the first of two formats in question, the first known word, or by its name."""
    *way, last = key.split(".")
    at: Any = content
    for index, step in enumerate(way):
        if isinstance(at, dict) and step not in at:  # words may hold dots of their own
            last = ".".join([*way[index:], last])
            break
        at = at[int(step)] if isinstance(at, list) else at[step]
    if "? every value fits both" in question:
        at[last] = question.split(" or ")[0]
    elif question.startswith("what is "):
        at[last] = question.rsplit(": ", 1)[1].split(", ")[-1]
    elif last == "default_time":
        at[last] = (
            "12:00 PM"
            if "%p" in str(at.get("format", ""))
            else "12:00:00"
            if "%S" in str(at.get("format"))
            else "12:00"
        )
    elif last == "row_identity":
        del at[last]
    else:
        at[last] = STAND_INS.get(last, question)
