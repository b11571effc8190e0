import numpy as np

from duewise.evaluate.judgement import JudgedRows, judge_money, judge_probabilities


def judged_rows(n_debtors=300, seed=0):
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.05, 0.6, n_debtors)
    debtor = np.repeat(np.arange(n_debtors), 4)
    repaid = (rng.random(len(debtor)) < chance[debtor]).astype(float)
    balance = np.exp(rng.normal(7.0, 1.0, len(debtor)))
    return JudgedRows(debtor, repaid, balance, repaid * balance), chance[debtor]


def test_the_better_forecast_gains_in_every_figure_and_says_how_surely():
    rows, chance = judged_rows()
    noise = np.random.default_rng(1).uniform(0.05, 0.6, len(chance))
    judgement = judge_probabilities({"knowing": chance, "guessing": noise}, rows)
    gains = judgement.gains["guessing"]
    for figure in ("auc", "pr_auc", "brier", "log_loss"):
        assert gains[figure].low > 0.0, figure


def test_a_forecast_gains_nothing_over_itself():
    rows, chance = judged_rows()
    gains = judge_probabilities({"one": chance, "same": chance}, rows).gains["same"]
    assert all(gain.value == gain.low == gain.high == 0.0 for gain in gains.values())


def test_the_total_of_the_true_expectation_is_within_its_interval():
    rows, chance = judged_rows()
    figures = judge_money(chance * rows.balance, rows)
    assert figures["total_ratio"].low < 1.0 < figures["total_ratio"].high
