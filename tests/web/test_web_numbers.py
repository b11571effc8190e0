"""Numbers in local form, and charts whose geometry adds up."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.web.charts import WIDTH, filled, intervals, line, stacked, waterfall
from duewise.web.formats import NOTHING, Formats

EN, ZH = Formats("en", "CNY", "Asia/Shanghai"), Formats("zh", "CNY", "Asia/Shanghai")
amounts = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (EN.money(-1234.5), "−¥1,234"),
        (EN.change(12.0), "+¥12"),
        (EN.money(None), NOTHING),
        (EN.share(0.1234), "12.3%"),
        (EN.share(0.0004), "0.04%"),
        (EN.points(-0.0312), "−3.1"),
        (EN.count(1204.4), "1,204"),
        (EN.day(date(2026, 6, 1)), "1 Jun 2026"),
        (ZH.day(date(2026, 6, 1)), "2026年6月1日"),
        (EN.full_day(date(2026, 6, 1)), "Monday, 1 June 2026"),
        (ZH.full_day(date(2026, 6, 1)), "2026年6月1日星期一"),
        (EN.moment(datetime(2026, 6, 1, 16, 30, tzinfo=UTC)), "2 Jun 2026 00:30"),
        (EN.hours(datetime(2026, 6, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 4, tzinfo=UTC)), "09:00–12:00"),
        (EN.hours(None, None), NOTHING),
    ],
)
def test_values_are_written_as_people_read_them(written, expected):
    assert written == expected


@given(start=st.floats(0, 1), steps=st.lists(st.floats(-0.5, 0.5), max_size=8))
def test_a_waterfall_ends_where_its_steps_lead_and_stays_on_the_page(start, steps):
    drawn, _, end = waterfall(start, steps)
    assert len(drawn) == len(steps)
    assert end == (drawn[-1].end if drawn else end)
    for step in drawn:
        assert 0 <= step.left <= WIDTH
        assert step.left + step.width <= WIDTH + 1.0


@given(st.lists(st.tuples(amounts, amounts, amounts).map(lambda t: tuple(sorted(t))), max_size=6))
def test_intervals_share_one_scale_that_holds_zero(values):
    drawn, zero = intervals(values)
    assert 0 <= zero <= WIDTH
    for one, (low, value, high) in zip(drawn, values, strict=True):
        assert one.low <= one.at <= one.high
        assert (value < 0) <= (one.at <= zero) or low == high


@given(st.dictionaries(st.text(min_size=1), st.lists(st.floats(0, 1e9), min_size=4, max_size=4), max_size=5))
def test_stacked_bars_never_leave_the_page(rows):
    for parts in stacked(rows).values():
        for part in parts:
            assert part.x + part.width <= WIDTH + 1.0


def test_a_line_bridges_what_is_unknown():
    assert line([1.0, None, 3.0], 100, 10) == "0.0,10.0 100.0,0.0"
    assert line([2.0, 2.0], 100, 10) == "0.0,5.0 100.0,5.0"
    assert line([None, None], 100, 10) == ""


def test_a_bar_without_a_limit_is_never_full():
    assert filled(5, None, 100) == 0
    assert filled(5, 10, 100) == 50
    assert filled(20, 10, 100) == 100
