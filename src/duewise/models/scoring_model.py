"""The registered model as MLflow runs it: features in, scores out.

MLflow stores this file as text and runs it when the model is loaded, so that the registry holds no pickle.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from duewise.models.bundle import Bundle


class ScoringModel(PythonModel):  # type: ignore[misc]  # mlflow is untyped
    """Scores a table of features with the bundle among the artefacts."""

    def load_context(self, context: Any) -> None:
        """Read the bundle."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the scores of each row, see :meth:`duewise.models.bundle.Bundle.score`."""
        return self.bundle.score(model_input)


set_model(ScoringModel())
