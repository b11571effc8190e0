"""``manifest.json``: what went in, what came out, and everything needed to reproduce the night."""

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

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


def write_manifest(folder: Path, manifest: dict[str, Any], seconds: dict[str, float], peak_mib: int) -> None:
    """Write ``manifest.json`` with the timings that are known only at the end."""
    content = {
        **manifest,
        "written_at": datetime.now(UTC).isoformat("T", "seconds"),
        "seconds": seconds,
        "peak_memory_mib": peak_mib,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / NAME).write_text(text, encoding="utf-8")


def versions() -> dict[str, str]:
    """Return the versions of what the night ran on."""
    return {
        "duewise": version("duewise"),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }
