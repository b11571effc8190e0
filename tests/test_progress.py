"""What a person sees while a command works."""

import io

import pytest
import structlog

from duewise.progress import TerminalLines

CLEAR = "\r\x1b[2K"


def show(lines: TerminalLines, level: str = "info", **event: object) -> None:
    with pytest.raises(structlog.DropEvent):
        lines(None, level, {"level": level, "timestamp": "2026-06-01T00:00:00Z", **event})


def test_what_passes_by_moves_and_what_ends_stays():
    stream = io.StringIO()
    lines = TerminalLines(stream)
    show(lines, event="stage_started", stage="check")
    show(lines, event="stage_finished", stage="check", seconds=1.5)
    assert (
        stream.getvalue() == f"stage started · stage check{CLEAR}stage finished · stage check · seconds 1.5\n"
    )


def test_warnings_stay():
    stream = io.StringIO()
    show(TerminalLines(stream), "warning", event="training_warning", text="too short")
    assert stream.getvalue() == "training warning · text too short\n"


def test_a_moving_line_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    show(TerminalLines(stream), event="table_examined", table="contacts", rows=10_000_000)
    assert stream.getvalue() == "table examined · ta"


def test_a_line_is_taken_away_once():
    stream = io.StringIO()
    lines = TerminalLines(stream)
    show(lines, event="stage_started", stage="check")
    lines.clear()
    lines.clear()
    assert stream.getvalue().count(CLEAR) == 1
