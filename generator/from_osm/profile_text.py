"""The profile of a mapped city as a YAML file that explains itself to whoever edits it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from generator.city.city_parts import Bounds, Hub, KnownRestaurant
from generator.from_osm.eateries import usual_cuisines
from generator.from_osm.wishes import one_line
from generator.from_osm.zones import Zones

COUNTED_RESTAURANTS = 90  # on the platform at 1,500 orders a day, 17 orders each
DENSE_VEHICLES = {"e_bike": 0.34, "bicycle": 0.16, "motorcycle": 0.30, "car": 0.20}
WIDE_VEHICLES = {"e_bike": 0.15, "motorcycle": 0.50, "car": 0.35}  # long rides are not for bicycles
WIDE_LIVES = """\
  dispatch: {reach_seconds: 2400} # restaurants are far apart, so couriers are offered orders further away
  promise: {slack_seconds: 1020}  # and customers are told so
"""
TEMPLATES = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Facts:
    """What a profile of a mapped city says. `*_from` tell where a value comes from."""

    city_id: str
    name: str
    source: str
    dated: str
    time_zone: str
    time_zone_from: str
    currency: str
    currency_from: str
    bounds: Bounds
    zones: Zones
    known: list[KnownRestaurant]
    hubs: tuple[Hub, ...]
    homes: tuple[Hub, ...]
    reach_metres: int
    is_wide: bool
    couriers: int
    couriers_from: str


def profile_text(facts: Facts) -> str:
    """The text of profile.yaml."""
    usual = usual_cuisines()
    dish_price = usual.dish_price.get(facts.currency, usual.otherwise)
    step = 50 if dish_price < 50 else 100 * max(1, 10 ** (len(str(round(dish_price))) - 3))
    return _template("profile").format(
        **{name: getattr(facts, name) for name in ("time_zone", "time_zone_from")},
        city_id=_text(facts.city_id),
        name=_comment(facts.name),
        source=_comment(facts.source),
        **{name: getattr(facts, name) for name in ("currency", "currency_from", "reach_metres", "couriers")},
        couriers_from=facts.couriers_from,
        vehicles=_flow(WIDE_VEHICLES if facts.is_wide else DENSE_VEHICLES),
        wide_lives=WIDE_LIVES if facts.is_wide else "",
        name_yaml=_text(facts.name),
        known_note=", places and restaurants" if facts.known else " and places",
        bounds=_flow(facts.bounds.model_dump()),
        resolution=facts.zones.resolution,
        zones=_list([{"zone_id": z.zone_id, "name": z.name} for z in facts.zones.zones], 2),
        first_zone=_text(facts.zones.zones[0].name),
        count=COUNTED_RESTAURANTS,
        known="  known: restaurants.yaml         # restaurants that are really there\n" if facts.known else "",
        step=step,
        hubs=_list([hub.model_dump() for hub in facts.hubs], 4),
        homes=_list([hub.model_dump() for hub in facts.homes], 4),
        cuisines=_cuisines(dish_price, step),
        name_first=_flow(list(usual.names.first)),
        name_last=_flow(list(usual.names.last)),
    )


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.template").read_text(encoding="utf-8")


def restaurants_text(known: list[KnownRestaurant]) -> str:
    """The text of restaurants.yaml: one restaurant a line."""
    head = (
        "# Restaurants of OpenStreetMap, © OpenStreetMap contributors, ODbL 1.0. The first ones of the list are on\n"
        "# the platform, as many as the profile's restaurants.count says. Without a cuisine one is drawn.\n"
    )
    rows = [shop.model_dump(exclude_none=True) for shop in known]
    return head + _list(rows, 0) + "\n"


def attribution_text(facts: Facts) -> str:
    """The text of ATTRIBUTION.md."""
    files = ", the names of zones in `profile.yaml`" + (" and `restaurants.yaml` are" if facts.known else " are")
    dated = f", data of {facts.dated}" if facts.dated else ""
    return _template("attribution").format(files=files, source=_comment(facts.source), dated=dated)


def _cuisines(dish_price: float, step: int) -> str:
    rows = []
    for name, cuisine in usual_cuisines().cuisines.items():
        row = {
            "share": cuisine.share,
            "kitchen_minutes": cuisine.kitchen_minutes,
            "dish_price_cents": max(step, round(dish_price * cuisine.price * 100 / step) * step),
            "dishes": list(cuisine.dishes),
        }
        rows.append(f"    {_text(name)}: {_flow(row)}")
    return "\n".join(rows)


def _list(rows: list[dict[str, object]], indent: int) -> str:
    return "\n".join(" " * indent + "- " + _flow(row) for row in rows)


def _flow(value: object) -> str:
    """A value on one line; JSON is YAML, and quotes whatever could be misread."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    """A word as it is, anything that YAML could take for something else in quotes."""
    if re.fullmatch(r"[^\W\d_][\w ]{3,}\w", value) and value.lower() != "false":  # no yes, no, on, off, true, null
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in quoted)


def _comment(value: str) -> str:
    """A text that stays on its line."""
    return "".join(each if each.isprintable() else "?" for each in one_line(value))
