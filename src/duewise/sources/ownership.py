"""Which accounts are whose, for those who ask to be forgotten."""

from collections.abc import Sequence
from datetime import date

from duewise.config import Portfolio
from duewise.contracts.vocabulary import Table
from duewise.sources.examine import examine_sources
from duewise.sources.sql import ident, literal


def accounts_of(portfolio: Portfolio, night: date, debtors: Sequence[str]) -> list[str]:
    """Return the ids of the accounts that the sources name as those of `debtors`, in good rows and in bad.

    The tables are judged as for `night`, so that the client's names of columns and codes are understood.

    Raises
    ------
    ConfigError, DataError, DuewiseError
        When the sources cannot be read.
    """
    with examine_sources(portfolio, night) as examined:
        plan = examined.tables[Table.ACCOUNTS].plan
        account, debtor = ident("account_id"), ident("debtor_id")
        asked = ", ".join(map(literal, debtors))
        rows = examined.con.con.execute(
            f"SELECT DISTINCT {account} FROM staging.read_{plan.name} "
            f"WHERE {debtor} IN ({asked}) AND {account} IS NOT NULL ORDER BY 1"
        ).fetchall()
    return [str(account) for (account,) in rows]
