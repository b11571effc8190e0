"""Feedback as rows of the contract: what people said about debtors enters the next night like any export.

The rows are judged by the acceptance of the tables they belong to, under names of their own, so that a
client's export and what was said about it are counted and put aside apart.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from duewise.config import Portfolio
from duewise.contracts.feedback import COLUMNS, FEEDBACK_FILE, Feedback, feedback_of, instant, row_of
from duewise.contracts.vocabulary import Channel, Direction, Outcome, Table
from duewise.errors import DataError
from duewise.sources.acceptance import Examined, examine_table
from duewise.sources.faults import Moments
from duewise.sources.mapping import match_columns
from duewise.sources.plan import plan_table
from duewise.sources.readers import ROW, RawColumn, Staged
from duewise.sources.report import FeedbackReport, SourceFile
from duewise.sources.sql import ident

SOURCE = "feedback"
"""Prefix of the names under which the rows are staged and put aside."""

FOR_MANAGERS = ("paid_elsewhere", "disagree")
"""Kinds that change no fact: managers read them, models and rules do not."""

REMARKS_SHOWN = 20

_OUTCOMES = {"wrong_number": Outcome.WRONG_PARTY, "promised": Outcome.PROMISE}
_FLAGS = {"disputes": "dispute", "hardship": "hardship", "do_not_contact": "cease_contact"}
_SCHEMAS: dict[Table, pa.Schema] = {
    Table.CONTACTS: pa.schema(
        [
            *((name, pa.string()) for name in ("contact_id", "debtor_id")),
            ("at", pa.timestamp("us")),
            *((name, pa.string()) for name in ("channel", "direction", "outcome")),
            ("promise_amount", pa.float64()),
            ("promise_due_on", pa.date32()),
            *((name, pa.string()) for name in ("agent_id", "note")),
            ("recorded_at", pa.timestamp("us")),
        ]
    ),
    Table.FLAGS: pa.schema(
        [
            ("debtor_id", pa.string()),
            ("flag", pa.string()),
            ("starts_at", pa.timestamp("us")),
            ("recorded_at", pa.timestamp("us")),
        ]
    ),
}
_ENGINE_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
}


@dataclass(frozen=True)
class JudgedFeedback:
    """The rows that remarks became, judged, and the report on them."""

    tables: tuple[Examined, ...]
    report: FeedbackReport


def judge_feedback(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, before: datetime, moments: Moments
) -> JudgedFeedback:
    """Judge what was said before an instant (naive UTC); the client's tables must have been judged.

    Raises
    ------
    DataError
        When there is a store that cannot be read.
    """
    path = portfolio.publish.runs / FEEDBACK_FILE
    remarks = read_remarks(path, before)
    if not remarks:
        return JudgedFeedback((), FeedbackReport())
    digest = content_hash(remarks)
    file = SourceFile(path, digest, path.stat().st_size)
    # What a client's mapping renames and translates are the client's columns, not these.
    unmapped = portfolio.model_copy(update={"mapping": {}})
    judged = []
    for table, rows in contract_rows(remarks).items():
        if rows:
            staged = _stage(con, table, rows, file)
            matched, _ = match_columns(unmapped, staged)
            plan = plan_table(unmapped, staged, matched, source=SOURCE)
            judged.append(examine_table(con, staged, plan, moments))
    return JudgedFeedback(
        tuple(judged),
        FeedbackReport(
            sha256=digest,
            kinds=dict(sorted(Counter(remark.kind for remark in remarks).items())),
            tables={examined.plan.table: examined.report for examined in judged},
            for_managers=_for_managers(remarks),
        ),
    )


def read_remarks(path: Path, before: datetime) -> list[Feedback]:
    """Return what the store at `path` heard before an instant (naive UTC), by time, then by content.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    if not path.exists():
        return []
    query = f"SELECT {', '.join(COLUMNS)} FROM feedback WHERE at < ?"
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as con:
            rows = con.execute(query, (instant(before.replace(tzinfo=UTC)),)).fetchall()
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: the feedback cannot be read ({error}). Put a good copy back, or move the file away "
            "to decide without it."
        ) from error
    return sorted((feedback_of(row) for row in rows), key=_content)


def content_hash(remarks: Iterable[Feedback]) -> str:
    """Return a hash of what was said; the order in which the store holds it does not count."""
    return hashlib.sha256("\n".join(sorted(map(_content, remarks))).encode()).hexdigest()


