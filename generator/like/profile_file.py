"""The fitted profile as a file: YAML as `generator.city.city.read_city` reads it, each section with what it holds."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from generator.city.city import City
from generator.city.lives_profile import usual_lives
from generator.fraud.profile import usual_fraud
from generator.like.observed import Observed

SAYS = {
    "bounds": "The service area of the history's city.",
    "demand": "Orders by quarter of the local day from midnight, in per mille, smoothed as the number of orders needs; "
    "weekdays from Monday, 1 is a mean day and stands where the history has no such weekday.",
    "restaurants": "Restaurants, share of orders, and factors on it at night, in the morning, at lunch, in the "
    "afternoon and evening, by H3 cell. Places within a cell, names and menus are invented.",
    "customers": "Shares of customers by H3 cell, such that orders arrive where they did; trip_km: straight km from "
    "pick-up to drop-off, the mean of each equal part of the orders, nearest first. Homes are invented in the cells.",
    "couriers": "Couriers to 1,500 orders; hours at which shifts start (past 24: after midnight) and how long they "
    "last, each number the mean of an equal part; one row of lengths to each equal share of starts, earliest first.",
    "fraud": "None is invented: what fraud the history holds is among its orders. Without a line, the usual rate.",
    "lives": "Measured values; everything else is as in generator/cities/usual_lives.yaml. preparation_minutes, "
    "begin_minutes and promise minutes are means of equal parts, quickest first. restaurant_spread and order_spread "
    "share out what makes kitchens differ between the restaurant and chance.",
}


def write_profile(city: City, observed: Observed, path: Path) -> None:
    """Write the profile; a file that is there is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(profile_text(city, observed), encoding="utf-8")
    part.replace(path)


def profile_text(city: City, observed: Observed) -> str:
    """The profile as commented YAML; what equals the defaults is left out, and reading it gives the same city."""
    content = city.model_dump(mode="json", exclude_defaults=True)
    content["lives"] = _changed(city.lives, usual_lives())
    content["fraud"] = _changed(city.fraud, usual_fraud())
    days = sorted(set(observed.dates))
    said = (
        f"# Fitted to the history of {observed.city.name}, {days[0]} to {days[-1]} ({len(days)} days): "
        f"{len(observed.orders):,} orders, {len(observed.shifts):,} shifts.\n"
        "# It holds shares of cells and means of parts, each of at least five orders or shifts where there are that "
        "many:\n# no order, customer, address or identity of the history. Every number may be edited.\n"
    )
    sections = []
    for name, value in content.items():
        comment = "".join(f"# {line}\n" for line in _wrapped(SAYS[name])) if name in SAYS else ""
        sections.append(("\n" if comment else "") + comment + _yaml({name: value}))
    return said + "".join(sections)


def _changed(own: BaseModel, usual: BaseModel) -> dict[str, dict[str, Any]]:
    """The values that differ from the usual ones, section by section."""
    was, now = usual.model_dump(mode="json"), own.model_dump(mode="json")
    changed = {s: {k: v for k, v in values.items() if v != was[s][k]} for s, values in now.items()}
    return {section: values for section, values in changed.items() if values}


def _yaml(content: dict[str, Any]) -> str:
    """Block style down to the rows of a table, each of which is one line of flow style."""
    node = yaml.SafeDumper(io.StringIO(), sort_keys=False).represent_data(content)
    _set_flow(node, 0)
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper, width=118, allow_unicode=True))


def _set_flow(node: yaml.Node, depth: int) -> None:
    if not isinstance(node, yaml.CollectionNode):
        return
    children = [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]
    is_flat = all(isinstance(child, yaml.ScalarNode) for child in children)
    node.flow_style = depth >= 3 or (depth >= 1 and is_flat)
    for child in children:
        _set_flow(child, depth + 1)


def _wrapped(text: str, width: int = 116) -> list[str]:
    return textwrap.wrap(text, width)
