"""Where a debtor is: candidate clocks, the calendar of public holidays, ISO region codes."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

DAY_SECONDS = 24 * 3600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Return a date as days since 1970, as numpy counts them."""
    return day.toordinal() - _EPOCH_ORDINAL


@dataclass(frozen=True)
class Place:
    """What a debtor's row says about where they are: IANA zone and region, either may be missing."""

    timezone: str | None
    region: str | None


@cache
def country_zones(country: str | None) -> tuple[str, ...]:
    """Return the zones in use in `country`, from the zone table of the tz database."""
    if country is None:
        return ()
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


@cache
def region_zones() -> dict[str, tuple[str, ...]]:
    """Return the zones of each ISO 3166-2 subdivision of the countries that have several."""
    text = resources.files("duewise.policy").joinpath("places", "regions.yaml").read_text(encoding="utf-8")
    return {code: tuple(zones) for code, zones in yaml.safe_load(text).items()}


def iso_region(region: str | None, country: str | None) -> str | None:
    """Return `region` as an ISO 3166-2 code: ``MA`` of a US portfolio is ``US-MA``."""
    if region is None or not region.strip():
        return None
    code = region.strip().upper()
    if country is not None and not code.startswith(f"{country}-") and len(code) <= 3:
        return f"{country}-{code}"
    return code


def candidate_zones(place: Place, country: str | None) -> tuple[str, ...]:
    """Return the clocks the debtor may live by; empty when nothing is known.

    A region with several clocks is settled by a time zone that is one of them. Where zone and region
    disagree (a mobile number that moved), both count, and a rule must hold on every clock.
    """
    own = place.timezone if place.timezone in _all_zones() else None
    code = iso_region(place.region, country)
    regional: tuple[str, ...] = ()
    while code and not regional:  # US-NY-NYC has the clock of US-NY
        regional = region_zones().get(code, ())
        code = code.rpartition("-")[0]
    if own is None:
        return regional
    return (own,) if not regional or own in regional or _same_clock(own, regional) else (own, *regional)


def reference_zone(zones: tuple[str, ...], day: int) -> str:
    """Return the easternmost of `zones` on `day` (days since 1970): the one whose date is the latest.

    Counting a contact on its latest possible date keeps it in a rolling window for longest.
    """
    noon = pd.Timestamp(day * DAY_SECONDS + DAY_SECONDS // 2, unit="s", tz="UTC").to_pydatetime()
    offsets = [noon.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones]
    return max(zip(offsets, zones, strict=True), key=lambda pair: (pair[0], pair[1]))[1]


def local_days(seconds: NDArray[np.int64], zone: str) -> NDArray[np.int32]:
    """Return the local date (days since 1970) of UTC `seconds` on the clock of `zone`."""
    if seconds.size == 0:
        return np.empty(0, dtype=np.int32)
    local = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(zone).tz_localize(None)
    return np.asarray(local.as_unit("s").asi8 // DAY_SECONDS, dtype=np.int32)


@cache
def public_holidays(country: str | None, subdivision: str | None, year: int) -> dict[int, str]:
    """Return the public holidays of a year as days since 1970 with their names; unknown country: none."""
    calendar = _calendar(country, subdivision, year)
    return {} if calendar is None else {day_number(day): str(calendar[day]) for day in calendar}


@cache
def working_weekends(country: str | None, year: int) -> frozenset[int]:
    """Return the weekend dates on which a country works to make up for a long holiday (调休)."""
    calendar = _calendar(country, None, year)
    swapped = getattr(calendar, "weekend_workdays", None) or ()
    return frozenset(day_number(day) for day in swapped)


@cache
def holiday_subdivision(region: str | None, country: str | None, default: str | None) -> str | None:
    """Return the subdivision whose holidays hold in `region`, else the pack's `default`."""
    import holidays

    code = iso_region(region, country)
    supported = holidays.list_supported_countries().get(country or "", [])
    own = f"{code}-".split("-")[1] if code else ""
    return own if own in supported else default


@cache
def _calendar(country: str | None, subdivision: str | None, year: int):  # type: ignore[no-untyped-def]
    import holidays  # builds its country index on import

    if country is None or country not in holidays.list_supported_countries():
        return None
    names = {"language": "en_US"} if country == "CN" else {}
    return holidays.country_holidays(country, subdiv=subdivision, years=[year], **names)


@cache
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _same_clock(own: str, regional: tuple[str, ...]) -> bool:
    """Return whether `own` is an alias of a regional zone (US/Eastern for America/New_York)."""
    years = [
        np.datetime64(f"{year}-{month:02d}-15T12:00") for year in (2020, 2025, 2030) for month in range(1, 13)
    ]
    moments = np.array(years, dtype="datetime64[s]").astype(np.int64)

    def clock(zone: str) -> list[int]:
        local = pd.to_datetime(moments, unit="s", utc=True).tz_convert(zone).tz_localize(None)
        return list(local.as_unit("s").asi8)

    return any(clock(own) == clock(zone) for zone in regional)
