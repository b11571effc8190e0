"""Which column of a client's export becomes which column of the contract.

Decided from names alone, before any row is read; whatever does not fit is told with the line of the
mapping that would mend it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duewise.config import Portfolio, TableMapping, unknown_name
from duewise.contracts.columns import Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.readers import RawColumn, Staged


@dataclass(frozen=True)
class ContractColumn:
    """What the contract says of a column, in the words of acceptance."""

    name: str
    kind: Kind
    required: bool = False
    nullable: bool = True
    is_key: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


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
    faults += [
        f"{at}.formats.{name}: only dates and times have a format"
        for name in mapping.formats
        if name in known and known[name].kind not in (Kind.TIME, Kind.DAY)
    ]
    for column in known.values():
        if column.kind is Kind.CODE:
            faults += _code_faults(column, mapping, at)
    return faults


def _code_faults(column: ContractColumn, mapping: TableMapping, at: str) -> list[str]:
    written = {f"codes.{column.name}.{k}": v for k, v in mapping.codes.get(column.name, {}).items()}
    if column.name in mapping.constants:
        written[f"constants.{column.name}"] = mapping.constants[column.name]
    return [
        f"{at}.{key}: {unknown_name(str(code), column.facts['vocabulary'], what='code')}"
        for key, code in written.items()
        if not _in_vocabulary(str(code), column)
    ]


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
    wanted = {**contract_columns(table), **dict.fromkeys(declared_extra(portfolio, table))}
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
