"""Delta tables of the lake: open, create from a contract, append or replace under application transactions.

Guarantees: a write carries application versions (`app_id -> version`) in its own commit, so progress and data cannot
part. `TableMoved` means that another writer committed first; the caller looks at the versions again and decides. A
commit whose answer was lost is found by its versions, never repeated blindly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from pipelines.connectors.object_store import delta_options
from pipelines.contracts import Contract, conform
from pipelines.errors import ContractViolation
from pipelines.settings import settings


class TableMoved(Exception):
    """Another writer committed to the table since it was read; nothing of this write landed."""


def table_uri(path: str) -> str:
    """Address of a lake table, e.g. `bronze/orders`."""
    return f"s3://{settings().s3_bucket}/{path}"


def open_table(path: str) -> DeltaTable:
    """The table at its newest version; TableNotFoundError where there is none."""
    return DeltaTable(table_uri(path), storage_options=delta_options())


def ensure_table(path: str, contract: Contract) -> DeltaTable:
    """The table, created empty from its contract if it does not exist; its columns must be the contract's."""
    try:
        table = open_table(path)
    except TableNotFoundError:
        table = DeltaTable.create(
            table_uri(path),
            schema=contract.arrow_schema,
            mode="ignore",
            partition_by=contract.partition_columns,
            name=contract.name,
            storage_options=delta_options(),
            configuration={"delta.checkpointInterval": "50"},
        )
    stored, wanted = [f.name for f in table.schema().fields], contract.columns
    if stored != wanted:
        changed = sorted(set(stored) ^ set(wanted)) or ["the order of columns"]
        raise ContractViolation(
            f"{path}: the stored table and contract {contract.key} {contract.version} differ in {', '.join(changed)}; "
            "the table must be rewritten to the new contract before it is written to"
        )
    return table


def versions(table: DeltaTable, app_ids: list[str]) -> dict[str, int]:
    """Application versions that the table carries; absent ones are left out."""
    found = {app_id: table.transaction_version(app_id) for app_id in app_ids}
    return {app_id: int(version) for app_id, version in found.items() if version is not None}


def write(
    table: DeltaTable,
    rows: pa.Table,
    contract: Contract,
    app_versions: Mapping[str, int],
    *,
    replace: str | None = None,
) -> int:
    """Append `rows`, or with `replace` (a predicate over partition columns) put them in place of what it matches.

    Returns the table's new version. TableMoved if another writer committed a conflicting change or the same app_ids.
    """
    properties = CommitProperties(app_transactions=[Transaction(a, v) for a, v in sorted(app_versions.items())])
    try:
        data = conform(rows, contract)
        if replace is None:
            write_deltalake(table, data, mode="append", commit_properties=properties)
        else:
            write_deltalake(table, data, mode="overwrite", predicate=replace, commit_properties=properties)
    except CommitFailedError as error:
        raise TableMoved(str(error)) from error
    table.update_incremental()
    return int(table.version())


def added_rows(table: DeltaTable, since_version: int | None, columns: Sequence[str]) -> pa.Table:
    """`columns` of the rows in files that the table has now and did not have at `since_version` (None: all rows).

    A file that compaction rewrote counts as new, so the answer may hold older rows too, but never too few.
    """
    dataset = table.to_pyarrow_dataset()
    if since_version is not None and since_version < table.version():
        earlier = DeltaTable(table.table_uri, version=since_version, storage_options=delta_options())
        known = {uri.rsplit("/", 1)[-1] for uri in earlier.file_uris()}  # file names are unique
        fresh = [f for f in dataset.get_fragments() if f.path.rsplit("/", 1)[-1] not in known]
        dataset = ds.FileSystemDataset(fresh, dataset.schema, dataset.format, dataset.filesystem)
    elif since_version is not None:
        return dataset.schema.empty_table().select(list(columns))
    return dataset.to_table(columns=list(columns))


def read(table: DeltaTable, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
    """Rows of the table that `where` holds for; partitions that it rules out are not opened."""
    return table.to_pyarrow_dataset().to_table(columns=list(columns) if columns else None, filter=where)


def partition_fingerprints(table: DeltaTable, column: str) -> dict[object, str]:
    """Digest of the files of each value of a partition column; a value whose rows changed has another digest."""
    actions = pa.table(table.get_add_actions(flatten=True)).select(["path", f"partition.{column}"]).to_pylist()
    files: dict[object, list[str]] = {}
    for action in actions:
        files.setdefault(action[f"partition.{column}"], []).append(action["path"])
    return {value: hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest()[:32] for value, paths in files.items()}
