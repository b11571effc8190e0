"""What the page tells of each debtor beyond his strategy: shares of the reasons, intervals, events."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.strategies import REASON_COUNT
from duewise.contracts.vocabulary import LANGUAGES
from duewise.explain.explanation import Explanation
from duewise.features.point_in_time import in_window, known
from duewise.pipelines.action_reasons import action_reasons
from duewise.pipelines.decision import DecidedNight
from duewise.pipelines.explanation import reasons_in
from duewise.publish.details_file import EFFECT
from duewise.sources.tables import Tables

Floats = NDArray[np.float64]

EVENT_DAYS = 365
EVENTS_PER_DEBTOR = 20
"""Enough to see how somebody pays and answers; the whole history stays with the client."""


def debtor_details(
    portfolio: Portfolio,
    tables: Tables,
    debtors: pd.DataFrame,
    explained: Explanation | None,
    decided: DecidedNight,
    expected_recovery: Floats,
    intervals: tuple[Floats, Floats],
) -> dict[str, Any]:
    """Return the columns of ``details.parquet``, in the order of `debtors`.

    ``base_chance`` and ``reason_shares`` add up to the chance of repaying, but for all that is no reason;
    ``effects`` are the intervals of what actions add; ``reasons_<language>`` and ``action_reason_<language>``
    say in the other language what the strategies say in the portfolio's.
    """
    others = [str(language) for language in LANGUAGES if language != portfolio.portfolio.language]
    columns: dict[str, Any] = {
        "debtor_id": pa.array(debtors["debtor_id"], pa.string()),
        "effects": _effects(decided.values.actions, intervals),
    }
    for language in others:
        columns[f"action_reason_{language}"] = action_reasons(
            portfolio,
            debtors["dpd"].to_numpy(dtype=np.int64),
            expected_recovery,
            decided,
            intervals,
            language,
        )
    if explained is None:
        return columns
    columns["base_chance"] = pa.array(np.full(len(debtors), explained.shares.base))
    columns["reason_shares"] = _lists(pa.array(explained.shares.reasons.ravel()), REASON_COUNT)
    for language in others:
        reasons = reasons_in(explained, debtors, tables, portfolio, language)
        texts = [pc.struct_field(column.combine_chunks(), "text") for column in reasons.values()]
        columns[f"reasons_{language}"] = _lists(_interleaved(texts), len(texts))
    return columns


def write_timeline(path: Path, tables: Tables, as_of: date, debtors: Sequence[str]) -> None:
    """Write ``timeline.parquet``: the latest contacts and bookings of each debtor that the night knew of.

    Streamed by the engine: a million debtors have more events than fit into memory.
    """
    contacts = known(tables.contacts, as_of)
    payments = known(tables.payments, as_of)
    owners = tables.accounts.select("account_id", "debtor_id")
    said = contacts.filter(in_window(contacts, EVENT_DAYS)).select(
        "debtor_id",
        "at",
        kind=ibis.literal("contact"),
        channel="channel",
        outcome="outcome",
        amount="promise_amount",
        due_on="promise_due_on",
    )
    booked = (
        payments.filter(in_window(payments, EVENT_DAYS))
        .join(owners, "account_id")
        .select(
            "debtor_id",
            "at",
            kind="kind",
            channel=ibis.null("string"),
            outcome=ibis.null("string"),
            amount="amount",
            due_on=ibis.null("date"),
        )
    )
    columns = ["debtor_id", "at", "kind", "channel", "outcome", "amount", "due_on"]
    events = said.union(booked).semi_join(ibis.memtable({"debtor_id": list(debtors)}), "debtor_id")
    order = [ibis.desc("at"), *columns[2:]]
    latest = ibis.row_number().over(group_by="debtor_id", order_by=order)
    kept = events.mutate(place=latest).filter(ibis._.place < EVENTS_PER_DEBTOR)
    tables.con.to_parquet(
        kept.order_by("debtor_id", *order).select(*columns),
        path,
        compression="zstd",
        row_group_size=100_000,
    )


def _effects(actions: Sequence[str], intervals: tuple[Floats, Floats]) -> pa.ListArray:
    """Return the known intervals of each debtor as a list of structs."""
    low, high = intervals
    row, column = np.nonzero(np.isfinite(low) & np.isfinite(high))
    counts = np.bincount(row, minlength=len(low))
    names = pa.array(np.asarray(actions, dtype=object), pa.string()).take(pa.array(column))
    values = pa.StructArray.from_arrays(
        [names, pa.array(low[row, column]), pa.array(high[row, column])], fields=list(EFFECT)
    )
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32()), values)


def _lists(flat: pa.Array, size: int) -> pa.ListArray:
    """Return consecutive values of `flat` as lists of `size`."""
    return pa.ListArray.from_arrays(pa.array(np.arange(0, len(flat) + 1, size), pa.int32()), flat)


def _interleaved(columns: Sequence[pa.Array]) -> pa.Array:
    """Return the first values of all columns, then the second ones, and so on."""
    n, k = len(columns[0]), len(columns)
    place = (np.arange(n)[:, None] + n * np.arange(k)[None, :]).ravel()
    return pa.concat_arrays(columns).take(pa.array(place))
