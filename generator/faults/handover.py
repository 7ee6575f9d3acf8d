"""A generated day as its sources hand it over: as it is or with a profile's faults; and how that lies in files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from generator.day import DayByTopic
from generator.faults.bad_messages import message_id
from generator.faults.inject import inject_topic
from generator.faults.profile import Faults
from generator.faults.truth import TRUTH
from generator.streams import Streams
from pipelines.contracts import load_contract
from pipelines.movers.delivery import Delivery, is_wider

WIDER = "-wider"  # of the name of a file whose rows have a column more


@dataclass(frozen=True)
class HandedOver:
    """What is handed over of a day, by topic, each made as it is asked for; and the truth of it, by kind.

    The truth is there after the last topic.
    """

    topics: Iterator[tuple[str, pa.Table | Delivery]]
    truth: dict[str, pa.Table]


def handed_over(day: DayByTopic, faults: Faults | None, streams: Streams) -> HandedOver:
    """The day with the faults; without a profile, or with a clean one, the day as it is."""
    if faults is None or faults.is_clean:
        return HandedOver(iter(day), day.truth)
    return HandedOver(_with_faults(day, faults, streams), day.truth)


def _with_faults(day: DayByTopic, faults: Faults, streams: Streams) -> Iterator[tuple[str, Delivery]]:
    truths = [TRUTH.empty_table()]
    for topic, table in day:
        delivery, truth = inject_topic(topic, table, faults, streams)
        truths.append(truth)
        del table
        yield topic, delivery
        del delivery  # before the next topic is made
    day.truth["faults"] = pa.concat_tables(truths)


def tables_in_files(topic: str, given: pa.Table | Delivery) -> dict[str, pa.Table]:
    """The topic's rows in the order of delivery, by what is added to the name of their file.

    Under "" those with the contract's columns, faulty or not; under WIDER those of newer sources, if there are any.
    """
    if isinstance(given, pa.Table):
        return {"": given}
    contract = load_contract(f"events/{topic}")
    plain = [table for table in given.tables if not is_wider(table, contract)]
    wider = [table for table in given.tables if is_wider(table, contract)]
    found = {"": pa.concat_tables([contract.arrow_schema.empty_table(), *plain])}
    return found | ({WIDER: pa.concat_tables(wider)} if wider else {})


def messages_in_files(given: pa.Table | Delivery) -> Iterator[tuple[str, bytes]]:
    """(name, content) of two files for each bad message: its value, and its headers as JSON."""
    for message in given.messages if isinstance(given, Delivery) else ():
        name = message_id(message.headers)
        yield f"{name}.value", message.value
        headers = {header: text.decode() for header, text in message.headers}
        yield f"{name}.headers.json", json.dumps(headers | {"key": message.key}, indent=1).encode()
