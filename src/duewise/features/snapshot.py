"""Snapshots: one row per debtor in scope at a date, with every feature; training and scoring share it."""

from collections.abc import Iterable, Sequence
from datetime import date

import ibis
import pandas as pd
import structlog

from duewise.contracts.vocabulary import Bucket, Table
from duewise.features.catalogue import CONTEXT, available, definitions, extra_features
from duewise.features.events import known_contacts, known_flags, known_payments
from duewise.features.frame import to_frame
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
    tables: Tables, as_of: date, settings: FeatureSettings, sample: float | None = None
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
    debtor = _by_debtor(in_scope, wanted, _largest_account_extras(in_scope, extras))
    for source, events in _event_tables(tables, as_of, settings, sample).items():
        debtor = _join_aggregates(debtor, events, [d for d in wanted if d.source == source])
    debtor = _join_profile(debtor, tables, extras).mutate(as_of=ibis.literal(as_of))
    debtor = debtor.mutate(
        **{d.name: d.formula(debtor) for d in wanted if d.source == "debtor"}, bucket=bucket(debtor.dpd)
    )
    columns = {f.name: _typed(debtor, f) for f in available(tables, settings) if f.name not in CONTEXT}
    context = {c: debtor[c].cast("int32") if c in ("dpd", "n_accounts") else debtor[c] for c in CONTEXT}
    return debtor.select(*KEYS, **context, **columns).order_by("debtor_id")


def snapshots(
    tables: Tables, dates: Iterable[date], settings: FeatureSettings, sample: float | None = None
) -> pd.DataFrame:
    """Return the snapshots of several dates one below the other, by date and debtor id.

    Parameters
    ----------
    dates : iterable of date
        One pass per date: a cross join over dates takes as long and many times the memory.

    Returns
    -------
    pandas.DataFrame
        Numbers as float32, words as categories whose levels are the vocabulary's or, where the data decide,
        sorted; see :mod:`duewise.features.frame`.
    """
    features = available(tables, settings)
    parts = []
    for as_of in sorted(set(dates)):
        part = snapshot(tables, as_of, settings, sample).to_pyarrow()
        log.info("snapshot_built", as_of=str(as_of), debtors=part.num_rows, features=len(features))
        parts.append(part)
    return to_frame(parts, features)


def bucket(dpd: ibis.Value) -> ibis.Value:
    """Return the band of days past due."""
    *closed, last = Bucket
    return ibis.cases(*((dpd <= BUCKET_LIMITS[b], str(b)) for b in closed), else_=str(last))


def _event_tables(
    tables: Tables, as_of: date, settings: FeatureSettings, sample: float | None
) -> dict[str, ibis.Table]:
    """Return the known rows behind each source of formulas, each with ``debtor_id``."""
    owners = placed_accounts(tables, as_of, sample).select("account_id", "debtor_id")
    zone = settings.timezone
    sources = {
        "closed_accounts": closed_accounts(tables, as_of, sample),
        "payments": known_payments(tables, as_of, zone).inner_join(owners, "account_id"),
        "contacts": known_contacts(tables, as_of, zone),
        "promises": promises(tables, as_of, zone, sample),
        "flags": known_flags(tables, as_of),
    }
    if sample is not None and sample < 1:
        by_person = ("contacts", "promises", "flags")
        sources |= {name: sources[name].semi_join(owners, "debtor_id") for name in by_person}
    return sources


def _by_debtor(
    accounts: ibis.Table, wanted: Sequence[Definition], extras: dict[str, ibis.Value]
) -> ibis.Table:
    formulas = {d.name: d.formula(accounts) for d in wanted if d.source == "accounts"}
    return accounts.group_by("debtor_id").agg(**formulas, **extras)


def _join_aggregates(debtor: ibis.Table, events: ibis.Table, wanted: Sequence[Definition]) -> ibis.Table:
    """Return `debtor` with one column per formula over its `events`."""
    reduced = events.group_by("debtor_id").agg(**{d.name: d.formula(events) for d in wanted})
    joined = debtor.left_join(reduced, "debtor_id").drop("debtor_id_right")
    filled = {d.name: joined[d.name].coalesce(d.nothing) for d in wanted if d.nothing is not None}
    return joined.mutate(**filled)


def _join_profile(debtor: ibis.Table, tables: Tables, extras: Sequence[Feature]) -> ibis.Table:
    declared = {f.name: tables.debtors[f.needs[0][1]] for f in extras if f.needs[0][0] == Table.DEBTORS}
    profile = tables.debtors.select("debtor_id", *PROFILE, *CONTACT_POINTS, **declared)
    return debtor.left_join(profile, "debtor_id").drop("debtor_id_right")


def _largest_account_extras(accounts: ibis.Table, extras: Sequence[Feature]) -> dict[str, ibis.Value]:
    largest = accounts.size_rank == 0
    return {
        f.name: accounts[f.needs[0][1]].max(where=largest) for f in extras if f.needs[0][0] == Table.ACCOUNTS
    }


def _typed(debtor: ibis.Table, feature: Feature) -> ibis.Value:
    """Return a feature as models read it; half the memory of a double loses no information they use."""
    value = debtor[feature.name]
    return value if feature.is_category else value.cast("float32")
