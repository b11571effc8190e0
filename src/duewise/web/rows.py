"""Questions to a night's rows: DuckDB over the published parquet, values only as parameters.

One process-wide connection on one thread per question: twenty readers then share the cores instead of
fighting for them, and a question that was just answered is answered from memory.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from duewise.publish.details_file import DETAILS, TIMELINE
from duewise.publish.published_run import STRATEGIES
from duewise.web.nights import Night
from duewise.web.remembered import Remembered
from duewise.web.view import PAGE_ROWS, Place, View, scope_filters, sort_column

Row = dict[str, Any]
Scope = Mapping[str, tuple[str, ...]]

LIST_COLUMNS = (
    "rank",
    "debtor_id",
    "queue",
    "balance",
    "dpd",
    "stage",
    "action",
    "window_start",
    "window_end",
    "offer",
    "offer_amount",
    "offer_months",
    "gain",
    "net_gain",
    "reason_1",
    "reason_2",
)
_LOWEST = -1.7e308
"""Stands for nothing known when the largest come first."""

_REMEMBERED = 400
_LARGEST_REMEMBERED = 500  # rows


class Rows:
    """Answers questions about the rows of any night under `runs`."""

    def __init__(self, runs: Path, memory_mib: int = 256) -> None:
        self._con = duckdb.connect(
            config={
                "threads": 1,
                "memory_limit": f"{memory_mib}MiB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        self._con.execute("SET TimeZone = 'UTC'")
        self._con.execute("SET parquet_metadata_cache = true")
        # Whatever a question might be made to ask, it reaches no file but the runs.
        self._con.execute("SET allowed_directories = [?]", [str(runs.resolve())])
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")
        self._answers: Remembered[list[Row]] = Remembered(_REMEMBERED)

    def ask(self, nights: Sequence[Night], sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows that `sql` selects; `{0}`, `{1}` … stand for the strategies of the nights.

        Parameters
        ----------
        sql : str
            Written in this package; whatever comes from outside is in `values`, one per question mark.
        """
        return self._ask(nights, [night.folder / STRATEGIES for night in nights], sql, values)

    def _ask(
        self, nights: Sequence[Night], files: Sequence[Path], sql: str, values: Sequence[Any]
    ) -> list[Row]:
        key = (*((night.name, night.run_id, night.stamp) for night in nights), *files, sql, *values)
        known = self._answers.get(key)
        if known is not None:
            return known
        question = sql.format(*(_quoted(file.resolve()) for file in files))
        found = self._con.cursor().execute(question, list(values))
        rows: list[Row] = found.to_arrow_table().to_pylist()
        if len(rows) <= _LARGEST_REMEMBERED:
            self._answers.put(key, rows)
        return rows

    def page(self, night: Night, view: View, scope: Scope, rows: int = PAGE_ROWS) -> list[Row]:
        """Return the rows of a view in its order, one more than `rows` where there are more."""
        return self._listed(night, view, scope, LIST_COLUMNS, rows + 1)

    def every(self, night: Night, view: View, scope: Scope, columns: Sequence[str], most: int) -> list[Row]:
        """Return rows of a view from its place on, at most `most`."""
        return self._listed(night, view, scope, columns, most)

    def size(self, night: Night, view: View, scope: Scope) -> Row:
        """Return how many debtors a view holds, what they owe, and for how many something is planned."""
        where, values = _where(view.filters, view.search, scope)
        sql = f"""SELECT count(*) AS debtors, round(coalesce(sum(balance), 0), 2) AS balance,
                         count(*) FILTER (action <> 'none') AS planned
                  FROM {{0}} WHERE {where}"""
        return self.ask([night], sql, values)[0]

    def totals(self, night: Night, scope: Scope) -> Row:
        """Return what a night decided, in sums."""
        where, values = _where((), "", scope)
        first = night.horizons[0]
        sql = f"""
            SELECT count(*) AS debtors, round(coalesce(sum(balance), 0), 2) AS balance,
                   count(*) FILTER (action <> 'none') AS planned,
                   round(coalesce(sum(cost) FILTER (action <> 'none'), 0), 2) AS cost,
                   round(sum(gain) FILTER (action <> 'none'), 2) AS gain,
                   round(sum(net_gain) FILTER (action <> 'none'), 2) AS net_gain,
                   round(sum(expected_recovery_{first}d), 2) AS expected,
                   count(*) FILTER (len(denied) > 0) AS some_denied
            FROM {{0}} WHERE {where}"""
        return self.ask([night], sql, values)[0]

    def counts(self, night: Night, columns: Sequence[str], scope: Scope) -> dict[str, list[Row]]:
        """Return for each column its values with debtors, planned actions and money owed."""
        where, values = _where((), "", scope)
        return {
            column: self.ask(
                [night],
                f"""SELECT {column} AS value, count(*) AS debtors, sum(balance) AS balance,
                           count(*) FILTER (action <> 'none') AS planned, min(rank) AS first
                    FROM {{0}} WHERE {where} AND {column} IS NOT NULL GROUP BY 1 ORDER BY 1""",
                values,
            )
            for column in columns
        }

    def cross(self, night: Night, row: str, column: str, scope: Scope) -> list[Row]:
        """Return debtors and money owed for each pair of values of two columns."""
        where, values = _where((), "", scope)
        sql = f"""SELECT {row}, {column}, count(*) AS debtors, sum(balance) AS balance
                  FROM {{0}} WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2"""
        return self.ask([night], sql, values)

    def moves(self, before: Night, after: Night, scope: Scope) -> Row:
        """Return what changed between two nights: who is new, gone, moved on, paid, or treated otherwise."""
        where, values = _where((), "", scope)
        columns = "debtor_id, stage, action, balance"
        sql = f"""
            SELECT count(*) FILTER (a.debtor_id IS NULL) AS fresh,
                   coalesce(sum(b.balance) FILTER (a.debtor_id IS NULL), 0) AS fresh_owed,
                   count(*) FILTER (b.debtor_id IS NULL) AS gone,
                   coalesce(sum(a.balance) FILTER (b.debtor_id IS NULL), 0) AS gone_owed,
                   count(*) FILTER (a.stage <> b.stage) AS moved,
                   count(*) FILTER (a.action <> b.action) AS changed,
                   count(*) FILTER (b.balance < a.balance) AS paid,
                   coalesce(sum(a.balance - b.balance) FILTER (b.balance < a.balance), 0) AS paid_sum
            FROM (SELECT {columns} FROM {{0}} WHERE {where}) a
            FULL JOIN (SELECT {columns} FROM {{1}} WHERE {where}) b USING (debtor_id)"""
        return self.ask([before, after], sql, [*values, *values])[0]

    def past(self, nights: Sequence[Night], debtor_id: str, scope: Scope) -> list[Row]:
        """Return the scores of a debtor on each of `nights` that holds him, oldest first."""
        found = []
        for night in nights:
            where, values = _where((), "", scope)
            first = night.horizons[0]
            sql = f"""SELECT as_of, balance, dpd, stage, action, gain, ability, willingness,
                             p_repay_{first}d AS chance, expected_recovery_{first}d AS expected
                      FROM {{0}} WHERE debtor_id = ? AND {where}"""
            found += self.ask([night], sql, [debtor_id, *values])
        return found

    def debtor(self, night: Night, debtor_id: str, scope: Scope) -> Row | None:
        """Return the whole row of a debtor; None where the night, or the scope, does not hold him."""
        where, values = _where((), "", scope)
        found = self.ask(
            [night], f"SELECT * FROM {{0}} WHERE debtor_id = ? AND {where}", [debtor_id, *values]
        )
        return found[0] if found else None

    def details(self, night: Night, debtor_id: str) -> Row | None:
        """Return what explains a debtor beyond his row; None where the night wrote none."""
        found = self._beside(night, DETAILS, debtor_id, "debtor_id")
        return found[0] if found else None

    def translated_reasons(self, night: Night, language: str, debtors: Sequence[str]) -> dict[str, list[str]]:
        """Return the reasons of some debtors in a language that is not the night's; none where unwritten."""
        path = night.beside(DETAILS)
        if path is None or language == night.owner["language"] or not debtors:
            return {}
        column = f"reasons_{language}"
        marks = ", ".join("?" * len(debtors))
        sql = f"SELECT debtor_id, {column} AS reasons FROM {{0}} WHERE debtor_id IN ({marks})"
        try:
            found = self._ask([night], [path], sql, list(debtors))
        except duckdb.BinderException:
            return {}  # the model of that night gave no reasons
        return {row["debtor_id"]: row["reasons"] for row in found}

    def timeline(self, night: Night, debtor_id: str) -> list[Row] | None:
        """Return what happened lately, the newest first; None where the night wrote no events."""
        return self._beside(night, TIMELINE, debtor_id, '"at" DESC, kind, channel, amount')

    def _beside(self, night: Night, name: str, debtor_id: str, order: str) -> list[Row] | None:
        path = night.beside(name)
        if path is None:
            return None
        sql = f"SELECT * FROM {{0}} WHERE debtor_id = ? ORDER BY {order}"
        return self._ask([night], [path], sql, [debtor_id])

    def _listed(self, night: Night, view: View, scope: Scope, columns: Sequence[str], most: int) -> list[Row]:
        where, values = _where(view.filters, view.search, scope)
        column = sort_column(view, night.horizons)
        by_rank = column == "rank"
        key = "rank" if by_rank else f"coalesce({column}, {_LOWEST})"
        place, backwards = (view.before, True) if view.before else (view.after, False)
        if place is not None:
            where += f" AND {_beyond(key, by_rank, backwards)}"
            values += [place.rank] if by_rank else [place.key, place.key, place.rank]
        order = "rank" if by_rank else f"{key} {'ASC' if backwards else 'DESC'}, rank"
        order += " DESC" if backwards else ""
        # First which rows, from the columns that decide it; then all of their columns, for sorting wide rows
        # takes ten times as long. The file is in the order of the ranks, so by rank one pass is enough.
        read = columns if by_rank else ("rank",)
        sql = f"SELECT {', '.join(read)}, {key} AS place FROM {{0}} WHERE {where} ORDER BY {order} LIMIT ?"
        found = self.ask([night], sql, [*values, most])
        ordered = found[::-1] if backwards else found
        return ordered if by_rank else self._widened(night, ordered, columns)

    def _widened(self, night: Night, places: list[Row], columns: Sequence[str]) -> list[Row]:
        """Return the rows at some ranks with more of their columns, in the same order."""
        if not places:
            return []
        ranks = sorted(row["rank"] for row in places)
        marks = ", ".join("?" * len(ranks))
        sql = f"SELECT {', '.join(columns)} FROM {{0}} WHERE rank IN ({marks})"
        wide = {row["rank"]: row for row in self.ask([night], sql, ranks)}
        return [{**wide[row["rank"]], "place": row["place"]} for row in places]


def place_of(row: Row) -> Place:
    """Return the place of a row in the list that it was read from."""
    return Place(float(row["place"]), int(row["rank"]))


def _beyond(key: str, by_rank: bool, backwards: bool) -> str:
    if by_rank:
        return f"rank {'<' if backwards else '>'} ?"
    further, later = (">", "<") if backwards else ("<", ">")
    return f"({key} {further} ? OR ({key} = ? AND rank {later} ?))"


def _where(
    filters: Sequence[tuple[str, tuple[str, ...]]], search: str, scope: Scope
) -> tuple[str, list[Any]]:
    """Return the condition of a view within a scope, and its values."""
    parts, values = ["true"], list[Any]()
    for column, allowed in (*filters, *scope_filters(scope)):
        parts.append(f"{column} IN ({', '.join('?' * len(allowed))})")
        values += allowed
    if search:
        parts.append("contains(lower(debtor_id), lower(?))")
        values.append(search)
    return " AND ".join(parts), values


def _quoted(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "')"
