"""The champion that the last night scored with, kept beside the runs for nights without a registry."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from duewise.errors import DuewiseError
from duewise.models.bundle_files import BundleFiles
from duewise.models.registry import CHAMPION, RegistryUnreachable, find_bundle

log = structlog.get_logger(__name__)

_FILES = "files"
_RECORD = "registered.json"


@dataclass(frozen=True)
class Champion:
    """The version that a night scores with.

    Attributes
    ----------
    is_copy : bool
        Whether it is what the last night scored with, because the registry does not answer.
    """

    files: BundleFiles
    is_copy: bool = False


def find_champion(store: Path, name: str, copies: Path) -> Champion:
    """Return the champion of `name`; what :func:`keep_copy` kept of it where the registry does not answer.

    A copy is a registered version like any other: its files must be those that were registered.

    Raises
    ------
    RegistryUnreachable
        When the registry does not answer and there is no copy.
    DataError
        When the registry answers that there is no champion.
    """
    try:
        return Champion(find_bundle(store, name, CHAMPION))
    except RegistryUnreachable as error:
        kept = _kept(_place(copies, name))
        if kept is None:
            raise
        log.warning("registry_unreachable", model=kept.version, reason=type(error.__cause__).__name__)
        return Champion(kept, is_copy=True)


def keep_copy(champion: Champion, name: str, copies: Path) -> None:
    """Copy the champion of `name` into `copies` unless it is there already.

    Raises
    ------
    DuewiseError
        When the copy cannot be written.
    """
    place, files = _place(copies, name), champion.files
    kept = _kept(place)
    if champion.is_copy or (
        kept is not None and (kept.version, kept.hashes) == (files.version, files.hashes)
    ):
        return
    fresh = place.with_suffix(".partial")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        copies.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.mkdir(mode=0o700)
        shutil.copytree(files.folder, fresh / _FILES)
        record = {"version": files.version, "hashes": dict(files.hashes)}
        (fresh / _RECORD).write_text(json.dumps(record), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise DuewiseError(
            f"{place}: the copy of the model cannot be written ({error.strerror}). Free space on the disk, "
            "or name another folder for runs with --out."
        ) from error


def _place(copies: Path, name: str) -> Path:
    # A registered name may hold what a file name may not.
    return copies / f"{quote(name, safe='')}.model"


def _kept(place: Path) -> BundleFiles | None:
    try:
        record = json.loads((place / _RECORD).read_text(encoding="utf-8"))
        return BundleFiles(place / _FILES, record["version"], record["hashes"])
    except (OSError, ValueError, KeyError):
        return None  # there never was one, or a kill left it half written: the registry is asked again
