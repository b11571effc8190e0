"""The data dictionary says what the contract says."""

from pathlib import Path

from duewise.contracts.dictionary import dictionary_text, readme_text
from duewise.contracts.strategies import strategies_schema
from duewise.contracts.tables import TABLES

DATA = Path(__file__).parents[2] / "data"


def test_the_files_are_current() -> None:
    remedy = "run `python -m duewise.contracts.dictionary`"
    assert (DATA / "dictionary.md").read_text(encoding="utf-8") == dictionary_text(), remedy
    assert (DATA / "README.md").read_text(encoding="utf-8") == readme_text(), remedy


def test_every_column_and_every_code_is_explained() -> None:
    text = dictionary_text()
    for schema in (*TABLES.values(), strategies_schema()):
        for name, column in schema.columns.items():
            assert f"| `{name}` |" in text
            assert column.description
            assert column.description.replace("|", r"\|") in text
            for code in column.metadata.get("vocabulary", ()):
                assert f"`{code}`" in text
