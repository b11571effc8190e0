"""Payment behaviour: how lately, often, much and regularly the debtor pays."""

import math

import ibis

from duewise.contracts.vocabulary import PaymentKind, Table
from duewise.features.aggregates import (
    BILLIONTHS,
    THOUSANDTHS,
    count_where,
    exact_sum,
    most,
    only,
    ratio,
    whole,
)
from duewise.features.point_in_time import in_window
from duewise.features.registry import Family, Tag, Unit, features_of, measure

feature = features_of(Family.PAYMENT_BEHAVIOUR)
WINDOWS = (30, 90, 180, 365)
MONTH_DAYS = 30.4375
MONTHS = 12
AMOUNT_BITS = 2.0**44
"""Room for an amount in thousandths below the day in :func:`last_payment_packed`."""


def with_shared_columns(payments: ibis.Table) -> ibis.Table:
    """Return bookings with ``paid_age`` (null for what is no payment), ``thousandths`` and ``angle``.

    What several aggregates share belongs in a column: engines evaluate it anew for each otherwise.
    """
    return payments.mutate(
        paid_age=only(payments.age_days, payments.kind == PaymentKind.PAYMENT),
        thousandths=whole(payments.amount, THOUSANDTHS),
        # The day of the month as an angle: the last day and the first are neighbours.
        angle=(payments.local_day.day() - 1).cast("float64") * (2 * math.pi / MONTH_DAYS),
    )


def _money(payments: ibis.Table, where: ibis.Value) -> ibis.Value:
    """Return the money of the bookings where a condition holds; whole thousandths add exactly."""
    return only(payments.thousandths, where).sum() / THOUSANDTHS


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "payments in {days} days",
    "近{days}天还款次数",
    name="n_payments_{days}d",
    each={"days": WINDOWS},
    higher_repays=True,
    fact_en="{n_payments_{days}d} payments in the last {days} days",
    fact_zh="近{days}天还款 {n_payments_{days}d} 次",
)
def n_payments(payments: ibis.Table, days: int) -> ibis.Value:
    """Payments in the last {days} days."""
    return count_where(payments.paid_age <= days)


@feature(Tag.WILLINGNESS, Unit.COUNT, "payments ever", "历史还款次数", topic="n_payments")
def n_payments_ever(payments: ibis.Table) -> ibis.Value:
    """Payments ever made on any account of the debtor."""
    return payments.paid_age.count()


@feature(
    Tag.ABILITY,
    Unit.MONEY,
    "paid in {days} days",
    "近{days}天还款金额",
    name="paid_{days}d",
    each={"days": WINDOWS},
    nothing=0.0,
    higher_repays=True,
    fact_en="paid {paid_{days}d} in the last {days} days",
    fact_zh="近{days}天还款 {paid_{days}d}",
)
def paid(payments: ibis.Table, days: int) -> ibis.Value:
    """Money paid in the last {days} days."""
    return _money(payments, where=payments.paid_age <= days)


@feature(Tag.ABILITY, Unit.MONEY, "paid ever", "历史还款总额", topic="paid", nothing=0.0)
def paid_ever(payments: ibis.Table) -> ibis.Value:
    """Money ever paid on any account of the debtor."""
    return _money(payments, where=payments.paid_age.notnull())


@feature(
    Tag.WILLINGNESS,
    Unit.SHARE,
    "share of the debt paid in {days} days",
    "近{days}天还款占欠款比例",
    name="paid_share_{days}d",
    each={"days": WINDOWS},
    higher_repays=True,
    fact_en="paid {paid_share_{days}d} of the debt in the last {days} days",
    fact_zh="近{days}天已还欠款的 {paid_share_{days}d}",
)
def paid_share(debtor: ibis.Table, days: int) -> ibis.Value:
    """Money paid in the last {days} days as a share of that money and the balance together."""
    money = debtor[f"paid_{days}d"]
    return ratio(money, money + debtor.balance)


@feature(
    Tag.WILLINGNESS,
    Unit.DAYS,
    "days since the last payment",
    "距上次还款天数",
    higher_repays=False,
    fact_en="last paid {days_since_last_payment} days ago",
    fact_zh="上次还款在 {days_since_last_payment} 天前",
)
def days_since_last_payment(payments: ibis.Table) -> ibis.Value:
    """Days since the last payment; null when none was ever made."""
    return payments.paid_age.min()


@feature(Tag.WILLINGNESS, Unit.DAYS, "days since the first payment", "距首次还款天数")
def days_since_first_payment(payments: ibis.Table) -> ibis.Value:
    """Days since the first payment; null when none was ever made."""
    return payments.paid_age.max()


