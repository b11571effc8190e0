"""Arithmetic that gives the same digits in any order of rows, on any number of threads.

Engines add floating-point numbers in whatever order their threads finish, so the last digits of a plain
sum change from run to run. Whole numbers below 2**53 add exactly in any order: money is counted in
thousandths (the smallest unit of any currency), directions on a circle in millionths.
"""

import ibis

THOUSANDTHS = 1_000.0
MILLIONTHS = 1_000_000.0
CODES = 32
"""Room for the code of a short closed list beside a time, see :func:`least_code`."""


def money_sum(amount: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Return the exact sum of an amount of money; null when nothing was summed."""
    return whole(amount, THOUSANDTHS).sum(where=where) / THOUSANDTHS


def fine_sum(value: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Return the sum of small numbers, each rounded to a millionth."""
    return whole(value, MILLIONTHS).sum(where=where) / MILLIONTHS


def whole(value: ibis.Value, scale: float) -> ibis.Value:
    """Return `value` in units of 1 / `scale`, rounded, held in a float."""
    return (value * scale).round().cast("float64")


def ratio(part: ibis.Value, of: ibis.Value) -> ibis.Value:
    """Return ``part / of``; null where `of` is zero."""
    return part / of.cast("float64").nullif(0.0)


def least_code(order: ibis.Value, code: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Return an aggregate that holds the code of the row with the least `order`; of ties the least code.

    Ordered "first value" aggregates differ between engines and cost a sort; the least of one number that
    holds order and code does not. :func:`decode` reads it.
    """
    return (order.cast("int64") * CODES + code).min(where=where)


def encode(value: ibis.Value, vocabulary: tuple[str, ...]) -> ibis.Value:
    """Return the position of a word in `vocabulary`; one past the end for any other word."""
    branches = [(value == word, i) for i, word in enumerate(vocabulary)]
    return ibis.cases(*branches, else_=len(vocabulary)).cast("int64")


def decode(packed: ibis.Value, vocabulary: tuple[str, ...]) -> ibis.Value:
    """Return the word whose code :func:`least_code` holds; null for none."""
    code = packed % CODES
    return ibis.cases(*((code == i, word) for i, word in enumerate(vocabulary)), else_=ibis.null("string"))
