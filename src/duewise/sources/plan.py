"""How a client's export becomes the contract: for every contract column, where it comes from.

A plan is made from names and types alone, before any row is read; whatever does not fit is told with
the line of the mapping that would mend it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duewise.config import Portfolio, TableMapping, unknown_name
from duewise.contracts.columns import ENGINE_TYPES, Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.readers import RawColumn, Staged
from duewise.sources.sql import ident, literal
from duewise.sources.values import Conventions, Reading, read_value, text_of

_TRUE_SPELLINGS = ("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE_SPELLINGS = ("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF")


@dataclass(frozen=True)
class ContractColumn:
    """What the contract says of a column, in the words of acceptance."""

    name: str
    kind: Kind
    required: bool = False
    nullable: bool = True
    is_key: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnPlan:
    """Where a contract column comes from and how its values are read.

    Attributes
    ----------
    raw : RawColumn or None
        The client's column; None for a constant and for an absent column.
    """

    column: ContractColumn
    reading: Reading
    raw: RawColumn | None = None
    constant: bool = False

    @property
    def absent(self) -> bool:
        """Whether the sources do not have the column."""
        return self.raw is None and not self.constant


@dataclass(frozen=True)
class TablePlan:
    """How one staged table becomes a table of the contract."""

    table: Table
    columns: tuple[ColumnPlan, ...]
    extra_columns: tuple[str, ...]
    timezone: str
    decimal_comma: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that together identify a row; empty where rows may repeat."""
        return tuple(TABLES[self.table].unique or ())

    @property
    def event_column(self) -> str | None:
        """Column that says when the event happened."""
        return next((c.column.name for c in self.columns if c.column.facts.get("event")), None)


def contract_columns(table: Table) -> dict[str, ContractColumn]:
    """Return the columns of `table` as the contract defines them."""
    schema = TABLES[table]
    keys = set(schema.unique or ())
    return {
        name: ContractColumn(
            name=name,
            kind=column.metadata["kind"],
            required=column.required,
            nullable=column.nullable,
            is_key=bool(column.metadata.get("key")) or name in keys,
            facts=column.metadata,
        )
        for name, column in schema.columns.items()
    }


def declared_extra(portfolio: Portfolio, table: Table) -> tuple[str, ...]:
    """Return the columns of `table` beyond the contract that the portfolio file declares."""
    extra = {
        Table.DEBTORS: portfolio.features.extra.debtors,
        Table.ACCOUNTS: portfolio.features.extra.accounts,
    }
    known = contract_columns(table)
    return tuple(name for name in extra.get(table, ()) if name not in known)


def expected_names(portfolio: Portfolio, table: Table) -> frozenset[str]:
    """Return the names that may head a column of the client's export."""
    mapping = portfolio.mapping.get(table, TableMapping())
    return frozenset({*contract_columns(table), *declared_extra(portfolio, table), *mapping.columns})


def mapping_faults(portfolio: Portfolio, table: Table) -> list[str]:
    """Return what is wrong with the mapping of `table` whatever the export holds."""
    mapping = portfolio.mapping.get(table, TableMapping())
    known = contract_columns(table)
    valid = (*known, *declared_extra(portfolio, table))
    at = f"mapping.{table}"
    faults = [
        f"{at}.columns.{client}: {unknown_name(name, valid, what=f'column of {table}')}"
        for client, name in mapping.columns.items()
        if name not in valid
    ]
    for part in ("codes", "formats", "constants"):
        faults += [
            f"{at}.{part}: {unknown_name(name, valid, what=f'column of {table}')}"
            for name in getattr(mapping, part)
            if name not in valid
        ]
    targets = list(mapping.columns.values())
    faults += [
        f"{at}.columns: two columns of the export become `{name}`; keep one"
        for name in sorted({name for name in targets if targets.count(name) > 1})
    ]
    faults += [
        f"{at}: `{name}` has both a column and a constant; keep one"
        for name in mapping.constants
        if name in targets
    ]
    for name in mapping.formats:
        if name in known and known[name].kind not in (Kind.TIME, Kind.DAY):
            faults.append(f"{at}.formats.{name}: only dates and times have a format")
    for name, codes in mapping.codes.items():
        if name in known and known[name].kind is Kind.CODE:
            faults += [
                f"{at}.codes.{name}.{client}: {unknown_name(str(code), known[name].facts['vocabulary'], what='code')}"
                for client, code in codes.items()
                if not _in_vocabulary(str(code), known[name])
            ]
    for name, constant in mapping.constants.items():
        if name in known and known[name].kind is Kind.CODE and not _in_vocabulary(str(constant), known[name]):
            vocabulary = known[name].facts["vocabulary"]
            faults.append(f"{at}.constants.{name}: {unknown_name(str(constant), vocabulary, what='code')}")
    return faults


def _in_vocabulary(code: str, column: ContractColumn) -> bool:
    prefixes = column.facts["prefixes"]
    return (
        code in column.facts["vocabulary"]
        or code == str(column.facts["fallback"])
        or any(code.startswith(prefix) for prefix in prefixes)
    )


