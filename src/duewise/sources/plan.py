"""How every column of the contract is read from a staged table, as SQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from duewise.config import Portfolio, TableMapping
from duewise.contracts.columns import ENGINE_TYPES, Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.mapping import ContractColumn, contract_columns, declared_extra
from duewise.sources.readers import RawColumn, Staged
from duewise.sources.sql import ident, literal
from duewise.sources.values import Conventions, Reading, read_value, text_of

_TRUE_SPELLINGS = ("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE_SPELLINGS = ("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF")


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
    """How one staged table becomes a table of the contract.

    Attributes
    ----------
    source : str
        Who else than the client brought the rows; empty for the client's own.
    """

    table: Table
    columns: tuple[ColumnPlan, ...]
    extra_columns: tuple[str, ...]
    timezone: str
    decimal_comma: tuple[str, ...] = ()
    source: str = ""

    @property
    def name(self) -> str:
        """Name of its relations inside the engine, and of its files in quarantine."""
        return f"{self.source}_{self.table}" if self.source else str(self.table)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that together identify a row; empty where rows may repeat."""
        return tuple(TABLES[self.table].unique or ())

    @property
    def event_column(self) -> str | None:
        """Column that says when the event happened."""
        return next((c.column.name for c in self.columns if c.column.facts.get("event")), None)


def plan_table(
    portfolio: Portfolio,
    staged: Staged,
    matched: Mapping[str, RawColumn],
    *,
    decimal_comma: frozenset[str] = frozenset(),
    numeric_extra: frozenset[str] = frozenset(),
    source: str = "",
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
    source : str
        Who else than the client brought the rows.
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
    return TablePlan(table, tuple(plans), aside, zone, tuple(sorted(decimal_comma)), source)


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
    return (
        f"CASE WHEN {text} IS NULL THEN {empty} "
        f"WHEN {is_known_code(column, text)} THEN lower({text}) ELSE {fallback} END"
    )


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