def contract_rows(remarks: Sequence[Feedback]) -> dict[Table, list[dict[str, Any]]]:
    """Return the rows of ``contacts`` and ``flags`` that remarks stand for.

    A wrong number and a promise are contacts, on the telephone where no channel is named; a dispute,
    hardship and the wish not to be contacted are flags. The rest states no fact and gives no row.
    """
    return {
        Table.CONTACTS: [_contact(remark) for remark in remarks if remark.kind in _OUTCOMES],
        Table.FLAGS: [_flag(remark) for remark in remarks if remark.kind in _FLAGS],
    }


def add_feedback(con: duckdb.DuckDBPyConnection, judged: JudgedFeedback) -> None:
    """Add the accepted rows to the loaded tables ``main.contacts`` and ``main.flags``.

    Contacts that a client's export brings back are there already. A flag holds until the client's own
    table knows the same flag of the debtor: from then on the books say how long.
    """
    for examined in judged.tables:
        table, accepted = examined.plan.table, examined.accepted
        if table is Table.CONTACTS:
            con.execute(
                f"INSERT INTO main.{table} BY NAME "
                f"FROM {accepted} AS said ANTI JOIN main.{table} USING (contact_id)"
            )
        else:
            con.execute(
                f"INSERT INTO main.{table} BY NAME SELECT said.* REPLACE (("
                "SELECT min(greatest(books.starts_at, coalesce(books.recorded_at, books.starts_at))) "
                f"FROM main.{table} AS books WHERE books.debtor_id = said.debtor_id "
                "AND books.flag = said.flag AND books.starts_at >= date_trunc('day', said.starts_at) "
                f") AS ends_at) FROM {accepted} AS said"
            )


def _contact(remark: Feedback) -> dict[str, Any]:
    at = _naive(remark)
    return {
        "contact_id": _row_id(remark),
        "debtor_id": remark.debtor_id,
        "at": at,
        "channel": remark.channel or Channel.CALL,
        "direction": Direction.OUTBOUND,
        "outcome": _OUTCOMES[remark.kind],
        "promise_amount": remark.amount if remark.kind == "promised" else None,
        "promise_due_on": remark.due_on if remark.kind == "promised" else None,
        "agent_id": remark.author,
        "note": remark.note or None,
        "recorded_at": at,
    }


def _flag(remark: Feedback) -> dict[str, Any]:
    flag = _FLAGS[remark.kind]
    if remark.kind == "do_not_contact" and remark.channel is not None:
        flag = f"opt_out:{remark.channel}"
    at = _naive(remark)
    return {"debtor_id": remark.debtor_id, "flag": flag, "starts_at": at, "recorded_at": at}


def _naive(remark: Feedback) -> datetime:
    return remark.at.astimezone(UTC).replace(tzinfo=None)


def _row_id(remark: Feedback) -> str:
    return f"feedback-{hashlib.sha256(_content(remark).encode()).hexdigest()[:24]}"


def _content(remark: Feedback) -> str:
    """Return a remark as one line that begins with its time."""
    return json.dumps(row_of(remark))


def _for_managers(remarks: Sequence[Feedback]) -> tuple[dict[str, str], ...]:
    """Return the newest remarks that change no fact, newest first."""
    told = [remark for remark in remarks if remark.kind in FOR_MANAGERS][-REMARKS_SHOWN:]
    return tuple(
        {
            "at": instant(remark.at),
            "author": remark.author,
            "as_of": remark.as_of.isoformat(),
            "debtor_id": remark.debtor_id,
            "kind": remark.kind,
            "note": remark.note,
        }
        for remark in reversed(told)
    )


def _stage(
    con: duckdb.DuckDBPyConnection, table: Table, rows: list[dict[str, Any]], file: SourceFile
) -> Staged:
    schema = _SCHEMAS[table]
    relation = f"staging.raw_{SOURCE}_{table}"
    said = pa.Table.from_pylist(rows, schema=schema)
    con.register("said", said)
    con.execute(f"CREATE TABLE {relation} AS SELECT *, (row_number() OVER ())::BIGINT AS {ROW} FROM said")
    con.unregister("said")
    columns = tuple(RawColumn(field.name, ident(field.name), _ENGINE_TYPES[field.type]) for field in schema)
    return Staged(table, relation, columns, (file,))
