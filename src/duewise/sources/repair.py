"""Rows of a damaged text export: which records are whole, and which lines belong to none.

Only an export that the engine refuses comes here, so that one stray quote costs one row and not the
rest of the file. Everything else is read by the engine and never row by row.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_RECORD_LINES = 1000
"""Lines after which an open quote is taken for a stray one."""

LONGEST_RECORD = 2_000_000
"""Characters of a record that the engine still reads."""


@dataclass(frozen=True)
class Record:
    """One data row: its fields, or None when the line is malformed; `number` counts from 1."""

    number: int
    fields: tuple[str, ...] | None
    text: str


def records(lines: Iterable[str], delimiter: str, width: int) -> Iterator[Record]:
    r"""Yield the data rows of `lines`, each whole or malformed; blank lines are no rows.

    Parameters
    ----------
    lines : iterable of str
        Physical lines after the header, with their line ends.
    width : int
        Number of fields that a whole row has.

    Examples
    --------
    >>> [row.fields for row in records(['1,"a\n', 'b"\n', '2\n', '3,"x\n', '4,d\n'], ",", 2)]
    [('1', 'a\nb'), None, None, ('4', 'd')]
    """
    source = iter(lines)
    returned: deque[str] = deque()
    number = 0
    while (line := returned.popleft() if returned else next(source, None)) is not None:
        if not line.strip("\r\n"):
            continue
        number += 1
        fields, taken = _fields(line, delimiter), [line]
        if fields is None and '"' in line:
            fields = _continue(taken, returned, source, delimiter)
        if fields is None or len(fields) != width or sum(map(len, taken)) > LONGEST_RECORD:
            returned.extendleft(reversed(taken[1:]))
            yield Record(number, None, line.rstrip("\r\n"))
        else:
            yield Record(number, fields, "".join(taken).rstrip("\r\n"))


def _continue(
    taken: list[str], returned: deque[str], source: Iterator[str], delimiter: str
) -> tuple[str, ...] | None:
    """Add lines to `taken` until the quote closes; return the fields, or None when it never does."""
    while len(taken) <= LONGEST_RECORD_LINES:
        line = returned.popleft() if returned else next(source, None)
        if line is None:
            return None
        taken.append(line)
        if line.count('"') % 2:
            return _fields("".join(taken), delimiter)
    return None


def _fields(text: str, delimiter: str) -> tuple[str, ...] | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return tuple(rows[0]) if len(rows) == 1 else None
