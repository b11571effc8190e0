from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pytest

from duewise.features.local_time import clock_changes, to_local

AS_OF = date(2024, 4, 15)


@pytest.mark.parametrize(
    "name", ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Adelaide", "Asia/Kolkata"]
)
def test_local_time_is_what_the_zone_database_says(name):
    start = datetime(2022, 5, 1)
    moments = [start + timedelta(hours=h * 5, minutes=30) for h in range(3400)]
    column = ibis.memtable({"at": moments})
    got = ibis.duckdb.connect().to_pandas(column.select(local=to_local(column["at"], name, AS_OF)))["local"]
    zone = ZoneInfo(name)
    expected = [m.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0) for m in moments]
    assert got.dt.to_pydatetime().tolist() == expected


def test_a_zone_without_summer_time_needs_no_comparison():
    assert [offset for _, offset in clock_changes("Asia/Shanghai", AS_OF, AS_OF)] == [8 * 3600]
