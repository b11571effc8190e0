"""New debts arriving in collections, with what is on file for them: consents, notices served, evidence."""

import numpy as np

from duewise.contracts.vocabulary import Channel, Table
from duewise.simulate.arrays import Ints
from duewise.simulate.calendar import MICROSECONDS_PER_DAY
from duewise.simulate.journal import OPEN_END, Journal
from duewise.simulate.state import Portfolio

CONSENT_SHARE = {Channel.SMS: 0.9, Channel.CALL: 0.9, Channel.EMAIL: 0.5}
ON_FILE_SHARE = {
    "notice:placement": 0.95,
    "evidence:contract": 0.9,
    "evidence:statement": 0.9,
    "evidence:identity": 0.85,
    "evidence:address": 0.8,
}
DEMAND_SERVED_SHARE = 0.6
DEMAND_SERVED_WITHIN_DAYS = 30


def place_new_debts(portfolio: Portfolio, day: int, journal: Journal | None) -> None:
    """Add the accounts placed on `day` to what is owed, and file their papers."""
    newly = portfolio.debts.placed_day == day
    portfolio.state.balance[newly] = portfolio.debts.placed_balance[newly]
    if journal is None:
        return
    for account in np.flatnonzero(newly.any(axis=0)):
        person = np.flatnonzero(newly[:, account])
        if account == 0:
            _file_consents(portfolio, day, person, journal)
        _file_papers(portfolio, day, person, int(account), journal)


def _file_consents(portfolio: Portfolio, day: int, person: Ints, journal: Journal) -> None:
    for channel, share in CONSENT_SHARE.items():
        agrees = portfolio.luck.uniform(f"consent:{channel}", rows=person) < share
        _file(journal, person[agrees], day, f"consent:{channel}", OPEN_END)
    agrees = portfolio.people.consents_ai[person]
    _file(journal, person[agrees], day, f"consent:{Channel.AI_CALL}", OPEN_END)


def _file_papers(portfolio: Portfolio, day: int, person: Ints, account: int, journal: Journal) -> None:
    luck = portfolio.luck
    for flag, share in ON_FILE_SHARE.items():
        filed = luck.uniform(f"{flag}_{account}", rows=person) < share
        _file(journal, person[filed], day, flag, account)
    served = person[luck.uniform(f"demand_served_{account}", rows=person) < DEMAND_SERVED_SHARE]
    wait = DEMAND_SERVED_WITHIN_DAYS * luck.uniform(f"demand_wait_{account}", rows=served)
    for flag in ("notice:demand", "evidence:notice_served"):
        _file(journal, served, day + wait.astype(np.int64), flag, account)


def _file(journal: Journal, person: Ints, day: int | Ints, flag: str, account: int) -> None:
    journal.write(
        Table.FLAGS,
        person,
        flag=flag,
        starts_us=np.asarray(day, dtype=np.int64) * MICROSECONDS_PER_DAY,
        ends_us=OPEN_END,
        account=account,
        detail="",
        delay_days=0,
    )
