"""``monitor.json``: what the monitor found, beside the run that it looked at."""

import json
import os
from pathlib import Path
from typing import Any

from duewise.publish.run_folder import run_lock

MONITOR = "monitor.json"


def write_monitor(runs: Path, folder: Path, content: dict[str, Any]) -> Path:
    """Write the findings into a run folder, whole or not at all, and return where.

    Raises
    ------
    LockError
        When a night is being written to `runs`.
    """
    path, partial = folder / MONITOR, folder / f".{MONITOR}.partial"
    with run_lock(runs):
        partial.write_text(
            json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8"
        )
        partial.chmod(0o600)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    return path
