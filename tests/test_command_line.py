"""The command line itself: quick to ask, and one form for everything on stderr."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import typer.main
import yaml

from client_tables import AS_OF, clean_tables, write_csv
from command import duewise
from duewise.cli import app
from duewise.pipelines import check

HEAVY = {
    "pandas",
    "numpy",
    "duckdb",
    "ibis",
    "pyarrow",
    "mlflow",
    "lightgbm",
    "sklearn",
    "shap",
    "matplotlib",
}
COMMANDS = sorted(typer.main.get_command(app).commands)


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    write_csv(tmp_path / "data", clean_tables())
    file = tmp_path / "portfolio.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "portfolio": {"name": "test", "language": "en"},
                "sources": {"path": str(tmp_path / "data")},
                "publish": {"runs": str(tmp_path / "runs")},
            }
        )
    )
    return file


def python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_help_loads_no_heavy_library():
    done = python(
        "import sys; from duewise.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('loaded', *sorted({name.split('.')[0] for name in sys.modules}))",
        "--help",
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "duewise" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words))
def test_help_says_what_a_command_does(command):
    done = duewise(*command, "--help")
    assert done.code == 0
    assert done.stderr == ""
    assert "Usage:" in done.stdout
    sentences = [line for line in done.stdout.splitlines() if line.strip().endswith((".", ":"))]
    assert sentences


def test_help_names_the_exit_codes_and_where_to_start():
    text = " ".join(duewise("--help").stdout.split())
    assert "duewise demo" in text
    for meaning in ("0 done", "1 failed", "2 wrong usage", "3 bad data", "4 another run", "5 finished with"):
        assert meaning in text


def test_no_command_at_all_shows_the_help():
    done = duewise()
    assert done.code == 2
    assert "nightly" in done.stdout


def test_for_a_machine_every_line_on_stderr_is_json(portfolio):
    done = python("from duewise.cli import main; main()", "check", portfolio, "--as-of", AS_OF.isoformat())
    assert done.returncode == 0
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} >= {"table_examined"}
    assert all({"event", "level", "timestamp"} <= set(event) for event in events)
    assert "Tables as of" in done.stdout


def test_an_error_that_nobody_foresaw_keeps_the_form(portfolio, monkeypatch):
    def broken(*_arguments: object) -> None:
        warnings.warn("something is odd", UserWarning, stacklevel=1)
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(check, "check", broken)
    done = duewise("check", portfolio, "--as-of", AS_OF.isoformat())
    assert done.code == 1
    warned, crashed = done.events
    assert "something is odd" in warned["event"]
    assert crashed["event"] == "crashed"
    assert crashed["kind"] == "ZeroDivisionError"
    assert "Traceback" in crashed["exception"]


def test_settings_can_be_overridden_from_the_command_line(portfolio):
    done = duewise("check", portfolio, "--as-of", AS_OF.isoformat(), "--set", "sources.max_bad_share=2")
    assert done.code == 2
    assert "sources.max_bad_share" in done.message
    malformed = duewise("check", portfolio, "--set", "sources.max_bad_share")
    assert malformed.code == 2
    assert "write it as key.path=value" in malformed.message


def test_data_and_out_stand_for_their_keys(portfolio, tmp_path):
    done = duewise("check", portfolio, "--data", tmp_path / "elsewhere")
    assert done.code == 3
    assert "elsewhere: no such folder" in done.message