@measure(packed=True)
def last_payment_packed(payments: ibis.Table) -> ibis.Value:
    """Newest day and, on it, the largest payment, in one number that needs no ordering."""
    amount = ibis.least(payments.thousandths, AMOUNT_BITS - 1).cast("int64")
    newest = (20_000 - payments.paid_age).cast("int64") * int(AMOUNT_BITS) + amount
    return newest.max()


@feature(
    Tag.ABILITY,
    Unit.MONEY,
    "last payment",
    "最近一次还款金额",
    fact_en="the last payment was {last_payment_amount}",
    fact_zh="最近一次还款 {last_payment_amount}",
)
def last_payment_amount(debtor: ibis.Table) -> ibis.Value:
    """Amount of the last payment, the largest of that day."""
    return (debtor.last_payment_packed % int(AMOUNT_BITS)) / THOUSANDTHS


@feature(Tag.ABILITY, Unit.SHARE, "last payment against the balance", "最近一次还款占余额比例")
def last_payment_to_balance(debtor: ibis.Table) -> ibis.Value:
    """Amount of the last payment as a share of the balance."""
    return ratio(last_payment_amount(debtor), debtor.balance)


@feature(Tag.ABILITY, Unit.MONEY, "largest payment in a year", "近一年最大单笔还款", nothing=0.0)
def largest_payment_365d(payments: ibis.Table) -> ibis.Value:
    """Largest single payment in the last 365 days."""
    return most(payments.amount, where=payments.paid_age <= 365)


@feature(Tag.ABILITY, Unit.MONEY, "usual payment", "平均单笔还款")
def mean_payment_365d(debtor: ibis.Table) -> ibis.Value:
    """Mean payment in the last 365 days; null when none was made."""
    return ratio(debtor.paid_365d, debtor.n_payments_365d)


@feature(
    Tag.ABILITY,
    Unit.MONTHS,
    "payments needed at the usual size",
    "按平均还款额还清所需次数",
    fact_en="{payments_to_clear} payments of the usual size would clear the debt",
    fact_zh="按以往还款额还需 {payments_to_clear} 次还清",
)
def payments_to_clear(debtor: ibis.Table) -> ibis.Value:
    """Balance in payments of the mean size of the last 365 days."""
    return ratio(debtor.balance * debtor.n_payments_365d, debtor.paid_365d)


@measure(packed=True)
def months_paid_bits(payments: ibis.Table) -> ibis.Value:
    """One bit for each of the last twelve months (of 30.4375 days) with a payment, newest lowest."""
    month = ((payments.paid_age - 1) / MONTH_DAYS).floor().cast("int64")
    return only(ibis.literal(1, "int64") << month, month < MONTHS).bit_or()


def _paid_in_month(debtor: ibis.Table, month: int) -> ibis.Value:
    """Return 1 when the debtor paid `month` months ago, else 0."""
    return ((debtor.months_paid_bits.coalesce(0) >> month) & 1).cast("int64")


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "months with a payment",
    "有还款的月数",
    name="months_paid_{months}m",
    each={"months": (6, 12)},
    higher_repays=True,
    fact_en="paid in {months_paid_{months}m} of the last {months} months",
    fact_zh="近{months}个月中有 {months_paid_{months}m} 个月还款",
)
def months_paid(debtor: ibis.Table, months: int) -> ibis.Value:
    """Months with at least one payment among the last {months}."""
    return sum((_paid_in_month(debtor, m) for m in range(1, months)), _paid_in_month(debtor, 0))


@feature(Tag.WILLINGNESS, Unit.MONTHS, "months paid in a row", "连续还款月数", higher_repays=True)
def months_paid_in_a_row(debtor: ibis.Table) -> ibis.Value:
    """Months with a payment without a gap, counted back from today, at most twelve."""
    unbroken = running = _paid_in_month(debtor, 0)
    for month in range(1, MONTHS):
        running = running * _paid_in_month(debtor, month)
        unbroken = unbroken + running
    return unbroken


@feature(Tag.WILLINGNESS, Unit.DAYS, "usual days between payments", "平均还款间隔天数")
def days_between_payments(debtor: ibis.Table) -> ibis.Value:
    """Mean days between payments; null with fewer than two."""
    span = debtor.days_since_first_payment - debtor.days_since_last_payment
    return ratio(span, debtor.n_payments_ever - 1)


