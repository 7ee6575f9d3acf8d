"""Reconciliation: does every event and order stand in every store, once? Counted by reading, never by offsets.

Three accounts: of a user's files (each row imported or left out by a rule), of events by topic and UTC date (produced,
in Kafka, in bronze, dead-lettered) and of orders by business date (placed in bronze, in Cassandra, silver, quarantine,
the warehouse and gold). The differences that must be 0 are in each line's `difference`.
"""

from pipelines.reconcile.report import Line, Reconciliation, reconcile

__all__ = ["Line", "Reconciliation", "reconcile"]
