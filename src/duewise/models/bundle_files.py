"""Files of a registered bundle: loaded only when they are what they were at registration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from duewise.errors import DataError
from duewise.models.bundle import Bundle


@dataclass(frozen=True)
class BundleFiles:
    """Where the files of a registered version lie, and what they were when they were registered."""

    folder: Path
    version: str
    hashes: Mapping[str, str]

    def load(self) -> Bundle:
        """Return the bundle, once its files are found to be those that were registered.

        Raises
        ------
        DataError
            When a file was lost or changed since it was registered, or another version of Duewise wrote it in
            a form that this one does not read.
        """
        check_hashes(self.folder, self.hashes)
        try:
            bundle = Bundle.load(self.folder)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{self.folder}: this version of Duewise cannot read the model {self.version} "
                f"({type(error).__name__}: {error}). Run `duewise train` and `duewise promote`, or use the "
                "Duewise that trained it."
            ) from error
        return replace(bundle, version=self.version)


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in `folder`, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def check_hashes(folder: Path, registered: Mapping[str, str]) -> None:
    """Raise DataError unless `folder` holds exactly the files that were registered."""
    found = file_hashes(folder) if folder.is_dir() else {}
    wrong = sorted(name for name in {*found, *registered} if found.get(name) != registered.get(name))
    if wrong:
        raise DataError(
            f"{folder}: {len(wrong)} of {len(registered)} model files are not those that were registered "
            f"({', '.join(wrong[:3])}). Restore the folder from a backup, or train and promote a new version."
        )
