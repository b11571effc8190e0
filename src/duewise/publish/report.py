"""The report of one night: a single HTML page that a manager reads before the worklist."""

import functools
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from duewise.contracts.labels import code_label
from duewise.contracts.vocabulary import NONE
from duewise.publish.numbers import count_text, money_text, share_text
from duewise.publish.report_pictures import report_pictures

TOP_ROWS = 10


def write_report(
    path: Path, strategies: pa.Table, manifest: dict[str, Any], remarks: Sequence[dict[str, Any]] = ()
) -> None:
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
            pictures=report_pictures(strategies, manifest, text),
            top=_top(strategies, language),
            denied=sorted(manifest["denials"].items(), key=lambda item: (-item[1], item[0])),
            never=_never(manifest),
            feedback=_feedback(manifest["feedback"], language),
            remarks=remarks,
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


def _feedback(heard: dict[str, Any], language: str) -> dict[str, Any]:
    kinds = ", ".join(f"{code_label('feedback', kind, language)} {n:,}" for kind, n in heard["kinds"].items())
    quarantined = sum(table["quarantined"] for table in heard["tables"].values())
    return {**heard, "kinds": kinds, "quarantined": quarantined}


def _never(manifest: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the rules that left nothing possible, with their debtors, the most frequent first."""
    return sorted(manifest["uncontactable_by"].items(), key=lambda item: (-item[1], item[0]))
