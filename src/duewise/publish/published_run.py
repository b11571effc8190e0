"""What a night has published, found again by its date."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duewise.config import unknown_name
from duewise.errors import ConfigError, DuewiseError
from duewise.publish.details_file import DETAILS
from duewise.publish.manifest import read_manifest
from duewise.publish.run_folder import LATEST

STRATEGIES = "strategies.parquet"
_NEIGHBOURS = 50


@dataclass(frozen=True)
class PublishedRun:
    """A run folder and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def as_of(self) -> date:
        """The night."""
        return date.fromisoformat(self.manifest["as_of"])

    def strategies(self, columns: list[str] | None = None, filters: pc.Expression | None = None) -> pa.Table:
        """Return rows of ``strategies.parquet``.

        Raises
        ------
        DuewiseError
            When the file is absent or damaged.
        """
        path = self.folder / STRATEGIES
        try:
            return pq.read_table(path, columns=columns, filters=filters)
        except (OSError, pa.ArrowException) as error:
            raise DuewiseError(
                f"{path}: cannot be read ({error}). Run the night again with --force."
            ) from error

    def strategy(self, debtor_id: str) -> dict[str, Any]:
        """Return the row of one debtor.

        Raises
        ------
        ConfigError
            For an unknown debtor, with the nearest id.
        """
        rows = self.strategies(filters=pc.field("debtor_id") == debtor_id).to_pylist()
        if rows:
            row: dict[str, Any] = rows[0]
            return row
        ids = sorted(self.strategies(["debtor_id"])["debtor_id"].to_pylist())
        place = bisect_left(ids, debtor_id)
        near = ids[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
        raise ConfigError(
            f"{self.folder}: {unknown_name(debtor_id, near, what='debtor')}\n"
            f"  The run holds the {len(ids):,} debtors who were in scope: "
            "an account placed before that night, not closed before it, and a balance left."
        )

    def details(self, debtor_id: str) -> dict[str, Any] | None:
        """Return what explains a debtor beyond the row; None where the night wrote nothing of the kind."""
        path = self.folder / DETAILS
        if not path.exists():
            return None
        rows = pq.read_table(path, filters=pc.field("debtor_id") == debtor_id).to_pylist()
        return rows[0] if rows else None


def published_runs(runs: Path) -> list[PublishedRun]:
    """Return every run that stands, by date."""
    folders = sorted(path.parent for path in runs.glob("[0-9]*/manifest.json"))
    manifests = ((folder, read_manifest(folder)) for folder in folders)
    return [PublishedRun(folder, manifest) for folder, manifest in manifests if manifest is not None]


def find_run(runs: Path, as_of: date | None) -> PublishedRun:
    """Return the run of a night; the latest where none is named.

    Raises
    ------
    ConfigError
        When no such run stands; the message says which do.
    """
    folder = (runs / LATEST).resolve() if as_of is None else runs / as_of.isoformat()
    manifest = read_manifest(folder)
    if manifest is None:
        standing = sorted(path.parent.name for path in runs.glob("[0-9]*/manifest.json"))
        known = f"there are: {', '.join(standing[-10:])}" if standing else "there is none"
        asked = "latest run" if as_of is None else f"run of {as_of}"
        raise ConfigError(
            f"{runs}: no {asked}; {known}. Run `duewise nightly`, or name the folder with --out."
        )
    return PublishedRun(folder, manifest)
