"""Differences between groups are found where they are, and not where they are not."""

import numpy as np
import pandas as pd

from duewise.evaluate.fairness import SMALL, age_bands, audit_groups, named_groups


def population(seed, n=2_000):
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], n)
    score = rng.uniform(0.1, 0.5, n)
    return rng, group, score


def test_equal_treatment_and_right_forecasts_are_seldom_flagged():
    flagged = 0
    for seed in range(40):
        rng, group, score = population(seed)
        acted = (rng.random(len(group)) < 0.3).astype(float)
        repaid = (rng.random(len(group)) < score).astype(float)
        audits = audit_groups("gender", group, score, acted, (group, score, repaid))
        flagged += any(audit.notes for audit in audits)
    assert flagged <= 7  # of 40 at 5%: more happen about once in a thousand


def test_a_group_that_is_acted_on_less_is_named():
    rng, group, score = population(1)
    acted = (rng.random(len(group)) < np.where(group == "a", 0.1, 0.4)).astype(float)
    notes = {audit.group: audit.notes for audit in audit_groups("gender", group, score, acted, None)}
    assert any("acted on" in note for note in notes["a"])
    assert notes["b"] == ()


def test_a_group_that_is_misjudged_is_named_with_its_side():
    rng, group, score = population(2)
    repaid = (rng.random(len(group)) < score + 0.15 * (group == "b")).astype(float)
    found = {a.group: a for a in audit_groups("gender", group, score, None, (group, score, repaid))}
    assert found["b"].notes == ("repays more often than forecast",)
    assert found["b"].miscalibration.low > 0.0
    assert found["a"].notes == ()
    assert found["a"].selected is None


def test_small_groups_are_merged_and_missing_ones_named():
    names = named_groups(pd.Series(["x"] * 50 + ["rare"] * 3 + [None] * 40))
    assert set(names) == {"x", SMALL, "unknown"}


def test_ages_fall_into_bands():
    bands = age_bands(pd.Series([2000, 1999, 1995, 1980, 1920, None]), 2025)
    assert bands.tolist()[:5] == ["25-34", "25-34", "25-34", "45-54", "65 and over"]
    assert pd.isna(bands.iloc[5])
