"""Calendar: where the date stands in the month and the week."""

import ibis

from duewise.features.registry import Family, Tag, Unit, features_of

feature = features_of(Family.CALENDAR)


@feature(Tag.CONTEXT, Unit.DAY_OF_MONTH, "day of the month", "当月日期")
def day_of_month(debtor: ibis.Table) -> ibis.Value:
    """Day of the month of the decision."""
    return debtor.as_of.day()


@feature(Tag.CONTEXT, Unit.DAYS, "days to the end of the month", "距月末天数")
def days_to_month_end(debtor: ibis.Table) -> ibis.Value:
    """Days from the decision to the last day of the month."""
    next_month = (debtor.as_of.truncate("M") + ibis.interval(months=1)).cast("date")
    return next_month.delta(debtor.as_of, unit="day") - 1


@feature(Tag.CONTEXT, Unit.NUMBER, "day of the week", "星期")
def weekday(debtor: ibis.Table) -> ibis.Value:
    """Day of the week of the decision: 0 is Monday."""
    return debtor.as_of.day_of_week.index()
