"""A delivery can be taken apart by time, so that a paced publisher hands over what is due."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from pipelines.contracts import load_contract
from pipelines.messages import Origin
from pipelines.movers.delivery import Delivery, RawMessage, is_wider
from tests.services.tiny_events import DAY, placed, table

ORDERS = table("orders", [placed(f"o{n}", n) for n in range(4)])
WIDER = ORDERS.slice(0, 2).append_column("tip_cents", pa.array([1, 2]))
NOON_US = int(DAY.timestamp() * 1e6)
GARBLED = RawMessage(b"PAR", [("rows", b"3")], "o1", NOON_US + 60_000_000)
ALL = Delivery((ORDERS, GARBLED, WIDER))


def minutes(first: float, last: float) -> Delivery:
    return ALL.due(*(NOON_US + int(timedelta(minutes=m).total_seconds() * 1e6) for m in (first, last)))


def test_parts_by_time_add_up_to_the_whole_in_its_order() -> None:
    early, late = minutes(0, 1), minutes(1, 99)
    assert [part.num_rows for part in early.tables] == [1, 1]
    assert [part if part is GARBLED else part.num_rows for part in late.parts] == [3, GARBLED, 1]
    assert minutes(0, 99).parts == ALL.parts


def test_a_row_that_others_overtook_goes_after_them() -> None:
    overtaken = Delivery((ORDERS.take(pa.array([1, 2, 0, 3])),))
    sent = [overtaken.due(NOON_US + n * 60_000_000, NOON_US + (n + 1) * 60_000_000) for n in range(4)]
    orders = [[i for table in part.tables for i in table["order_id"].to_pylist()] for part in sent]
    assert orders == [[], ["o1"], ["o2", "o0"], ["o3"]]


def test_nothing_is_due_before_or_after_all_of_it() -> None:
    assert minutes(-9, 0).parts == minutes(4, 9).parts == ()


def test_a_message_is_stamped_with_what_every_message_of_its_unit_says() -> None:
    headers = GARBLED.stamped(Origin("p", "day", "trace"), 7)
    assert headers == [("rows", b"3"), ("producer_id", b"p"), ("unit", b"day"), ("sequence", b"7")]


def test_a_table_with_a_column_its_contract_lacks_is_wider_and_one_that_lacks_a_column_is_not() -> None:
    contract = load_contract("events/orders")
    assert [is_wider(t, contract) for t in (WIDER, ORDERS, ORDERS.drop_columns("reason"))] == [True, False, False]
