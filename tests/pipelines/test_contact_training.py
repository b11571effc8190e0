from datetime import date

import numpy as np
import pytest

from client_tables import portfolio_of
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.bundle import Bundle, BundleInfo
from duewise.models.encoding import Encoding
from duewise.pipelines.contact_tonight import promises_tonight, reach_tonight
from duewise.pipelines.contact_training import train_contact
from duewise.simulate.sample import write_sample
from duewise.sources.open import open_tables
from small_tables import small_tables

AS_OF = date(2025, 6, 1)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contact") / "data"
    write_sample(folder, debtors=1_200, months=10, seed=3, end=AS_OF)
    portfolio = portfolio_of(folder)
    with open_tables(portfolio, AS_OF) as tables:
        yield tables.tables, portfolio


@pytest.fixture(scope="module")
def trained(opened):
    return train_contact(*opened, AS_OF)


def bundle_of(trained):
    info = BundleInfo("test", (30,), 0.1, "2025-06-01", "2025-01-01", "2025-05-01", 1, 1, "test")
    return Bundle(info, Encoding(()), {}, {}, reach=trained.reach, promise=trained.promise)


def test_figures_have_intervals_and_a_baseline(trained):
    assert {"reach_call/log_loss", "reach_call_gain_over_hour/log_loss"} <= set(trained.metrics)
    assert all(e.low <= e.value <= e.high for e in trained.metrics.values())
    assert trained.warnings == ()


def test_every_debtor_with_an_open_promise_has_a_chance_and_nobody_else(opened, trained):
    tables, portfolio = opened
    debtors = snapshots(tables, [AS_OF], FeatureSettings.of(portfolio))
    chance = promises_tonight(bundle_of(trained), tables, portfolio, AS_OF, debtors).kept
    promised = (debtors["promises_open"] > 0).to_numpy()
    assert promised.any()
    np.testing.assert_array_equal(np.isfinite(chance), promised)
    assert ((chance[promised] > 0) & (chance[promised] < 1)).all()


def test_the_bundle_brings_both_models_back(opened, trained, tmp_path):
    tables, portfolio = opened
    bundle = bundle_of(trained)
    bundle.save(tmp_path)
    loaded = Bundle.load(tmp_path)
    debtors = snapshots(tables, [AS_OF], FeatureSettings.of(portfolio))
    night = (tables, portfolio, AS_OF, debtors)
    before, after = reach_tonight(bundle, *night), reach_tonight(loaded, *night)
    assert before.records["debtor_id"].tolist() == debtors["debtor_id"].tolist()
    np.testing.assert_array_equal(
        before.model.predict(before.records, "call", 1), after.model.predict(after.records, "call", 1)
    )
    before, after = promises_tonight(bundle, *night), promises_tonight(loaded, *night)
    np.testing.assert_array_equal(before.kept, after.kept)
    assert before.record() == after.record()


def test_the_money_to_expect_from_promises_has_an_interval(opened, trained):
    tables, portfolio = opened
    debtors = snapshots(tables, [AS_OF], FeatureSettings.of(portfolio))
    promises = promises_tonight(bundle_of(trained), tables, portfolio, AS_OF, debtors)
    found = promises.record()
    assert found["debtors"] == (debtors["promises_open"] > 0).sum()
    assert 0 < found["low"] < found["expected"] < found["high"]
    assert found["level"] == 0.9


def test_what_no_history_can_teach_is_said():
    contacts = "debtor_id | at | channel | outcome\nD | 2025-05-01 10:00 | letter | delivered"
    portfolio = portfolio_of("unused")
    trained = train_contact(small_tables(contacts=contacts), portfolio, AS_OF)
    assert trained.reach is None
    assert trained.promise is None
    assert len(trained.warnings) == 2
    tables = small_tables(contacts=contacts)
    debtors = snapshots(tables, [AS_OF], FeatureSettings.of(portfolio))
    assert reach_tonight(bundle_of(trained), tables, portfolio, AS_OF, debtors) is None
    promises = promises_tonight(bundle_of(trained), tables, portfolio, AS_OF, debtors)
    assert np.isnan(promises.kept).all()
    assert promises.record() is None
