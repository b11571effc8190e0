"""Debt: what is owed, since when, on what terms."""

import functools

import ibis

from duewise.contracts.vocabulary import CloseReason, Product, Table
from duewise.features.aggregates import count_where, decode, encode, least_code, money_sum, ratio
from duewise.features.registry import Family, Tag, Unit, features_of, measure

feature = features_of(Family.DEBT)
PRODUCTS = tuple(Product)


@feature(
    Tag.DEBT, Unit.MONEY, "balance", "欠款余额", fact_en="owes {balance} in all", fact_zh="共欠 {balance}"
)
def balance(accounts: ibis.Table) -> ibis.Value:
    """Owed over all accounts in scope."""
    return money_sum(accounts.balance)


@feature(Tag.DEBT, Unit.MONEY, "largest account", "最大一笔账户余额")
def largest_balance(accounts: ibis.Table) -> ibis.Value:
    """Balance of the largest account in scope."""
    return accounts.balance.max()


@feature(
    Tag.DEBT,
    Unit.COUNT,
    "number of accounts",
    "账户数",
    fact_en="owes on {n_accounts} accounts",
    fact_zh="共 {n_accounts} 个账户逾期",
)
def n_accounts(accounts: ibis.Table) -> ibis.Value:
    """Accounts in scope."""
    return accounts.count()


@feature(
    Tag.DEBT,
    Unit.DAYS,
    "days past due",
    "逾期天数",
    higher_repays=False,
    fact_en="{dpd} days past due",
    fact_zh="已逾期 {dpd} 天",
)
def dpd(accounts: ibis.Table) -> ibis.Value:
    """Days past due of the oldest account in scope."""
    return accounts.dpd.max()


@feature(Tag.DEBT, Unit.DAYS, "days past due of the newest account", "最新账户逾期天数", topic="dpd")
def dpd_newest(accounts: ibis.Table) -> ibis.Value:
    """Days past due of the account that fell overdue last."""
    return accounts.dpd.min()


@feature(Tag.DEBT, Unit.DAYS, "days past due by balance", "按余额加权逾期天数", topic="dpd")
def dpd_weighted(accounts: ibis.Table) -> ibis.Value:
    """Mean days past due, each account weighted by its balance."""
    return money_sum(accounts.balance * accounts.dpd) / money_sum(accounts.balance)


@feature(Tag.DEBT, Unit.DAYS, "days in collections", "催收时长（天）")
def days_in_collections(accounts: ibis.Table) -> ibis.Value:
    """Days since the first account in scope entered collections."""
    return accounts.days_in_collections.max()


@feature(Tag.DEBT, Unit.DAYS, "days since the newest placement", "最近入催天数", topic="days_in_collections")
def days_since_newest_placement(accounts: ibis.Table) -> ibis.Value:
    """Days since the last account in scope entered collections."""
    return accounts.days_in_collections.min()


@measure()
def placed_balance_total(accounts: ibis.Table) -> ibis.Value:
    """Owed at placement over the accounts in scope."""
    return money_sum(accounts.placed_balance)


@feature(
    Tag.DEBT,
    Unit.SHARE,
    "balance against what was placed",
    "余额占入催金额比例",
    fact_en="still owes {balance_to_placed} of what was placed",
    fact_zh="仍欠入催金额的 {balance_to_placed}",
)
def balance_to_placed(debtor: ibis.Table) -> ibis.Value:
    """Balance as a share of what was owed when the accounts were placed."""
    return ratio(debtor.balance, debtor.placed_balance_total)


@measure()
def charged_total(accounts: ibis.Table) -> ibis.Value:
    """Charges booked since placement on the accounts in scope."""
    return money_sum(accounts.charged)


@feature(Tag.DEBT, Unit.SHARE, "share of fees in the debt", "费用占欠款比例")
def charges_to_balance(debtor: ibis.Table) -> ibis.Value:
    """Charges booked since placement against the balance."""
    return ratio(debtor.charged_total, debtor.balance)


@feature(Tag.DEBT, Unit.SHARE, "share of the largest account", "最大账户占比", topic="largest_balance")
def largest_balance_share(debtor: ibis.Table) -> ibis.Value:
    """Balance of the largest account as a share of all."""
    return ratio(debtor.largest_balance, debtor.balance)


@feature(Tag.DEBT, Unit.CATEGORY, "product", "产品", needs=[(Table.ACCOUNTS, "product")], levels=PRODUCTS)
def product(accounts: ibis.Table) -> ibis.Value:
    """Product of the largest account."""
    return decode(least_code(accounts.size_rank, encode(accounts["product"], PRODUCTS)), PRODUCTS)


@feature(Tag.DEBT, Unit.COUNT, "number of products", "产品种类数")
def n_products(accounts: ibis.Table) -> ibis.Value:
    """Different products among the accounts in scope."""
    held = [(accounts["product"] == p).any().cast("int64") for p in PRODUCTS]
    return functools.reduce(lambda total, one: total + one, held)


@feature(Tag.DEBT, Unit.MONEY, "amount first lent", "原始借款金额", needs=[(Table.ACCOUNTS, "principal")])
def principal(accounts: ibis.Table) -> ibis.Value:
    """Amount first lent over the accounts in scope; null where no account says."""
    return money_sum(accounts.principal)


