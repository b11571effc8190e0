"""One debtor's strategy and why, from nothing but what the night published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from duewise.config import Portfolio
from duewise.contracts.strategies import REASON_COUNT
from duewise.contracts.vocabulary import CHANNELS
from duewise.publish.comparison import comparison_of
from duewise.publish.feedback import FEEDBACK_FILE, Feedback, FeedbackStore
from duewise.publish.published_run import find_run
from duewise.publish.talking_points import talking_points

SECTIONS: dict[str, tuple[str, ...]] = {
    "strategy": (
        "queue",
        "rank",
        "priority",
        "stage",
        "action",
        "action_reason",
        "action_supported",
        "runner_up_action",
        "tone",
        "cell",
        "propensity",
    ),
    "money": (
        "balance",
        "dpd",
        "bucket",
        "product",
        "gain",
        "harm",
        "cost",
        "net_gain",
        "runner_up_net_gain",
    ),
    "person": ("region", "ability", "willingness", "segment", "p_promise_kept"),
    "plan": (
        "window_start",
        "window_end",
        "contacts_allowed_7d",
        "follow_up_action",
        "follow_up_on",
        "next_review_on",
    ),
    "offer": ("offer", "offer_amount", "offer_months"),
}
"""Columns of the published row by what they tell; forecasts, whose names carry days, are told with money."""

_IDENTITY = ("run_id", "as_of", "debtor_id", "model_version", "policy_version")
_FORECASTS = ("p_repay_", "expected_recovery_")


@dataclass(frozen=True)
class Explanation:
    """The story of one debtor's night.

    Attributes
    ----------
    identity : dict
        Run, night, debtor, versions of model and policy.
    sections : dict of section to dict of column to value
        See ``SECTIONS``.
    reasons : list of dict
        ``code``, ``direction`` and ``text``, strongest first.
    effects : dict of channel to money
        What the channel adds tonight; None where history does not support a figure.
    comparison : dict or None
        The choice beside the runner-up and what would change it, see
        :func:`duewise.publish.comparison.comparison_of`.
    denied : list of dict
        ``action``, ``rule_id``, and what the rule ``says``, its ``cite``, ``mark`` and ``force``.
    talking_points : list of dict
        ``code`` and ``text``, in the order in which to say them.
    feedback : list of dict
        What people have said about the debtor, oldest first.
    """

    language: str
    currency: str
    timezone: str
    identity: dict[str, Any]
    sections: dict[str, dict[str, Any]]
    reasons: list[dict[str, str]]
    effects: dict[str, float | None]
    comparison: dict[str, Any] | None
    denied: list[dict[str, str]]
    talking_points: list[dict[str, str]]
    feedback: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as one object for other systems; ``docs/explain-json.md`` names every key.

        Dates and times are in ISO 8601.
        """
        return {
            **_plain(self.identity),
            "language": self.language,
            "currency": self.currency,
            **{name: _plain(values) for name, values in self.sections.items()},
            "reasons": self.reasons,
            "effects": self.effects,
            "comparison": self.comparison,
            "denied": self.denied,
            "talking_points": self.talking_points,
            "feedback": [_plain(remark) for remark in self.feedback],
        }


def explain_debtor(portfolio: Portfolio, debtor_id: str, as_of: date | None = None) -> Explanation:
    """Return what the latest run, or that of `as_of`, decided for a debtor and why.

    Raises
    ------
    ConfigError
        When there is no such run, or the debtor is not in it.
    """
    run = find_run(portfolio.publish.runs, as_of)
    said = FeedbackStore(portfolio.publish.runs / FEEDBACK_FILE).of(debtor_id)
    return explanation_of(run.manifest, run.strategy(debtor_id), run.details(debtor_id), said)


def explanation_of(
    manifest: Mapping[str, Any],
    row: Mapping[str, Any],
    details: Mapping[str, Any] | None = None,
    said: Sequence[Feedback] = (),
) -> Explanation:
    """Return the story of one published row and its details, with what people `said` about the debtor."""
    rules = manifest["rules"]
    forecasts = {name: value for name, value in row.items() if name.startswith(_FORECASTS)}
    sections = {name: {column: row[column] for column in columns} for name, columns in SECTIONS.items()}
    sections["money"] |= forecasts
    settings = manifest["portfolio"]
    owner = settings["portfolio"]
    reasons = [row[f"reason_{i}"] for i in range(1, REASON_COUNT + 1)]
    return Explanation(
        language=owner["language"],
        currency=owner["currency"],
        timezone=owner["timezone"],
        identity={name: row[name] for name in _IDENTITY},
        sections=sections,
        reasons=[reason for reason in reasons if reason is not None],
        effects={str(channel): row[f"effect_{channel}"] for channel in CHANNELS},
        comparison=comparison_of(row, details, owner["language"], owner["currency"]),
        denied=[{**denial, **rules.get(denial["rule_id"], {})} for denial in row["denied"] or ()],
        talking_points=talking_points(row, settings["actions"], owner["language"], owner["currency"]),
        feedback=[
            {name: value for name, value in vars(remark).items() if name != "debtor_id"} for remark in said
        ],
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value  # a datetime is a date, too
        for name, value in values.items()
    }
