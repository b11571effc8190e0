"""What models may see, how they are fitted and where they live: `features`, `training` and `models`."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from duewise.config.section import Count, Days, Section

DEFAULT_PROTECTED = ("birth_year", "gender", "language")


class ExtraFeatures(Section):
    """Columns beyond the contract that models may read."""

    debtors: list[str] = Field(default_factory=list, description="Columns of debtors.")
    accounts: list[str] = Field(default_factory=list, description="Columns of accounts.")


class FeaturesSection(Section):
    """What models may see."""

    protected: list[str] = Field(
        default_factory=lambda: list(DEFAULT_PROTECTED),
        description="Columns kept out of every model, used for audit only.",
    )
    extra: ExtraFeatures = Field(default_factory=ExtraFeatures)

    @model_validator(mode="after")
    def _protected_stay_out(self) -> Self:
        both = sorted(set(self.protected) & {*self.extra.debtors, *self.extra.accounts})
        if both:
            raise ValueError(f"{', '.join(both)}: declared both protected and extra")
        return self


class TrainingSection(Section):
    """How models are fitted."""

    snapshot_every_days: Days = Field(14, description="Days between two past decision dates.")
    history_days: Days = Field(365, description="How far back decision dates reach.")
    repay_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.10, description="Repaid means at least this share of the balance."
    )
    posting_delay_days: Count = Field(7, description="Days until payments are booked; labels wait for them.")
    max_rows: Annotated[int, Field(ge=1000)] = Field(
        300_000, description="Debtor-dates used for fitting; beyond it, debtors are sampled."
    )
    min_debtors: Annotated[int, Field(ge=1)] = Field(
        200, description="Debtors with a known outcome below which no model is fitted."
    )
    threads: Annotated[int, Field(ge=1)] = Field(1, description="Threads per model fit.")
    seed: int = Field(20240601, description="Seed of every random draw in training.")


class ModelsSection(Section):
    """Where models live."""

    store: Path = Field(Path("models/mlflow"), description="Folder of the MLflow store.")
    name: str | None = Field(None, description="Registered name; default the portfolio's.")
