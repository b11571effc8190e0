"""Where events go: on a terminal one moving line and a few that stay, JSON lines everywhere else."""

import logging
import shutil
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_CLEAR_LINE = "\r\x1b[2K"
_STAYS = {"stage_finished", "horizon_fitted", "horizon_judged", "channels_learned", "model_registered"}
"""Events that stay on the terminal because a person wants to compare them; all others pass by."""

_NO_NEWS = ("level", "timestamp", "logger", "portfolio", "night", "run_id")


class TerminalLines:
    """Renders events for a person who watches: warnings and the ends of stages stay, the rest moves."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moving = False

    def __call__(self, _logger: Any, level: str, event: MutableMapping[str, Any]) -> str:
        """Write the event, and leave nothing for the logger to print."""
        trace = event.pop("exception", None)
        words = [str(event["event"]).replace("_", " ")]
        words += [f"{name} {value}" for name, value in event.items() if name not in ("event", *_NO_NEWS)]
        line = " · ".join(words)
        self.clear()
        if trace is not None or level != "info" or event["event"] in _STAYS:
            self._stream.write(f"{line}\n" if trace is None else f"{line}\n{trace}\n")
        else:
            self._stream.write(line[: shutil.get_terminal_size().columns - 1])
            self._moving = True
        self._stream.flush()
        raise structlog.DropEvent

    def clear(self) -> None:
        """Take the moving line away, so that what is printed next starts on a line of its own."""
        if self._moving:
            self._stream.write(_CLEAR_LINE)
            self._stream.flush()
            self._moving = False


_terminal: TerminalLines | None = None


def configure_logging() -> None:
    """Send events to stderr; those of other libraries too, so that every line there has one form."""
    global _terminal
    _terminal = TerminalLines(sys.stderr) if sys.stderr.isatty() else None
    renderer: Any = _terminal or structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    if _terminal is None:
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            )
        )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)


def clear_progress() -> None:
    """Take away what moves on the terminal, before something is printed that stays."""
    if _terminal is not None:
        _terminal.clear()
