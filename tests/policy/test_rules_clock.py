"""Permitted hours as instants: clock changes, several clocks, holidays, quiet hours."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from duewise.policy.rules.conditions import DAY_MINUTES, Hours
from duewise.policy.rules.places import Place, candidate_zones, country_zones, iso_region, reference_zone
from duewise.policy.rules.timetable import (
    ClockRule,
    image,
    intersect,
    permitted,
    spans_of,
    subtract,
    union,
    window_on,
)

EPOCH = date(1970, 1, 1)


def number(day: date) -> int:
    return (day - EPOCH).days


def hours_long(spans) -> float:
    return sum(end - start for start, end in spans) / 3600


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("America/New_York", date(2026, 7, 10), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Shanghai", date(2026, 3, 8), 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clock_makes_it(zone, day, hours):
    assert hours_long(image(zone, number(day), 0, DAY_MINUTES)) == hours


def test_an_hour_that_happens_twice_is_two_intervals():
    assert len(image("America/New_York", number(date(2026, 11, 1)), 60, 90)) == 2


def test_an_hour_that_clocks_skip_is_never():
    assert image("America/New_York", number(date(2026, 3, 8)), 2 * 60, 3 * 60) == ()


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Asia/Kathmandu", "Pacific/Apia"])
@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31)])
def test_an_interval_begins_and_ends_where_the_wall_clock_says(zone, day):
    ((start, end),) = image(zone, number(day), 8 * 60, 21 * 60)
    clock = ZoneInfo(zone)
    assert datetime.fromtimestamp(start, clock).replace(tzinfo=None) == datetime(
        day.year, day.month, day.day, 8
    )
    assert datetime.fromtimestamp(end, clock).replace(tzinfo=None) == datetime(
        day.year, day.month, day.day, 21
    )


def test_two_clocks_leave_what_both_permit():
    rule = ClockRule(Hours.model_validate({"daily": ["08:00", "21:00"]}), "deny", "US", None)
    both = Place("America/Los_Angeles", "US-MA")
    spans = permitted(
        rule, both, number(date(2026, 7, 10)), country="US", fallback_zone="UTC", quiet=(), agreed=()
    )
    assert hours_long(spans) == 10  # 08:00 Pacific is 11:00 Eastern


def test_without_any_clock_a_rule_that_denies_leaves_nothing():
    rule = ClockRule(Hours.model_validate({"daily": ["08:00", "21:00"]}), "deny", "US", None)
    nowhere = Place(None, None)
    day = number(date(2026, 7, 10))
    assert permitted(rule, nowhere, day, country="US", fallback_zone="UTC", quiet=(), agreed=()) == ()


@pytest.mark.parametrize(
    ("place", "country", "zones"),
    [
        (Place("America/Chicago", "US-IN"), "US", ("America/Chicago",)),
        (Place(None, "IN"), "US", ("America/Indiana/Indianapolis", "America/Chicago")),
        (Place("US/Eastern", "US-MA"), "US", ("US/Eastern",)),
        (Place("Mars/Olympus", None), "US", ()),
        (Place(None, "US-NY-NYC"), "US", ("America/New_York",)),
        (Place(None, "Bavaria"), "DE", ()),
    ],
)
def test_the_clocks_a_debtor_may_live_by(place, country, zones):
    assert candidate_zones(place, country) == zones


def test_a_region_is_read_as_an_iso_code():
    assert iso_region("ma", "US") == "US-MA"
    assert iso_region("GB-SCT", "GB") == "GB-SCT"
    assert iso_region(" ", "US") is None


def test_every_country_knows_its_clocks():
    assert country_zones("CN") == ("Asia/Shanghai", "Asia/Urumqi")
    assert country_zones(None) == ()


def test_dates_are_read_on_the_easternmost_clock():
    assert reference_zone(("America/Los_Angeles", "America/New_York"), number(date(2026, 7, 10))) == (
        "America/New_York"
    )


def test_a_swapped_weekend_works_like_a_monday_and_a_holiday_has_its_own_hours():
    hours = Hours.model_validate({"mon-fri": ["09:00", "19:00"], "sat-sun": "none", "holidays": "none"})
    assert window_on(hours, number(date(2026, 9, 20)), "CN", None) == (540, 1140)  # a Sunday
    assert window_on(hours, number(date(2026, 9, 27)), "CN", None) is None
    assert window_on(hours, number(date(2026, 10, 1)), "CN", None) is None
    assert window_on(hours, number(date(2026, 10, 1)), None, None) == (540, 1140)


@pytest.mark.parametrize(
    ("detail", "spans"),
    [
        ("18:00-20:00", ((1080, 1200),)),
        ("22:00-08:00", ((0, 480), (1320, 1440))),
        ("00:00-24:00", ((0, 1440),)),
        ("fri", ((0, 1440),)),
        ("mon", ()),
        ("fri 10:00-12:00", ((600, 720),)),
        ("whenever", ((0, 1440),)),
    ],
)
def test_quiet_hours_are_read_against_the_caller(detail, spans):
    assert spans_of(detail, number(date(2026, 7, 10))) == spans


def test_interval_sets():
    assert union(((0, 2),), ((2, 3), (5, 6))) == ((0, 3), (5, 6))
    assert intersect(((0, 4), (6, 9)), ((2, 7),)) == ((2, 4), (6, 7))
    assert subtract(((0, 10),), ((2, 3), (5, 6))) == ((0, 2), (3, 5), (6, 10))
