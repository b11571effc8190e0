"""Tonight at a glance: what was decided, where money and trouble are, what changed since the last night."""

from typing import Any

from starlette.responses import Response

from duewise.contracts.vocabulary import Bucket, Queue, Stage
from duewise.web.charts import filled, stacked
from duewise.web.findings import latest_evaluation
from duewise.web.nights import Night
from duewise.web.rows import Row
from duewise.web.view import View
from duewise.web.visit import Visit

_FIRST_DEBTORS = 5
_RULES_SHOWN = 6
_NIGHTS_BACK = 60
_CAPACITY_WIDTH = 160.0


def tonight(visit: Visit) -> Response:
    """Return the first page that a manager opens."""
    if not visit.site.nights.dates():
        return visit.render("no_night.html.j2")
    night = visit.night
    before = visit.site.nights.before(night)
    totals = visit.site.rows.totals(night, visit.scope)
    first = visit.site.rows.page(night, View(), visit.scope, _FIRST_DEBTORS)
    manifest = night.manifest
    return visit.render(
        "tonight.html.j2",
        night=night,
        before=before,
        totals=totals,
        earlier=None if before is None else visit.site.rows.totals(before, visit.scope),
        moves=None if before is None else visit.site.rows.moves(before, night, visit.scope),
        manifest=manifest,
        first_horizon=night.horizons[0],
        queues=_queues(visit, night),
        first=visit.speak(night, first[:_FIRST_DEBTORS]),
        where=_where(visit, night),
        stages=[str(stage) for stage in Stage],
        capacities=_capacities(manifest),
        capacity_width=_CAPACITY_WIDTH,
        denials=_denials(manifest),
        evaluation=latest_evaluation(visit.site.nights.up_to(night, _NIGHTS_BACK)),
        cells=visit.site.rows.counts(night, ["cell"], visit.scope)["cell"],
    )


def _queues(visit: Visit, night: Night) -> list[Row]:
    """Return the queues in which somebody stands, in the order in which they are worked."""
    found = {row["value"]: row for row in visit.site.rows.counts(night, ["queue"], visit.scope)["queue"]}
    return [found[str(queue)] for queue in Queue if str(queue) in found]


def _where(visit: Visit, night: Night) -> list[dict[str, Any]]:
    """Return what is owed in each bucket, by stage, as a table and as bars."""
    owed = {str(bucket): [0.0] * len(Stage) for bucket in Bucket}
    debtors = dict.fromkeys(owed, 0)
    places = {str(stage): i for i, stage in enumerate(Stage)}
    for row in visit.site.rows.cross(night, "bucket", "stage", visit.scope):
        owed[row["bucket"]][places[row["stage"]]] += row["balance"]
        debtors[row["bucket"]] += row["debtors"]
    kept = {bucket: values for bucket, values in owed.items() if debtors[bucket]}
    bars = stacked(kept)
    return [
        {"bucket": bucket, "owed": sum(values), "debtors": debtors[bucket], "parts": bars[bucket]}
        for bucket, values in kept.items()
    ]


def _capacities(manifest: Any) -> list[dict[str, Any]]:
    rows = [row for row in manifest.get("capacities", ()) if row["planned"] or row["limit"] is not None]
    return [
        {
            **row,
            "filled": filled(row["planned"], row["limit"], _CAPACITY_WIDTH),
            "full": row["limit"] is not None and row["planned"] >= row["limit"] * 0.999 and row["limit"] > 0,
        }
        for row in rows
    ]


def _denials(manifest: Any) -> list[dict[str, Any]]:
    """Return the rules that denied most tonight."""
    counts = sorted(manifest.get("denials", {}).items(), key=lambda item: (-item[1], item[0]))
    return [
        {"id": rule, "count": count, **manifest["rules"].get(rule, {})}
        for rule, count in counts[:_RULES_SHOWN]
    ]
