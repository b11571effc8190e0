"""Where results go, and what a run may take of its machine: `publish` and `machine`."""

from pathlib import Path

from pydantic import ByteSize, Field

from duewise.config.database_address import DatabaseAddress
from duewise.config.section import Days, Section


class PublishSection(Section):
    """Where results go."""

    runs: Path = Field(Path("runs"), description="Folder of the run folders.")
    excel: bool = Field(True, description="Write worklist.xlsx.")
    report: bool = Field(True, description="Write report.html.")
    metrics: Path | None = Field(
        None, description="Prometheus text file that each night rewrites; null writes none."
    )
    keep_days: Days | None = Field(
        None, description="Age at which `duewise retention` removes a run; null keeps all."
    )
    database: DatabaseAddress | None = Field(
        None,
        description="Database that gets the same rows: postgresql://user@host/db, sqlite:///file or "
        "duckdb:///file; null writes none.",
    )


class MachineSection(Section):
    """What a run may take of the machine that it shares."""

    memory: ByteSize | None = Field(
        None,
        description="Most memory of a run, e.g. 8GiB: events beyond it are worked on from disk below "
        "publish.runs, and a night whose debtors do not fit ends at once; null: no bound.",
    )
