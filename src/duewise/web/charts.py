"""Charts as SVG geometry: numbers in, rectangles and points out; templates draw and name them.

Nothing is drawn without the same numbers standing beside it as text.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH = 600.0


@dataclass(frozen=True)
class Part:
    """One coloured piece of a bar: its series and where it begins and ends, in units of the drawing."""

    series: int
    x: float
    width: float
    value: float


def stacked(rows: Mapping[str, Sequence[float]], width: float = WIDTH) -> dict[str, list[Part]]:
    """Return bars of stacked parts; the longest bar is as wide as the drawing."""
    longest = max((sum(values) for values in rows.values()), default=0.0) or 1.0
    bars = {}
    for name, values in rows.items():
        at, parts = 0.0, []
        for series, value in enumerate(values):
            if value > 0:
                size = value / longest * width
                parts.append(Part(series, round(at, 1), round(size, 1), value))
                at += size
        bars[name] = parts
    return bars


@dataclass(frozen=True)
class Step:
    """One step of a waterfall, in units of the drawing."""

    left: float
    width: float
    end: float
    value: float


def waterfall(start: float, steps: Sequence[float], width: float = WIDTH) -> tuple[list[Step], float, float]:
    """Return the steps from `start` on, and where start and end stand.

    Parameters
    ----------
    start : float
        Where the first step begins.
    steps : sequence of float
        What each adds.
    """
    heights = [start]
    for step in steps:
        heights.append(heights[-1] + step)
    low, high = min(0.0, *heights), max(heights)
    room = (high - low) or 1.0

    def place(value: float) -> float:
        return round((value - low) / room * width, 1)

    drawn = [
        Step(
            left=min(place(before), place(after)),
            width=max(abs(place(after) - place(before)), 1.0),
            end=place(after),
            value=after - before,
        )
        for before, after in itertools.pairwise(heights)
    ]
    return drawn, place(start), place(heights[-1])


@dataclass(frozen=True)
class Interval:
    """A point with its limits, in units of the drawing; limits may be unknown."""

    low: float | None
    at: float
    high: float | None


def intervals(
    values: Sequence[tuple[float | None, float, float | None]], width: float = WIDTH
) -> tuple[list[Interval], float]:
    """Return points with limits on one scale that holds zero, and where zero stands."""
    numbers = [0.0, *(number for triple in values for number in triple if number is not None)]
    low, high = min(numbers), max(numbers)
    room = (high - low) or 1.0

    def place(value: float) -> float:
        return round((value - low) / room * width, 1)

    drawn = [
        Interval(
            None if lower is None else place(lower), place(value), None if upper is None else place(upper)
        )
        for lower, value, upper in values
    ]
    return drawn, place(0.0)


def line(values: Sequence[float | None], width: float, height: float) -> str:
    """Return the points of a line over equal steps, for an SVG polyline; gaps are bridged."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    if low == high:
        low, high = low - 1.0, high + 1.0  # what never changed runs through the middle
    room = high - low
    step = width / max(len(values) - 1, 1)
    points = [
        f"{i * step:.1f},{height - (value - low) / room * height:.1f}"
        for i, value in enumerate(values)
        if value is not None
    ]
    return " ".join(points)


def filled(planned: float, limit: float | None, width: float) -> float:
    """Return how much of a bar is filled; a bar without a limit is never full."""
    if limit is None or limit <= 0:
        return 0.0
    return round(min(planned / limit, 1.0) * width, 1)
