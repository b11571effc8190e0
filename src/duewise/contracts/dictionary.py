"""The data dictionary as Markdown, generated from the contract so that it cannot fall behind.

``python -m duewise.contracts.dictionary`` rewrites ``data/dictionary.md`` and ``data/README.md``.
"""

from pathlib import Path
from typing import Any

import pandera.ibis as pa

from duewise.contracts.columns import Kind
from duewise.contracts.strategies import strategies_schema
from duewise.contracts.tables import OPTIONAL_TABLES, TABLES
from duewise.contracts.vocabulary import Table

_KINDS: dict[Kind, str] = {
    Kind.ID: "id",
    Kind.TIME: "time (UTC)",
    Kind.DAY: "date",
    Kind.MONEY: "money",
    Kind.NUMBER: "number",
    Kind.INTEGER: "whole number",
    Kind.CODE: "code",
    Kind.BOOLEAN: "yes/no",
    Kind.TEXT: "text",
    Kind.REASON: "struct (code, direction, text)",
    Kind.DENIALS: "list of struct (action, rule_id)",
}

_ABOUT: dict[Table, str] = {
    Table.DEBTORS: "One row per person who owes.",
    Table.ACCOUNTS: "One row per debt in collections.",
    Table.PAYMENTS: "One row per booking that changes a balance.",
    Table.CONTACTS: "One row per attempt to reach a debtor, or of a debtor to reach us.",
    Table.FLAGS: "One row per fact that holds for a while: disputes, consents, notices served, evidence.",
    Table.ASSIGNMENTS: "One row per debtor and night: what was decided, whether or not it was carried out.",
}

_INTRODUCTION = """\
# Data dictionary

Generated from the contract (`src/duewise/contracts`); a test keeps it current. Do not edit: run
`python -m duewise.contracts.dictionary`.

Times are UTC timestamps, money is in the portfolio's currency. A column that is not required may be
absent or empty. Codes outside their list count as the fallback and are reported; an empty optional code
stays empty.
"""

_README = """\
# Data

Generated from the contract; do not edit: run `python -m duewise.contracts.dictionary`.

What stands in each column: [dictionary.md](dictionary.md). Nothing else in this folder is kept under
version control.

## Make a sample

    duewise sample pipelines/sample.yaml --data data/sample

simulates a portfolio with known truth from a seed. The truth lies in a folder of its own beside the
sample; no other command reads it.

## Bring your own

Put one file per table into a folder and name it under `sources.path`:

{tables}

A table may be one file (`.parquet`, `.csv`, `.csv.gz`) or a folder of parquet files with the table's
name. Text files may be UTF-8 (with or without byte order mark), UTF-16 with a mark, GB18030 or GBK, or
whatever `mapping.<table>.encoding` says; fields are separated by comma, semicolon, tab or `|`. Columns,
codes, dates and constants of your export are translated by `mapping` in the portfolio file.

How values are read:

- **Numbers** may carry thousands separators, and money a currency sign or the portfolio's currency
  code; full-width digits, `(1,234.50)` and `1,234.50-` are understood. The decimal mark is decided for
  each column as a whole: it is a comma only when some value can be read in no other way (`1.234,56`)
  and no value needs a point. What fits neither is unreadable.
- **Times** are ISO 8601. A time without offset is read in `mapping.<table>.timezone`, by default the
  portfolio's zone, for a table that has a mapping; in UTC for a table that has none. A local time that
  a change of clocks skips moves on by the gap; one that occurs twice is {ambiguous}.
- **Yes and no** may be written 1/0, true/false, yes/no, Y/N, 是/否, 有/无.
- **Ids** are text without surrounding space; `123.0` is `123`.

What cannot be accepted goes to quarantine with its reason, one row per bad row; accepted and
quarantined rows always add up to what was read. `duewise check` shows both without deciding anything.
"""

_AMBIGUOUS = "the later of the two (standard time)"


def dictionary_text() -> str:
    """Return the dictionary of the six input tables and of the output."""
    parts = [_INTRODUCTION]
    for table, schema in TABLES.items():
        optional = " The table may be absent." if table in OPTIONAL_TABLES else ""
        key = f" Key: {', '.join(f'`{name}`' for name in schema.unique)}." if schema.unique else ""
        parts.append(_section(str(table), _ABOUT[table] + optional + key, schema))
    about = "What a night publishes (`strategies.parquet`): one row per debtor in scope."
    parts.append(_section("strategies", about, strategies_schema()))
    return "\n".join(parts)


def readme_text() -> str:
    """Return the README of the data folder."""
    tables = "\n".join(
        f"- `{table}`: {_ABOUT[table]}{' Optional.' if table in OPTIONAL_TABLES else ''}" for table in TABLES
    )
    return _README.format(tables=tables, ambiguous=_AMBIGUOUS)


def write_texts(folder: Path) -> None:
    """Write both files into `folder`."""
    (folder / "dictionary.md").write_text(dictionary_text(), encoding="utf-8")
    (folder / "README.md").write_text(readme_text(), encoding="utf-8")


def _section(name: str, about: str, schema: pa.DataFrameSchema) -> str:
    rows = "\n".join(_row(column_name, column) for column_name, column in schema.columns.items())
    head = "| column | holds | required | meaning |\n| --- | --- | --- | --- |"
    return f"## {name}\n\n{about}\n\n{head}\n{rows}\n"


def _row(name: str, column: pa.Column) -> str:
    facts: dict[str, Any] = column.metadata
    sentences = (column.description, _values(facts), _bounds(facts), _link(facts))
    meaning = " ".join(sentence for sentence in sentences if sentence)
    required = "" if not column.required else "yes, may be empty" if column.nullable else "yes"
    return f"| `{name}` | {_KINDS[facts['kind']]} | {required} | {_cell(meaning)} |"


def _values(facts: dict[str, Any]) -> str:
    if "vocabulary" not in facts:
        return ""
    codes = [*facts["vocabulary"], *(f"{prefix}…" for prefix in facts["prefixes"])]
    listed = ", ".join(f"`{code}`" for code in codes)
    return f"One of {listed}; others count as `{facts['fallback']}`."


def _bounds(facts: dict[str, Any]) -> str:
    said = [
        f"{word} {facts[bound]:g}"
        for bound, word in (("above", "above"), ("least", "at least"), ("most", "at most"))
        if facts.get(bound) is not None
    ]
    return f"Must be {' and '.join(said)}." if said else ""


def _link(facts: dict[str, Any]) -> str:
    return f"Refers to {facts['parent']}." if "parent" in facts else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    write_texts(Path(__file__).parents[3] / "data")
