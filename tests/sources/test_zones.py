"""Conversion of zones by arithmetic agrees with the engine's calendar library."""

import duckdb
import pytest

from duewise.sources.sql import literal
from duewise.sources.zones import to_local, to_utc

ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Sydney"]


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        "CREATE TABLE hours AS SELECT TIMESTAMP '1975-01-01' + INTERVAL (i * 1795) MINUTE AS t "
        "FROM range(25000) AS r(i)"
    )
    con.execute(
        "INSERT INTO hours SELECT TIMESTAMP '2023-01-01' + INTERVAL (i * 15) MINUTE FROM range(70000) AS r(i)"
    )
    return con


@pytest.mark.parametrize("zone", ZONES)
def test_utc_and_back_as_the_calendar_library_says(con, zone):
    differing = con.execute(
        f"SELECT count_if(({to_utc('t', zone)}) <> timezone('UTC', timezone({literal(zone)}, t))), "
        f"count_if(({to_local('t', zone)}) <> timezone({literal(zone)}, timezone('UTC', t))) FROM hours"
    ).fetchone()
    assert differing == (0, 0)
