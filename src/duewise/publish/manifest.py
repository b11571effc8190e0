"""``manifest.json``: what went in, what came out, and everything needed to reproduce the night."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duewise.contracts.strategies import ACTIONS
from duewise.contracts.vocabulary import NONE
from duewise.errors import DuewiseError

NAME = "manifest.json"
_PACKAGES = ("duckdb", "ibis-framework", "lightgbm", "mlflow", "numpy", "pandas", "pyarrow", "scikit-learn")


def read_manifest(run: Path) -> dict[str, Any] | None:
    """Return the manifest of a run; None where no run stands.

    Raises
    ------
    DuewiseError
        When a manifest is there but cannot be read.
    """
    path = run / NAME
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DuewiseError(f"{path}: cannot be read ({error}). Run the night again with --force.") from error
    return content


def write_manifest(
    folder: Path, manifest: dict[str, Any], seconds: dict[str, float], peak_mib: int
) -> dict[str, Any]:
    """Write ``manifest.json`` with the timings that are known only at the end, and return its content."""
    content = {
        **manifest,
        "written_at": datetime.now(UTC).isoformat("T", "seconds"),
        "seconds": seconds,
        "peak_memory_mib": peak_mib,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / NAME).write_text(text, encoding="utf-8")
    return content


def totals_of(strategies: pa.Table, horizons: Sequence[int]) -> dict[str, Any]:
    """Return the sums of a night: debtors, money owed and expected, actions, cost and gain.

    A sum over nothing known (no model for a horizon, no estimated effect) is None, not zero.
    """
    planned = strategies.filter(pc.field("action") != NONE)
    counts = pc.value_counts(planned["action"]).to_pylist()
    by_action = {row["values"]: row["counts"] for row in counts}
    return {
        "debtors": strategies.num_rows,
        "planned": planned.num_rows,
        "actions": {action: by_action[action] for action in ACTIONS if action in by_action},
        "balance": _sum(strategies["balance"]),
        **{f"expected_recovery_{d}d": _sum(strategies[f"expected_recovery_{d}d"]) for d in horizons},
        **{name: _sum(planned[name]) for name in ("gain", "harm", "net_gain")},
        "cost": _sum(planned["cost"]) or 0.0,
    }


def _sum(column: pa.ChunkedArray) -> float | None:
    total = pc.sum(column).as_py()
    return None if total is None else round(total, 2)


def versions() -> dict[str, str]:
    """Return the versions of what the night ran on."""
    return {
        "duewise": version("duewise"),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }
