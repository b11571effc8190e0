"""The ladder of collections: `stages`."""

from typing import Self

from pydantic import Field, model_validator

from duewise.config.section import Count, Section
from duewise.contracts.vocabulary import Product, Stage


class StageSteps(Section):
    """What must have been done before a stage begins."""

    contacts: Count = Field(0, description="Contacts made since placement.")
    notices: list[str] = Field(
        default_factory=list, description="Kinds of notices that must have been served."
    )
    evidence: list[str] = Field(default_factory=list, description="Items of evidence that must be on file.")


class StageBounds(Section):
    """Days past due from which each stage begins; the first stage begins at placement."""

    intensified: Count = Field(31, description="First day past due of the intensified stage.")
    legal: Count = Field(91, description="First day past due of the legal stage.")
    disposal: Count = Field(361, description="First day past due of the disposal stage.")
    steps: dict[Stage, StageSteps] = Field(
        default_factory=dict, description="What must have been done before a stage begins."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.intensified <= self.legal <= self.disposal:
            raise ValueError("the bounds must rise: intensified <= legal <= disposal")
        if Stage.REMINDER in self.steps:
            raise ValueError("steps: the first stage, `reminder`, begins at placement and waits for nothing")
        return self


class StagesSection(Section):
    """The ladder of collections; a product's table, where it has one, stands in for the whole of `bounds`."""

    bounds: StageBounds = Field(default_factory=StageBounds)
    products: dict[Product, StageBounds] = Field(default_factory=dict)
