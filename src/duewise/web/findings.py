"""What was found of a night later: by `duewise monitor`, by `duewise evaluate`."""

import json
from collections.abc import Sequence
from typing import Any

import structlog

from duewise.publish.findings_file import EVALUATION
from duewise.web.nights import Night

log = structlog.get_logger(__name__)


def findings_of(night: Night, name: str) -> dict[str, Any] | None:
    """Return the findings of one kind; None where nobody has looked."""
    path = night.beside(name)
    if path is None:
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        log.warning("findings_unreadable", night=night.name, file=name, error=str(error))
        return None
    return content


def latest_evaluation(nights: Sequence[Night]) -> dict[str, Any] | None:
    """Return the newest evaluation beside any of `nights`, oldest first; None where none was made."""
    found = (findings_of(night, EVALUATION) for night in reversed(nights))
    return next((one for one in found if one is not None), None)
