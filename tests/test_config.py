from pathlib import Path

import pytest

from duewise.config import load_portfolio
from duewise.errors import ConfigError

MINIMAL = "portfolio: {name: demo}\nsources: {path: data/sample}\n"


@pytest.fixture
def portfolio_file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "portfolio.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_name_and_sources_are_enough(portfolio_file):
    portfolio = load_portfolio(portfolio_file(MINIMAL))
    assert portfolio.horizons == [30, 90, 180]
    assert portfolio.decision_days == 7
    assert portfolio.rules is None
    assert portfolio.features.protected == ["birth_year", "gender", "language"]
    assert portfolio.registered_name == "demo"


@pytest.mark.parametrize(
    ("text", "path", "hint"),
    [
        (MINIMAL + "horizon: [30]\n", "horizon", "horizons"),
        ("portfolio: {name: demo, timezon: UTC}\nsources: {path: x}\n", "portfolio.timezon", "timezone"),
        (
            "portfolio: {name: demo}\nsources: {path: x, max_bad_shar: 1}\n",
            "sources.max_bad_shar",
            "max_bad_share",
        ),
        (MINIMAL + "actions: {cal: {cost: 1}}\n", "actions", "call"),
        (MINIMAL + "actions: {call: {cots: 1}}\n", "actions.call.cots", "cost"),
        (MINIMAL + "mapping: {contacts: {code: {}}}\n", "mapping.contacts.code", "codes"),
        (MINIMAL + "resources: {minutes: {limt: 1, limit: 2}}\n", "resources.minutes.limt", "limit"),
        (MINIMAL + "stages: {products: {lease: {legl: 10}}}\n", "stages.products.lease.legl", "legal"),
        (
            "portfolio: {name: demo, timezone: Asia/Shangai}\nsources: {path: x}\n",
            "timezone",
            "Asia/Shanghai",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_its_path_and_the_nearest_valid_one(portfolio_file, text, path, hint):
    with pytest.raises(ConfigError) as refusal:
        load_portfolio(portfolio_file(text))
    assert path in str(refusal.value)
    assert f"`{hint}`" in str(refusal.value)


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("sources.max_bad_share=2", "sources.max_bad_share"),
        ("horizons=[30, 30]", "horizons"),
        ("training.repay_share=0", "training.repay_share"),
        ("cells={control: 0.7, explore: 0.7}", "cells"),
        ("actions.call.capacity=-1", "actions.call.capacity"),
        ("stages.bounds={intensified: 90, legal: 30}", "stages.bounds"),
        ("features.extra.debtors=[gender]", "features"),
        ("portfolio.role=friend", "portfolio.role"),
    ],
)
def test_an_impossible_value_is_refused_with_its_path(portfolio_file, setting, path):
    with pytest.raises(ConfigError, match=path):
        load_portfolio(portfolio_file(MINIMAL), [setting])


def test_every_fault_is_said_at_once(portfolio_file):
    with pytest.raises(ConfigError) as refusal:
        load_portfolio(portfolio_file(MINIMAL), ["horizons=x", "training.repay_share=0", "decision_days=0"])
    assert all(name in str(refusal.value) for name in ("horizons", "training.repay_share", "decision_days"))


def test_set_data_and_out_override_the_file(portfolio_file):
    portfolio = load_portfolio(
        portfolio_file(MINIMAL),
        ["actions.call.capacity=7", "rules=[]", "publish.excel=false"],
        data=Path("elsewhere"),
        out=Path("out"),
    )
    assert portfolio.actions["call"].capacity == 7
    assert portfolio.rules == []
    assert portfolio.sources.path == Path("elsewhere")
    assert portfolio.publish.runs == Path("out")
    assert not portfolio.publish.excel


def test_data_replaces_a_database(portfolio_file):
    text = "portfolio: {name: demo}\nsources: {url: postgresql://db/x, max_bad_share: 0.5}\n"
    portfolio = load_portfolio(portfolio_file(text), data=Path("folder"))
    assert portfolio.sources.url is None
    assert portfolio.sources.max_bad_share == 0.5


def test_codes_are_compared_as_text_however_yaml_read_them(portfolio_file):
    text = MINIMAL + "mapping: {debtors: {codes: {has_phone: {1: true, 是: true, no: false}}}}\n"
    codes = load_portfolio(portfolio_file(text)).mapping["debtors"].codes["has_phone"]
    assert codes == {"1": True, "是": True, "False": False}


@pytest.mark.parametrize("text", ["", "just words", "a: [1", "- 1\n- 2"])
def test_a_file_that_holds_no_keys_is_refused(portfolio_file, text):
    with pytest.raises(ConfigError):
        load_portfolio(portfolio_file(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_portfolio(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("setting", ["horizons", "=1", "horizons=[1"])
def test_a_malformed_override_says_how_to_write_one(portfolio_file, setting):
    with pytest.raises(ConfigError, match="--set"):
        load_portfolio(portfolio_file(MINIMAL), [setting])
