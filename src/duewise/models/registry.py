"""The registry: training runs and registered bundles in an MLflow store inside one folder.

Runs, metrics and versions live in ``<store>/mlflow.db``, files in ``<store>/artifacts``. The first version of
a name becomes ``champion``, which every night scores with; later ones become ``challenger`` until promoted.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pandas as pd
import structlog

from duewise.errors import DataError
from duewise.models.bundle import Bundle
from duewise.models.bundle_files import BundleFiles, file_hashes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = structlog.get_logger(__name__)

CHAMPION = "champion"
CHALLENGER = "challenger"
HASHES_TAG = "bundle_sha256"
MODEL_FOLDER = "model"
BUNDLE_FOLDER = "bundle"
MODELS_FOLDER = "/artifacts/models/"  # in the store, by MLflow's own layout
_PATIENCE = 10
"""Seconds that a training may hold the registry's database before it counts as not answering."""

REQUIREMENTS = ("duewise", "lightgbm", "numpy", "pandas", "scipy")

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class TrainingRecord:
    """What a run keeps beside the model.

    Attributes
    ----------
    documents : mapping of file name to text
    figures : mapping of file name to Figure
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A registered version and the alias that it got."""

    name: str
    version: int
    alias: str


class RegistryUnreachable(DataError):  # noqa: N818 - what happened, as the message says it
    """The registry is not there, or does not answer."""


def version_name(name: str, version: int) -> str:
    """Return how outputs name a version."""
    return f"{name}/{version}"


def register(
    bundle: Bundle,
    record: TrainingRecord,
    example: pd.DataFrame,
    *,
    store: Path,
    experiment: str,
    name: str,
) -> Registered:
    """Log one training run and register its bundle.

    Parameters
    ----------
    example : DataFrame
        A few rows of features that belong to nobody; stored beside the model.
    store : Path
        Folder of the MLflow store, made when absent.

    Returns
    -------
    Registered
        As `champion` when the name had none, else as `challenger`.
    """
    with _store(store, create=True) as (mlflow, client), tempfile.TemporaryDirectory() as scratch:
        experiment_id = _experiment(client, experiment, store)
        folder = Path(scratch) / BUNDLE_FOLDER
        bundle.save(folder)
        with mlflow.start_run(experiment_id=experiment_id):
            mlflow.log_params(dict(record.params))
            mlflow.log_metrics(dict(record.metrics))
            mlflow.set_tags(dict(record.tags))
            for file, text in record.documents.items():
                mlflow.log_text(text, file)
            for file, figure in record.figures.items():
                mlflow.log_figure(figure, file)
            logged = mlflow.pyfunc.log_model(
                name=MODEL_FOLDER,
                python_model=str(Path(__file__).with_name("scoring_model.py")),
                artifacts={BUNDLE_FOLDER: str(folder)},
                signature=mlflow.models.infer_signature(example, bundle.score(example)),
                input_example=example,
                pip_requirements=[f"{package}=={installed_version(package)}" for package in REQUIREMENTS],
            )
        _ensure_registered_model(client, name)
        registered = client.create_model_version(
            name, source=logged.model_uri, run_id=logged.run_id, model_id=logged.model_id
        )
        client.set_model_version_tag(
            name, registered.version, HASHES_TAG, json.dumps(file_hashes(folder), sort_keys=True)
        )
        alias = CHALLENGER if CHAMPION in _aliases(client, name) else CHAMPION
        client.set_registered_model_alias(name, alias, registered.version)
    log.info("model_registered", name=name, version=registered.version, alias=alias)
    return Registered(name, int(registered.version), alias)


def load_champion(store: Path, name: str) -> Bundle:
    """Return the champion of `name`; see :func:`load_alias`."""
    return load_alias(store, name, CHAMPION)


def load_alias(store: Path, name: str, alias: str) -> Bundle:
    """Return the bundle that carries `alias`; see :func:`find_bundle` and :meth:`BundleFiles.load`."""
    return find_bundle(store, name, alias).load()


