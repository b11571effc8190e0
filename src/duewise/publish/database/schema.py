"""Tables, keys, indexes and the view of the published rows, and how older databases are brought forward."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from duewise.database_url import DatabaseKind
from duewise.errors import DuewiseError
from duewise.publish.database.engines import KEY, Engine
from duewise.sources.sql import ident, literal

RUNS = "duewise_runs"
SCHEMA = "duewise_schema"

_TYPES: dict[DatabaseKind, dict[str, str]] = {
    "postgresql": {
        "text": "text",
        "integer": "bigint",
        "number": "double precision",
        "boolean": "boolean",
        "day": "date",
        "time": "timestamptz",
        "json": "jsonb",
    },
    "duckdb": {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "day": "DATE",
        "time": "TIMESTAMP",
        "json": "VARCHAR",
    },
    "sqlite": {
        "text": "TEXT",
        "integer": "INTEGER",
        "number": "REAL",
        "boolean": "INTEGER",
        "day": "TEXT",
        "time": "TEXT",
        "json": "TEXT",
    },
}

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"CREATE TABLE {RUNS} (portfolio {{text}} NOT NULL, as_of {{day}} NOT NULL, "
        "run_id {text} NOT NULL, written_at {text} NOT NULL, strategies {integer} NOT NULL, "
        "PRIMARY KEY (portfolio, as_of))",
        "CREATE TABLE {strategies} (portfolio {text} NOT NULL, as_of {day} NOT NULL, "
        "debtor_id {text} NOT NULL, run_id {text} NOT NULL, rank {integer}, "
        "PRIMARY KEY (portfolio, as_of, debtor_id))",
        "CREATE TABLE {assignments} (portfolio {text} NOT NULL, as_of {day} NOT NULL, "
        "debtor_id {text} NOT NULL, run_id {text} NOT NULL, PRIMARY KEY (portfolio, as_of, debtor_id))",
    ),
)
"""Statements that lead from each version to the next; what has been released is never edited."""

_INDEXES = {
    "duewise_worklist": "{strategies} (portfolio, as_of, rank)",
    "duewise_debtor": "{strategies} (debtor_id)",
    "duewise_assigned": "{assignments} (debtor_id)",
}


@dataclass(frozen=True)
class Places:
    """What the tables and the view are called in this database.

    A client's own table of such a name is never touched: ours then takes the prefix ``duewise_``.
    """

    strategies: str
    assignments: str
    current_worklist: str

    @classmethod
    def of(cls, engine: Engine) -> "Places":
        """Return the names that are ours or free."""
        return cls(*(_own(engine, name) for name in ("strategies", "assignments", "current_worklist")))


def _own(engine: Engine, name: str) -> str:
    found = engine.relation(name)
    return name if found is None or found.has("portfolio", "run_id") else f"duewise_{name}"


def kind_of(kind: pa.DataType) -> str:
    """Return what a column of Arrow type `kind` holds, in the words of the table of types."""
    if pa.types.is_nested(kind):
        return "json"
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_date(kind):
        return "day"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else "text"


def migrate(engine: Engine) -> None:
    """Bring the tables to this version.

    Raises
    ------
    DuewiseError
        When a later version of Duewise wrote them.
    """
    version = 0
    if engine.relation(SCHEMA) is not None:
        ((version,),) = engine.execute(f"SELECT coalesce(max(version), 0) FROM {SCHEMA}")
    if version > len(_MIGRATIONS):
        raise DuewiseError(
            f"{KEY}: its tables have version {version}, and this Duewise knows {len(_MIGRATIONS)}. Use the "
            "newer Duewise that wrote them, or name another database."
        )
    if version == 0:
        engine.execute(f"CREATE TABLE {SCHEMA} (version {_type(engine, 'integer')}, applied_at varchar(40))")
    names = {**_TYPES[engine.kind], **vars(Places.of(engine))}
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            engine.execute(statement.format(**names))
        now = datetime.now(UTC).isoformat("T", "seconds")
        engine.execute(f"INSERT INTO {SCHEMA} VALUES ({number}, {literal(now)})")


def add_columns(engine: Engine, table: str, schema: pa.Schema) -> bool:
    """Add the columns of `schema` that `table` lacks; return whether there were any.

    Horizons are the portfolio's choice, so the columns of forecasts differ between portfolios and years.
    """
    found = engine.relation(table)
    missing = [field for field in schema if found is None or not found.has(field.name)]
    if missing:
        # DuckDB alters no table that has an index beside its key; they are made anew.
        for name in _INDEXES:
            engine.execute(f"DROP INDEX IF EXISTS {name}")
    for field in missing:
        kind = _type(engine, kind_of(field.type))
        engine.execute(f"ALTER TABLE {ident(table)} ADD COLUMN {ident(field.name)} {kind}")
    return bool(missing)


def finish(engine: Engine, places: Places) -> None:
    """Make the indexes and the view of the newest night of each portfolio, in the order of work."""
    for name, on in _INDEXES.items():
        engine.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {on.format(**vars(places))}")
    view, strategies = ident(places.current_worklist), ident(places.strategies)
    if engine.kind == "sqlite":
        engine.execute(f"DROP VIEW IF EXISTS {view}")
    create = "CREATE VIEW" if engine.kind == "sqlite" else "CREATE OR REPLACE VIEW"
    engine.execute(
        f"{create} {view} AS SELECT s.* FROM {strategies} AS s "
        f"JOIN (SELECT portfolio, max(as_of) AS newest FROM {RUNS} GROUP BY portfolio) AS r "
        "ON r.portfolio = s.portfolio AND r.newest = s.as_of ORDER BY s.portfolio, s.rank"
    )


def _type(engine: Engine, kind: str) -> str:
    return _TYPES[engine.kind][kind]
