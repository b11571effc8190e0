"""Where the tables come from and how they become the contract: `sources` and `mapping`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from duewise.config.database_address import DatabaseAddress
from duewise.config.names import known_timezone
from duewise.config.section import Count, Section, Share


class SourcesSection(Section):
    """Where the six tables come from: a folder, a database or Spark."""

    path: Path | None = Field(None, description="Folder of <table>.parquet|csv[.gz].")
    url: DatabaseAddress | None = Field(
        None,
        description="Database to read: postgresql://user@host/db, sqlite:///file or duckdb:///file; "
        "passwords come from PGPASSWORD, ~/.pgpass or a service file.",
    )
    spark: str | None = Field(None, description="Spark catalogue and schema.")
    max_bad_share: Share = Field(0.01, description="Share of bad rows in a table above which a run stops.")
    max_staleness_days: Count = Field(
        3, description="Age of a feed's newest event above which managers are told."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.path, self.url, self.spark)) != 1:
            raise ValueError("name exactly one of path, url and spark")
        return self


class TableMapping(Section):
    """How one table of a client's export becomes the contract."""

    file: str | None = Field(
        None,
        description="File name, or table or view of a database; default <table>.<any known ending>.",
    )
    encoding: str | None = Field(None, description="Default UTF-8 (with or without BOM), else GB18030.")
    timezone: str | None = Field(None, description="Zone of times without one; default portfolio.timezone.")
    columns: dict[str, str] = Field(default_factory=dict, description="Client's name: contract's name.")
    codes: dict[str, dict[str, str | bool | int | float]] = Field(
        default_factory=dict, description="Contract column: {client's code: contract's code}."
    )
    formats: dict[str, str] = Field(default_factory=dict, description="Contract column: strptime format.")
    constants: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="Contract column: value of every row."
    )

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, value: Any) -> Any:
        # YAML reads unquoted 是/1/true as it likes; a client's code is always compared as text.
        if not isinstance(value, Mapping):
            return value
        return {
            column: {str(k): v for k, v in codes.items()} if isinstance(codes, Mapping) else codes
            for column, codes in value.items()
        }

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else known_timezone(value)
