"""Builders of contract columns: what kind of thing a column holds, in one word.

A column is a :class:`pandera.ibis.Column`. Its ``metadata`` carries what pandera has no word for
(kind, vocabulary, key, parent table), so that acceptance, the data dictionary and the tests all read
one definition.
"""

from enum import StrEnum
from typing import Any

import ibis.expr.datatypes as dt
import pandera.ibis as pa


class Kind(StrEnum):
    """What a column holds; decides how text is parsed and which engine type it gets."""

    ID = "id"
    TIME = "time"
    DAY = "day"
    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    CODE = "code"
    BOOLEAN = "boolean"
    TEXT = "text"
    REASON = "reason"
    DENIALS = "denials"


ENGINE_TYPES: dict[Kind, str] = {
    Kind.ID: "VARCHAR",
    Kind.TIME: "TIMESTAMP",
    Kind.DAY: "DATE",
    Kind.MONEY: "DOUBLE",
    Kind.NUMBER: "DOUBLE",
    Kind.INTEGER: "BIGINT",
    Kind.CODE: "VARCHAR",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TEXT: "VARCHAR",
    Kind.REASON: "STRUCT(code VARCHAR, direction VARCHAR, text VARCHAR)",
    Kind.DENIALS: "STRUCT(action VARCHAR, rule_id VARCHAR)[]",
}
"""DuckDB type of each kind."""

_IBIS_TYPES: dict[Kind, dt.DataType] = {
    Kind.ID: dt.string,
    Kind.TIME: dt.Timestamp(scale=6),
    Kind.DAY: dt.date,
    Kind.MONEY: dt.float64,
    Kind.NUMBER: dt.float64,
    Kind.INTEGER: dt.int64,
    Kind.CODE: dt.string,
    Kind.BOOLEAN: dt.boolean,
    Kind.TEXT: dt.string,
}


def column(
    kind: Kind,
    description: str,
    *,
    required: bool = False,
    nullable: bool | None = None,
    checks: list[pa.Check] | None = None,
    **metadata: Any,
) -> pa.Column:
    """Return a contract column of `kind`; a required one refuses nulls unless `nullable` says so."""
    return pa.Column(
        _IBIS_TYPES.get(kind),  # pandera has no word for structs and lists: those go unchecked
        checks=checks,
        nullable=not required if nullable is None else nullable,
        required=required,
        description=description,
        metadata={"kind": kind, **metadata},
    )


def key(description: str) -> pa.Column:
    """Return the identifying column of a table: never null, never twice."""
    return column(Kind.ID, description, required=True, key=True)


def reference(parent: str, description: str, *, required: bool = True) -> pa.Column:
    """Return a column whose values must exist as keys of the `parent` table."""
    return column(Kind.ID, description, required=required, parent=parent)


def code(
    vocabulary: type[StrEnum] | tuple[str, ...],
    fallback: str,
    description: str,
    *,
    required: bool = False,
    prefixes: tuple[str, ...] = (),
) -> pa.Column:
    """Return a closed-list column; values outside the list become `fallback` and are counted.

    `prefixes` admits values such as ``opt_out:sms`` whose part after the colon is free.
    """
    values = tuple(str(value) for value in vocabulary)
    return column(
        Kind.CODE,
        description,
        required=required,
        vocabulary=values,
        fallback=fallback,
        prefixes=prefixes,
    )


def event_time(description: str, *, required: bool = True) -> pa.Column:
    """Return the time at which an event happened; it cannot lie in the future."""
    return column(Kind.TIME, description, required=required, event=True)


def money(
    description: str, *, required: bool = False, above: float | None = None, least: float | None = None
) -> pa.Column:
    """Return an amount in the portfolio's currency, above or at least a bound where one is given."""
    checks = [pa.Check.gt(above)] if above is not None else []
    checks += [pa.Check.ge(least)] if least is not None else []
    return column(Kind.MONEY, description, required=required, checks=checks, above=above, least=least)


def number(
    description: str, *, kind: Kind = Kind.NUMBER, least: float | None = None, most: float | None = None
) -> pa.Column:
    """Return an optional number between `least` and `most`, both included."""
    checks = [pa.Check.ge(least)] if least is not None else []
    checks += [pa.Check.le(most)] if most is not None else []
    return column(kind, description, checks=checks, least=least, most=most)


def day(description: str, *, required: bool = False) -> pa.Column:
    """Return a calendar date."""
    return column(Kind.DAY, description, required=required)


def boolean(description: str) -> pa.Column:
    """Return an optional yes or no; null means unknown."""
    return column(Kind.BOOLEAN, description)


def text(description: str) -> pa.Column:
    """Return an optional free text."""
    return column(Kind.TEXT, description)
