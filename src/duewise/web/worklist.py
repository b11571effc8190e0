"""The worklist: filtered, sorted and paged by the address, and the same rows as CSV or workbook."""

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from duewise.contracts.columns import Kind
from duewise.contracts.labels import code_label, column_label
from duewise.contracts.spreadsheet_text import spreadsheet_text
from duewise.contracts.strategies import strategies_schema
from duewise.publish.strategies_file import arrow_schema
from duewise.publish.workbook import MAX_ROWS, write_workbook
from duewise.web.rows import Row, place_of
from duewise.web.site import address_of
from duewise.web.view import FILTERS, PAGE_ROWS, SORTS, Place, View, scope_filters
from duewise.web.visit import Visit

_WORKBOOK = "worklist.xlsx"
_NESTED = {Kind.REASON, Kind.DENIALS}
_LABELLED = {"follow_up_action": "action", "runner_up_action": "action"}


def worklist(visit: Visit) -> Response:
    """Return one page of the list."""
    view = View.of(visit.request.query_params)
    site, night = visit.site, visit.night
    found = site.rows.page(night, view, visit.scope)
    more = len(found) > PAGE_ROWS
    # Read backwards, the row too many is the first one.
    shown = (found[1:] if view.before else found[:PAGE_ROWS]) if more else found
    site.access.write(
        visit.user.name if visit.user else "",
        address_of(visit.request),
        "worklist",
        night.name,
        [row["debtor_id"] for row in shown],
    )
    return visit.render("worklist.html.j2", night=night, content=_content(visit, view, shown, more))


def _content(visit: Visit, view: View, shown: list[Row], more: bool) -> Markup:
    """Return the list with its filters; made once for all who may see the same of it."""
    site, night = visit.site, visit.night
    role = None if visit.user is None else visit.user.role
    asked = (night.name, night.run_id, night.stamp, visit.request.url.query, *scope_filters(visit.scope))
    known = site.lists.get((asked, visit.language, role))
    if known is not None:
        return known
    content = visit.fragment(
        "list.html.j2",
        night=night,
        view=view,
        rows=visit.speak(night, shown),
        totals=site.rows.size(night, view, visit.scope),
        counts=site.rows.counts(night, list(FILTERS), visit.scope),
        filters=FILTERS,
        sorts=[name for name in SORTS if name != "rank"],
        earlier=_earlier(view, shown, more),
        later=_later(view, shown, more),
    )
    site.lists.put((asked, visit.language, role), content)
    return content


def as_csv(visit: Visit) -> Response:
    """Return every row of the view as CSV, in UTF-8 with the mark by which Excel knows it."""
    view, night = View.of(visit.request.query_params).without_place(), visit.night
    columns = [
        name
        for name, column in strategies_schema(night.horizons).columns.items()
        if column.metadata["kind"] not in _NESTED
    ]
    _log_export(visit, "csv")
    name = f"worklist-{night.name}.csv"
    return StreamingResponse(
        _csv(visit, view, columns),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def as_workbook(visit: Visit) -> Response:
    """Return the night's own workbook; a narrowed view gets one of its own."""
    view, night = View.of(visit.request.query_params).without_place(), visit.night
    _log_export(visit, "workbook")
    name = f"worklist-{night.name}.xlsx"
    published = night.beside(_WORKBOOK)
    if published is not None and not view.narrowed and view.sort == "rank" and not _scoped(visit):
        return FileResponse(published, filename=name)
    schema = arrow_schema(night.horizons)
    rows = visit.site.rows.every(night, view, visit.scope, schema.names, MAX_ROWS)
    owner = night.owner
    folder = tempfile.TemporaryDirectory(prefix="duewise-export-")
    path = Path(folder.name) / name
    write_workbook(
        path,
        pa.Table.from_pylist(rows, schema=schema),
        language=visit.language,
        currency=owner["currency"],
        horizons=night.horizons,
        timezone=owner["timezone"],
        title=f"{owner['name']} · {night.name}",
    )
    return FileResponse(path, filename=name, background=BackgroundTask(folder.cleanup))


def _csv(visit: Visit, view: View, columns: list[str]) -> Iterator[str]:
    yield "\ufeff" + _line([column_label(name, visit.language) for name in columns])
    place = None
    while True:
        found = visit.site.rows.every(
            visit.night, replace(view, after=place), visit.scope, columns, _ROWS_AT_ONCE
        )
        for row in found:
            yield _line([_cell(row[name], name, visit.language) for name in columns])
        if len(found) < _ROWS_AT_ONCE:
            return
        place = place_of(found[-1])


_ROWS_AT_ONCE = 5_000


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: Any, column: str, language: str) -> Any:
    """Return a value as it stands in the file; text that a spreadsheet would run as a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return spreadsheet_text(code_label(_LABELLED.get(column, column), value, language))
    return value.isoformat() if hasattr(value, "isoformat") else value


def _earlier(view: View, shown: list[Row], more: bool) -> Place | None:
    """Return where the page before ends; None on the first one."""
    first = view.after is None and (view.before is None or not more)
    return None if first or not shown else place_of(shown[0])


def _later(view: View, shown: list[Row], more: bool) -> Place | None:
    """Return where the next page begins; None on the last one."""
    last = view.before is None and not more
    return None if last or not shown else place_of(shown[-1])


def _scoped(visit: Visit) -> bool:
    return visit.user is not None and visit.user.scoped


def _log_export(visit: Visit, what: str) -> None:
    user = visit.user.name if visit.user else ""
    visit.site.access.write(
        user, address_of(visit.request), f"export_{what}", visit.night.name, view=visit.request.url.query
    )
