"""Profile: means, household and known ways to reach the debtor; what is protected is never built."""

import ibis

from duewise.contracts.vocabulary import Employment, Table
from duewise.features.aggregates import ratio
from duewise.features.registry import Family, Tag, Unit, features_of

feature = features_of(Family.PROFILE)
EMPLOYMENTS = tuple(Employment)
_INCOME = (Table.DEBTORS, "monthly_income")
_DEPENDANTS = (Table.DEBTORS, "dependants")


@feature(
    Tag.ABILITY,
    Unit.CATEGORY,
    "employment",
    "就业状况",
    needs=[(Table.DEBTORS, "employment")],
    levels=EMPLOYMENTS,
)
def employment(debtor: ibis.Table) -> ibis.Value:
    """How the debtor earns a living."""
    return debtor.employment


@feature(
    Tag.ABILITY,
    Unit.MONEY,
    "monthly income",
    "月收入",
    higher_repays=True,
    needs=[_INCOME],
    fact_en="earns {monthly_income} a month",
    fact_zh="月收入 {monthly_income}",
)
def monthly_income(debtor: ibis.Table) -> ibis.Value:
    """Income per month."""
    return debtor.monthly_income


@feature(
    Tag.ABILITY,
    Unit.MONTHS,
    "debt in months of income",
    "欠款相当于收入月数",
    needs=[_INCOME],
    fact_en="owes {balance_to_income} months of income",
    fact_zh="欠款相当于 {balance_to_income} 个月收入",
)
def balance_to_income(debtor: ibis.Table) -> ibis.Value:
    """Balance in months of income."""
    return ratio(debtor.balance, debtor.monthly_income)


@feature(
    Tag.ABILITY,
    Unit.SHARE,
    "instalment burden",
    "月供收入比",
    needs=[_INCOME, (Table.ACCOUNTS, "monthly_instalment")],
    fact_en="instalments take {instalment_to_income} of the income",
    fact_zh="月供占收入 {instalment_to_income}",
)
def instalment_to_income(debtor: ibis.Table) -> ibis.Value:
    """Monthly instalments as a share of the income."""
    return ratio(debtor.monthly_instalment, debtor.monthly_income)


@feature(Tag.ABILITY, Unit.COUNT, "dependants", "抚养人数", needs=[_DEPENDANTS])
def dependants(debtor: ibis.Table) -> ibis.Value:
    """People who depend on the income."""
    return debtor.dependants


@feature(Tag.ABILITY, Unit.MONEY, "income per head", "人均收入", needs=[_INCOME, _DEPENDANTS])
def income_per_head(debtor: ibis.Table) -> ibis.Value:
    """Income per month for each person who lives on it."""
    return debtor.monthly_income / (debtor.dependants.coalesce(0) + 1)


@feature(Tag.CONTEXT, Unit.CATEGORY, "region", "地区", needs=[(Table.DEBTORS, "region")])
def region(debtor: ibis.Table) -> ibis.Value:
    """Region of residence."""
    return debtor.region


@feature(Tag.REACHABILITY, Unit.YES_NO, "telephone known", "已知电话", needs=[(Table.DEBTORS, "has_phone")])
def has_phone(debtor: ibis.Table) -> ibis.Value:
    """Whether a working telephone number is known."""
    return debtor.has_phone


@feature(Tag.REACHABILITY, Unit.YES_NO, "e-mail known", "已知邮箱", needs=[(Table.DEBTORS, "has_email")])
def has_email(debtor: ibis.Table) -> ibis.Value:
    """Whether a working e-mail address is known."""
    return debtor.has_email


@feature(Tag.REACHABILITY, Unit.YES_NO, "has the app", "已装应用", needs=[(Table.DEBTORS, "has_app")])
def has_app(debtor: ibis.Table) -> ibis.Value:
    """Whether the debtor has the lender's app."""
    return debtor.has_app


@feature(Tag.REACHABILITY, Unit.YES_NO, "address known", "已知地址", needs=[(Table.DEBTORS, "has_address")])
def has_address(debtor: ibis.Table) -> ibis.Value:
    """Whether a postal address is known."""
    return debtor.has_address


@feature(
    Tag.CONTEXT, Unit.DAYS, "days as a customer", "客户时长（天）", needs=[(Table.DEBTORS, "registered_at")]
)
def tenure_days(debtor: ibis.Table) -> ibis.Value:
    """Days since the debtor became a customer; null when that lies ahead or is unknown."""
    tenure = debtor.as_of.delta(debtor.registered_at.date(), unit="day")
    return (tenure > 0).ifelse(tenure, ibis.null("int64"))
