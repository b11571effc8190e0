"""Which file of the sources folder holds which table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from duewise.config import Portfolio, TableMapping, unknown_name
from duewise.contracts.tables import OPTIONAL_TABLES, TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError

ENDINGS = (".parquet", ".csv", ".csv.gz")
_PARQUET_MAGIC = b"PAR1"
_ZIP_MAGIC = b"PK\x03\x04"

Format = Literal["parquet", "text"]


@dataclass(frozen=True)
class Located:
    """The files of one table, in the order in which their rows count.

    Attributes
    ----------
    shown : Path or None
        What to call it where the files are copies: the database and its table.
    """

    table: Table
    format: Format
    paths: tuple[Path, ...]
    shown: Path | None = None

    @property
    def place(self) -> Path:
        """Where it came from, for messages."""
        return self.shown or self.paths[0]

    @property
    def name(self) -> str:
        """How messages call it."""
        first = self.place
        return first.name if len(self.paths) == 1 else f"{first.parent.name}/ ({len(self.paths)} files)"


def locate_tables(portfolio: Portfolio) -> dict[Table, Located]:
    """Return where each table lies in the sources folder; tables that may be absent and are, are left out.

    Raises
    ------
    DataError
        When the folder or a needed table is missing (all of them are named), or a table lies there twice.
    ConfigError
        When the sources are of a kind that is not read yet, or a mapped file leaves the folder.
    """
    root = _folder(portfolio)
    located = {}
    missing = []
    for table in TABLES:
        found = _locate(root, table, portfolio.mapping.get(table, TableMapping()))
        if found is not None:
            located[table] = found
        elif table not in OPTIONAL_TABLES:
            missing.append(table)
    if missing:
        raise DataError(_missing_message(root, missing))
    return located


def _folder(portfolio: Portfolio) -> Path:
    path = portfolio.sources.path
    if path is None:
        raise ConfigError(
            "sources.spark: this version reads folders and databases. Export the tables as <table>.parquet "
            "or <table>.csv and name their folder under sources.path."
        )
    if not path.is_dir():
        raise DataError(
            f"{path}: no such folder. sources.path (or --data) must name the folder that holds "
            "debtors, accounts, payments and contacts; relative paths start at the current directory."
        )
    return path


def _locate(root: Path, table: Table, mapping: TableMapping) -> Located | None:
    if mapping.file is not None:
        path = _inside(root, mapping.file, key=f"mapping.{table}.file")
        if not path.exists():
            others = [entry.name for entry in root.iterdir()]
            hint = unknown_name(mapping.file, others, what="file") if others else "the folder is empty"
            raise DataError(f"{path}: no such file, though mapping.{table}.file names it; {hint}.")
        return _as_located(table, path)
    candidates = [root / table, *(root / f"{table}{ending}" for ending in ENDINGS)]
    present = [_inside(root, path.name, key=path.name) for path in candidates if path.exists()]
    if len(present) > 1:
        raise DataError(
            f"{root}: {table} lies there {len(present)} times ({', '.join(p.name for p in present)}). "
            f"Remove all but one, or name the right one under mapping.{table}.file."
        )
    return _as_located(table, present[0]) if present else None


def _inside(root: Path, name: str, *, key: str) -> Path:
    """Return the path of `name` in `root`; a name or a link that leads out of it is refused."""
    path = root / name
    try:
        inside = root.resolve() in path.resolve().parents
        path.exists()  # the file system has limits of its own for a name
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}: `{name[:80]}` cannot be the name of a file.") from error
    if not inside:
        raise ConfigError(
            f"{key}: `{name}` leads out of sources.path ({root}); files of other folders are not read."
        )
    return path


def _as_located(table: Table, path: Path) -> Located:
    if path.is_dir():
        parts = tuple(sorted(path.glob("*.parquet")))
        if not parts:
            raise DataError(f"{path}: a folder of {table} must hold *.parquet files; it holds none.")
        return Located(table, "parquet", tuple(_inside(path, part.name, key=part.name) for part in parts))
    start = first_bytes(path)
    if start == _PARQUET_MAGIC:
        return Located(table, "parquet", (path,))
    if path.suffix == ".parquet":
        raise DataError(f"{path}: is not a parquet file (its first bytes are {start!r}). Export it again.")
    if start == _ZIP_MAGIC:
        raise DataError(f"{path}: is a zip archive or an Excel workbook. Save it as CSV (UTF-8).")
    return Located(table, "text", (path,))


def first_bytes(path: Path, count: int = 4) -> bytes:
    """Return the first bytes of a file, or raise ``DataError`` when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}). Check the file and its permissions."
        ) from error


def _missing_message(root: Path, missing: list[Table]) -> str:
    present = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))[:12]
    wanted = "; ".join(f"{table} (as {table}{' or '.join(ENDINGS[:2])})" for table in missing)
    message = (
        f"{root}: {len(missing)} table{'s are' if len(missing) > 1 else ' is'} missing: {wanted}. "
        f"The folder holds: {', '.join(present) or 'nothing'}. "
        f"Put the file there or name it, e.g. `mapping: {{{missing[0]}: {{file: my_export.csv}}}}`."
    )
    if Table.CONTACTS in missing:
        message += " Where no contacts exist yet, an empty file contacts.csv says so."
    return message
