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
from duewise.sources.quarantine import OWN_COLUMNS

_FOR_PEOPLE = ("worklist.xlsx", "report.html")
_LONGEST_FIELD = 1 << 30


def copy_without(run: Path, target: Path, ids: Sequence[str]) -> int:
    """Copy a run into `target` without the rows that name one of `ids`; return how many were left out.

    Of what the night decided, a row is left out by its ``debtor_id``. In quarantine stand the client's own
    columns, so a row is left out when any of its texts or whole numbers is one of `ids`.
    """
    removed = 0
    for path in sorted(run.rglob("*")):
        copy = target / path.relative_to(run)
        if path.is_dir():
            copy.mkdir(exist_ok=True)
        elif path.suffix == ".parquet":
            removed += _parquet_without(path, copy, ids, anywhere=path.parent != run)
        elif path.suffix == ".csv":
            removed += _csv_without(path, copy, ids)
        elif path.name not in _FOR_PEOPLE:
            shutil.copy(path, copy)
    manifest = read_manifest(target)
    if manifest is not None and any((run / name).exists() for name in _FOR_PEOPLE):
        write_for_people(target, pq.read_table(target / STRATEGIES), manifest)
    return removed


def _parquet_without(path: Path, copy: Path, ids: Sequence[str], *, anywhere: bool) -> int:
    table = pq.read_table(path)
    named = [field.name for field in table.schema if _may_be_id(field, anywhere)]
    hit = pa.chunked_array([pa.array([False] * table.num_rows)])
    for name in named:
        hit = pc.or_(hit, pc.is_in(table[name].cast(pa.string()), value_set=pa.array(ids, pa.string())))
    kept = table.filter(pc.invert(hit))
    pq.write_table(kept, copy, compression="zstd", row_group_size=100_000)
    return int(table.num_rows - kept.num_rows)


def _may_be_id(field: pa.Field, anywhere: bool) -> bool:
    """Return whether a column may hold ids; in a night's own rows, whose action may be called like anybody,
    only ``debtor_id`` does.
    """
    if not anywhere:
        return bool(field.name == "debtor_id")
    kind = field.type
    whole = pa.types.is_integer(kind) and field.name != "row_number"
    return bool(whole or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _csv_without(path: Path, copy: Path, ids: Sequence[str]) -> int:
    removed = 0
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(one)}(?![\w-])" for one in ids))
    csv.field_size_limit(_LONGEST_FIELD)
    with (
        path.open(encoding="utf-8", newline="") as lines,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        reader, writer = csv.reader(lines), csv.writer(out, lineterminator="\n")
        writer.writerow(next(reader))
        for row in reader:
            # Malformed rows stand there as one text, in which an id is a word.
            if any(words.search(field) for field in row[len(OWN_COLUMNS) :]):
                removed += 1
            else:
                writer.writerow(row)
    return removed
