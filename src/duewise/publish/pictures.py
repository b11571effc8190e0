"""Pictures of the report as SVG whose text stays text, so that any browser font can draw it."""

import io
import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from duewise.contracts.minus import with_minus

_STYLE = {
    "svg.fonttype": "none",  # glyphs come from the reader's fonts, which know Chinese
    "svg.hashsalt": "duewise",  # the same picture gives the same bytes
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": "#444444",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
}
_WIDTH = 5.2
"""Inches: two pictures side by side on a screen, one on a telephone, and letters of their size on both."""

_COLOURS = ("#1F3A5F", "#2E75B6", "#9DC3E6", "#C9A227")


def stacked_bars(
    categories: Sequence[str], series: dict[str, Sequence[float]], *, x_label: str, description: str
) -> str:
    """Return an SVG of stacked columns, one stack per category and one colour per series."""
    figure, axes = _figure(_WIDTH, 2.8)
    base = np.zeros(len(categories))
    for colour, (name, values) in zip(_COLOURS, series.items(), strict=False):
        axes.bar(categories, values, bottom=base, label=name, color=colour, width=0.7)
        base += np.asarray(values, dtype=float)
    axes.set_xlabel(x_label)
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(_short))
    axes.legend(
        frameon=False,
        fontsize=9,
        handlelength=1,
        columnspacing=1,
        ncols=len(series),
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
    )
    return _svg(figure, description)


def curve(days: Sequence[int], amounts: Sequence[float], *, x_label: str, description: str) -> str:
    """Return an SVG of money expected over days, each point labelled."""
    figure, axes = _figure(_WIDTH, 2.5)
    axes.plot([0, *days], [0, *amounts], color=_COLOURS[1], marker="o", linewidth=2)
    axes.fill_between([0, *days], [0, *amounts], color=_COLOURS[2], alpha=0.35)
    for day, amount in zip(days, amounts, strict=True):
        axes.annotate(_short(amount), (day, amount), textcoords="offset points", xytext=(0, 8), ha="center")
    axes.set_xticks([0, *days])
    axes.set_ylim(0, max(amounts, default=0) * 1.2 or 1)
    axes.set_xlabel(x_label)
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(_short))
    return _svg(figure, description)


def frontier_lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, x_label: str, description: str
) -> str:
    """Return an SVG of total value over shares of tonight's limit, a line per limit; tonight is marked."""
    figure, axes = _figure(7.2, 3.0)
    styles = itertools.cycle(itertools.product(("-", ":"), _COLOURS))
    for (style, colour), (name, (factors, values)) in zip(styles, curves.items(), strict=False):
        axes.plot(factors, values, style, color=colour, marker="o", markersize=4, linewidth=2, label=name)
    axes.axvline(1.0, color="#888888", linewidth=1, linestyle="--")
    axes.set_xlabel(x_label)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(_short))
    axes.legend(
        frameon=False, fontsize=9, ncols=min(len(curves), 4), loc="lower left", bbox_to_anchor=(0, 1.0)
    )
    return _svg(figure, description)


def planned_against_limit(
    names: Sequence[str], planned: Sequence[float], limits: Sequence[float | None], *, description: str
) -> str:
    """Return an SVG of how much of each limit is planned; bars without a limit stand alone."""
    figure, axes = _figure(_WIDTH, 0.36 * max(len(names), 1) + 0.7)
    places = np.arange(len(names))[::-1]
    axes.barh(places, planned, color=_COLOURS[1], height=0.55)
    for place, amount, limit in zip(places, planned, limits, strict=True):
        if limit is not None:
            axes.plot([limit, limit], [place - 0.38, place + 0.38], color="#B03A2E", linewidth=2)
        label = f"{amount:,.0f}" if limit is None else f"{amount:,.0f} / {limit:,.0f}"
        axes.annotate(label, (max(amount, limit or 0), place), textcoords="offset points", xytext=(6, -3))
    axes.set_yticks(places, names)
    axes.set_xlim(0, max([*planned, *(limit or 0 for limit in limits), 1]) * 1.3)
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(_short))
    return _svg(figure, description)


def bars(names: Sequence[str], values: Sequence[float], labels: Sequence[str], *, description: str) -> str:
    """Return an SVG of one bar per name, each with its label, first on top."""
    figure, axes = _figure(_WIDTH, 0.36 * max(len(names), 1) + 0.3)
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, color=_COLOURS[1], height=0.55)
    for place, value, label in zip(places, values, labels, strict=True):
        axes.annotate(label, (value, place), textcoords="offset points", xytext=(6, -3))
    axes.set_yticks(places, names)
    axes.set_xlim(0, max([*values, 0]) * 1.35 or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return _svg(figure, description)


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _svg(figure: Figure, description: str) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The reader's browser has the glyphs that the measuring font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": description})
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace("<svg ", '<svg role="img" ', 1)


def _short(value: float, _position: int | None = None) -> str:
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return with_minus(f"{value / size:,.1f}".removesuffix(".0")) + unit
    return with_minus(f"{value:,.0f}")
