"""Which column fills which field, by its name and by what its values look like."""

from __future__ import annotations

import re
from collections.abc import Callable

from generator.history.suggest.looks import SHARE, Look

UTC_NAME = re.compile(r" (utc|gmt|z)$")
Fits = Callable[[Look], bool]


def _is_time(look: Look) -> bool:
    return look.times is not None


def _is_number(look: Look) -> bool:
    return look.is_number


def _is_amount(look: Look) -> bool:
    return look.is_money or look.is_number


def _is_text(look: Look) -> bool:
    return look.times is None and not look.is_json and not look.is_money


def _is_level(look: Look) -> bool:
    return bool(look.words) and look.times is None


FROM = r"(pick ?up|restaurant|store|shop|vendor|from|origin|start)( location| address)?( location)?"
TO = r"(drop ?off|drop|delivery|customer|to|destination|end)( location| address)?( location)?"
MINOR_NAME = r" (in )?(cents|pence|minor( units?)?)"  # amounts in hundredths, as payment services write them
# Field -> what a column may be called (lower case, words apart by one space), likeliest first, and what it must hold.
NAMES: dict[str, tuple[tuple[str, ...], Fits]] = {
    "order_id": ((r"order (id|code|number|no|nr|ref|reference)", r"order", r"id", r"(order )?number"), _is_text),
    "pickup_lat": ((rf"{FROM} (lat|latitude)",), _is_number),
    "pickup_lng": ((rf"{FROM} (lng|lon|long|longitude)",), _is_number),
    "dropoff_lat": ((rf"{TO} (lat|latitude)",), _is_number),
    "dropoff_lng": ((rf"{TO} (lng|lon|long|longitude)",), _is_number),
    "delivered_at": (
        (r"(delivered|drop ?off|dropped off|handed over|completed) ?(at|time|date|timestamp|on)?",
         r"order delivered customer (date|time|timestamp)", r"delivered.*(at|time|date)"), _is_time,
    ),
    "promised_at": (
        (r"(promised|expected drop off|promise|eta|expected|expected delivery|due) ?(at|time|date|timestamp)?",
         r"order estimated delivery date", r".*(estimated|expected|promised).*(date|time|at)"), _is_time,
    ),
    "scheduled_for": ((r"(scheduled|wanted|requested).*",), _is_time),
    "picked_up_at": (
        (r"(picked up|pick up|pickup|collected) ?(at|time|date|timestamp)?", r"time order picked",
         r"order delivered carrier date", r".*picked.*"), _is_time,
    ),
    "cancelled_at": ((r".*cancel?led.*(at|time|date).*", r"cancel?led"), _is_time),
    "rejected_at": ((r".*(rejected|declined).*",), _is_time),
    "restaurant_notified_at": ((r".*notified.*",), _is_time),
    "courier_accepted_at": ((r"(courier|driver|rider).*(accepted|assigned).*",), _is_time),
    "accepted_at": ((r".*(accepted|confirmed).*",), _is_time),
    "preparing_at": ((r".*(preparation|preparing|prep|cooking).*",), _is_time),
    "ready_at": ((r".*ready.*",), _is_time),
    "placed_at": (
        (r"(order )?(placed|placement|created|ordered|purchase|purchased)( at| time| date| timestamp| on)?",
         r"time order ?e?d", r"order (date|time|day|timestamp)", r"(date|time|timestamp|datetime|day)",
         r".*(order|sale).*(date|day|time).*"), _is_time,
    ),
    "state": ((r"(order )?(state|status)", r".*(state|status).*"), _is_level),
    "order_type": ((r"(order )?(kind|type)",), _is_level),
    "cancelled_by": ((r"cancel?led by",), _is_level),
    "customer_id": ((r"(customer|client|user|eater|buyer) ?(id|number|ref)?",), _is_text),
    "courier_id": ((r"(courier|driver|rider|delivery person|dasher) ?(id|number|ref)?",), _is_text),
    "vehicle": ((r"(type of )?vehicle( type)?",), _is_level),
    "restaurant_id": ((r"(restaurant|store|shop|vendor|merchant|outlet|place) (id|code|number|ref)",), _is_text),
    "restaurant_name": ((r"(restaurant|store|shop|vendor|merchant|outlet|place) ?(name)?",), _is_text),
    "basket_value_cents": (
        (rf"(sub ?total|basket( value)?|order (value|total|amount)|(net|gross) sale|(total )?amount|total|price)"
         rf"( \w{{3}})?({MINOR_NAME})?",),
        _is_amount,
    ),
    "refund_cents": ((rf"refund(ed)?( amount)?({MINOR_NAME})?",), _is_amount),
    "tax_cents": ((rf"(tax|vat)( amount)?({MINOR_NAME})?",), _is_amount),
    "fees_cents": ((rf"(fees?|commission|service fee)( amount)?({MINOR_NAME})?",), _is_amount),
    "payout_cents": ((rf"(payout|net payout|paid out)( amount)?({MINOR_NAME})?",), _is_amount),
    "currency": ((r"(order |total )?currency( code)?",), _is_level),
    "delivery_minutes": (
        (r"(time taken|delivery( time| duration)?|duration|minutes)( min| mins| minutes| s| secs| seconds)?",),
        lambda look: look.is_measure or look.is_number,
    ),
    "distance_m": ((r"(trip )?distance( m| km| metres| meters)?",), lambda look: look.is_measure or look.is_number),
    "courier_age": ((r"(courier|driver|rider|delivery person) age",), _is_number),
    "courier_rating": ((r"(courier|driver|rider|delivery person) ratings?",), _is_number),
    "weather": ((r"weather ?(conditions?)?",), _is_level),
    "traffic": ((r"(road )?traffic( density| level)?",), _is_level),
    "items": ((r"((order|line|cart|basket) ?)?(items|dishes|lines|products)",), lambda look: look.is_json),
    "tags": ((r"tags",), lambda look: look.is_json),
}  # fmt: skip


def plain_name(name: str) -> str:
    """A column's name in lower case, its words apart by one space: `pickUp_Lat(deg)` is `pick up lat deg`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^0-9A-Za-zÀ-ÿ]+", " ", apart).lower().split())


def says_minor(look: Look) -> bool:
    """Whether the column's name says that its amounts are hundredths, and its numbers are whole."""
    whole = look.cells.str.fullmatch(r"[-+]?\d+(?:\.0*)?").mean() > SHARE
    return bool(re.search(rf"{MINOR_NAME}$", plain_name(look.name))) and bool(whole)


def says_utc(look: Look) -> bool:
    """Whether the column's name says that its times are UTC."""
    return look.times is not None and bool(UTC_NAME.search(plain_name(look.name)))


def _role_name(look: Look) -> str:
    """The plain name of a column, of times without the clock it names."""
    name = plain_name(look.name)
    return UTC_NAME.sub("", name) if look.times is not None else name


def roles_of(looks: list[Look]) -> dict[str, Look]:
    """Field -> column. A column fills one field; a better name is preferred over an earlier column."""
    found: dict[str, Look] = {}
    taken: set[str] = set()
    for field, (patterns, fits) in NAMES.items():
        for pattern in patterns:
            match = next(
                (x for x in looks if x.name not in taken and fits(x) and re.fullmatch(pattern, _role_name(x))),
                None,
            )
            if match is not None:
                found[field] = match
                taken.add(match.name)
                break
    return found
