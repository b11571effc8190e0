"""What may be offered to debtors: `offers`."""

from typing import Annotated

from pydantic import Field

from duewise.config.section import Amount, Section, Share


class OffersSection(Section):
    """Bounds within which offers are made."""

    settlement_floor: Share | None = Field(
        None, description="Least share of the balance that settles it; null: no settlement is offered."
    )
    max_months: Annotated[int, Field(ge=1, le=120)] = Field(24, description="Longest instalment plan.")
    living_cost: Amount = Field(
        0.0, description="Monthly cost of living of a person and of each dependant, kept out of instalments."
    )
    instalment_share: Share = Field(
        0.5, description="Share of the disposable income that an instalment may take."
    )
    sale_price: Share | None = Field(
        None, description="Price of a sale as a share of balance; null: no sale."
    )
    discount_rate: Amount = Field(0.12, description="Yearly rate at which later money is discounted.")
