"""Runs into the database: whole or not at all, once per night, and never other than the folders hold.

The folder is the truth. Rows go in first but are committed only when the folder stands; who is killed in
between leaves a note, and the next start writes what is missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import structlog

from duewise.database_url import parse_database_url
from duewise.errors import DuewiseError
from duewise.publish.database.engines import Engine, connected
from duewise.publish.database.rows import flat_rows
from duewise.publish.database.schema import RUNS, Places, add_columns, finish, migrate
from duewise.publish.manifest import read_manifest
from duewise.publish.run_folder import RunFolder
from duewise.sources.sql import ident, literal

log = structlog.get_logger(__name__)

_NOTE = ".database-pending"


@contextmanager
def rows_in_database(address: str | None, portfolio: str, folder: RunFolder) -> Iterator[None]:
    """Write the rows of the unpublished run, let the body publish its folder, then commit.

    Raises
    ------
    DuewiseError
        When the rows cannot be written (then nothing is published), or cannot be committed although the
        folder stands (then the next start writes them).
    """
    if address is None:
        yield
        return
    manifest = read_manifest(folder.partial)
    assert manifest is not None, "the manifest is written before the run is published"
    note = folder.final.parent / _NOTE
    stands = False
    try:
        with connected(parse_database_url(address)) as engine:
            _write(engine, portfolio, folder.partial, manifest)
            note.write_text(f"{manifest['as_of']}\n")
            yield
            stands = True
            engine.commit()
    except DuewiseError as error:
        if not stands:
            raise
        raise DuewiseError(
            f"{folder.final}: the run stands, but the database did not take its rows. Run the same night "
            f"again: it writes nothing but the rows. {error}"
        ) from error
    note.unlink()
    log.info("rows_committed", run_id=manifest["run_id"], rows=manifest["totals"]["debtors"])


def bring_up_to_date(address: str | None, portfolio: str, runs: Path, as_of: date) -> list[str]:
    """Give the database what it lacks of `as_of` and of a night that was killed; return those nights.

    It also tells at the start of a night, not at its end, that the database does not answer.
    """
    if address is None:
        return []
    note = runs / _NOTE
    pending = note.read_text().split() if note.exists() else []
    written = []
    with connected(parse_database_url(address)) as engine:
        migrate(engine)
        for night in sorted({*pending, as_of.isoformat()}):
            manifest = read_manifest(runs / night)
            if manifest is not None and not _holds(engine, portfolio, manifest):
                _write(engine, portfolio, runs / night, manifest)
                written.append(night)
        engine.commit()
    note.unlink(missing_ok=True)
    if written:
        log.warning("database_repaired", nights=written)
    return written


def _holds(engine: Engine, portfolio: str, manifest: dict[str, Any]) -> bool:
    held = engine.execute(f"SELECT run_id, written_at FROM {RUNS} WHERE {_of_night(portfolio, manifest)}")
    return held == [(manifest["run_id"], manifest["written_at"])]


def _write(engine: Engine, portfolio: str, run: Path, manifest: dict[str, Any]) -> None:
    migrate(engine)
    places = Places.of(engine)
    night = _of_night(portfolio, manifest)
    for table in (places.strategies, places.assignments):
        path = run / f"{table.removeprefix('duewise_')}.parquet"
        add_columns(engine, table, pq.read_schema(path))
        _replace(engine, table, night, path, {"portfolio": portfolio, "run_id": manifest["run_id"]})
    values = (manifest["run_id"], manifest["written_at"], manifest["totals"]["debtors"])
    engine.execute(f"DELETE FROM {RUNS} WHERE {night}")
    engine.execute(
        f"INSERT INTO {RUNS} (portfolio, as_of, run_id, written_at, strategies) "
        f"VALUES ({', '.join(map(literal, (portfolio, manifest['as_of'], *values)))})"
    )
    finish(engine, places)


def _replace(engine: Engine, table: str, night: str, path: Path, constants: dict[str, str]) -> None:
    incoming = f"incoming_{table}"
    with flat_rows(path, engine.kind, constants) as rows:
        names = rows.schema.names
        engine.load(incoming, rows)
    found = engine.relation(table)
    assert found is not None
    kinds = dict(found.columns)
    # The type is named for those that the loaded rows hold as text only.
    values = ", ".join(
        f"CAST({ident(name)} AS {kinds[name]})" if kinds[name] in ("jsonb", "date") else ident(name)
        for name in names
    )
    engine.execute(f"DELETE FROM {ident(table)} WHERE {night}")
    engine.execute(
        f"INSERT INTO {ident(table)} ({', '.join(map(ident, names))}) SELECT {values} FROM {ident(incoming)}"
    )
    engine.execute(f"DROP TABLE {ident(incoming)}")


def _of_night(portfolio: str, manifest: dict[str, Any]) -> str:
    return f"portfolio = {literal(portfolio)} AND as_of = {literal(manifest['as_of'])}"