def match_columns(portfolio: Portfolio, staged: Staged) -> tuple[dict[str, RawColumn], list[str]]:
    """Return the client's column of each contract column, and what is missing or double.

    An export without any header (an empty file) is a table without rows: it misses nothing.
    """
    table = staged.table
    mapping = portfolio.mapping.get(table, TableMapping())
    by_name = {column.name: column for column in staged.columns}
    where = staged.files[0].path.name
    if not staged.columns:
        return {}, []
    faults = []
    sources = {name: name for name in expected_names(portfolio, table) if name not in mapping.columns}
    for client, name in mapping.columns.items():
        if client.strip() in by_name:
            sources[name] = client.strip()
        else:
            sources.pop(name, None)
            faults.append(
                f"{where}: has no column `{client}`, though mapping.{table}.columns names it; "
                f"{unknown_name(client, by_name, what='column')}"
            )
    wanted = {**contract_columns(table), **{name: None for name in declared_extra(portfolio, table)}}
    matched = {name: by_name[sources[name]] for name in wanted if sources.get(name) in by_name}
    for name in mapping.constants:
        matched.pop(name, None)
    for name, column in wanted.items():
        if name in matched or name in mapping.constants or name in mapping.columns.values():
            continue
        if column is None:
            faults.append(f"{where}: has no column `{name}`, though features.extra.{table} declares it")
        elif column.required:
            faults.append(_missing_column(table, where, name, list(by_name)))
    doubled = sorted({raw.name for raw in matched.values()} & staged.repeated_names)
    faults += [
        f"{where}: the column `{name}` is there more than once; rename one of them" for name in doubled
    ]
    return matched, faults


def _missing_column(table: Table, where: str, name: str, present: list[str]) -> str:
    near = difflib.get_close_matches(name, present, n=1, cutoff=0.6)
    example = near[0] if near else "your column"
    hint = f"the nearest is `{near[0]}`" if near else f"it has {', '.join(present[:12])}"
    return (
        f"{where}: the required column `{name}` is missing ({hint}); "
        f"if it has another name, write `mapping: {{{table}: {{columns: {{{example}: {name}}}}}}}`"
    )


def plan_table(
    portfolio: Portfolio,
    staged: Staged,
    matched: Mapping[str, RawColumn],
    *,
    decimal_comma: frozenset[str] = frozenset(),
    numeric_extra: frozenset[str] = frozenset(),
) -> TablePlan:
    """Return how every column of the contract is read from `staged`.

    Parameters
    ----------
    matched : mapping
        From :func:`match_columns`.
    decimal_comma : frozenset of str
        Contract columns whose numbers have a decimal comma.
    numeric_extra : frozenset of str
        Declared extra columns that hold numbers; the others hold categories.
    """
    table = staged.table
    mapping = portfolio.mapping.get(table)
    zone = "UTC" if mapping is None else (mapping.timezone or portfolio.portfolio.timezone)
    mapping = mapping or TableMapping()
    conventions = Conventions(zone, portfolio.portfolio.currency)
    columns = dict(contract_columns(table))
    for name in declared_extra(portfolio, table):
        columns[name] = ContractColumn(name, Kind.NUMBER if name in numeric_extra else Kind.TEXT)
    plans = []
    for name, column in columns.items():
        raw = matched.get(name)
        if name in mapping.constants:
            raw = RawColumn(name, literal(_spelling(mapping.constants[name])), "VARCHAR")
        if raw is None:
            null = f"NULL::{ENGINE_TYPES[column.kind]}"
            plans.append(ColumnPlan(column, Reading("NULL", "NULL", null)))
            continue
        read = _translated(raw, mapping.codes[name]) if name in mapping.codes else raw
        reading = read_value(
            column.kind,
            read,
            conventions,
            (prepared(name), parsed(name)),
            time_format=mapping.formats.get(name),
            decimal_comma=name in decimal_comma,
        )
        if column.kind is Kind.CODE:
            reading = Reading(reading.prepared, prepared(name), code_value(column, parsed(name)))
        constant = name in mapping.constants
        plans.append(ColumnPlan(column, reading, None if constant else read, constant))
    used = {raw.name for raw in matched.values()}
    aside = tuple(column.name for column in staged.columns if column.name not in used)
    return TablePlan(table, tuple(plans), aside, zone, tuple(sorted(decimal_comma)))


def prepared(name: str) -> str:
    """Return the SQL name of the prepared value of a column."""
    return ident(f"prepared {name}")


def parsed(name: str) -> str:
    """Return the SQL name of the parsed value of a column."""
    return ident(f"parsed {name}")


def code_value(column: ContractColumn, text: str) -> str:
    """Return SQL of the contract's code for a client's code in `text`."""
    fallback = literal(column.facts["fallback"])
    empty = fallback if not column.nullable else "NULL"
    return f"CASE WHEN {text} IS NULL THEN {empty} WHEN {is_known_code(column, text)} THEN lower({text}) ELSE {fallback} END"


def is_known_code(column: ContractColumn, text: str) -> str:
    """Return SQL of the condition that `text` is a code of the vocabulary."""
    known = ", ".join(literal(code) for code in (*column.facts["vocabulary"], column.facts["fallback"]))
    prefixes = "".join(
        f" OR (starts_with(lower({text}), {literal(prefix)}) AND length({text}) > {len(prefix)})"
        for prefix in column.facts["prefixes"]
    )
    return f"(lower({text}) IN ({known}){prefixes})"


def _translated(raw: RawColumn, codes: Mapping[str, object]) -> RawColumn:
    """Return `raw` with the client's codes replaced; codes that the mapping does not name stay."""
    text = text_of(raw)
    cases = " ".join(
        f"WHEN {literal(spelling)} THEN {literal(_spelling(code))}"
        for client, code in codes.items()
        for spelling in _spellings(client)
    )
    return RawColumn(raw.name, f"CASE {text} {cases} ELSE {text} END" if cases else text, "VARCHAR")


def _spellings(client: str) -> tuple[str, ...]:
    # YAML reads an unquoted yes, on or TRUE as true: what the client's file holds may be any of them.
    match client:
        case "True":
            return _TRUE_SPELLINGS
        case "False":
            return _FALSE_SPELLINGS
        case _:
            return (client.strip(),)


def _spelling(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
