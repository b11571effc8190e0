"""What goes wrong on a machine rather than in a program, told so that an operator can mend it."""

import errno
import sys

from duewise.errors import DuewiseError

_DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the file grew beyond what the process may write",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "the permission is missing",
    errno.EPERM: "the permission is missing",
    errno.EIO: "the disk does not read or write",
    errno.EMFILE: "the process has too many open files",
}
_INTACT = "Earlier runs are as they were and nothing half written is left: then run again."


def explained(error: BaseException) -> DuewiseError | None:
    """Return the error that tells what to do about `error`; None for a defect of this program."""
    if isinstance(error, MemoryError) or _is_of_engine(error, "OutOfMemoryException"):
        return DuewiseError(
            f"Memory ran out ({_first_line(error)}). Give the run more memory, or a larger disk to spill to. "
            f"{_INTACT}"
        )
    if isinstance(error, OSError) and (what := _DISK.get(error.errno or 0)):
        where = f"{error.filename}: " if error.filename else ""
        return DuewiseError(
            f"{where}{what}. Free space, or check the permissions of the folders that the portfolio file "
            f"names and of the one for temporary files. {_INTACT}"
        )
    if _is_of_engine(error, "IOException"):
        return DuewiseError(
            f"The engine cannot read or write its files ({_first_line(error)}). Free space on the disk of "
            f"publish.runs. {_INTACT}"
        )
    return None


def _is_of_engine(error: BaseException, name: str) -> bool:
    """Return whether DuckDB raised `error`, without importing it only to ask."""
    engine = sys.modules.get("duckdb")
    return engine is not None and isinstance(error, getattr(engine, name))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
