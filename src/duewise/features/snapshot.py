"""Snapshots: one row per debtor in scope at a date, with every feature; training and scoring share it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import ibis
import pandas as pd
import structlog

from duewise.contracts.vocabulary import Bucket, Table
from duewise.features import contact_history, payment_behaviour
from duewise.features.catalogue import available, definitions, extra_features
from duewise.features.dates import on_each_date
from duewise.features.events import known_contacts, known_flags, known_payments
from duewise.features.frame import to_frame
from duewise.features.point_in_time import AsOf, day
from duewise.features.promise_ledger import promises
from duewise.features.registry import Definition, Feature
from duewise.features.scope import accounts_in_scope, closed_accounts, placed_accounts
from duewise.features.settings import FeatureSettings
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

KEYS = ("debtor_id", "as_of")
PROFILE = ("employment", "monthly_income", "dependants", "region", "registered_at")
CONTACT_POINTS = ("has_phone", "has_email", "has_app", "has_address")

BUCKET_LIMITS = {
    Bucket.CURRENT: 0,
    Bucket.B1: 30,
    Bucket.B2: 60,
    Bucket.B3: 90,
    Bucket.B4: 180,
    Bucket.B5: 360,
}
"""Last day past due of each bucket; the last bucket is open."""


def snapshot(
    tables: Tables, as_of: AsOf, settings: FeatureSettings, sample: float | None = None
) -> ibis.Table:
    """Return the features of every debtor in scope at `as_of`, by what was known before it.

    Parameters
    ----------
    sample : float, optional
        Share of debtors to keep, the same ones at every date.

    Returns
    -------
    ibis.Table
        `KEYS`, `CONTEXT` and one column per available feature (float32, or a word), by debtor id. Each
        event table is read once and reduced to one row per debtor before anything is joined.
    """
    wanted = definitions(settings)
    extras = extra_features(tables, settings)
    in_scope = accounts_in_scope(tables, as_of, sample)
    sources = {"accounts": in_scope, **_event_tables(tables, as_of, settings, sample)}
    largest = _largest_account_extras(in_scope, extras)
    reduced = [
        _by_debtor(rows, [d for d in wanted if d.source == source], largest if source == "accounts" else {})
        for source, rows in sources.items()
    ]
    debtor = _joined(reduced, _profile(tables, extras), wanted, as_of)
    derived = {d.name: d.formula(debtor) for d in wanted if d.source == "debtor"}
    columns = {f.name: _typed(debtor, derived, f) for f in available(tables, settings)}
    context = {
        "balance": debtor.balance,
        "dpd": debtor.dpd.cast("int32"),
        "bucket": bucket(debtor.dpd),
        "product": debtor["product"],
        "region": debtor.region,
        "n_accounts": debtor.n_accounts.cast("int32"),
    }
    return debtor.select(*KEYS, **{**columns, **context}).order_by("debtor_id")


def snapshots(
    tables: Tables,
    dates: Iterable[date],
    settings: FeatureSettings,
    sample: float | None = None,
    only: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the snapshots of several dates one below the other, by date and debtor id.

    Parameters
    ----------
    dates : iterable of date
        In any order, each taken once.
    sample : float, optional
        Share of debtors to keep, the same ones at every date.
    only : DataFrame, optional
        Pairs of ``debtor_id`` and ``as_of`` to return; the rest never fills the memory.

    Returns
    -------
    pandas.DataFrame
        Numbers as float32, words as categories whose levels are the vocabulary's or, where the data decide,
        sorted; see :mod:`duewise.features.frame`.
    """
    features = available(tables, settings)
    parts = []
    for as_of, part in on_each_date(
        tables.con, dates, lambda as_of: snapshot(tables, as_of, settings, sample), only
    ):
        log.info("snapshot_built", as_of=str(as_of), debtors=part.num_rows, features=len(features))
        parts.append(part)
    return to_frame(parts, features)


def bucket(dpd: ibis.Value) -> ibis.Value:
    """Return the band of days past due."""
    *closed, last = Bucket
    return ibis.cases(*((dpd <= BUCKET_LIMITS[b], str(b)) for b in closed), else_=str(last))


def _event_tables(
    tables: Tables, as_of: AsOf, settings: FeatureSettings, sample: float | None
) -> dict[str, ibis.Table]:
    """Return the known rows behind each source of formulas, each with ``debtor_id``."""
    timezone = settings.timezone
    owners = placed_accounts(tables, as_of, sample).select("account_id", "debtor_id")
    sources = {
        "closed_accounts": closed_accounts(tables, as_of, sample),
        "payments": payment_behaviour.with_shared_columns(
            known_payments(tables, as_of, timezone).inner_join(owners, "account_id")
        ),
        "contacts": contact_history.with_shared_columns(known_contacts(tables, as_of, timezone)),
        "promises": promises(tables, as_of, timezone, sample, grace=settings.grace),
        "flags": known_flags(tables, as_of),
    }
    if sample is not None and sample < 1:
        by_person = ("contacts", "promises", "flags")
        sources |= {name: sources[name].semi_join(owners, "debtor_id") for name in by_person}
    return sources


def _by_debtor(
    rows: ibis.Table, formulas: Sequence[Definition], more: Mapping[str, ibis.Value]
) -> ibis.Table:
    return rows.group_by("debtor_id").agg(**{d.name: _lean(d, rows) for d in formulas}, **more)


def _lean(definition: Definition, rows: ibis.Table) -> ibis.Value:
    """Return an aggregate in as few bytes as it needs: counts and days are whole numbers below 2**24.

    A hundred columns of them pass through the joins and the filling of gaps; four bytes each instead of
    eight halve that work.
    """
    value = definition.formula(rows)
    return value.cast("float32") if value.type().is_integer() and not definition.packed else value


def _profile(tables: Tables, extras: Sequence[Feature]) -> ibis.Table:
    declared = {f.name: tables.debtors[f.needs[0][1]] for f in extras if f.needs[0][0] == Table.DEBTORS}
    return tables.debtors.select("debtor_id", *PROFILE, *CONTACT_POINTS, **declared)


def _joined(
    reduced: Sequence[ibis.Table], profile: ibis.Table, wanted: Sequence[Definition], as_of: AsOf
) -> ibis.Table:
    """Return one row per debtor in scope: the first table's debtors, all tables' columns.

    One chain of joins and one projection: each further layer of so many columns costs planning time.
    """
    nothing = {d.name: d.nothing for d in wanted if d.nothing is not None}
    scope, *others = (*reduced, profile)
    chain = scope
    for other in others:
        chain = chain.left_join(other, scope.debtor_id == other.debtor_id)
    columns = {
        name: table[name] for table in (scope, *others) for name in table.columns if name != "debtor_id"
    }
    filled = {
        name: column.coalesce(ibis.literal(nothing[name], column.type())) if name in nothing else column
        for name, column in columns.items()
    }
    return chain.select(debtor_id=scope.debtor_id, as_of=day(as_of), **filled)


def _largest_account_extras(accounts: ibis.Table, extras: Sequence[Feature]) -> dict[str, ibis.Value]:
    largest = accounts.size_rank == 0
    return {
        f.name: accounts[f.needs[0][1]].max(where=largest) for f in extras if f.needs[0][0] == Table.ACCOUNTS
    }


def _typed(debtor: ibis.Table, derived: Mapping[str, ibis.Value], feature: Feature) -> ibis.Value:
    """Return a feature as models read it; half the memory of a double loses no information they use."""
    value = derived[feature.name] if feature.name in derived else debtor[feature.name]
    return value if feature.is_category else value.cast("float32")
