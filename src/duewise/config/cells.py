"""What the team learns on purpose: `cells`."""

from typing import Self

from pydantic import Field, model_validator

from duewise.config.section import Days, Section, Share


class CellsSection(Section):
    """The nightly experiment."""

    control: Share = Field(0.05, description="Share of debtors left alone except for legal duties.")
    explore: Share = Field(0.05, description="Share whose action is drawn among the permitted ones.")
    seed: str = Field("change-me", description="Key of the hash that draws the cells.")
    period_days: Days = Field(28, description="Days for which a debtor keeps the cell.")

    @model_validator(mode="after")
    def _room_for_policy(self) -> Self:
        if self.control + self.explore > 1:
            raise ValueError("control and explore together exceed 1")
        return self
