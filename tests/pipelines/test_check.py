"""`duewise check` shows every kind of bad row with its count, and leaves with the right code."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import yaml

from client_tables import AS_OF, NOW, clean_tables, dirty_tables, portfolio_of, write_csv
from duewise.pipelines.check import check


def run_check(
    folder: Path, tables: dict[str, pd.DataFrame], **sources: object
) -> subprocess.CompletedProcess[str]:
    write_csv(folder / "data", tables)
    content = {
        "portfolio": {"name": "test", "language": "en"},
        "sources": {"path": str(folder / "data"), **sources},
    }
    (folder / "portfolio.yaml").write_text(yaml.safe_dump(content))
    command = [
        sys.executable,
        "-c",
        "from duewise.cli import main; main()",
        "check",
        str(folder / "portfolio.yaml"),
    ]
    return subprocess.run(
        [*command, "--as-of", AS_OF.isoformat()],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "PATH": "/usr/bin"},
    )


def test_a_dirty_folder_is_shown_in_full_and_refused(tmp_path: Path) -> None:
    tables, expected = dirty_tables()
    done = run_check(tmp_path, tables)
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    for (table, column, reason), rows in expected.items():
        assert any({table, column, str(reason), f"{rows:,}"} <= set(words) for words in lines), (
            table,
            column,
            reason,
        )
    assert "debtors.csv: 6 of 100 rows (6.00%) are bad" in done.stderr


def test_a_clean_folder_passes(tmp_path: Path) -> None:
    assert run_check(tmp_path, clean_tables()).returncode == 0


def test_a_missing_table_is_bad_data(tmp_path: Path) -> None:
    tables = clean_tables()
    del tables["payments"]
    done = run_check(tmp_path, tables)
    assert done.returncode == 3
    assert "payments" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_quarantine_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    tables, _ = dirty_tables()
    write_csv(tmp_path / "data", tables)
    report = check(portfolio_of(tmp_path / "data"), AS_OF, now=NOW, quarantine=tmp_path / "quarantine")
    assert report.refusals
    assert sorted(path.name for path in (tmp_path / "quarantine").iterdir()) == [
        f"{name}.csv" for name in ("accounts", "contacts", "debtors", "flags", "payments")
    ]


def test_the_clock_is_the_present_unless_given(tmp_path: Path) -> None:
    tables = clean_tables()
    tables["contacts"].loc[0, "at"] = "2024-06-20"
    write_csv(tmp_path, tables)
    portfolio = portfolio_of(tmp_path, sources={"max_bad_share": 1})
    assert check(portfolio, AS_OF, now=NOW).tables["contacts"].bad == 1
    later = check(portfolio, AS_OF, now=datetime(2024, 7, 1)).tables["contacts"]
    assert (later.bad, later.after_as_of) == (0, 1)
    assert check(portfolio, AS_OF).tables["contacts"].after_as_of == 1
