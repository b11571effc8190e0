"""What was found of a run later, beside it: ``monitor.json`` and ``evaluation.json``."""

import json
import os
from pathlib import Path
from typing import Any

from duewise.publish.run_folder import run_lock

MONITOR = "monitor.json"
EVALUATION = "evaluation.json"


def write_findings(runs: Path, folder: Path, name: str, content: dict[str, Any]) -> Path:
    """Write findings into a run folder, whole or not at all, and return where.

    Raises
    ------
    LockError
        When a night is being written to `runs`.
    """
    path, partial = folder / name, folder / f".{name}.partial"
    with run_lock(runs):
        partial.write_text(
            json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8"
        )
        partial.chmod(0o600)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    return path
