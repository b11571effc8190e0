"""The report of one night: a single HTML page that a manager reads before the worklist."""

import functools
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from duewise.contracts.labels import code_label
from duewise.contracts.vocabulary import NONE, Bucket, Stage
from duewise.publish.numbers import count_text, money_text, share_text
from duewise.publish.pictures import curve, frontier_lines, planned_against_limit, stacked_bars

TOP_ROWS = 10


def write_report(path: Path, strategies: pa.Table, manifest: dict[str, Any]) -> None:
    """Write ``report.html`` from what the night publishes and nothing else.

    Parameters
    ----------
    strategies : pyarrow.Table
        Rows of the strategies contract, ordered by rank.
    manifest : dict
        Content of ``manifest.json``.
    """
    language = manifest["portfolio"]["portfolio"]["language"]
    currency = manifest["portfolio"]["portfolio"]["currency"]
    horizons = manifest["portfolio"]["horizons"]
    text = report_text(language)
    page = _environment(language, currency).get_template("report.html.j2")
    path.write_text(
        page.render(
            language=language,
            text=text,
            manifest=manifest,
            totals=manifest["totals"],
            horizons=horizons,
            where=_where(strategies, text, language),
            expected=_expected(manifest["totals"], horizons, text, currency),
            actions=_actions(manifest, text, language),
            frontiers=_frontiers(manifest, text, language),
            top=_top(strategies, language),
            denied=_denied(strategies, manifest),
            reasons=range(1, 4),
        ),
        encoding="utf-8",
    )


@functools.cache
def report_text(language: str) -> dict[str, str]:
    """Return the sentences of the report in one language."""
    content = resources.files("duewise.publish").joinpath("report_text.yaml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = yaml.safe_load(content)
    return texts[language]


def _environment(language: str, currency: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("duewise.publish", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["money"] = functools.partial(money_text, currency=currency, language=language)
    environment.filters["count"] = count_text
    environment.filters["share"] = share_text
    environment.filters["label"] = lambda code, kind: code_label(kind, code, language)
    return environment


def _where(strategies: pa.Table, text: dict[str, str], language: str) -> dict[str, str]:
    """Return the picture of what is owed by bucket and stage, and the sentence beside it."""
    rows = strategies.select(["bucket", "stage", "balance"]).to_pandas()
    owed = rows.pivot_table(
        index="bucket", columns="stage", values="balance", aggfunc="sum", observed=True, fill_value=0.0
    ).reindex(index=[str(b) for b in Bucket], columns=[str(s) for s in Stage], fill_value=0.0)
    owed = owed[owed.sum(axis=1) > 0]
    total = float(owed.to_numpy().sum())
    if total == 0:
        return {"picture": "", "sentence": ""}
    stage, bucket = str(owed.sum().idxmax()), str(owed.sum(axis=1).idxmax())
    sentence = text["where_text"].format(
        share=share_text(float(owed[stage].sum()) / total),
        stage=code_label("stage", stage, language),
        bucket=bucket,
    )
    picture = stacked_bars(
        owed.index.tolist(),
        {code_label("stage", name, language): owed[name].tolist() for name in owed.columns},
        x_label=text["bucket_axis"],
        description=text["where_title"],
    )
    return {"picture": picture, "sentence": sentence}


def _expected(
    totals: dict[str, Any], horizons: list[int], text: dict[str, str], currency: str
) -> dict[str, str]:
    """Return the picture of the recovery curve and the sentence beside it."""
    known = [(days, totals[f"expected_recovery_{days}d"]) for days in sorted(horizons)]
    known = [(days, amount) for days, amount in known if amount is not None]
    if not known:
        return {"picture": "", "sentence": ""}
    language_money = functools.partial(money_text, currency=currency, language="en")
    sentence = text["curve_text"].format(
        owed=language_money(totals["balance"]),
        days=known[0][0],
        first=language_money(known[0][1]),
        last_days=known[-1][0],
        last=language_money(known[-1][1]),
    )
    picture = curve(
        [days for days, _ in known],
        [amount for _, amount in known],
        x_label=text["days_axis"],
        description=text["curve_title"],
    )
    return {"picture": picture, "sentence": sentence}


def _actions(manifest: dict[str, Any], text: dict[str, str], language: str) -> dict[str, Any]:
    """Return the picture of planned actions against what the team can do."""
    rows = [row for row in manifest["capacities"] if row["planned"] or row["limit"] is not None]
    picture = planned_against_limit(
        [code_label("action", row["name"], language) for row in rows],
        [row["planned"] for row in rows],
        [row["limit"] for row in rows],
        description=text["actions_title"],
    )
    following = {one["limit"]: one for one in manifest["next_units"]}
    prices = [{**row, "next": following.get(row["name"])} for row in rows if row["price"] > 0]
    return {"picture": picture if rows else "", "prices": prices}


def _frontiers(manifest: dict[str, Any], text: dict[str, str], language: str) -> str:
    """Return the picture of the night's worth with more or less of the limits that bind."""
    curves = {
        code_label("action", one["limit"], language): (
            [point["factor"] for point in one["points"]],
            [point["value"] for point in one["points"]],
        )
        for one in manifest["frontiers"]
    }
    if not curves:
        return ""
    return frontier_lines(curves, x_label=text["frontier_axis"], description=text["frontier_title"])


def _top(strategies: pa.Table, language: str) -> list[dict[str, Any]]:
    rows = strategies.filter(pc.field("action") != NONE).slice(0, TOP_ROWS)
    return [
        {
            **row,
            "queue_label": code_label("queue", row["queue"], language),
            "action_label": code_label("action", row["action"], language),
        }
        for row in rows.to_pylist()
    ]


def _denied(strategies: pa.Table, manifest: dict[str, Any]) -> dict[str, Any]:
    some = pc.sum(pc.greater(pc.list_value_length(strategies["denied"]), 0)).as_py()
    return {
        "some": int(some or 0),
        "never": manifest["totals"]["uncontactable"],
        "never_by": sorted(manifest["uncontactable_by"].items(), key=lambda item: (-item[1], item[0])),
        "rules": sorted(manifest["denials"].items(), key=lambda item: (-item[1], item[0])),
        "says": manifest["rules"],
    }
