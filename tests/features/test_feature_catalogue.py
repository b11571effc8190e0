import string
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from duewise.config import DEFAULT_PROTECTED
from duewise.contracts.tables import TABLES
from duewise.errors import ConfigError
from duewise.features.catalogue import CONTEXT, FAMILIES, available, catalogue, permitted
from duewise.features.dictionary import dictionary_text
from duewise.features.frame import levels_of, most_frequent, with_levels
from duewise.features.registry import Family, Tag
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from small_tables import small_tables

AS_OF = date(2024, 4, 1)


def test_there_are_at_least_eighty_features_over_all_families_and_tags():
    features = catalogue()
    assert len({f.name for f in features}) == len(features) >= 80
    assert {f.family for f in features} == set(Family)
    assert {f.tag for f in features} == set(Tag)
    assert len(FAMILIES) == len(Family)


@pytest.mark.parametrize("feature", catalogue(), ids=lambda f: f.name)
def test_every_feature_says_what_it_is(feature):
    assert feature.description.endswith(".")
    assert "\n" not in feature.description
    assert feature.en
    assert any("\u4e00" <= sign <= "\u9fff" for sign in feature.zh)
    names = {f.name for f in catalogue()}
    for fact in (feature.fact_en, feature.fact_zh):
        placeholders = {name for _, name, _, _ in string.Formatter().parse(fact) if name is not None}
        assert placeholders
        assert placeholders <= names
    for text in (feature.description, feature.en, feature.zh):
        assert "{" not in text


@pytest.mark.parametrize("feature", catalogue(), ids=lambda f: f.name)
def test_what_a_feature_needs_is_a_column_of_the_contract(feature):
    for table, column in feature.needs:
        assert column in TABLES[table].columns


def test_the_page_is_current():
    page = Path(__file__).parents[2] / "docs" / "features.md"
    remedy = "run `python -m duewise.features.dictionary`"
    assert page.read_text(encoding="utf-8") == dictionary_text(), remedy


def test_no_feature_reads_a_protected_column_or_the_note():
    read = {column for f in catalogue() for _, column in f.needs}
    assert not read & {*DEFAULT_PROTECTED, "note"}
    assert not {f.name for f in catalogue()} & {*DEFAULT_PROTECTED, "note"}


def test_a_column_declared_protected_takes_its_features_with_it():
    settings = FeatureSettings(protected=("region", "monthly_income"))
    names = {f.name for f in permitted(settings)}
    assert not names & {"region", "monthly_income", "balance_to_income", "income_per_head"}
    tables = small_tables(debtors="debtor_id | region | monthly_income | employment\nD1 | R | 9 | retired")
    got = snapshots(tables, [AS_OF], settings)
    assert "monthly_income" not in got
    assert got["employment"].tolist() == ["retired"]
    assert got["region"].tolist() == ["R"], "strategies show the region, models do not see it"
    assert "region" not in {f.name for f in available(tables, settings)}


def test_features_without_their_columns_are_left_out():
    tables = small_tables(debtors="debtor_id | monthly_income\nD1 | 100")
    names = {f.name for f in available(tables, FeatureSettings())}
    assert "monthly_income" in names
    assert "employment" not in names
    assert "balance" in names
    assert set(snapshots(tables, [AS_OF], FeatureSettings()).columns) == {
        "debtor_id",
        "as_of",
        *CONTEXT,
        *names,
    }


def test_extra_columns_join_under_their_own_name_and_the_largest_account_speaks():
    tables = small_tables(
        extra_debtors={"score": "DOUBLE", "tier": "VARCHAR"},
        extra_accounts={"limit": "BIGINT"},
        debtors="debtor_id | score | tier\nD1 | 1.5 | gold",
        accounts="account_id | debtor_id | placed_balance | limit\nA1 | D1 | 10 | 99\nA2 | D1 | 20 | 7",
    )
    got = snapshots(tables, [AS_OF], FeatureSettings()).iloc[0]
    assert (got["extra_score"], got["extra_tier"], got["extra_limit"]) == (1.5, "gold", 7)
    hidden = snapshots(tables, [AS_OF], FeatureSettings(protected=("score",)))
    assert "extra_score" not in hidden


def test_an_extra_column_that_is_no_feature_is_refused():
    tables = small_tables(extra_debtors={"since": "DATE"}, debtors="debtor_id | since\nD1 | 2020-01-01")
    with pytest.raises(ConfigError, match=r"features\.extra\.debtors: column since"):
        snapshots(tables, [AS_OF], FeatureSettings())


def test_levels_come_from_the_vocabulary_or_from_the_data_and_can_be_frozen():
    tables = small_tables(debtors="debtor_id | region\nD1 | R2\nD2 | R1\nD3 |")
    got = snapshots(tables, [AS_OF], FeatureSettings())
    levels = levels_of(got)
    assert levels["region"] == ["R1", "R2"]
    assert levels["product"][:2] == ["credit_card", "consumer_loan"]
    frozen = with_levels(got.astype({"region": object}), {**levels, "region": ["R1"]})
    assert frozen["region"].isna().tolist() == [True, False, True]


def test_open_ended_levels_keep_the_most_frequent_words(monkeypatch):
    monkeypatch.setattr("duewise.features.frame.MOST_LEVELS", 2)
    assert most_frequent(pd.Series(["b", "a", "c", "b", None, "c"])) == ["b", "c"]
