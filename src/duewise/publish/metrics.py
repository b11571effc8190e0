"""What a night did, as a file of the Prometheus text format for the textfile collector of a node exporter."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from duewise.errors import DuewiseError

_HELP = {
    "duewise_night_success_timestamp_seconds": "When a night last ended well.",
    "duewise_night_as_of_timestamp_seconds": "Date of that night.",
    "duewise_night_seconds": "Seconds by stage.",
    "duewise_night_peak_memory_bytes": "Largest resident memory.",
    "duewise_night_debtors": "Debtors in scope.",
    "duewise_night_actions": "Actions planned, by action.",
    "duewise_night_rows_read": "Rows read from the sources.",
    "duewise_night_rows_quarantined": "Rows kept out.",
    "duewise_night_warnings": "Warnings, by code.",
}


def write_metrics(path: Path, manifest: dict[str, Any]) -> None:
    """Write the figures of the night that ended, whole or not at all; no debtor stands in them.

    Raises
    ------
    DuewiseError
        When the file cannot be written; the run stands nevertheless.
    """
    lines = []
    samples = _samples(manifest)
    for name, text in _HELP.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        lines += [
            f"{name}{_labels(labels)} {value:.10g}" for found, labels, value in samples if found == name
        ]
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with partial.open(
            "x", encoding="utf-8"
        ) as file:  # never through a link that another user has put there
            file.write("\n".join(lines) + "\n")
        partial.chmod(0o644)  # the collector runs as another user
        partial.replace(path)
    except OSError as error:
        raise DuewiseError(
            f"{path}: the metrics cannot be written ({error.strerror}), though the run stands. Name another "
            "file under publish.metrics."
        ) from error


def _samples(manifest: dict[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    totals = manifest["totals"]
    whose = {"portfolio": manifest["portfolio"]["portfolio"]["name"]}
    night = datetime.combine(date.fromisoformat(manifest["as_of"]), datetime.min.time(), UTC).timestamp()
    codes = [warning["code"] for warning in manifest["warnings"]]
    return [
        ("duewise_night_success_timestamp_seconds", whose, time.time()),
        ("duewise_night_as_of_timestamp_seconds", whose, night),
        *(
            ("duewise_night_seconds", {**whose, "stage": stage}, seconds)
            for stage, seconds in manifest["seconds"].items()
        ),
        ("duewise_night_peak_memory_bytes", whose, manifest["peak_memory_mib"] * 2.0**20),
        ("duewise_night_debtors", whose, totals["debtors"]),
        *(
            ("duewise_night_actions", {**whose, "action": action}, count)
            for action, count in totals["actions"].items()
        ),
        ("duewise_night_rows_read", whose, totals["rows_read"]),
        ("duewise_night_rows_quarantined", whose, totals["rows_quarantined"]),
        *(
            ("duewise_night_warnings", {**whose, "code": code}, codes.count(code))
            for code in sorted(set(codes))
        ),
    ]


def _labels(labels: dict[str, str]) -> str:
    def quoted(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    return "{" + ",".join(f"{name}={quoted(value)}" for name, value in labels.items()) + "}"
