"""The runbook knows every exit code and every warning, and every exit code can be provoked."""

import fcntl
import re
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
import yaml

from client_tables import AS_OF, clean_tables, write_csv
from command import duewise
from duewise.errors import FINISHED_WITH_WARNINGS, DuewiseError

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows_of(title: str) -> set[str]:
    return set(re.findall(r"^\| `?(\w+)`? \|", section(title), re.MULTILINE)) - {"code"}


def exit_codes() -> set[int]:
    kinds = [DuewiseError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {0, FINISHED_WITH_WARNINGS, *(kind.exit_code for kind in kinds)}


def warning_codes() -> set[str]:
    notices = resources.files("duewise.sources").joinpath("notices.yaml").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src/duewise/pipelines").rglob("*.py")]
    written = {code for text in sources for code in re.findall(r'\{"code": "(\w+)"', text)}
    return {*yaml.safe_load(notices), *written}


def test_every_exit_code_is_in_the_runbook():
    assert rows_of("Exit codes") == {str(code) for code in exit_codes()}


def test_every_warning_is_in_the_runbook():
    assert {"registry_unreachable", "no_rules", "feed_stale"} <= warning_codes()
    assert rows_of("Warnings") == warning_codes()


def portfolio_file(folder: Path, **sections: object) -> Path:
    content = {
        "portfolio": {"name": "test", "language": "en", "timezone": "UTC"},
        "sources": {"path": str(folder / "data")},
        "models": {"store": str(folder / "mlflow")},
        "publish": {"runs": str(folder / "runs")},
        **sections,
    }
    (folder / "portfolio.yaml").write_text(yaml.safe_dump(content))
    return folder / "portfolio.yaml"


def provoke(code: int, folder: Path) -> int:
    tables: dict[str, pd.DataFrame] = clean_tables(100)
    if code == 5:
        tables["contacts"].loc[range(9), "channel"] = "pigeon"
    write_csv(folder / "data", tables)
    file = portfolio_file(folder)
    as_of = ("--as-of", AS_OF.isoformat())
    match code:
        case 0:
            return duewise("check", file, *as_of).code
        case 1:
            (folder / "runs").write_text("a file where a folder should be")
            return duewise("nightly", file, *as_of).code
        case 2:
            return duewise("check", file, *as_of, "--set", "sources.pth=x").code
        case 3:
            (folder / "data" / "accounts.csv").unlink()
            return duewise("check", file, *as_of).code
        case 4:
            (folder / "runs").mkdir()
            with (folder / "runs" / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                return duewise("nightly", file, *as_of).code
        case 5:
            return duewise("check", file, *as_of, "--strict").code
    raise AssertionError(f"exit code {code} is provoked by nothing")


@pytest.mark.parametrize("code", sorted(exit_codes()))
def test_every_exit_code_can_be_provoked(code, tmp_path):
    assert provoke(code, tmp_path) == code
