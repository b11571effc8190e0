"""A run is written beside its place and renamed into it whole; readers never see half of one."""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from duewise.errors import DuewiseError, LockError

LATEST = "latest"
_LOCK = ".lock"
_ASIDE = ".replaced.partial"
_LONGEST_NIGHT = timedelta(hours=6)
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class RunFolder:
    """Where one night's run is being written, and where it will stand.

    Attributes
    ----------
    partial : Path
        Hidden folder that is written to; left behind by a crash, removed by the next start.
    final : Path
        ``runs/<as_of>``.
    """

    partial: Path
    final: Path

    @property
    def quarantine(self) -> Path:
        """Folder of the rows that were not accepted."""
        return self.partial / "quarantine"

    @property
    def scratch(self) -> Path:
        """Folder for what the run needs and does not publish."""
        return self.partial / ".scratch"

    @property
    def refused(self) -> Path:
        """Folder of the bad rows of a night that was refused for them; it stays until the night stands."""
        return self.final.with_name(f"{self.final.name}.failed") / "quarantine"

    def publish(self) -> Path:
        """Move the finished run into place, then move ``latest``; return where it stands."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        _sync_tree(self.partial)
        if self.final.exists():
            _exchange(self.partial, self.final)
            _remove(self.partial)
        else:
            self.partial.rename(self.final)
        _sync(self.final.parent)
        self._point_latest()
        shutil.rmtree(self.refused.parent, ignore_errors=True)
        return self.final

    def _point_latest(self) -> None:
        link = self.final.parent / LATEST
        if link.is_symlink() and _run_date(link.readlink().name) > _run_date(self.final.name):
            return  # a back-dated run does not hide a newer night
        fresh = self.final.parent / f".{LATEST}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.final.name)
        fresh.replace(link)
        _sync(self.final.parent)


@contextlib.contextmanager
def open_run(runs: Path, as_of: date) -> Iterator[RunFolder]:
    """Yield a folder to write the run of `as_of` into; whatever is not published is removed.

    Raises
    ------
    LockError
        When another run writes to `runs`.
    DuewiseError
        When `runs` cannot be written to.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DuewiseError(
            f"{runs}: the folder for runs cannot be made ({error.strerror}); name another with --out."
        ) from error
    with run_lock(runs):
        clear_leftovers(runs)
        _expect_link(runs / LATEST)
        partial = runs / f".{as_of.isoformat()}.partial"
        partial.mkdir(mode=0o700)
        folder = RunFolder(partial=partial, final=runs / as_of.isoformat())
        folder.scratch.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def run_lock(runs: Path) -> Iterator[None]:
    """Hold the lock of `runs`; the kernel frees it when its owner dies, so no lock is ever stale.

    Raises
    ------
    LockError
        When another process holds it; the message names the owner and since when.
    DuewiseError
        When the lock file cannot be written.
    """
    path = runs / _LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DuewiseError(
            f"{path}: cannot be written ({error.strerror}). Make {runs} writable or name another with --out."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(os.pread(handle, 1000, 0), datetime.now(UTC))
            raise LockError(
                f"{runs}: another run holds the lock ({holder}). Wait for it to end, or use another --out."
            ) from error
        owner: dict[str, object] = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat("T", "seconds"),
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(owner).encode(), 0)
        yield
    finally:
        os.close(handle)


def _holder(content: bytes, now: datetime) -> str:
    """Return who holds the lock and for how long; age tells one that hangs from one that works."""
    try:
        owner = json.loads(content)
        age = now - datetime.fromisoformat(owner["since"])
        who = f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (ValueError, KeyError, TypeError):
        return "its owner is not on record"
    minutes = max(0, int(age.total_seconds() // 60))  # a clock that was set back makes nobody younger
    told = f"{who}, {minutes // 60} h {minutes % 60} min"
    if age > _LONGEST_NIGHT:
        told += (
            "; longer than a night takes: see whether it still works, and end it if not, which frees the lock"
        )
    return told


def clear_leftovers(runs: Path) -> list[str]:
    """Put back a run that was being replaced, remove half-written ones; return the names removed."""
    for aside in runs.glob(f".*{_ASIDE}"):
        place = runs / aside.name.removeprefix(".").removesuffix(_ASIDE)
        if not place.exists():
            aside.rename(place)
    leftovers = sorted(runs.glob(".*.partial"))
    for path in leftovers:
        _remove(path)
    return [path.name for path in leftovers]


def _remove(path: Path) -> None:
    """Remove a folder with all that is in it; of a link, the link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _expect_link(latest: Path) -> None:
    if latest.exists() and not latest.is_symlink():
        raise DuewiseError(
            f"{latest}: is no link, but nights move it from run to run. Move it away, or name another folder "
            "with --out."
        )


def _run_date(name: str) -> date:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return date.min


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync(path)
    _sync(folder)


def _exchange(fresh: Path, old: Path) -> None:
    """Swap two folders; in one step where the kernel can, so that no moment is without a run."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if not renameat2(_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(old), _RENAME_EXCHANGE):
            return
        if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(old))
    aside = old.with_name(f".{old.name}{_ASIDE}")
    old.rename(aside)
    fresh.rename(old)
    aside.rename(fresh)
