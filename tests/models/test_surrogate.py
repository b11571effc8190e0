import numpy as np
import pytest

from duewise.models.causal.later import later_effects
from duewise.models.channel import ChannelValue
from duewise.models.surrogate import surrogate_index

ROWS = 12_000


@pytest.fixture(scope="module")
def month():
    """A call moves early payment, a letter only late payment; a text moves nothing."""
    rng = np.random.default_rng(3)
    traits = rng.normal(size=(ROWS, 3)).astype(np.float32)
    action = rng.choice(["none", "call", "letter", "sms"], ROWS)
    base = 1 / (1 + np.exp(1.5 - traits[:, 0]))
    early = rng.random(ROWS) < 0.3 * base + 0.10 * (action == "call")
    late = rng.random(ROWS) < base + 0.10 * (action == "letter")
    share = np.where(early | late, 1.0, 0.0)
    index = surrogate_index(
        traits, early[:, None].astype(float), share, np.ones(ROWS), np.arange(ROWS), threads=1, seed=0
    )
    model = ChannelValue(n_folds=3).fit(traits, action, index)
    return model, traits, share, index


def test_an_effect_on_the_index_is_sharper_than_one_on_the_whole_outcome(month):
    model, traits, share, _ = month
    whole = model.scores_of(traits, share)
    call = list(model.actions_).index("call")
    sharp, blunt = model.training_.average_effect(call), whole.average_effect(call)
    assert sharp.standard_error < 0.75 * blunt.standard_error
    assert abs(sharp.value - blunt.value) < 3 * blunt.standard_error
    assert sharp.value > 3 * sharp.standard_error


def test_the_index_keeps_the_level_of_the_outcome(month):
    _, _, share, index = month
    assert index.mean() == pytest.approx(share.mean(), abs=0.01)
    assert ((index >= 0) & (index <= 1)).all()


def test_what_works_later_is_added_and_what_does_not_is_not(month):
    model, traits, share, _ = month
    later = later_effects(model.training_, model.scores_of(traits, share))
    found = {str(model.actions_[arm]): effect for arm, effect in later.items()}
    assert 0.02 < found["letter"].effect < found["letter"].estimate
    assert found["sms"].effect == 0.0
    assert abs(found["sms"].estimate) < 3 * found["sms"].standard_error


def test_the_index_of_a_debtor_does_not_know_the_debtors_own_outcome():
    rng = np.random.default_rng(0)
    traits, early = rng.normal(size=(2_000, 2)).astype(np.float32), rng.random((2_000, 1))
    debtor = np.repeat(np.arange(500), 4)
    share = rng.random(2_000)
    changed = share.copy()
    changed[debtor == 7] = 1.0 - changed[debtor == 7]
    one, other = (
        surrogate_index(traits, early, outcome, np.ones(2_000), debtor, threads=1, seed=0)
        for outcome in (share, changed)
    )
    np.testing.assert_array_equal(one[debtor == 7], other[debtor == 7])
