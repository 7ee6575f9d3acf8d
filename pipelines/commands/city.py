"""`dishpatch city`: cities to generate days of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from generator.from_osm.build import Built


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    city = typer.Typer(no_args_is_help=True, help="Make a city of a map.")
    city.command("build")(build)
    app.add_typer(city, name="city")


def build(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="OpenStreetMap extract: .osm.pbf, .osm or .osm.bz2.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write; by default the city's id, here.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the city; by default from the file's name.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA name; by default guessed from what the map says, and where it lies.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code; by default that of the country.")] = None,
    bounds: Annotated[
        str | None, typer.Option(help="Only within LAT,LNG,LAT,LNG: least latitude and longitude, then greatest.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a folder that is there, edits included.")] = False,
) -> None:
    """Make a city of an OpenStreetMap extract: streets, zones, restaurants and a profile to edit."""
    from generator.from_osm.build import build_city
    from generator.from_osm.wishes import Wishes

    wishes = Wishes(name, time_zone, currency, box_of(bounds) if bounds else None)
    _tell(build_city(source, out, wishes, overwrite=replace))


def box_of(told: str) -> tuple[float, float, float, float]:
    """The four degrees of --bounds; UsageError says which is wrong."""
    try:
        south, west, north, east = (float(part) for part in told.split(","))
    except ValueError:
        raise UsageError(f"--bounds {told}: expected four degrees such as 42.49,1.48,42.53,1.56") from None
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
        raise UsageError(
            f"--bounds {told}: expected least latitude, least longitude, greatest latitude, greatest longitude"
        )
    return south, west, north, east


def _tell(built: Built) -> None:
    city = built.city
    for what, count in (
        ("driving nodes of the map", f"{built.driving_nodes:,}"),
        ("all reaching each other", f"{built.network_nodes:,}"),
        ("kept as junctions and stops", f"{built.kept_nodes:,}"),
        ("streets", f"{built.street_km:,.0f} km"),
        ("zones", f"{len(city.zones):,}"),
        ("restaurants of the map", f"{built.known_restaurants:,}"),
    ):
        typer.echo(f"{what:28}{count:>12}")
    for note in built.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"written: {city.name} to {built.folder}; look through {built.folder}/profile.yaml, then")
    typer.echo(f"  dishpatch generate --city {built.folder} --days 1 --until 2026-11-22 --out days/")