@feature(
    Tag.DEBT,
    Unit.SHARE,
    "balance against the amount first lent",
    "余额占原始借款比例",
    needs=[(Table.ACCOUNTS, "principal")],
)
def balance_to_principal(debtor: ibis.Table) -> ibis.Value:
    """Balance as a share of the amount first lent."""
    return ratio(debtor.balance, debtor.principal)


@feature(
    Tag.ABILITY,
    Unit.MONEY,
    "monthly instalment",
    "每月应还",
    needs=[(Table.ACCOUNTS, "monthly_instalment")],
)
def monthly_instalment(accounts: ibis.Table) -> ibis.Value:
    """Contractual instalments per month over the accounts in scope; null where no account says."""
    return money_sum(accounts.monthly_instalment)


@feature(
    Tag.DEBT,
    Unit.MONTHS,
    "instalments owed",
    "欠缴期数",
    needs=[(Table.ACCOUNTS, "monthly_instalment")],
    fact_en="the balance is {instalments_owed} monthly instalments",
    fact_zh="余额相当于 {instalments_owed} 期月供",
)
def instalments_owed(debtor: ibis.Table) -> ibis.Value:
    """Balance in monthly instalments."""
    return ratio(debtor.balance, debtor.monthly_instalment)


@feature(Tag.DEBT, Unit.SHARE, "highest interest rate", "最高年利率", needs=[(Table.ACCOUNTS, "annual_rate")])
def annual_rate(accounts: ibis.Table) -> ibis.Value:
    """Highest yearly interest among the accounts in scope."""
    return accounts.annual_rate.max()


@feature(Tag.DEBT, Unit.SHARE, "secured share", "有担保占比", needs=[(Table.ACCOUNTS, "secured")])
def secured_share(accounts: ibis.Table) -> ibis.Value:
    """Share of the balance with collateral behind it."""
    secured = accounts.secured.coalesce(False).ifelse(accounts.balance, 0.0)
    return money_sum(secured) / money_sum(accounts.balance)


@measure()
def collateral_total(accounts: ibis.Table) -> ibis.Value:
    """Value of the collateral over the accounts in scope."""
    return money_sum(accounts.collateral_value)


@feature(Tag.DEBT, Unit.RATIO, "collateral cover", "担保覆盖率", needs=[(Table.ACCOUNTS, "collateral_value")])
def collateral_cover(debtor: ibis.Table) -> ibis.Value:
    """Value of the collateral against the balance."""
    return ratio(debtor.collateral_total, debtor.balance)


@feature(
    Tag.DEBT, Unit.DAYS, "age of the oldest contract", "最早合同年限", needs=[(Table.ACCOUNTS, "opened_on")]
)
def contract_age_days(accounts: ibis.Table) -> ibis.Value:
    """Days from the start of the oldest contract to today."""
    return (accounts.past_due_since.delta(accounts.opened_on, unit="day") + accounts.dpd).max()


@feature(
    Tag.WILLINGNESS,
    Unit.DAYS,
    "time from contract to arrears",
    "合同到逾期的时间",
    needs=[(Table.ACCOUNTS, "opened_on")],
)
def days_to_arrears(accounts: ibis.Table) -> ibis.Value:
    """Shortest time from the start of a contract to its first missed payment."""
    return accounts.past_due_since.delta(accounts.opened_on, unit="day").min()


@feature(
    Tag.DEBT,
    Unit.COUNT,
    "earlier accounts in collections",
    "历史入催账户数",
    needs=[(Table.ACCOUNTS, "closed_on")],
)
def n_closed_accounts(closed_accounts: ibis.Table) -> ibis.Value:
    """Accounts of the debtor that left collections before."""
    return closed_accounts.count()


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "earlier accounts paid off",
    "历史结清账户数",
    needs=[(Table.ACCOUNTS, "closed_on"), (Table.ACCOUNTS, "close_reason")],
)
def n_accounts_paid_off(closed_accounts: ibis.Table) -> ibis.Value:
    """Accounts of the debtor that left collections because they were paid."""
    return count_where(closed_accounts.close_reason == CloseReason.PAID)


def days_overdue_when_closed(closed_accounts: ibis.Table) -> ibis.Value:
    """Return the days from the oldest missed payment's due date to closing; negative when paid ahead."""
    return closed_accounts.closed_on.delta(closed_accounts.past_due_since, unit="day")


@feature(
    Tag.WILLINGNESS,
    Unit.SHARE,
    "share of earlier accounts that closed late",
    "历史账户逾期后才结束的占比",
    needs=[(Table.ACCOUNTS, "closed_on")],
    fact_en="{closed_late_share} of the earlier accounts closed only after their due date",
    fact_zh="历史账户中 {closed_late_share} 在到期日之后才结束",
)
def closed_late_share(closed_accounts: ibis.Table) -> ibis.Value:
    """Share of the debtor's closed accounts that closed after they fell due; null when none has closed."""
    return (days_overdue_when_closed(closed_accounts) > 0).cast("int64").mean()


@feature(
    Tag.WILLINGNESS,
    Unit.DAYS,
    "usual days from due date to closing",
    "以往从到期到结束的平均天数",
    needs=[(Table.ACCOUNTS, "closed_on")],
    fact_en="earlier accounts closed {days_overdue_at_closing} days after their due date on average",
    fact_zh="历史账户平均在到期后 {days_overdue_at_closing} 天结束",
)
def days_overdue_at_closing(closed_accounts: ibis.Table) -> ibis.Value:
    """Mean days from due date to closing over the debtor's closed accounts; negative when paid ahead."""
    return days_overdue_when_closed(closed_accounts).mean()
