import errno

import duckdb
import pytest

from duewise.hardships import explained


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/srv/runs/x"), "/srv/runs/x: the disk is full"),
        (OSError(errno.EFBIG, "File too large"), "the file grew beyond"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), "/srv/x: the permission is missing"),
        (MemoryError(), "Memory ran out"),
        (duckdb.OutOfMemoryException("failed to allocate"), "Memory ran out (failed to allocate)"),
        (duckdb.IOException("Could not write file"), "cannot read or write its files"),
    ],
)
def test_what_a_machine_lacks_is_told_with_a_remedy(error, says):
    told = explained(error)
    assert told is not None
    assert told.exit_code == 1
    assert says in str(told)
    assert "run again" in str(told)


@pytest.mark.parametrize(
    "error", [KeyError("x"), duckdb.BinderException("no column"), FileNotFoundError(2, "x")]
)
def test_a_defect_is_not_taken_for_a_hardship(error):
    assert explained(error) is None
