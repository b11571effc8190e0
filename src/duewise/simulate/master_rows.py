"""Debtors and accounts as rows of the contract."""

import numpy as np
import pyarrow as pa

from duewise.contracts.vocabulary import CHANNELS, Channel
from duewise.simulate.arrays import ALWAYS
from duewise.simulate.calendar import DAYS_PER_YEAR, MICROSECONDS_PER_DAY
from duewise.simulate.cells import account_ids, codes_to_text, days, debtor_ids, numbers, times, where
from duewise.simulate.debts import PRODUCTS, REASONS
from duewise.simulate.payments import CLOSE_REASONS
from duewise.simulate.people import EMPLOYMENT, REGIONS
from duewise.simulate.state import Portfolio

LIMITATION_YEARS = 3
"""Ordinary limitation of claims: Civil Code of China, article 188."""


def debtor_rows(portfolio: Portfolio) -> pa.Table:
    """Return the debtors table."""
    people = portfolio.people
    rows = np.arange(len(people))
    usable = people.usable
    region_codes = [code for code, *_ in REGIONS]
    zones = ["Asia/Urumqi" if code == "CN-XJ" else "Asia/Shanghai" for code in region_codes]
    unknown_job = portfolio.luck.uniform("employment_known") > 0.9
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, rows),
            "birth_year": numbers(people.birth_year.astype(np.int64)),
            "gender": codes_to_text(people.female.astype(int), ["male", "female"]),
            "region": codes_to_text(people.region, region_codes),
            "timezone": codes_to_text(people.region, zones),
            "language": codes_to_text(np.zeros(len(people), dtype=int), ["zh"]),
            "employment": codes_to_text(
                np.where(unknown_job, len(EMPLOYMENT), people.employment),
                [*(e for e, _ in EMPLOYMENT), "unknown"],
            ),
            "monthly_income": numbers(people.stated_income),
            "dependants": numbers(people.dependants.astype(np.int64)),
            "has_phone": pa.array(usable[:, CHANNELS.index(Channel.CALL)]),
            "has_email": pa.array(usable[:, CHANNELS.index(Channel.EMAIL)]),
            "has_app": pa.array(usable[:, CHANNELS.index(Channel.APP_PUSH)]),
            "has_address": pa.array(usable[:, CHANNELS.index(Channel.LETTER)]),
            "registered_at": times(people.registered_day.astype(np.int64) * MICROSECONDS_PER_DAY),
        }
    )


def account_rows(portfolio: Portfolio, as_of_day: int) -> pa.Table:
    """Return the accounts placed before `as_of_day`, with the closures that the books know by then."""
    debts, state = portfolio.debts, portfolio.state
    rows, account = np.nonzero(debts.placed_day < as_of_day)
    at = (rows, account)
    closed = (state.closed_day[at] < as_of_day) & (state.close_reason[at] >= 0)
    restart = np.where(debts.interrupted_day[at] < ALWAYS, debts.interrupted_day[at], debts.past_due_day[at])
    expires = restart + round(LIMITATION_YEARS * DAYS_PER_YEAR)
    secured = debts.secured[at]
    cover = 0.4 + 0.6 * portfolio.luck.uniform("collateral")[rows]
    product_rate = np.array([rate for *_, rate in PRODUCTS])
    return pa.table(
        {
            "account_id": account_ids(portfolio, rows, account),
            "debtor_id": debtor_ids(portfolio, rows),
            "product": codes_to_text(debts.product[at], [p for p, *_ in PRODUCTS]),
            "past_due_since": days(debts.past_due_day[at]),
            "placed_on": days(debts.placed_day[at]),
            "placed_balance": numbers(debts.placed_balance[at]),
            "opened_on": days(debts.opened_day[at]),
            "principal": numbers(debts.principal[at]),
            "monthly_instalment": numbers(debts.monthly_instalment[at]),
            "annual_rate": numbers(product_rate[debts.product[at]]),
            "secured": pa.array(secured),
            "collateral_value": numbers(np.where(secured, np.round(debts.principal[at] * cover, 2), np.nan)),
            "overdue_reason": codes_to_text(debts.overdue_reason[at], REASONS),
            "limitation_expires_on": days(expires),
            "last_interrupted_on": days(
                np.minimum(debts.interrupted_day[at], ALWAYS), debts.interrupted_day[at] < ALWAYS
            ),
            "closed_on": days(state.closed_day[at], closed),
            "close_reason": where(closed, codes_to_text(state.close_reason[at], CLOSE_REASONS)),
        }
    )
