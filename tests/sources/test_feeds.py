"""Managers hear of feeds that stopped and of days that were not fully loaded."""

from datetime import date, timedelta

import pandas as pd
import pytest

from client_tables import AS_OF, NOW, clean_tables, portfolio_of
from duewise.sources.examine import examine_sources
from duewise.sources.feeds import Collapse, collapse

YESTERDAY = AS_OF - timedelta(days=1)


def weekly(counts: list[int]) -> dict[date, int]:
    """Volume of yesterday and of the same weekday in the weeks before, newest first."""
    return {YESTERDAY - timedelta(days=7 * week): count for week, count in enumerate(counts)}


def test_a_day_far_below_its_weekday_has_collapsed():
    assert collapse(weekly([10, 200, 210, 190, 220]), AS_OF, YESTERDAY - timedelta(days=28)) == Collapse(
        YESTERDAY, 10, 205
    )


@pytest.mark.parametrize(
    "counts",
    [
        [150, 200, 210, 190, 220, 205, 200, 195, 210],  # a weak day
        [2, 5, 6, 4, 5, 5, 5, 5, 5],  # too small to tell from luck
        [0, 0, 0, 0, 0, 0, 0, 0, 0],  # a Sunday on which nobody works
        [0, 0, 0, 900, 0, 0, 0, 0, 0],  # one campaign does not make a habit
    ],
)
def test_usual_days_raise_no_alarm(counts):
    assert collapse(weekly(counts), AS_OF, date(2024, 1, 1)) is None


def test_a_young_feed_is_not_judged():
    assert collapse(weekly([0, 200, 200, 200]), AS_OF, YESTERDAY - timedelta(days=21)) is None


def busy_payments(days: int, per_day: int, skip: int = 0) -> pd.DataFrame:
    at = [
        pd.Timestamp(AS_OF) - pd.Timedelta(days=day, hours=-10)
        for day in range(1 + skip, days)
        for _ in range(per_day)
    ]
    return pd.DataFrame(
        {"payment_id": range(len(at)), "account_id": "A0", "at": at, "amount": 1.0, "kind": "payment"}
    )


def warnings_for(folder, payments, language="en"):
    payments.to_csv(folder / "payments.csv", index=False)
    portfolio = portfolio_of(folder, portfolio={"language": language, "timezone": "UTC"})
    with examine_sources(portfolio, AS_OF, now=NOW) as examination:
        return {warning.code: warning for warning in examination.report.warnings}


def test_a_day_that_was_not_loaded_is_told(folder):
    assert warnings_for(folder, busy_payments(80, 30)) == {}
    found = warnings_for(folder, busy_payments(80, 30, skip=1))["volume_collapsed"]
    assert found.text.startswith("payments has 0 rows for 2024-05-31, usually 30 on that weekday")


def test_a_feed_that_stopped_is_told_in_the_language_of_the_portfolio(folder):
    found = warnings_for(folder, busy_payments(80, 30, skip=5), language="zh")["feed_stale"]
    assert found.text.startswith("payments 最新一条记录为 2024-05-26，比 2024-06-01 早 5 天")
    assert found.facts["days"] == 5


def test_payments_that_post_late_every_day_raise_no_alarm(folder):
    payments = busy_payments(80, 30)
    payments["recorded_at"] = payments["at"]
    late = payments.index % 30 >= 5
    payments.loc[late, "recorded_at"] = payments["at"] + pd.Timedelta(days=2)
    known = payments[payments.recorded_at < pd.Timestamp(AS_OF)]
    assert warnings_for(folder, known) == {}
    assert "volume_collapsed" in warnings_for(folder, known.drop(columns="recorded_at"))


def test_quiet_feeds_of_a_tiny_portfolio_are_only_stale(folder):
    assert warnings_for(folder, clean_tables()["payments"]) == {}
