"""What the reader of a training's figures should know: thin history, sampled debtors, effects not proven."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from duewise.config import Portfolio
from duewise.models.horizon_rows import HorizonRows
from duewise.pipelines.channel_training import ChannelTraining
from duewise.pipelines.history import History

log = structlog.get_logger(__name__)


def history_warnings(
    portfolio: Portfolio, history: History, rows: Mapping[int, HorizonRows]
) -> tuple[str, ...]:
    """Return where the history is too short or too large for all that was asked of it."""
    nights = history.nights
    found = [
        f"No night lies {horizon} days before {nights.end}, where the books end: the {horizon}-day forecasts "
        "are left out."
        for horizon in portfolio.horizons
        if horizon not in nights.mature
    ]
    found += [
        f"{horizon} days: only {len(nights.mature[horizon])} mature night(s), so that fitting, stopping, "
        "calibrating and judging cannot all be apart in time; debtors are kept apart throughout."
        for horizon, r in rows.items()
        if not r.panel.roles.apart
    ]
    if history.sample < 1.0:
        found.append(
            f"A sample of {history.sample:.1%} of the debtors was used to stay within training.max_rows "
            f"({portfolio.training.max_rows:,})."
        )
    return _logged(found)


def channel_warnings(channels: ChannelTraining | None) -> tuple[str, ...]:
    """Return what the reader should know about the effects."""
    if channels is None:
        found = ["Too few contacts are on file to learn what an action changes; stages and forecasts decide."]
    else:
        found = [why for sentences in channels.evidence["doubts"].values() for why in sentences]
        if not channels.effects.proven:
            found.append(
                "Acting on the estimated effects does not pay beyond doubt on debtors they did not see: the "
                "night will plan no action for its effect until history says more."
            )
    return _logged(found)


def _logged(found: list[str]) -> tuple[str, ...]:
    for warning in found:
        log.warning("training_warning", text=warning)
    return tuple(found)
