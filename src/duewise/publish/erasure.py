"""A person's rows out of every file that a run holds, by rewriting the file without them."""

import csv
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duewise.publish.for_people import write_for_people
from duewise.publish.manifest import read_manifest
from duewise.publish.published_run import STRATEGIES

_FOR_PEOPLE = ("worklist.xlsx", "report.html")
_LONGEST_FIELD = 1 << 30


def copy_without(run: Path, target: Path, ids: Sequence[str]) -> int:
    """Copy a run into `target` without the rows that name one of `ids`; return how many were left out.

    A row is left out when any of its texts is one of `ids`: in quarantine stand the client's own columns.
    """
    removed = 0
    for path in sorted(run.rglob("*")):
        copy = target / path.relative_to(run)
        if path.is_dir():
            copy.mkdir(exist_ok=True)
        elif path.suffix == ".parquet":
            removed += _parquet_without(path, copy, ids)
        elif path.suffix == ".csv":
            removed += _csv_without(path, copy, ids)
        elif path.name not in _FOR_PEOPLE:
            shutil.copy(path, copy)
    manifest = read_manifest(target)
    if manifest is not None and any((run / name).exists() for name in _FOR_PEOPLE):
        write_for_people(target, pq.read_table(target / STRATEGIES), manifest)
    return removed


def _parquet_without(path: Path, copy: Path, ids: Sequence[str]) -> int:
    table = pq.read_table(path)
    named = [name for name in table.column_names if _is_text(table.schema.field(name).type)]
    hit = pa.chunked_array([pa.array([False] * table.num_rows)])
    for name in named:
        hit = pc.or_(hit, pc.is_in(table[name], value_set=pa.array(ids, table[name].type)))
    kept = table.filter(pc.invert(hit))
    pq.write_table(kept, copy, compression="zstd", row_group_size=100_000)
    removed: int = table.num_rows - kept.num_rows
    return removed


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _csv_without(path: Path, copy: Path, ids: Sequence[str]) -> int:
    removed = 0
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(one)}(?![\w-])" for one in ids))
    csv.field_size_limit(_LONGEST_FIELD)
    with (
        path.open(encoding="utf-8", newline="") as lines,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out, lineterminator="\n")
        for row in csv.reader(lines):
            # Malformed rows stand there as one text, in which an id is a word.
            if any(words.search(field) for field in row):
                removed += 1
            else:
                writer.writerow(row)
    return removed
