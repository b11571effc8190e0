"""A table or view of a database as the readers see it, and its rows on their way."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Relation:
    """A table or view and its columns.

    Attributes
    ----------
    place : str
        Its quoted name in SQL.
    columns : tuple of (name, type)
        In the order of the database, with the database's own names of types.
    """

    place: str
    columns: tuple[tuple[str, str], ...]

    def has(self, *names: str) -> bool:
        """Return whether all of `names` are columns."""
        return set(names) <= {name for name, _ in self.columns}


@dataclass(frozen=True)
class Rows:
    """The rows of a relation, a batch at a time."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
