"""The nights that stand, found by date; a name from the outside never becomes a path."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from duewise.publish.manifest import NAME, read_manifest
from duewise.publish.published_run import STRATEGIES
from duewise.web.refusals import NotFoundError


@dataclass(frozen=True)
class Night:
    """One published run.

    Attributes
    ----------
    stamp : int
        When its manifest was written (ns); with the run it tells one content from another.
    """

    folder: Path
    manifest: Mapping[str, Any]
    stamp: int

    @cached_property
    def as_of(self) -> date:
        """The night."""
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def name(self) -> str:
        """The night as it stands in addresses."""
        return self.as_of.isoformat()

    @property
    def run_id(self) -> str:
        """What identifies the run."""
        return str(self.manifest["run_id"])

    @property
    def strategies(self) -> str:
        """Path of the rows."""
        return str(self.folder / STRATEGIES)

    @property
    def owner(self) -> Mapping[str, Any]:
        """Name, currency, time zone and language of the portfolio."""
        owner: Mapping[str, Any] = self.manifest["portfolio"]["portfolio"]
        return owner

    @property
    def horizons(self) -> list[int]:
        """Days over which recovery is forecast, in the portfolio's order."""
        return list(self.manifest["portfolio"]["horizons"])

    def beside(self, name: str) -> Path | None:
        """Return another file of the run; None where the night did not write it."""
        path = self.folder / name
        return path if path.is_file() else None


class Nights:
    """Every night of a folder of runs; manifests are read again when they change."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._read: dict[date, Night] = {}
        self._lock = threading.Lock()

    def dates(self) -> list[date]:
        """Return the nights that stand, the newest first."""
        found = (_as_date(path.parent.name) for path in self.runs.glob(f"[0-9]*/{NAME}"))
        return sorted((day for day in found if day is not None), reverse=True)

    def get(self, name: str | None) -> Night:
        """Return the night of that date; the newest where none is named.

        Raises
        ------
        NotFoundError
            When the name is no date, or no run of it stands.
        """
        day = _as_date(name) if name else next(iter(self.dates()), None)
        night = None if day is None else self._night(day)
        if night is None:
            raise NotFoundError("night")
        return night

    def before(self, night: Night) -> Night | None:
        """Return the night before `night`; None for the first one."""
        earlier = [day for day in self.dates() if day < night.as_of]
        return self._night(earlier[0]) if earlier else None

    def up_to(self, night: Night, most: int) -> list[Night]:
        """Return at most `most` nights that end with `night`, oldest first."""
        days = [day for day in self.dates() if day <= night.as_of][:most]
        nights = (self._night(day) for day in reversed(days))
        return [one for one in nights if one is not None]

    def _night(self, day: date) -> Night | None:
        folder = self.runs / day.isoformat()
        try:
            stamp = (folder / NAME).stat().st_mtime_ns
        except OSError:
            return None
        with self._lock:
            known = self._read.get(day)
        if known is not None and known.stamp == stamp:
            return known
        manifest = read_manifest(folder)
        if manifest is None:
            return None
        night = Night(folder, manifest, stamp)
        with self._lock:
            self._read[day] = night
        return night


def _as_date(name: str) -> date | None:
    """Return the date that `name` writes as YYYY-MM-DD; None for every other text."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None
