import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from duewise.errors import DataError
from duewise.models.amount import fit_amount
from duewise.models.bundle import Bundle, BundleInfo
from duewise.models.registry import TrainingRecord, load_alias, load_champion, promote, register
from duewise.models.repayment import fit_repayment
from training_panels import debtor_dates, horizon_rows

NAME = "demo"


@pytest.fixture(scope="module")
def frame():
    return debtor_dates(debtors=300, nights=5)


@pytest.fixture(scope="module")
def bundle(frame):
    rows = horizon_rows(frame)
    info = BundleInfo(
        portfolio=NAME,
        horizons=(30, 90, 180),
        repay_share=0.1,
        trained_as_of="2024-06-01",
        first_date="2024-01-01",
        last_date="2024-02-26",
        debtors=300,
        rows=len(rows.repaid),
        code_version="test",
    )
    repayment, amount = fit_repayment(rows, 1, 0)[0], fit_amount(rows, 1, 0)[0]
    other = debtor_dates(debtors=300, nights=5, seed=1)
    longer = fit_repayment(horizon_rows(other, horizon=90), 1, 0)[0]
    longer_amount = fit_amount(horizon_rows(other, horizon=90), 1, 0)[0]
    return Bundle(
        info=info,
        encoding=rows.encoding,
        repayment={30: repayment, 90: longer},
        amount={30: amount, 90: longer_amount},
    )


def registered(bundle, frame, store):
    figure = Figure()
    figure.subplots().plot([0, 1])
    record = TrainingRecord(
        params={"rows": 3},
        metrics={"auc": 0.7},
        tags={"code_version": "test"},
        documents={"model_card.md": "# card"},
        figures={"gain.png": figure},
    )
    example = bundle.encoding.example(bundle.matrix(frame))
    return register(bundle, record, example, store=store, experiment=NAME, name=NAME)


@pytest.fixture(scope="module")
def store(bundle, frame, tmp_path_factory):
    """A store with one version, made from a working directory that must stay empty."""
    folder, elsewhere = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("cwd")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        first = registered(bundle, frame, folder / "mlflow")
    assert (first.version, first.alias) == (1, "champion")
    assert list(elsewhere.iterdir()) == []
    return folder / "mlflow"


def test_probability_and_share_never_fall_from_one_horizon_to_the_next(bundle, frame):
    scores = bundle.score(frame)
    assert (scores["p_repay_90d"] >= scores["p_repay_30d"]).all()
    assert (scores["expected_share_90d"] >= scores["expected_share_30d"]).all()
    shares = scores.filter(regex="p_repay|share").dropna(axis=1)
    assert shares.stack().between(0.0, 1.0).all()


def test_a_horizon_without_a_model_is_present_and_null(bundle, frame):
    assert bundle.score(frame)[["p_repay_180d", "margin_180d", "expected_share_180d"]].isna().all(axis=None)


def test_the_margin_is_what_the_calibrator_turns_into_the_probability(bundle, frame):
    scores = bundle.score(frame)
    expected = bundle.repayment[30].probability(scores["margin_30d"].to_numpy())
    np.testing.assert_array_equal(scores["p_repay_30d"], expected)


def test_chunks_and_row_order_do_not_change_a_score(bundle, frame, monkeypatch):
    whole = bundle.score(frame)
    monkeypatch.setattr("duewise.models.bundle.CHUNK_ROWS", 97)
    backwards = bundle.score(frame.iloc[::-1])
    pd.testing.assert_frame_equal(backwards.sort_index(), whole)


def test_nobody_in_scope_gives_no_scores_but_all_columns(bundle, frame):
    assert list(bundle.score(frame.iloc[:0])) == list(bundle.score(frame.iloc[:1]))


def test_the_champion_scores_as_the_bundle_that_was_registered(store, bundle, frame):
    loaded = load_champion(store, NAME)
    assert loaded.version == "demo/1"
    assert loaded.info == bundle.info
    pd.testing.assert_frame_equal(loaded.score(frame), bundle.score(frame))


def test_mlflow_itself_serves_the_registered_model(store, bundle, frame):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{store / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
    features = frame[list(bundle.encoding.names)].astype({"product": str})
    pd.testing.assert_frame_equal(model.predict(features), bundle.score(frame))
    assert model.metadata.signature is not None
    assert model.input_example is not None


def test_a_run_keeps_parameters_metrics_pictures_and_card(store):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{store / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    (run,) = client.search_runs([client.get_experiment_by_name(NAME).experiment_id])[-1:]
    assert run.data.params == {"rows": "3"}
    assert run.data.metrics == {"auc": 0.7}
    assert run.data.tags["code_version"] == "test"
    assert {item.path for item in client.list_artifacts(run.info.run_id)} >= {"gain.png", "model_card.md"}


def test_nothing_in_the_store_is_a_pickle_or_holds_a_debtor(store):
    files = [path for path in (store / "artifacts").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".cloudpickle")]
    assert not [path for path in files if b"debtor_id" in path.read_bytes() and path.suffix == ".json"]


def test_a_later_version_is_challenger_until_it_is_promoted(bundle, frame, tmp_path):
    store = tmp_path / "mlflow"
    assert registered(bundle, frame, store).alias == "champion"
    with pytest.raises(DataError, match="no challenger"):
        promote(store, NAME)
    assert registered(bundle, frame, store).alias == "challenger"
    assert load_champion(store, NAME).version == "demo/1"
    assert promote(store, NAME, dry_run=True) == 2
    assert load_champion(store, NAME).version == "demo/1"
    assert promote(store, NAME) == 2
    assert load_champion(store, NAME).version == "demo/2"
    assert promote(store, NAME, 1) == 1
    assert load_champion(store, NAME).version == "demo/1"
    with pytest.raises(DataError, match="no version 7"):
        promote(store, NAME, 7)


@pytest.mark.parametrize("harm", ["changed", "lost", "added"])
def test_a_bundle_that_is_not_what_was_registered_is_refused_by_file(store, tmp_path, harm):
    copy = shutil.copytree(store, tmp_path / "copy")
    (trees,) = copy.glob("artifacts/**/repayment_30d.txt")
    if harm == "changed":
        trees.write_text(trees.read_text().replace("leaf_value", "leaf_valuE", 1))
    elif harm == "lost":
        trees.unlink()
    else:
        trees.with_name("extra.txt").write_text("x")
    with pytest.raises(DataError, match=r"repayment_30d\.txt|extra\.txt"):
        load_champion(copy, NAME)


def test_a_copied_store_can_be_read_but_not_trained_into(store, bundle, frame, tmp_path):
    copy = shutil.copytree(store, tmp_path / "copy")
    (store / "artifacts").rename(store / "hidden")
    try:
        assert load_champion(copy, NAME).version == "demo/1"
    finally:
        (store / "hidden").rename(store / "artifacts")
    with pytest.raises(DataError, match="was made at"):
        registered(bundle, frame, copy)


def test_an_absent_store_name_or_alias_says_what_to_do(store, tmp_path):
    with pytest.raises(DataError, match="duewise train"):
        load_champion(tmp_path / "nowhere", NAME)
    with pytest.raises(DataError, match="no champion of the model `other`"):
        load_champion(store, "other")
    with pytest.raises(DataError, match="no challenger"):
        load_alias(store, NAME, "challenger")
    assert not (tmp_path / "nowhere").exists()


def test_importing_the_registry_does_not_import_mlflow():
    code = "import sys, duewise.models.registry; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
