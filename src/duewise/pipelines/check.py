"""`duewise check`: judge the tables of a portfolio, and decide nothing."""

from datetime import date, datetime
from pathlib import Path

from duewise.config import Portfolio
from duewise.sources.examine import examine_sources
from duewise.sources.report import AcceptanceReport


def check(
    portfolio: Portfolio,
    as_of: date,
    *,
    now: datetime | None = None,
    workspace: Path | None = None,
    quarantine: Path | None = None,
) -> AcceptanceReport:
    """Return what would be accepted, put aside or refused for a night.

    Parameters
    ----------
    now : datetime, optional
        The clock, for telling impossible events; default the present.
    quarantine : Path, optional
        Folder to which the rows that are kept out are written; None writes none.

    Raises
    ------
    DataError, ConfigError
        When a table cannot be judged at all. Too many bad rows are told by ``report.refusals``.
    """
    with examine_sources(portfolio, as_of, now=now, workspace=workspace) as examination:
        if quarantine is not None:
            examination.write_quarantine(quarantine)
        return examination.report
