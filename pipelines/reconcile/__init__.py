"""Reconciliation: does every event and order stand in every store, once? Counted by reading, never by offsets.

Three accounts: of a user's files (each row imported or left out by a rule), of events by topic and UTC date (produced,
in Kafka, in bronze, dead-lettered, good or quarantined) and of orders by business date (placed in bronze, in Cassandra,
silver, quarantine, the warehouse and gold). What must be equal and is not is in each line's `problems`.
"""

from pipelines.reconcile.line import Line
from pipelines.reconcile.report import Reconciliation, reconcile

__all__ = ["Line", "Reconciliation", "reconcile"]
