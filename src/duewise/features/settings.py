"""What the portfolio file says about features."""

from dataclasses import dataclass, field

from duewise.config import DEFAULT_PROTECTED, Portfolio
from duewise.features.promise_ledger import Grace


@dataclass(frozen=True)
class FeatureSettings:
    """Everything beside tables and date that decides a feature.

    Attributes
    ----------
    timezone : str
        IANA zone in which hours, days of the month and due dates are read.
    protected : tuple of str
        Columns that no model sees, whatever else asks for them.
    grace : Grace
        How long after its due date a promise may still be kept.
    """

    timezone: str = "UTC"
    protected: tuple[str, ...] = DEFAULT_PROTECTED
    grace: Grace = field(default_factory=Grace)

    @classmethod
    def of(cls, portfolio: Portfolio) -> "FeatureSettings":
        """Return the settings that a portfolio file holds."""
        return cls(
            timezone=portfolio.portfolio.timezone,
            protected=tuple(portfolio.features.protected),
            grace=Grace.of(portfolio),
        )