def find_bundle(store: Path, name: str, alias: str) -> BundleFiles:
    """Return where the files of the version that carries `alias` lie.

    Raises
    ------
    RegistryUnreachable
        When the registry is not there or does not answer.
    DataError
        When there is no such model.
    """
    with _store(store, create=False) as (_, client):
        version = _aliases(client, name).get(alias)
        if version is None:
            raise DataError(
                f"{store}: no {alias} of the model `{name}` is registered. Run `duewise train` first, or set "
                "models.store and models.name to where it is."
            )
        found = client.get_model_version(name, str(version))
        source = client.get_model_version_download_uri(name, str(version))
    hashes = json.loads(found.tags[HASHES_TAG])
    return BundleFiles(_bundle_folder(source, store), version_name(name, version), hashes)


def promote(store: Path, name: str, version: int | None = None, *, dry_run: bool = False) -> int:
    """Make `version` (default: the challenger) the champion and return it.

    The old champion keeps its version number, so promoting that number takes the step back.

    Raises
    ------
    DataError
        When there is no such version.
    """
    with _store(store, create=False) as (_, client):
        aliases = _aliases(client, name)
        chosen = version if version is not None else aliases.get(CHALLENGER)
        if chosen is None:
            raise DataError(f"{store}: the model `{name}` has no challenger to promote. Train one first.")
        known = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
        if chosen not in known:
            raise DataError(f"{store}: the model `{name}` has no version {chosen}; it has {known}.")
        if not dry_run:
            client.set_registered_model_alias(name, CHAMPION, str(chosen))
            if aliases.get(CHALLENGER) == chosen:
                client.delete_registered_model_alias(name, CHALLENGER)
            log.info("model_promoted", name=name, version=chosen)
    return chosen


@contextmanager
def _store(store: Path, *, create: bool) -> Iterator[tuple[Any, Any]]:
    """Yield mlflow with its tracking set to `store`, and a client of it; set it back afterwards."""
    database = store.resolve() / "mlflow.db"
    if not create:
        _expect_answer(store, database)
    database.parent.mkdir(parents=True, exist_ok=True)
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    import mlflow
    import mlflow.pyfunc

    # Its own notes (schema migrations, run addresses, inferred types) are no news to an operator.
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    before, address = mlflow.get_tracking_uri(), f"sqlite:///{database}"
    mlflow.set_tracking_uri(address)
    try:
        yield mlflow, mlflow.MlflowClient(address, registry_uri=address)
    finally:
        mlflow.set_tracking_uri(before)


def _expect_answer(store: Path, database: Path) -> None:
    """Ask the registry's database before MLflow does, which tries again for minutes."""
    if not database.exists():
        raise RegistryUnreachable(
            f"{store}: no model store here. Run `duewise train` first, or set models.store."
        )
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as con:
            con.execute("SELECT count(*) FROM registered_models").fetchone()
    except sqlite3.Error as error:
        raise RegistryUnreachable(
            f"{database}: the model registry does not answer ({error}). Wait for whoever holds it, or "
            "restore the file from a backup."
        ) from error


def _experiment(client: Any, name: str, store: Path) -> str:
    """Return the id of the experiment, made with files inside the store: the default is ./mlruns."""
    place = (store.resolve() / "artifacts").as_uri()
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=place))
    if found.artifact_location != place:
        raise DataError(
            f"{store}: this model store was made at {found.artifact_location} and MLflow would write there. "
            "Its models can be read from anywhere; to train, use it where it was made or name a new "
            "models.store."
        )
    return str(found.experiment_id)


def _ensure_registered_model(client: Any, name: str) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)


def _aliases(client: Any, name: str) -> dict[str, int]:
    """Return version by alias; empty for a name that was never registered."""
    found = client.search_registered_models(f"name = '{name}'")
    return {alias: int(version) for alias, version in found[0].aliases.items()} if found else {}


def _bundle_folder(source: str, store: Path) -> Path:
    """Return the folder of a registered bundle.

    MLflow remembers where the store was when the model was logged; what counts is where it is now, so that a
    store may be copied to another machine or mounted elsewhere.
    """
    _, _, inside = unquote(urlparse(source).path).rpartition(MODELS_FOLDER)
    return store.resolve() / MODELS_FOLDER.strip("/") / inside / "artifacts" / BUNDLE_FOLDER
