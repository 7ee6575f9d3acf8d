"""Rows as exports have them, made up: files of them read by the mappings of `field_mappings`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generator.history.check import Checked, check_files
from tests.unit.generator.history.field_mappings import (
    PAYOUTS,
    named,
)

GOOD = ("imported", "")


def read(
    folder: Path, content: dict[str, Any], *lines: str, end: str = "\n", mark: bool = False, **orders: Any
) -> Checked:
    """A file of these lines, read by a mapping with changes to its orders."""
    path = folder / "orders.txt"
    text = end.join(lines) + end
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    return check_files(named(content, **orders), path, None)


EXPLAINED = "What the shop is called,Its code,Ticket,One a movement,State of it,Day,Yes,Net,Tax,Fees,Out"


PAYOUT = "Shop,Shop Code,Order Code,Movement Id,State,Order or Refund Day,Accepted,Net Sale,Tax,Fees,Payout"


PAID = [
    "Soup Bar,0|07,K9,m1,Completed,7/4/26,7:05 PM,31.00,2.50,-9.00,24.50",
    "Soup Bar,0|07,K9,m2,Refund,7/9/26,,-31.00,-2.50,9.00,-24.50",
    "Soup Bar,0|08,K9,m3,completed,7/4/26,12:30 AM,8.00,0.70,-2.40,6.30",
    "Soup Bar,0|08,B2,m4,Cancelled,7/4/26,,0,0,0,0",
    "Soup Bar,0|08,,m5,Advertising,7/5/26,,0,0,-15.00,-15.00",
    "Soup Bar,0|08,C3,m6,Completed,3/14/27,2:10 AM,5.00,0.40,-1.50,3.90",
]


def payouts(folder: Path, *rows: str) -> Checked:
    return read(folder, PAYOUTS, EXPLAINED, PAYOUT, *rows, end="\r\n", mark=True)


COPIED_HEADER = "order_id,restaurant,zone,courier_age,rating,weather,traffic,minutes,distance"


LIFE_HEADER = (
    "order_id,kind,placed_at,promised_at,restaurant_notified_at,restaurant_confirmed_at,courier_accepted_at,"
    "picked_up_at,delivered_at,cancelled_at,state"
)


DAY = "2026-05-02T"


def life(kind: str, placed: str, *times: str, state: str, cancelled: str = "") -> str:
    """A row: promised, notified, confirmed, courier, pick-up and drop-off as clock times of one day (or nothing)."""
    whole = [f"{DAY}{t}:00Z" if t else "" for t in (placed, *times)]
    return ",".join(["X", kind, *whole, cancelled, state])


BATCH = "2026-10-02T04:00:00Z"


def line(order: str, items: str, more: str = '"tags":{}') -> str:
    return f'{{"order_id":{order},"placed_at":"2026-06-01T10:00:00Z","items":{items},{more},"total":9.5}}'


SOUP = '[{"name":"Soup","qty":1,"options":[]}]'
