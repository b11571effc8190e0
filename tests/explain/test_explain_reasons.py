"""Reasons in words: every feature has a sentence in both languages, nothing that is nil is a reason."""

import re

import numpy as np
import pandas as pd
import pytest

from duewise.contracts.strategies import REASON_COUNT
from duewise.contracts.vocabulary import HEALTH_AND_HARDSHIP_FLAGS, LANGUAGES
from duewise.explain.explanation import Explanation, top_reasons
from duewise.explain.groups import FeatureGroups
from duewise.explain.locale import load_locale
from duewise.explain.probability import ProbabilityShares
from duewise.explain.reasons import reason_columns, sentences
from duewise.explain.scores import Scores
from duewise.features.catalogue import catalogue
from duewise.features.registry import Family, Feature, Tag, Unit

FEATURES = {feature.name: feature for feature in catalogue()}
TOPICS = {feature.topic for feature in FEATURES.values()}
HANZI = re.compile(r"[\u4e00-\u9fff]")


def one_row(**values):
    """One debtor whose other features have some plain value."""
    row = {}
    for feature in FEATURES.values():
        plain = (feature.levels or ("north",))[0] if feature.is_category else 2.0
        row[feature.name] = [values.get(feature.name, plain)]
    return pd.DataFrame(row)


def said(name, language="en", currency="CNY", **values):
    (text,) = sentences(
        FEATURES[name], one_row(**values), FEATURES, load_locale(language), currency
    ).to_pylist()
    return text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_has_a_whole_sentence_for_every_kind_of_value(language):
    debtors = pd.concat([one_row()] * 4, ignore_index=True)
    faults = []
    for feature in FEATURES.values():
        values = ["other", "unknown", None, None] if feature.is_category else [2.0, 1.0, 0.0, np.nan]
        told = debtors.assign(**{feature.name: values})
        for text in sentences(feature, told, FEATURES, load_locale(language), "CNY").to_pylist():
            whole = text and not re.search(r"[{}]|\bnan\b|None|  ", text)
            if not whole or bool(HANZI.search(text)) != (language == "zh"):
                faults.append((feature.name, text))
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_level_of_a_closed_category_has_words(language):
    codes = load_locale(language).codes
    assert {level for feature in FEATURES.values() for level in feature.levels} <= set(codes)


def test_both_languages_say_the_same_things_about_features_that_exist():
    en, zh = load_locale("en"), load_locale("zh")
    for part in ("words", "codes", "units", "windows", "facts", "missing", "zero", "actions"):
        assert getattr(en, part).keys() == getattr(zh, part).keys()
    named = {*en.facts, *en.missing, *en.zero} - {"any"}
    assert named <= TOPICS | set(FEATURES)
    own = {f.topic for f in FEATURES.values() if en.has_own_fact(f)}
    plain = {f.topic for f in FEATURES.values() if not en.has_own_fact(f)}
    assert {key for key in en.facts if key in own - plain} == set()


@pytest.mark.parametrize(
    ("name", "values", "en", "zh"),
    [
        (
            "promises_kept_365d",
            {"promises_kept_365d": 3, "promises_due_365d": 4},
            "kept 3 of 4 promises",
            "4 次承诺中兑现 3 次",
        ),
        (
            "promises_kept_365d",
            {"promises_kept_365d": 0, "promises_due_365d": 3},
            "kept 0 of 3 promises",
            "3 次承诺中兑现 0 次",
        ),
        (
            "promises_kept_365d",
            {"promises_kept_365d": 0, "promises_due_365d": 0},
            "no promise has come due in a year",
            "近一年没有到期的承诺",
        ),
        ("dpd", {"dpd": 95}, "95 days past due", "已逾期 95 天"),
        ("dpd", {"dpd": 1}, "1 day past due", "已逾期 1 天"),
        ("balance", {"balance": 12300.4}, "owes ¥12,300 in all", "共欠 12,300元"),
        (
            "days_since_last_payment",
            {"days_since_last_payment": 12},
            "last paid 12 days ago",
            "上次还款在 12 天前",
        ),
        ("days_since_last_payment", {"days_since_last_payment": np.nan}, "has never paid", "从未还款"),
        (
            "call_reached_share_90d",
            {"call_reached_share_90d": 0.25, "call_attempts_90d": 8},
            "call: reached 25% of 8 times",
            "人工电话近90天 8 次中触达 25%",
        ),
        (
            "ai_call_attempts_30d",
            {"ai_call_attempts_30d": 1},
            "1 AI call in the last 30 days",
            "近30天智能语音外呼 1 次",
        ),
        (
            "last_stated_reason",
            {"last_stated_reason": "lost_job"},
            "reason given: lost the job",
            "最近陈述的逾期原因：失业",
        ),
        (
            "talk_seconds_365d",
            {"talk_seconds_365d": 600},
            "talk time in a year: 10 min",
            "近一年通话时长：10 分钟",
        ),
    ],
)
def test_a_reason_is_the_fact_behind_it(name, values, en, zh):
    assert said(name, "en", **values) == en
    assert said(name, "zh", **values) == zh


