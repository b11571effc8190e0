"""The whole portfolio file: its own keys, its sections, and what must hold between them."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from duewise.config.actions import Action, HarmSection, Resource, default_actions
from duewise.config.cells import CellsSection
from duewise.config.learning import FeaturesSection, ModelsSection, TrainingSection
from duewise.config.names import known_timezone, unknown_name
from duewise.config.offers import OffersSection
from duewise.config.queues import QueuesSection
from duewise.config.runs import MachineSection, PublishSection
from duewise.config.section import Days, Section
from duewise.config.serve import ServeSection
from duewise.config.sources import SourcesSection, TableMapping
from duewise.config.stages import StagesSection
from duewise.contracts.vocabulary import CHANNELS, Table


class PortfolioSection(Section):
    """Whose debts these are and where their law applies."""

    name: str = Field(
        min_length=1, pattern=r"^[\w.-]+$", description="Short name; used in paths and registry."
    )
    currency: str = Field("CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of every amount.")
    timezone: str = Field("Asia/Shanghai", description="IANA zone of debtors that have none of their own.")
    country: str | None = Field("CN", pattern=r"^[A-Z]{2}$", description="ISO 3166 code; null when unknown.")
    role: Literal["creditor", "servicer", "agency", "debt_buyer"] = Field(
        "creditor", description="What the user of Duewise is for these debts."
    )
    language: Literal["en", "zh"] = Field("zh", description="Language of sentences in the outputs.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_timezone(value)


class Portfolio(Section):
    """Everything that describes one portfolio."""

    portfolio: PortfolioSection
    sources: SourcesSection
    mapping: dict[Table, TableMapping] = Field(default_factory=dict)
    horizons: list[Days] = Field(
        default_factory=lambda: [30, 90, 180],
        min_length=1,
        description="Days over which recovery is forecast; the first is the one that strategies maximise.",
    )
    decision_days: Days = Field(7, description="Days for which tonight's action stands before the next one.")
    actions: dict[str, Action] = Field(default_factory=default_actions)
    resources: dict[str, Resource] = Field(default_factory=dict)
    harm: HarmSection = Field(default_factory=HarmSection)
    rules: list[str] | None = Field(None, description="Packs or paths; null: common.strict; []: none.")
    stages: StagesSection = Field(default_factory=StagesSection)
    artefacts: list[str] | None = Field(
        None, description="Script lines, templates and reviews that the team can attach; null: not said."
    )
    offers: OffersSection = Field(default_factory=OffersSection)
    queues: QueuesSection = Field(default_factory=QueuesSection)
    cells: CellsSection = Field(default_factory=CellsSection)
    features: FeaturesSection = Field(default_factory=FeaturesSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    models: ModelsSection = Field(default_factory=ModelsSection)
    publish: PublishSection = Field(default_factory=PublishSection)
    machine: MachineSection = Field(default_factory=MachineSection)
    serve: ServeSection = Field(default_factory=ServeSection)

    @field_validator("horizons")
    @classmethod
    def _distinct_horizons(cls, value: list[int]) -> list[int]:
        if len(set(value)) != len(value):
            raise ValueError("a horizon is named twice")
        return value

    @field_validator("actions")
    @classmethod
    def _known_actions(cls, value: dict[str, Action]) -> dict[str, Action]:
        for name in value:
            if name not in CHANNELS:
                raise ValueError(unknown_name(name, CHANNELS))
        return value

    @model_validator(mode="after")
    def _known_resources(self) -> Self:
        for name, action in self.actions.items():
            for resource in action.uses:
                if self.resources and resource not in self.resources:
                    raise ValueError(f"actions.{name}.uses: {unknown_name(resource, self.resources)}")
        return self

    @property
    def registered_name(self) -> str:
        """Name under which the model bundle is registered."""
        return self.models.name or self.portfolio.name
