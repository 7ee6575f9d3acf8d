"""`dishpatch city build`: an OpenStreetMap extract becomes a city's folder: streets, restaurants and a profile.

The folder appears by renaming, complete; one that exists is not touched unless it is to be replaced and holds a built
city and nothing else (see `folder`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from generator.city.city import City, read_city
from generator.city.city_parts import Bounds, Hub
from generator.demand.demand import place_orders
from generator.from_osm.driving import Streets, driving_streets, largest_network
from generator.from_osm.eateries import known_restaurants
from generator.from_osm.extract import Extract, read_extract
from generator.from_osm.folder import check_out, left_behind, put
from generator.from_osm.profile_text import Facts, attribution_text, profile_text, restaurants_text
from generator.from_osm.simplify import MOST_NODES, junctions, simplified
from generator.from_osm.whereabouts import Whereabouts, whereabouts
from generator.from_osm.wishes import Wishes, city_id_of
from generator.from_osm.zones import food_streets, home_hubs, zones_of
from generator.roads.network import Network
from generator.roads.street_travel import travel_of
from generator.roads.travel import VEHICLES, straight_metres
from generator.streams import Streams
from pipelines.errors import UsageError

BORDER_DEGREES = 0.001  # about 100 m round the streets, within which doors lie
USUAL_REACH_METRES = 1_400  # as in a dense city
LONGEST_REACH_METRES = 2_500  # further food is cold, however few restaurants there are
REACHED_RESTAURANTS = 8  # that a customer of a scattered city still thinks near
USUAL_COURIERS = 130  # for 1,500 orders, tuned in Futian, where the mean ride by e-bike at night takes
USUAL_RIDE_SECONDS = 420.0
RIDE_PART = 0.55  # of a courier's busy time there is riding; the rest is parking, waiting and stairs
SPREAD_OUT = (
    1.3  # where rides are long, the next courier is far as well; fitted on two cities of 13 and 390 km of streets
)
SAMPLE_DAY, SAMPLE_ORDERS = date(2026, 11, 20), 600  # a Friday whose rides are measured
QUIET_HOUR = 3  # without congestion


@dataclass(frozen=True)
class Built:
    """What was made: the city, its folder, and what a person should know about it."""

    city: City
    folder: Path
    driving_nodes: int
    network_nodes: int
    kept_nodes: int
    street_km: float
    known_restaurants: int
    notes: tuple[str, ...]


def build_city(source: Path, out: Path | None, wishes: Wishes, *, overwrite: bool = False) -> Built:
    """Build the city of the extract into `out` (by default a folder of the city's id where one works).

    Raises UsageError for a file that is no extract or holds no town, an unknown time zone or currency, or a folder that
    is there already or cannot be written; SetupError without pyosmium.
    """
    wishes.check()
    name = wishes.name_of(source)
    folder = out or Path(city_id_of(name))
    check_out(folder, overwrite=overwrite)
    extract = read_extract(source, wishes.box)
    drawn = driving_streets(extract)
    whole = largest_network(drawn, str(source))
    streets, narrowed = _narrowed(whole, extract, source)
    network = simplified(streets)
    facts, notes = _facts(name, source, extract, streets, network, wishes)
    put(folder, lambda made: _write(made, facts, network))
    return Built(
        city=read_city(folder / "profile.yaml"),
        folder=folder,
        driving_nodes=len(drawn.lat),
        network_nodes=len(whole.lat),
        kept_nodes=len(network.node_lat),
        street_km=streets.kilometres,
        known_restaurants=len(facts.known),
        notes=(*narrowed, *notes, *left_behind(folder)),
    )


def _write(folder: Path, facts: Facts, network: Network) -> None:
    """All files of the city (those of CITY_FILES), into an empty folder."""
    network.save(folder / "network.npz")
    (folder / "ATTRIBUTION.md").write_text(attribution_text(facts), encoding="utf-8")
    if facts.known:
        (folder / "restaurants.yaml").write_text(restaurants_text(facts.known), encoding="utf-8")
    profile = folder / "profile.yaml"
    profile.write_text(profile_text(facts), encoding="utf-8")
    try:
        city = read_city(profile)
    except UsageError as error:  # about a file that is about to go
        told = str(error).removeprefix(f"{profile}: ")
        raise UsageError(f"{facts.source}: makes no city: {told}; try another area with --bounds") from error
    facts = replace(facts, couriers=_couriers(city))
    profile.write_text(profile_text(facts), encoding="utf-8")


def _narrowed(streets: Streets, extract: Extract, source: Path) -> tuple[Streets, list[str]]:
    """The streets round the busiest place, where the whole has more junctions than travel can keep tables of."""
    count = int(junctions(streets).sum())
    if count <= MOST_NODES:
        return streets, []
    inner = _within(extract, _bounds(streets.lat, streets.lng, source))
    middle = max(food_streets(inner, streets), key=lambda hub: hub.weight)
    metres = straight_metres(streets.lat, streets.lng, middle.lat, middle.lng)
    radius = float(np.sort(metres[junctions(streets)])[MOST_NODES * 9 // 10])
    found = streets.within(metres <= radius).largest_part()
    note = (
        f"the extract has {count:,} junctions, more than the {MOST_NODES:,} that travel times are kept for: the city "
        f"is what lies within {radius / 1000:.1f} km of its busiest place; choose another area with --bounds"
    )
    return found, [note]


def _facts(
    name: str, source: Path, extract: Extract, streets: Streets, network: Network, wishes: Wishes
) -> tuple[Facts, list[str]]:
    """What the profile says, and what a person should look at because it is guessed."""
    lat, lng = network.node_lat, network.node_lng
    bounds = _bounds(lat, lng, source)
    guess = whereabouts(float(np.median(lat)), float(np.median(lng)), extract.signs, bounds, wishes.time_zone)
    inner = _within(extract, bounds)
    known = known_restaurants(inner.eateries)
    hubs, homes = food_streets(inner, streets), home_hubs(streets)
    reach = _reach_metres(homes, [(s.lat, s.lng) for s in known] or [(h.lat, h.lng) for h in hubs])
    facts = Facts(
        city_id=city_id_of(name),
        name=name,
        source=source.name,
        dated=extract.dated,
        time_zone=wishes.time_zone or guess.time_zone,
        time_zone_from="as given" if wishes.time_zone else f"guessed: {_known_by(guess)}",
        currency=wishes.currency or guess.currency or "USD",
        currency_from="as given"
        if wishes.currency
        else f"guessed from the country {guess.country}: {_known_by(guess)}",
        bounds=bounds,
        zones=zones_of(
            np.concatenate([lat, [shop.lat for shop in known]]),
            np.concatenate([lng, [shop.lng for shop in known]]),
            extract.places,
        ),
        known=known,
        hubs=hubs,
        homes=homes,
        reach_metres=reach,
        is_wide=reach > USUAL_REACH_METRES,
        couriers=USUAL_COURIERS,
        couriers_from="by the length of rides; more if too few orders find a courier",
    )
    return facts, _guessed(guess, wishes)


def _bounds(lat: np.ndarray, lng: np.ndarray, source: Path) -> Bounds:
    """The streets with a border; UsageError where they lie on both sides of the 180th meridian."""
    if lng.max() - lng.min() > 180:
        raise UsageError(
            f"{source}: its streets lie on both sides of the 180th meridian, from {lng.min():.3f} to {lng.max():.3f}, "
            "and a city's bounds cannot; give one side, such as --bounds "
            f"{lat.min():.3f},{lng[lng > 0].min():.3f},{lat.max():.3f},180"
        )
    return Bounds(
        min_lat=max(round(float(lat.min()) - BORDER_DEGREES, 4), -90.0),
        max_lat=min(round(float(lat.max()) + BORDER_DEGREES, 4), 90.0),
        min_lng=max(round(float(lng.min()) - BORDER_DEGREES, 4), -180.0),
        max_lng=min(round(float(lng.max()) + BORDER_DEGREES, 4), 180.0),
    )


def _within(extract: Extract, bounds: Bounds) -> Extract:
    """The extract without eateries and places outside the bounds, such as those of an island that no street reaches."""
    return replace(
        extract,
        eateries=[each for each in extract.eateries if bounds.has(each.lat, each.lng)],
        places=[each for each in extract.places if bounds.has(each.lat, each.lng)],
    )


def _known_by(guess: Whereabouts) -> str:
    return guess.known_by or "nearest place that names a time zone; near a border it can be the neighbour's"


def _guessed(guess: Whereabouts, wishes: Wishes) -> list[str]:
    notes = []
    if not wishes.time_zone:
        notes.append(f"time zone {guess.time_zone} is guessed ({_known_by(guess)}); set it with --time-zone")
    if not wishes.currency:
        told = f"currency {guess.currency} is guessed" if guess.currency else "currency is not known; USD stands in"
        notes.append(f"{told} (country {guess.country}: {_known_by(guess)}); set it with --currency")
    return notes


def _reach_metres(homes: tuple[Hub, ...], shops: list[tuple[float, float]]) -> int:
    """As in a dense city, or as far as half the homes must go for a choice of restaurants."""
    at = np.array(shops)
    nth = min(REACHED_RESTAURANTS, len(shops)) - 1
    metres = [np.sort(straight_metres(home.lat, home.lng, at[:, 0], at[:, 1]))[nth] for home in homes]
    order = np.argsort(metres)
    weight = np.cumsum(np.array([home.weight for home in homes])[order])
    median = metres[order[int(np.searchsorted(weight, weight[-1] / 2))]]
    return int(np.clip(round(float(median), -2), USUAL_REACH_METRES, LONGEST_REACH_METRES))


def _couriers(city: City) -> int:
    """Couriers for 1,500 orders: the longer its rides, the more."""
    travel = travel_of(city)
    orders = place_orders(city, SAMPLE_DAY, SAMPLE_ORDERS, 1, Streams.of_day(1, SAMPLE_DAY), travel)
    ends = (orders[name].to_numpy() for name in ("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng"))
    from_lat, from_lng, to_lat, to_lng = ends
    ride = travel.seconds(from_lat, from_lng, to_lat, to_lng, VEHICLES.index("e_bike"), QUIET_HOUR).mean()
    longer = 1 - RIDE_PART + RIDE_PART * float(ride) / USUAL_RIDE_SECONDS
    return round(float(USUAL_COURIERS * longer**SPREAD_OUT))
