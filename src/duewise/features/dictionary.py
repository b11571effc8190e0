"""The feature catalogue as Markdown, generated so that it cannot fall behind.

``python -m duewise.features.dictionary`` rewrites ``docs/features.md``.
"""

from collections.abc import Sequence
from pathlib import Path

from duewise.features.catalogue import FAMILIES, catalogue
from duewise.features.registry import Feature

_INTRODUCTION = """\
# Features

Generated from the catalogue (`src/duewise/features`); a test keeps it current. Do not edit: run
`python -m duewise.features.dictionary`.

{count} features in {families} families, one row per debtor in scope. Each sees only what had happened and
was in the books before 00:00 UTC of the decision date; a window of n days is [date - n days, date). Days
and hours are those of the portfolio's time zone. *Sign* is what the field knows: + where a higher value
never lowers the chance of repayment, - where it never raises it; models are held to it. A feature whose
columns the sources lack is left out, and so is one that reads a column declared protected.

Columns declared under `features.extra` join under their own name with `extra_` before it; of an account,
the debtor's largest speaks.
"""

_SIGNS = {1: "+", 0: "", -1: "-"}


def dictionary_text() -> str:
    """Return the page: one table per family."""
    features = catalogue()
    parts = [_INTRODUCTION.format(count=len(features), families=len(FAMILIES))]
    parts += [_section(family, features) for family in FAMILIES]
    return "\n".join(parts)


def _section(family: object, features: Sequence[Feature]) -> str:
    name = str(getattr(family, "__name__", "")).rpartition(".")[2]
    title, about = str(family.__doc__).splitlines()[0].split(": ", 1)
    head = "| feature | tag | unit | sign | meaning | 中文 |\n| --- | --- | --- | --- | --- | --- |"
    rows = "\n".join(_row(feature) for feature in features if feature.family == name)
    return f"## {title}\n\n{about[0].upper()}{about[1:]}\n\n{head}\n{rows}\n"


def _row(feature: Feature) -> str:
    needs = ", ".join(f"`{table}.{column}`" for table, column in feature.needs)
    meaning = f"{feature.description} Needs {needs}." if needs else feature.description
    cells = (f"`{feature.name}`", feature.tag, feature.unit, _SIGNS[feature.monotone], meaning, feature.zh)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    page = Path(__file__).parents[3] / "docs" / "features.md"
    page.write_text(dictionary_text(), encoding="utf-8")
