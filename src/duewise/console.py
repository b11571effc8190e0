"""What a person sees on a terminal, and what a machine reads otherwise."""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as RichTable

from duewise.errors import DuewiseError

if TYPE_CHECKING:
    from duewise.pipelines.nightly import Night
    from duewise.pipelines.sample import SampleSummary
    from duewise.pipelines.train import TrainingResult
    from duewise.sources.acceptance import AcceptanceReport

_out = Console(soft_wrap=True)
_err = Console(stderr=True, soft_wrap=True)


def configure_logging() -> None:
    """Send progress to stderr: readable lines on a terminal, JSON lines otherwise."""
    import structlog

    terminal = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def print_error(error: DuewiseError) -> None:
    """Print why a run stopped and what to do."""
    import structlog

    if _err.is_terminal:
        _err.print(f"[bold red]duewise:[/] {_plain(str(error))}")
    else:
        structlog.get_logger("duewise").error(
            "failed", kind=type(error).__name__, exit_code=error.exit_code, message=str(error)
        )


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
