"""Errors that an operator can act on, and the exit code of each kind.

Exit codes are part of the public interface: 0 done, 1 failed, 2 wrong usage or configuration,
3 bad data, 4 another run holds the lock, 5 finished with warnings under ``--strict``.
"""

from typing import ClassVar

FINISHED_WITH_WARNINGS = 5


class DuewiseError(Exception):
    """A run that failed for a reason that the message explains; base of all errors raised on purpose."""

    exit_code: ClassVar[int] = 1


class ConfigError(DuewiseError):
    """Wrong usage or a portfolio file that cannot be used; the message names the key and a remedy."""

    exit_code: ClassVar[int] = 2


class DataError(DuewiseError):
    """Input data that cannot be used; the message names the file, the column, the count and a remedy."""

    exit_code: ClassVar[int] = 3


class LockError(DuewiseError):
    """Another run holds the lock of the same output folder."""

    exit_code: ClassVar[int] = 4