@feature(Tag.WILLINGNESS, Unit.RATIO, "silence against the usual rhythm", "距上次还款与平均间隔之比")
def payment_overdue_ratio(debtor: ibis.Table) -> ibis.Value:
    """Days since the last payment against the usual days between payments."""
    return ratio(debtor.days_since_last_payment, days_between_payments(debtor))


@feature(Tag.WILLINGNESS, Unit.SHARE, "share of the year's money paid lately", "近90天还款占全年比例")
def paid_trend(debtor: ibis.Table) -> ibis.Value:
    """Money paid in the last 90 days as a share of that of the last 365."""
    return ratio(debtor.paid_90d, debtor.paid_365d)


@feature(
    Tag.ABILITY,
    Unit.RATIO,
    "instalments covered",
    "月供覆盖率",
    higher_repays=True,
    needs=[(Table.ACCOUNTS, "monthly_instalment")],
)
def instalment_cover_90d(debtor: ibis.Table) -> ibis.Value:
    """Money paid in the last 90 days against three monthly instalments."""
    return ratio(debtor.paid_90d, debtor.monthly_instalment * 3)


@measure()
def payday_cosine(payments: ibis.Table) -> ibis.Value:
    """Sum over the payments of a year of the cosine of the day of the month."""
    return exact_sum(payments.angle.cos(), BILLIONTHS, where=payments.paid_age <= 365)


@measure()
def payday_sine(payments: ibis.Table) -> ibis.Value:
    """Sum over the payments of a year of the sine of the day of the month."""
    return exact_sum(payments.angle.sin(), BILLIONTHS, where=payments.paid_age <= 365)


def _usual_angle(debtor: ibis.Table) -> ibis.Value:
    known = (debtor.n_payments_365d >= 2).ifelse(debtor.payday_sine, ibis.null("float64"))
    return known.atan2(debtor.payday_cosine)


@feature(
    Tag.ABILITY,
    Unit.SHARE,
    "regular payday",
    "还款日集中度",
    fact_en="pays around day {usual_payday} of the month",
    fact_zh="通常在每月 {usual_payday} 日前后还款",
)
def payday_regularity(debtor: ibis.Table) -> ibis.Value:
    """How closely payments of a year keep to one day of the month: 1 always, 0 anywhere; from two on."""
    length = (debtor.payday_cosine * debtor.payday_cosine + debtor.payday_sine * debtor.payday_sine).sqrt()
    return (debtor.n_payments_365d >= 2).ifelse(ratio(length, debtor.n_payments_365d), ibis.null("float64"))


@feature(Tag.ABILITY, Unit.DAY_OF_MONTH, "usual payday", "通常还款日")
def usual_payday(debtor: ibis.Table) -> ibis.Value:
    """Day of the month around which payments fall; null with fewer than two in a year."""
    turn = _usual_angle(debtor) / (2 * math.pi)
    return (turn - turn.floor()) * MONTH_DAYS + 1


@feature(
    Tag.ABILITY,
    Unit.DAYS,
    "days to the usual payday",
    "距通常还款日天数",
    fact_en="the usual payday is {days_to_usual_payday} days away",
    fact_zh="距通常还款日还有 {days_to_usual_payday} 天",
)
def days_to_usual_payday(debtor: ibis.Table) -> ibis.Value:
    """Days from today to the day of the month around which payments fall."""
    wait = (usual_payday(debtor) - debtor.as_of.day()) / MONTH_DAYS
    return (wait - wait.floor()) * MONTH_DAYS


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "payments that bounced",
    "近一年退回还款次数",
    higher_repays=False,
    fact_en="{n_reversals_365d} payments were reversed in a year",
    fact_zh="近一年有 {n_reversals_365d} 笔还款被退回",
)
def n_reversals_365d(payments: ibis.Table) -> ibis.Value:
    """Payments that were reversed in the last 365 days."""
    return count_where((payments.kind == PaymentKind.REVERSAL) & in_window(payments, 365))


@feature(Tag.DEBT, Unit.MONEY, "fees charged in a year", "近一年新增费用", nothing=0.0)
def charged_365d(payments: ibis.Table) -> ibis.Value:
    """Charges in the last 365 days."""
    return _money(payments, where=(payments.kind == PaymentKind.CHARGE) & in_window(payments, 365))


@feature(Tag.DEBT, Unit.MONEY, "waived in a year", "近一年减免金额", nothing=0.0)
def waived_365d(payments: ibis.Table) -> ibis.Value:
    """Waivers in the last 365 days."""
    return _money(payments, where=(payments.kind == PaymentKind.WAIVER) & in_window(payments, 365))
