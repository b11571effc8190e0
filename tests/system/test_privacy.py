"""Nobody is named where nobody needs to be: in logs, manifests, metrics and models; and runs are private."""

import json
import re
import shutil
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
import yaml

from command import duewise
from duewise.features.catalogue import catalogue
from duewise.models.registry import load_champion
from duewise.publish.erasure import copy_without
from tiny_portfolio import AS_OF, TinyPortfolio

PROTECTED = ("birth_year", "gender", "language")


@pytest.fixture(scope="module")
def ids(tiny: TinyPortfolio) -> set[str]:
    return {*tiny.table("debtors")["debtor_id"], *tiny.table("accounts")["account_id"]}


def named(text: str, ids: set[str]) -> set[str]:
    return set(re.findall(r"[\w-]+", text)) & ids


@pytest.fixture(scope="module")
def watched(tiny: TinyPortfolio, tmp_path_factory: pytest.TempPathFactory):
    """A night with metrics; its folder and how it ended."""
    folder = tmp_path_factory.mktemp("watched")
    done = tiny.nightly(folder / "runs", "--set", f"publish.metrics={folder}/duewise.prom")
    assert done.code == 0, done.stderr
    return folder, done


def test_no_line_manifest_or_metric_names_a_debtor(watched, ids):
    folder, done = watched
    manifest = folder / "runs" / AS_OF.isoformat() / "manifest.json"
    for text in (done.stdout, done.stderr, manifest.read_text(), (folder / "duewise.prom").read_text()):
        assert named(text, ids) == set()


def test_every_line_of_a_night_says_which_night_and_run_it_is_of(watched):
    folder, done = watched
    run_id = json.loads((folder / "runs" / AS_OF.isoformat() / "manifest.json").read_text())["run_id"]
    assert {event["night"] for event in done.events} == {AS_OF.isoformat()}
    finished = {event["stage"]: event for event in done.events if event["event"] == "stage_finished"}
    assert list(finished) == ["check", "features", "score", "explain", "decide", "assemble", "publish"]
    assert all(event["seconds"] >= 0 for event in finished.values())
    assert {event["run_id"] for stage, event in finished.items() if stage != "check"} == {run_id}


def test_no_artefact_of_a_model_names_a_debtor(tiny, ids):
    files = [path for path in (tiny.folder / "mlflow").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert named(path.read_bytes().decode("utf-8", "ignore"), ids) == set(), path


def test_protected_columns_never_reach_a_model(tiny):
    settings = yaml.safe_load(tiny.file.read_text())
    bundle = load_champion(Path(settings["models"]["store"]), settings["portfolio"]["name"])
    features = {feature.name: feature for feature in catalogue()}
    assert set(bundle.encoding.names) <= set(features)
    read = {column for name in bundle.encoding.names for _, column in features[name].needs}
    assert read
    assert read & set(PROTECTED) == set()


def test_a_score_is_the_same_whoever_the_debtor_is(tiny, night, tmp_path):
    data = Path(shutil.copytree(tiny.data, tmp_path / "data"))
    debtors = tiny.table("debtors")
    for column in PROTECTED:
        debtors[column] = debtors[column].to_numpy()[::-1]
    debtors.to_parquet(data / "debtors.parquet")
    done = tiny.nightly(tmp_path / "runs", "--data", data)
    assert done.code == 0, done.stderr
    scores = ["debtor_id", "p_repay_14d", "expected_recovery_14d", "ability", "willingness"]
    before, after = (
        pq.read_table(run / "strategies.parquet", columns=scores).sort_by("debtor_id")
        for run in (night, tmp_path / "runs" / AS_OF.isoformat())
    )
    assert before.equals(after)


def test_only_the_owner_may_read_what_a_night_left(watched):
    folder, _ = watched
    assert (folder / "runs").stat().st_mode & 0o777 == 0o700
    for path in (folder / "runs" / AS_OF.isoformat()).rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_bad_rows_of_a_night_that_was_refused_are_private(tiny, tmp_path):
    data = Path(shutil.copytree(tiny.data, tmp_path / "data"))
    payments = tiny.table("payments")
    payments["amount"] = -1.0
    payments.to_parquet(data / "payments.parquet")
    done = tiny.nightly(tmp_path / "runs", "--data", data)
    assert done.code == 3
    failed = tmp_path / "runs" / f"{AS_OF}.failed"
    assert failed.stat().st_mode & 0o777 == 0o700
    (file,) = [path for path in failed.rglob("*") if path.is_file()]
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_erased_debtor_leaves_the_workbook_and_the_report_too(night, tmp_path):
    gone = pq.read_table(night / "strategies.parquet")["debtor_id"][0].as_py()
    tables = [pq.read_table(path) for path in night.glob("*.parquet")]
    theirs = sum(table["debtor_id"].to_pylist().count(gone) for table in tables)
    assert copy_without(night, tmp_path, [gone]) == theirs >= 2
    left = [
        cell.value for row in openpyxl.load_workbook(tmp_path / "worklist.xlsx").worksheets[0] for cell in row
    ]
    assert gone not in left
    assert gone not in (tmp_path / "report.html").read_text()
    assert gone in (night / "report.html").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in night.iterdir()}


def test_retention_of_a_portfolio_without_runs_does_nothing(tiny, tmp_path):
    done = duewise("retention", tiny.file, "--out", tmp_path / "none", "--set", "publish.keep_days=3")
    assert done.code == 0
    assert not (tmp_path / "none").exists()
