"""``recall.parquet``: contacts withdrawn after the night, beside the run whose files stay as they are."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duewise.errors import DuewiseError
from duewise.publish.manifest import read_manifest
from duewise.publish.run_folder import run_lock

RECALL = "recall.parquet"
RECORD = "recall.json"

SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), metadata={"description": "Run that planned the contact."}),
        pa.field("as_of", pa.date32(), metadata={"description": "Night of that run."}),
        pa.field(
            "checked_at",
            pa.timestamp("us", tz="UTC"),
            metadata={"description": "What was known before this instant was looked at."},
        ),
        pa.field("debtor_id", pa.string(), metadata={"description": "Whom not to contact."}),
        pa.field("action", pa.string(), metadata={"description": "The planned action that stops."}),
        pa.field("reason", pa.string(), metadata={"description": "Code of the reason."}),
        pa.field("text", pa.string(), metadata={"description": "The reason in the portfolio's language."}),
        pa.field("rule_id", pa.string(), metadata={"description": "Rule that denies; null: none does."}),
        pa.field("cite", pa.string(), metadata={"description": "Where that rule comes from."}),
        pa.field(
            "already_made",
            pa.bool_(),
            metadata={"description": "The planned contact was made since the night; do not repeat it."},
        ),
    ]
)


def write_recall(runs: Path, folder: Path, recall: pa.Table, record: dict[str, Any]) -> None:
    """Write both files into a run folder, each whole or not at all.

    Raises
    ------
    LockError
        When a night is being written to `runs`.
    DuewiseError
        When the run was replaced by another since it was read.
    """
    with run_lock(runs):
        standing = read_manifest(folder)
        if standing is None or standing["run_id"] != record["run_id"]:
            raise DuewiseError(f"{folder}: the run was replaced while it was rechecked. Recheck again.")
        text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
        _replace(folder / RECALL, lambda path: pq.write_table(recall, path, compression="zstd"))
        _replace(folder / RECORD, lambda path: path.write_text(text, encoding="utf-8"))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    partial.chmod(0o600)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)
