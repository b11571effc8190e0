"""The registry: training runs and registered bundles in an MLflow store inside one folder.

Runs, metrics and versions live in ``<store>/mlflow.db``, files in ``<store>/artifacts``. The first version of
a name becomes ``champion``, which every night scores with; later ones become ``challenger`` until promoted.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import structlog

from duewise.errors import DataError
from duewise.models.bundle import Bundle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = structlog.get_logger(__name__)

CHAMPION = "champion"
CHALLENGER = "challenger"
HASHES_TAG = "bundle_sha256"
MODEL_FOLDER = "model"
BUNDLE_FOLDER = "bundle"
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
    version: str
    alias: str

    @property
    def model_version(self) -> str:
        """How outputs name it."""
        return f"{self.name}/{self.version}"


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
    with _store(store, create=True) as mlflow, tempfile.TemporaryDirectory() as scratch:
        client = mlflow.MlflowClient()
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
    return Registered(name, str(registered.version), alias)


def load_champion(store: Path, name: str) -> tuple[Bundle, Registered]:
    """Return the champion of `name`; see :func:`load_alias`."""
    return load_alias(store, name, CHAMPION)


def load_alias(store: Path, name: str, alias: str) -> tuple[Bundle, Registered]:
    """Return the bundle that carries `alias`, after checking that its files are those that were registered.

    Raises
    ------
    DataError
        When there is no such model, or a file was lost or changed since it was registered.
    """
    with _store(store, create=False) as mlflow:
        client = mlflow.MlflowClient()
        version = _aliases(client, name).get(alias)
        if version is None:
            raise DataError(
                f"{store}: no {alias} of the model `{name}` is registered. Run `duewise train` first, or set "
                "models.store and models.name to where it is."
            )
        found = client.get_model_version(name, version)
        source = client.get_model_version_download_uri(name, version)
        folder = _local_folder(mlflow, source, store) / "artifacts" / BUNDLE_FOLDER
    check_hashes(folder, json.loads(found.tags[HASHES_TAG]))
    return Bundle.load(folder), Registered(name, str(version), alias)


def promote(store: Path, name: str, version: str | None = None) -> Registered:
    """Make `version` (default: the challenger) the champion; the old champion keeps its version number.

    Raises
    ------
    DataError
        When there is no such version.
    """
    with _store(store, create=False) as mlflow:
        client = mlflow.MlflowClient()
        aliases = _aliases(client, name)
        chosen = version or aliases.get(CHALLENGER)
        if chosen is None:
            raise DataError(f"{store}: the model `{name}` has no challenger to promote. Train one first.")
        known = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
        if not str(chosen).isdigit() or int(chosen) not in known:
            raise DataError(f"{store}: the model `{name}` has no version {chosen}; it has {known}.")
        client.set_registered_model_alias(name, CHAMPION, chosen)
        if aliases.get(CHALLENGER) == str(chosen):
            client.delete_registered_model_alias(name, CHALLENGER)
    log.info("model_promoted", name=name, version=str(chosen))
    return Registered(name, str(chosen), CHAMPION)


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in `folder`, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def check_hashes(folder: Path, registered: Mapping[str, str]) -> None:
    """Raise DataError unless `folder` holds exactly the files that were registered."""
    found = file_hashes(folder) if folder.is_dir() else {}
    wrong = sorted(name for name in {*found, *registered} if found.get(name) != registered.get(name))
    if wrong:
        raise DataError(
            f"{folder}: {len(wrong)} of {len(registered)} model files are not those that were registered "
            f"({', '.join(wrong[:3])}). Restore the folder from a backup, or train and promote a new version."
        )


@contextmanager
def _store(store: Path, *, create: bool) -> Iterator[Any]:
    """Yield mlflow with its tracking and registry set to `store`, and set them back afterwards."""
    database = store.resolve() / "mlflow.db"
    if not create and not database.exists():
        raise DataError(f"{store}: no model store here. Run `duewise train` first, or set models.store.")
    database.parent.mkdir(parents=True, exist_ok=True)
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    import mlflow
    import mlflow.pyfunc

    # Its own notes (schema migrations, run addresses, inferred types) are no news to an operator.
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    mlflow.set_registry_uri(f"sqlite:///{database}")
    try:
        yield mlflow
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])


def _experiment(client: Any, name: str, store: Path) -> str:
    """Return the id of the experiment, made with files inside the store: the default is ./mlruns."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=(store.resolve() / "artifacts").as_uri()))


def _ensure_registered_model(client: Any, name: str) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)


def _aliases(client: Any, name: str) -> dict[str, str]:
    """Return version by alias; empty for a name that was never registered."""
    found = client.search_registered_models(f"name = '{name}'")
    return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}


def _local_folder(mlflow: Any, source: str, store: Path) -> Path:
    """Return the folder of a logged model, also after the whole store was moved or mounted elsewhere."""
    folder = Path(mlflow.artifacts.local_file_uri_to_path(source))
    if folder.exists():
        return folder
    _, _, inside = folder.as_posix().rpartition("/artifacts/models/")
    return store.resolve() / "artifacts" / "models" / inside
