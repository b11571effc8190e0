"""What of the worklist is looked at: filters, search, sort and place, all of it in the address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from duewise.contracts.strategies import ACTIONS
from duewise.contracts.vocabulary import Bucket, Offer, Queue, Segment, Stage
from duewise.web.refusals import BadRequestError

PAGE_ROWS = 50
LONGEST_SEARCH = 200

FILTERS: dict[str, tuple[str, ...] | None] = {
    "queue": tuple(map(str, Queue)),
    "stage": tuple(map(str, Stage)),
    "bucket": tuple(map(str, Bucket)),
    "region": None,
    "action": ACTIONS,
    "segment": tuple(map(str, Segment)),
    "offer": tuple(map(str, Offer)),
}
"""Columns that can be filtered by, with the values that they may have; None: any text."""

SORTS: dict[str, str] = {
    "rank": "rank",
    "owed": "balance",
    "dpd": "dpd",
    "gain": "gain",
    "net_gain": "net_gain",
    "expected": "expected_recovery_{first}d",
    "chance": "p_repay_{first}d",
}
"""What the list can be sorted by, and the column behind it; all but the rank run from the largest down."""


@dataclass(frozen=True)
class Place:
    """A row from which the list goes on: its sort key (rank apart) and its rank."""

    key: float
    rank: int

    def __str__(self) -> str:
        return f"{self.key!r}~{self.rank}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """Return the place that `text` writes.

        Raises
        ------
        BadRequestError
            When it writes none.
        """
        key, _, rank = text.partition("~")
        try:
            place = cls(float(key), int(rank))
        except ValueError as error:
            raise BadRequestError("place") from error
        if place.key != place.key or not 0 <= place.rank < 2**62:
            raise BadRequestError("place")
        return place


@dataclass(frozen=True)
class View:
    """One look at the worklist.

    Attributes
    ----------
    filters : tuple of (column, values)
        A row is in when each column has one of its values.
    search : str
        Part of a debtor's id.
    after, before : Place or None
        Rows beyond this one, or up to it; at most one of them is set.
    """

    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    search: str = ""
    sort: str = "rank"
    after: Place | None = None
    before: Place | None = None

    @classmethod
    def of(cls, query: Any) -> "View":
        """Return the view that a query string asks for.

        Parameters
        ----------
        query : starlette QueryParams
            Names beside those of a view are left to others.

        Raises
        ------
        BadRequestError
            For a sort, a value or a place that does not exist.
        """
        filters = []
        for column, allowed in FILTERS.items():
            values = tuple(dict.fromkeys(value for value in query.getlist(column) if value))
            if allowed is not None and not set(values) <= set(allowed):
                raise BadRequestError("filter")
            if values:
                filters.append((column, values))
        sort = query.get("sort") or "rank"
        if sort not in SORTS:
            raise BadRequestError("sort")
        after, before = query.get("after"), query.get("before")
        return cls(
            filters=tuple(filters),
            search=(query.get("q") or "").strip()[:LONGEST_SEARCH],
            sort=sort,
            after=Place.read(after) if after else None,
            before=Place.read(before) if before and not after else None,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.filters or self.search)

    def values(self, column: str) -> tuple[str, ...]:
        """Return what `column` is filtered by."""
        return dict(self.filters).get(column, ())

    def without_place(self) -> "View":
        """Return the same view from its first row."""
        return replace(self, after=None, before=None)

    def query(self, **more: object) -> str:
        """Return the view as a query string; `more` is added, or left out where it is None."""
        pairs: list[tuple[str, object]] = [
            (column, value) for column, values in self.filters for value in values
        ]
        if self.search:
            pairs.append(("q", self.search))
        if self.sort != "rank":
            pairs.append(("sort", self.sort))
        pairs += [(name, place) for name, place in (("after", self.after), ("before", self.before)) if place]
        pairs = [(name, value) for name, value in pairs if name not in more]
        pairs += [(name, value) for name, value in more.items() if value is not None]
        return urlencode(pairs)


def sort_column(view: View, horizons: list[int]) -> str:
    """Return the column that a view is sorted by."""
    return SORTS[view.sort].format(first=horizons[0])


def scope_filters(scope: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a team's scope as filters; a column without values leaves everything in."""
    return tuple((column, values) for column, values in sorted(scope.items()) if values)
