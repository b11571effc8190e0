"""What the team can do tonight and what it costs: `actions`, `resources` and `harm`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from duewise.config.section import Amount, Count, Section


class Action(Section):
    """One thing the team can do tonight; a file that names none gets sms, ai_call and call."""

    cost: Amount = Field(0.0, description="Money per action.")
    capacity: Count | None = Field(None, description="Most that can be done tonight; null is no limit.")
    at_least: Count = Field(0, description="Fewest that must be planned tonight.")
    uses: dict[str, Amount] = Field(default_factory=dict, description="Units of each resource per action.")

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.capacity is not None and self.at_least > self.capacity:
            raise ValueError(f"at_least ({self.at_least}) exceeds capacity ({self.capacity})")
        return self


class Resource(Section):
    """Something that several actions use up."""

    limit: Amount = Field(description="Units available tonight; per region where `per` says so.")
    at_least: Amount = Field(0.0, description="Units that must be planned tonight.")
    per: Literal["region"] | None = Field(None, description="Whether the limit holds for each region.")


class HarmSection(Section):
    """What harm costs."""

    complaint_cost: Amount = Field(200.0, description="Money per complaint, opt-out or dispute.")


def default_actions() -> dict[str, Action]:
    """Return the actions of a small team, used when the portfolio file names none."""
    return {
        "sms": Action(cost=0.05, capacity=5000),
        "ai_call": Action(cost=0.4, capacity=1000),
        "call": Action(cost=4.0, capacity=300, uses={"agent_minutes": 6}),
    }
