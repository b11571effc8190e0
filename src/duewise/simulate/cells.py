"""Arrow columns from arrays of codes, day numbers and microseconds, and the identifiers of rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duewise.simulate.arrays import Bools, Floats, Ints
from duewise.simulate.state import Portfolio

_TIME = pa.timestamp("us")
_ACCOUNT_SLOTS = 10


def codes_to_text(codes: Ints, names: tuple[str, ...] | list[str]) -> pa.Array:
    """Return the name of each code; negative codes are null."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.array([str(name) for name in names]).take(indices)


def numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Return identifiers such as ``D0000042``."""
    digits = pc.utf8_lpad(pa.array(numbers.astype(np.int64)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def debtor_ids(portfolio: Portfolio, rows: Ints) -> pa.Array:
    """Return the identifiers of debtors."""
    return numbered("D", portfolio.people.index[rows], 7)


def account_ids(portfolio: Portfolio, rows: Ints, account: Ints) -> pa.Array:
    """Return the identifiers of accounts; null where `account` is negative."""
    number = portfolio.people.index[rows].astype(np.int64) * _ACCOUNT_SLOTS + np.maximum(account, 0) + 1
    return where(account >= 0, numbered("A", number, 8))


def days(values: Ints, known: Bools | None = None) -> pa.Array:
    """Return dates; null where not `known`."""
    mask = None if known is None else ~known
    return pa.array(values.astype(np.int32), mask=mask).cast(pa.date32())


def times(values_us: Ints, known: Bools | None = None) -> pa.Array:
    """Return timestamps; null where not `known`."""
    return pa.array(values_us.astype(np.int64), mask=None if known is None else ~known).cast(_TIME)


def numbers(values: Floats | Ints) -> pa.Array:
    """Return numbers; NaN is null."""
    return pa.array(values, from_pandas=True)


def where(known: Bools, values: pa.Array) -> pa.Array:
    """Return `values`; null where not `known`."""
    return pc.if_else(pa.array(known), values, pa.scalar(None, values.type))
