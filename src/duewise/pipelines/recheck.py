"""`duewise recheck`: before dialling, withdraw what is paid, disputed or no longer lawful."""

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import CHANNELS, NONE, CloseReason, Direction, Outcome
from duewise.errors import ConfigError
from duewise.features.known_by import known_by
from duewise.features.point_in_time import known
from duewise.features.promise_ledger import KEPT, Grace, promises
from duewise.features.scope import placed_accounts
from duewise.policy.permissions import context_of, load_rules
from duewise.policy.recall import CLOSED, DISPUTED, PAID, PROMISE_KEPT, Stop, stops
from duewise.policy.rules import RuleSet, build_facts, evaluate_at
from duewise.publish.published_run import PublishedRun, find_run
from duewise.publish.recall_file import RECALL, SCHEMA, write_recall
from duewise.sources.open import open_tables
from duewise.sources.report import AcceptanceReport
from duewise.sources.tables import Tables

_PLANNED = ["debtor_id", "action", "window_start", "window_end"]
_PAID_UP = (CloseReason.PAID, CloseReason.SETTLED)
_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True)
class Recheck:
    """What was looked at and withdrawn.

    Attributes
    ----------
    file : Path or None
        Where the withdrawn contacts stand; None for a dry run.
    recall : pyarrow.Table
        One row per planned contact that may not be made (again); see ``recall_file.SCHEMA``.
    record : dict
        Content of ``recall.json``; ``stopped`` counts by reason, contacts already made left out.
    """

    file: Path | None
    recall: pa.Table
    record: dict[str, Any]

    @property
    def stopped(self) -> int:
        """Planned contacts that were not made yet and may not be."""
        return sum(self.record["stopped"].values())


def recheck(
    portfolio: Portfolio,
    as_of: date | None = None,
    *,
    at: datetime | None = None,
    now: datetime | None = None,
    dry_run: bool = False,
) -> Recheck:
    """Look again at the contacts that the latest run, or that of `as_of`, planned.

    A contact whose hours are still to come is judged at their beginning, any other at the instant itself.

    Parameters
    ----------
    at : datetime, optional
        Instant of the check (aware), before which facts are known. Default: the present, or, for a night
        whose hours are over, their end: each contact is then judged within its own hours.
    now : datetime, optional
        The clock; default the present.

    Raises
    ------
    ConfigError, DataError, LockError, DuewiseError
        With a message that says what to do; the run stays as it is.
    """
    rules = load_rules(portfolio)
    run = find_run(portfolio.publish.runs, as_of)
    planned = run.strategies(_PLANNED, pc.field("action") != NONE).sort_by("debtor_id").to_pandas()
    moment, replayed = _moment(run.as_of, planned, at, now or datetime.now(UTC))
    with (
        tempfile.TemporaryDirectory(prefix="duewise-recheck-") as scratch,
        open_tables(portfolio, moment.date(), feedback_before=moment, workspace=Path(scratch)) as opened,
    ):
        tables, known_on = known_by(_of_planned(opened.tables, planned, run.as_of), moment)
        made = _made_since(tables, known_on, run.as_of, planned)
        found = _stops(portfolio, rules, tables, known_on, run.as_of, planned, moment, replayed)
        report = opened.report
    recall = _rows(run, moment, planned, found, made)
    record = _record(run, moment, rules, report, planned, found, made)
    if dry_run:
        return Recheck(None, recall, record)
    write_recall(portfolio.publish.runs, run.folder, recall, record)
    return Recheck(run.folder / RECALL, recall, record)


def _moment(as_of: date, planned: pd.DataFrame, at: datetime | None, now: datetime) -> tuple[datetime, bool]:
    """Return the naive UTC instant until which facts are known, and whether the night's hours are over."""
    night = datetime.combine(as_of, time())
    last = planned["window_end"].max()
    end = night + timedelta(days=1) if pd.isna(last) else last.tz_localize(None).to_pydatetime()
    moment = _naive_utc(at or now)
    if moment < night:
        raise ConfigError(
            f"--at {moment:%Y-%m-%dT%H:%M:%SZ}: the run of {as_of} was decided at its 00:00 UTC; "
            "name a later instant, or an earlier run with --as-of."
        )
    replayed = at is None and moment > end
    return (end if replayed else moment), replayed


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _of_planned(tables: Tables, planned: pd.DataFrame, as_of: date) -> Tables:
    """Return what concerns the planned contacts: their debtors, and the accounts that the night knew."""
    con = tables.con
    people = con.create_table("planned", planned[["debtor_id"]].astype(object))
    accounts = tables.accounts.filter(tables.accounts.placed_on < ibis.literal(as_of))
    accounts = con.create_table("planned_accounts", accounts.semi_join(people, "debtor_id"))
    payments = con.create_table("planned_payments", tables.payments.semi_join(accounts, "account_id"))
    of_people = {
        name: con.create_table(f"planned_{name}", getattr(tables, name).semi_join(people, "debtor_id"))
        for name in ("debtors", "contacts", "flags")
    }
    # Tonight's own plan is what is being judged; only what earlier nights assigned may stand against it.
    assigned = tables.assignments.filter(tables.assignments.as_of < ibis.literal(as_of))
    return replace(tables, accounts=accounts, payments=payments, assignments=assigned, **of_people)


