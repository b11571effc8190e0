"""What makes a night this night: the same inputs, settings, models and code give the same run id."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

import duewise
from duewise.config import Portfolio
from duewise.sources.report import AcceptanceReport


@dataclass(frozen=True)
class NightIdentity:
    """Names of a night that its rows carry."""

    run_id: str
    as_of: date
    model_version: str


def night_identity(
    portfolio: Portfolio, as_of: date, report: AcceptanceReport, model_version: str
) -> NightIdentity:
    """Return the identity of a night; neither clocks nor folders nor addresses enter it."""
    inputs = {str(name): sorted(file.sha256 for file in table.files) for name, table in report.tables.items()}
    settings = portfolio.model_dump(
        mode="json",
        exclude={
            "publish": {"runs", "database", "metrics", "keep_days"},
            "models": True,
            "serve": True,
            "machine": True,
            "sources": {"path", "url"},
        },
    )
    content = {
        "inputs": inputs,
        "settings": settings,
        "as_of": as_of.isoformat(),
        "model": model_version,
        "code": duewise.__version__,
    }
    if report.feedback.sha256 is not None:
        content["feedback"] = report.feedback.sha256
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return NightIdentity(run_id=digest[:16], as_of=as_of, model_version=model_version)
