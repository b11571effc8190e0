"""The aggregates that formulas are made of: exact in any order of rows, cheap by the hundred.

Engines add floating-point numbers in whatever order their threads finish, so the last digits of a plain
sum change from run to run. Whole numbers below 2**53 add exactly in any order: money is counted in
thousandths (the smallest unit of any currency), cosines and the like in billionths.

A condition goes into the value, not beside the aggregate as SQL's FILTER: DuckDB slices the whole batch of
rows once per filter, which grows with the square of the number of aggregates (three times the time at
seventy).
"""

import ibis

THOUSANDTHS = 1_000.0
BILLIONTHS = 1_000_000_000.0
CODES = 32
"""Room for the code of a short closed list beside a time, see :func:`least_code`."""


def count_where(condition: ibis.Value) -> ibis.Value:
    """Return the number of rows where `condition` holds."""
    return condition.ifelse(1, ibis.null("int8")).count()


def least(value: ibis.Value, where: ibis.Value) -> ibis.Value:
    """Return the least value where a condition holds; null where it never does."""
    return only(value, where).min()


def most(value: ibis.Value, where: ibis.Value) -> ibis.Value:
    """Return the greatest value where a condition holds; null where it never does."""
    return only(value, where).max()


def money_sum(amount: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Return the exact sum of an amount of money; null when nothing was summed."""
    return exact_sum(amount, THOUSANDTHS, where)


def exact_sum(value: ibis.Value, scale: float, where: ibis.Value | None = None) -> ibis.Value:
    """Return the exact sum of numbers rounded to 1 / `scale`; null when nothing was summed."""
    return whole(only(value, where), scale).sum() / scale


def only(value: ibis.Value, where: ibis.Value | None) -> ibis.Value:
    """Return `value` where a condition holds and null elsewhere."""
    return value if where is None else where.ifelse(value, ibis.null(value.type()))


def whole(value: ibis.Value, scale: float) -> ibis.Value:
    """Return `value` in units of 1 / `scale`, rounded to the nearest (halves up), held in a float."""
    return (value * scale + 0.5).floor().cast("float64")  # ROUND(x, 0) raises ten to a power for each row


def ratio(part: ibis.Value, of: ibis.Value) -> ibis.Value:
    """Return ``part / of``; null where `of` is zero."""
    return part / of.cast("float64").nullif(0.0)


def least_code(order: ibis.Value, code: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Return an aggregate that holds the code of the row with the least `order`; of ties the least code.

    Ordered "first value" aggregates differ between engines and cost a sort; the least of one number that
    holds order and code does not. :func:`decode` reads it.
    """
    return only(order.cast("int64") * CODES + code, where).min()


def encode(value: ibis.Value, vocabulary: tuple[str, ...]) -> ibis.Value:
    """Return the position of a word in `vocabulary`; one past the end for any other word."""
    branches = [(value == word, i) for i, word in enumerate(vocabulary)]
    return ibis.cases(*branches, else_=len(vocabulary)).cast("int64")


def decode(packed: ibis.Value, vocabulary: tuple[str, ...]) -> ibis.Value:
    """Return the word whose code :func:`least_code` holds; null for none."""
    code = packed % CODES
    return ibis.cases(*((code == i, word) for i, word in enumerate(vocabulary)), else_=ibis.null("string"))
