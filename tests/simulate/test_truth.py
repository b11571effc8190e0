"""The truth agrees with counting, and with what each world promises."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from duewise.contracts.vocabulary import CHANNELS, NONE, Channel
from duewise.errors import DataError
from duewise.simulate.contacts import contact_hours
from duewise.simulate.day import Decisions, play_day
from duewise.simulate.journal import KINDS, Journal
from duewise.simulate.old_policy import contactable
from duewise.simulate.sample import write_sample
from duewise.simulate.saved import portfolio_table, read_portfolio, read_recipe, replay
from duewise.simulate.truth import true_effects, usual_plan, values_of_actions

SMALL = {"debtors": 400, "months": 10}


def world_effects(tmp_path, world, actions=CHANNELS, futures=8, **size):
    summary = write_sample(tmp_path / "data", world=world, **(SMALL | size))
    return true_effects(summary.truth_path, actions=actions, futures=futures)


def mean_effect(values):
    return dict(zip(values.actions, values.effects.mean(axis=0), strict=True))


def counted_money(portfolio, day, rows, channel, horizon_days, decision_days, futures):
    """Average money per debtor by plainly playing the futures and counting the payments that happen."""
    game = portfolio.replicas(
        np.tile(rows, futures),
        portfolio.luck.imagine(np.tile(rows, futures), np.repeat(np.arange(futures) + 10**6, len(rows))),
    )
    everyone, nobody = np.arange(len(game)), np.empty(0, dtype=np.int64)
    journal = Journal()
    for today in range(day, day + horizon_days):
        decisions = Decisions(nobody, nobody, nobody)
        if today == day and channel is not None:
            code = np.full(len(game), CHANNELS.index(channel), dtype=np.int64)
            decisions = Decisions(everyone, code, contact_hours(game, day, everyone, code))
        play_day(game, today, journal, decisions if today < day + decision_days else None)
    events = journal.columns("payments")
    sign = np.select([events["kind"] == KINDS.index(k) for k in ("payment", "reversal")], [1.0, -1.0])
    return np.bincount(events["person"], sign * events["amount"], len(game)).reshape(futures, len(rows))


def test_weighing_payments_agrees_with_counting_them(sample):
    portfolio, day = read_portfolio(sample.truth_path), read_recipe(sample.truth_path).last_day
    actions = [Channel.CALL, Channel.LEGAL_LETTER]
    weighed = values_of_actions(portfolio, day, actions, futures=24)
    rows = portfolio.in_play(day)
    for column, channel in enumerate([None, *actions]):
        counted = counted_money(portfolio, day, rows, channel, 30, 7, futures=40)
        by_future = counted.mean(axis=1)
        error = by_future.std(ddof=1) / np.sqrt(len(by_future))
        assert abs(weighed.money[:, column].mean() - by_future.mean()) < 4 * error


def test_truth_covers_exactly_the_debtors_in_scope_by_the_tables(sample):
    in_scope = duckdb.sql(f"""
        WITH moved AS (
            SELECT account_id,
                   sum(CASE WHEN kind IN ('payment', 'waiver') THEN -amount ELSE amount END) AS sum
            FROM '{sample.path}/payments.parquet' GROUP BY account_id)
        SELECT DISTINCT debtor_id FROM '{sample.path}/accounts.parquet' LEFT JOIN moved USING (account_id)
        WHERE closed_on IS NULL AND placed_balance + coalesce(sum, 0) > 0.005
    """).df()["debtor_id"]
    values = true_effects(sample.truth_path, actions=[], futures=1)
    # A bounced payment that is not yet reversed in the books hides what is owed.
    assert set(in_scope) <= set(values.debtor_id)
    assert len(set(values.debtor_id) - set(in_scope)) <= 3


def test_without_effects_every_true_effect_is_exactly_zero(tmp_path):
    assert np.abs(world_effects(tmp_path, "no_effect", futures=2).effects).max() == 0.0


def test_every_channel_helps_on_average_in_the_default_world_and_for_some_a_call_does_harm(sample):
    values = true_effects(sample.truth_path, futures=4)
    effects = mean_effect(values)
    assert all(effects[channel] > 0 for channel in CHANNELS)
    call = values.effects[:, values.actions.index(Channel.CALL)]
    assert (call < -1).mean() > 0.05


def test_calls_do_harm_on_average_where_the_world_says_so(tmp_path):
    effects = mean_effect(world_effects(tmp_path, "harmful_calls", [Channel.CALL, Channel.SMS], debtors=800))
    assert effects[Channel.CALL] < 0 < effects[Channel.SMS]


def test_what_is_not_always_delivered_brings_less(tmp_path):
    full = mean_effect(world_effects(tmp_path, "randomised", [Channel.VISIT], debtors=800))
    part = mean_effect(world_effects(tmp_path, "delivery_gap", [Channel.VISIT], debtors=800))
    assert part[Channel.VISIT] < 0.8 * full[Channel.VISIT]


def test_more_futures_change_little_for_a_single_debtor(sample):
    few = true_effects(sample.truth_path, actions=[Channel.CALL], futures=8).effects[:, 1]
    many = true_effects(sample.truth_path, actions=[Channel.CALL], futures=32).effects[:, 1]
    # Chance would give a correlation of 0.03 or so.
    assert np.corrcoef(few, many)[0, 1] > 0.6


def test_the_naive_comparison_of_the_default_world_has_the_wrong_sign_for_some_channel(tmp_path):
    summary = write_sample(tmp_path / "data", debtors=12_000)
    naive = naive_share_difference(summary.path)
    truth = mean_effect(true_effects(summary.truth_path, actions=[Channel.LEGAL_LETTER], futures=2))
    assert naive[Channel.LEGAL_LETTER] < 0 < truth[Channel.LEGAL_LETTER]


def naive_share_difference(path, every_days=3):
    """Recovered share of balance in 30 days by action of the day, less that of no action."""
    connection = duckdb.connect()
    for table in ("accounts", "payments", "contacts"):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{path}/{table}.parquet'")
    connection.execute(f"""
        CREATE TABLE days AS SELECT unnest(generate_series(DATE '2025-07-01', DATE '2026-09-28',
        INTERVAL {every_days} DAY))::DATE AS day
    """)
    shares = (
        connection.sql("""
        WITH before AS (
            SELECT day, debtor_id, sum(placed_balance) - coalesce(sum(paid), 0) AS balance,
                   coalesce(sum(later), 0) AS money
            FROM days JOIN accounts ON placed_on < day AND (closed_on IS NULL OR closed_on >= day)
            LEFT JOIN LATERAL (
                SELECT sum(CASE WHEN "at" >= day THEN 0 WHEN kind IN ('payment', 'waiver') THEN amount
                           ELSE -amount END) AS paid,
                       sum(CASE WHEN "at" < day OR "at" >= day + INTERVAL 30 DAY THEN 0
                           WHEN kind = 'payment' THEN amount
                           WHEN kind = 'reversal' THEN -amount ELSE 0 END) AS later
                FROM payments p WHERE p.account_id = accounts.account_id) ON TRUE
            GROUP BY ALL),
        acted AS (
            SELECT debtor_id, "at"::DATE AS day, min(channel) AS action FROM contacts
            WHERE direction = 'outbound' GROUP BY ALL)
        SELECT coalesce(action, 'none') AS action, avg(least(greatest(money / balance, 0), 1)) AS share
        FROM before LEFT JOIN acted USING (debtor_id, day) WHERE balance > 0.005 GROUP BY ALL
    """)
        .df()
        .set_index("action")["share"]
    )
    return shares - shares[NONE]


def test_an_earlier_night_is_replayed_to_the_very_state(sample):
    recipe = read_recipe(sample.truth_path)
    replayed = portfolio_table(replay(recipe, recipe.last_day)).to_pandas()
    pd.testing.assert_frame_equal(replayed, portfolio_table(read_portfolio(sample.truth_path)).to_pandas())
    earlier = true_effects(sample.truth_path, sample.as_of - pd.Timedelta(days=60), [Channel.SMS], futures=2)
    assert earlier.effects[:, 1].mean() > 0
    with pytest.raises(DataError, match="outside"):
        true_effects(sample.truth_path, sample.as_of + pd.Timedelta(days=1))


def test_a_plan_is_worth_the_sum_of_its_effects(sample):
    values = true_effects(sample.truth_path, futures=2)
    frame = values.frame()
    best = frame.loc[frame.groupby("debtor_id")["effect"].idxmax(), ["debtor_id", "action"]]
    assert values.value_of_plan(best) == pytest.approx(values.effects.max(axis=1).sum())
    assert values.value_of_plan(best.assign(action=NONE)) == 0.0
    with pytest.raises(DataError, match="1 of 1"):
        values.value_of_plan(pd.DataFrame({"debtor_id": ["nobody"], "action": ["call"]}))


def test_the_usual_plan_keeps_to_channels_that_may_be_used(sample):
    portfolio, day = read_portfolio(sample.truth_path), read_recipe(sample.truth_path).last_day
    plan = usual_plan(portfolio, day)
    assert set(plan["action"]) <= {NONE, *CHANNELS}
    acting = plan[plan["action"] != NONE]
    rows = acting["debtor_id"].str[1:].astype(int).to_numpy()
    allowed = contactable(portfolio, day, rows)
    codes = [CHANNELS.index(Channel(a)) for a in acting["action"]]
    assert len(acting) > 0
    assert allowed[np.arange(len(rows)), codes].all()
