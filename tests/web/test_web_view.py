"""Laws of the list: any way of paging through it shows every row once, in the order of a plain sort."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from duewise.web.nights import Nights
from duewise.web.rows import Rows, place_of
from duewise.web.view import FILTERS, SORTS, Place, View, sort_column
from page_visits import NIGHTS

SEARCHES = ["", "D00", "9", "nobody"]


@pytest.fixture(scope="module")
def rows(runs):
    return Rows(runs)


@pytest.fixture(scope="module")
def night(runs):
    return Nights(runs).get(None)


@pytest.fixture(scope="module")
def frame(runs):
    return pq.read_table(runs / NIGHTS[-1].isoformat() / "strategies.parquet").to_pandas()


def views() -> st.SearchStrategy[View]:
    filters = st.fixed_dictionaries(
        {},
        optional={
            column: st.lists(st.sampled_from(allowed), min_size=1, max_size=3, unique=True).map(tuple)
            for column, allowed in {**FILTERS, "region": ("CN-BJ", "CN-SC")}.items()
            if allowed
        },
    )
    return st.builds(
        lambda chosen, search, sort: View(tuple(chosen.items()), search, sort),
        filters,
        st.sampled_from(SEARCHES),
        st.sampled_from(list(SORTS)),
    )


@settings(max_examples=25, deadline=None)
@given(view=views(), size=st.integers(7, 60))
def test_pages_forward_and_back_are_the_sorted_list(rows, night, frame, view, size):
    column = sort_column(view, night.horizons)
    fit = frame[frame.debtor_id.str.contains(view.search, case=False, regex=False)]
    for name, values in view.filters:
        fit = fit[fit[name].isin(values)]
    ordered = fit.sort_values([column, "rank"], ascending=[column == "rank", True], na_position="last")
    expected = ordered.debtor_id.tolist()

    forward, place = [], None
    while True:
        found = rows.page(night, replace(view, after=place), {}, size)
        forward += [row["debtor_id"] for row in found[:size]]
        if len(found) <= size:
            break
        place = place_of(found[size - 1])
    assert forward == expected
    if place is None:
        return
    last = rows.page(night, replace(view, after=place), {}, size)
    back = rows.page(night, replace(view, before=place_of(last[0])), {}, len(expected))
    assert [row["debtor_id"] for row in back] == expected[: len(expected) - len(last)]
    assert rows.size(night, view, {})["debtors"] == len(expected)


@given(view=views(), key=st.floats(allow_nan=False), rank=st.integers(0, 2**40))
def test_a_view_survives_its_address(view, key, rank):
    placed = replace(view, after=Place(key, rank))
    assert View.of(QueryParams(placed.query())) == replace(
        placed,
        filters=tuple((name, dict(view.filters)[name]) for name in FILTERS if name in dict(view.filters)),
    )