def _made_since(tables: Tables, known_on: date, as_of: date, planned: pd.DataFrame) -> set[str]:
    """Return the debtors whose planned contact has been made since the night."""
    contacts = _new(tables, known_on, as_of)
    done = contacts.filter(contacts.direction == Direction.OUTBOUND).select("debtor_id", "channel").distinct()
    pairs = done.execute().merge(planned, left_on=["debtor_id", "channel"], right_on=["debtor_id", "action"])
    return set(pairs["debtor_id"])


def _new(tables: Tables, known_on: date, as_of: date) -> ibis.Table:
    """Return the contacts that have become known since the night."""
    contacts = known(tables.contacts, known_on)
    return contacts.anti_join(known(tables.contacts, as_of).select("contact_id"), "contact_id")


def _stops(
    portfolio: Portfolio,
    rules: RuleSet,
    tables: Tables,
    known_on: date,
    as_of: date,
    planned: pd.DataFrame,
    moment: datetime,
    replayed: bool,
) -> dict[str, Stop]:
    # The tables end at the instant but are read as of the day after it: a record has that day besides.
    context = context_of(portfolio)
    context = replace(context, report_days=context.report_days + 1)
    facts = build_facts(tables, known_on, context, rules)
    place = {debtor: row for row, debtor in enumerate(planned["debtor_id"].tolist())}
    in_scope = facts.debtors.debtor_id.tolist()
    instant = _instants(planned, moment, replayed)[[place[debtor] for debtor in in_scope]]
    actions = [str(channel) for channel in CHANNELS if channel in set(planned["action"])]
    verdicts = evaluate_at(rules, facts, instant, actions)
    events = _events(tables, known_on, as_of, portfolio.portfolio.timezone, Grace.of(portfolio))
    events |= _gone(tables, known_on, set(place) - set(in_scope))
    return stops(
        planned["debtor_id"].to_numpy(dtype=object),
        planned["action"].to_numpy(dtype=object),
        events,
        facts,
        verdicts,
        instant,
        portfolio.portfolio.language,
    )


def _instants(planned: pd.DataFrame, moment: datetime, replayed: bool) -> NDArray[np.int64]:
    """Return when each contact is judged, in UTC seconds: not before its hours, nor after a past night's."""
    start, end = (
        planned[name].dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
        for name in ("window_start", "window_end")
    )
    when = np.fmax(np.datetime64(moment, "s"), start)
    if replayed:
        when = np.fmin(when, end - _SECOND)
    return np.asarray(when.astype(np.int64))


def _events(tables: Tables, known_on: date, as_of: date, timezone: str, grace: Grace) -> dict[str, str]:
    """Return what has happened since the night that ends the matter by itself, by debtor."""
    heard = _new(tables, known_on, as_of)
    disputes = heard.filter(heard.outcome == Outcome.DISPUTE).select("debtor_id").distinct().execute()
    now, before = (promises(tables, day, timezone, grace=grace) for day in (known_on, as_of))
    kept = now.filter(now.status == KEPT).anti_join(before.filter(before.status == KEPT), "contact_id")
    paying = kept.select("debtor_id").distinct().execute()
    return {
        **dict.fromkeys(disputes["debtor_id"], DISPUTED),
        **dict.fromkeys(paying["debtor_id"], PROMISE_KEPT),
    }


def _gone(tables: Tables, known_on: date, debtors: set[str]) -> dict[str, str]:
    """Return why debtors have left the scope: paid, unless every account was closed for another reason."""
    accounts = placed_accounts(tables, known_on)
    left = accounts.closed_on.notnull() & (accounts.closed_on < ibis.literal(known_on))
    otherwise = left & ~accounts.close_reason.isin(_PAID_UP).coalesce(False)
    closed = accounts.group_by("debtor_id").agg(closed=otherwise.all()).filter(ibis._.closed).execute()
    closed_ids = set(closed["debtor_id"])
    return {debtor: CLOSED if debtor in closed_ids else PAID for debtor in debtors}


def _rows(
    run: PublishedRun, moment: datetime, planned: pd.DataFrame, found: dict[str, Stop], made: set[str]
) -> pa.Table:
    rows = [
        {
            "run_id": run.manifest["run_id"],
            "as_of": run.as_of,
            "checked_at": moment.replace(tzinfo=UTC),
            "debtor_id": debtor,
            "action": action,
            **vars(found[debtor]),
            "already_made": debtor in made,
        }
        for debtor, action in zip(planned["debtor_id"], planned["action"], strict=True)
        if debtor in found
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _record(
    run: PublishedRun,
    moment: datetime,
    rules: RuleSet,
    report: AcceptanceReport,
    planned: pd.DataFrame,
    found: dict[str, Stop],
    made: set[str],
) -> dict[str, Any]:
    stopped = Counter(stop.reason for debtor, stop in found.items() if debtor not in made)
    return {
        "run_id": run.manifest["run_id"],
        "as_of": run.as_of.isoformat(),
        "at": moment.isoformat() + "Z",
        "planned": len(planned),
        "already_made": len(made),
        "stopped": dict(sorted(stopped.items(), key=lambda item: (-item[1], item[0]))),
        "rules": list(rules.packs),
        "inputs": {
            str(name): sorted(file.sha256 for file in table.files) for name, table in report.tables.items()
        },
        "feedback": report.feedback.sha256,
    }