def test_money_is_in_the_portfolios_currency():
    assert said("balance", "en", "USD", balance=8.5) == "owes $8.50 in all"
    assert said("balance", "zh", "USD", balance=8.5) == "共欠 $8.50"


def test_a_fact_about_a_column_that_is_absent_falls_back_to_its_own_value():
    row = one_row(promises_kept_365d=3).drop(columns="promises_due_365d")
    (text,) = sentences(FEATURES["promises_kept_365d"], row, FEATURES, load_locale("en"), "CNY").to_pylist()
    assert text == "promises kept in a year: 3"


@pytest.mark.parametrize("unit", [Unit.NUMBER, Unit.CATEGORY])
def test_a_clients_own_column_speaks_under_its_own_name(unit):
    column = "Score {A}: 1"
    name = f"extra_{column}"
    feature = Feature(
        name, Family.DEBT, Tag.CONTEXT, unit, "", column, column,
        f"{column}: {{{name}}}", f"{column}：{{{name}}}", topic=name,
    )  # fmt: skip
    row = pd.DataFrame({name: [7.0 if unit is Unit.NUMBER else "seven"]})
    (text,) = sentences(feature, row, {name: feature}, load_locale("en"), "CNY").to_pylist()
    assert text == f"Score {{A}}: 1: {'7' if unit is Unit.NUMBER else 'seven'}"


def test_neither_protected_nor_health_facts_are_ever_named():
    forbidden = re.compile("|".join(["birth", "gender", "language", "illness", *HEALTH_AND_HARDSHIP_FLAGS]))
    for feature in FEATURES.values():
        for text in (feature.name, feature.en, feature.fact_en, *feature.levels):
            assert not forbidden.search(text), feature.name


NAMES = ("balance", "dpd", "n_payments_30d", "n_payments_90d", "monthly_income", "product", "principal")
GROUPS = FeatureGroups(NAMES, (0, 1, 2, 2, 3, 4, 5))


def explained(values):
    values = np.asarray(values, dtype=np.float32)
    speaker, contribution = top_reasons(values, GROUPS)
    n = len(values)
    nothing = np.zeros(n)
    shares = ProbabilityShares(0.5, np.zeros((n, REASON_COUNT)), nothing)
    return Explanation(NAMES, speaker, contribution, shares, Scores(nothing, nothing, nothing.astype(object)))


def reasons_of(values, debtors):
    columns = reason_columns(explained(values), debtors, FEATURES, "en", "CNY")
    assert list(columns) == [f"reason_{k}" for k in range(1, REASON_COUNT + 1)]
    return list(zip(*(column.to_pylist() for column in columns.values()), strict=True))


def test_the_strongest_five_groups_are_told_strongest_first_with_their_direction():
    (reasons,) = reasons_of([[0.1, -0.9, 0.3, 0.3, 0.2, 0.05, -0.01]], one_row(dpd=95, n_payments_30d=1))
    assert [reason["code"] for reason in reasons] == [
        "dpd",
        "n_payments_30d",
        "monthly_income",
        "balance",
        "product",
    ]
    assert [reason["direction"] for reason in reasons] == ["down", "up", "up", "up", "up"]
    assert [reason["text"] for reason in reasons][:2] == ["95 days past due", "1 payment in the last 30 days"]


def test_a_contribution_of_nothing_is_never_a_reason():
    (reasons,) = reasons_of([[0.0, -0.9, 0.3, -0.3, 0.0, 0.0, 0.0]], one_row())
    assert [reason and reason["code"] for reason in reasons] == ["dpd", None, None, None, None]


def test_a_speaker_never_pulls_against_its_own_reason():
    (reasons,) = reasons_of([[0, 0, -0.5, 0.6, 0, 0, 0]], one_row())
    assert (reasons[0]["code"], reasons[0]["direction"]) == ("n_payments_90d", "up")


def test_each_debtor_gets_his_own_facts(monkeypatch):
    monkeypatch.setattr("duewise.explain.reasons.ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    n = 30
    debtors = pd.concat([one_row(dpd=k, balance=1000 + k) for k in range(n)], ignore_index=True)
    values = rng.normal(size=(n, len(NAMES))) * (rng.random((n, len(NAMES))) > 0.3)
    for k, reasons in enumerate(reasons_of(values, debtors)):
        texts = {reason["code"]: reason["text"] for reason in reasons if reason}
        assert texts.get("balance", f"owes ¥{1000 + k:,} in all") == f"owes ¥{1000 + k:,} in all"
        days = said("dpd", dpd=k)
        assert texts.get("dpd", days) == days


def test_a_night_without_debtors_has_no_reasons():
    assert reasons_of(np.zeros((0, len(NAMES))), one_row().iloc[:0]) == []
