"""The catalogue's features once more, in plain pandas: the slow, independent answer.

Written from the descriptions in ``docs/features.md`` the way an analyst would: filter the rows, group them by
debtor, one feature at a time. Times are UTC.
"""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

CHANNELS = ["sms", "email", "app_push", "ai_call", "call", "letter", "visit", "legal_letter", "litigation"]
LIVE = ["ai_call", "call", "visit"]
TWO_WAY = ["sms", "email", "app_push", *LIVE]
IN_PERSON = ["right_party", "promise", "refusal", "hardship", "read", "clicked"]
HIDDEN = ["dispute", "complaint", "opt_out"]
DAYPARTS = {"morning": (5, 12), "afternoon": (12, 17), "evening": (17, 24)}
OUTCOME_ORDER = [
    "no_answer",
    "wrong_party",
    "right_party",
    "promise",
    "refusal",
    "delivered",
    "read",
    "clicked",
    "bounced",
    "done",
    "unknown",
]
REASON_ORDER = ["no_money", "lost_job", "forgot", "will_not", "other"]
ATTITUDE_ORDER = ["cooperative", "neutral", "hostile"]
PRODUCT_ORDER = ["credit_card", "consumer_loan", "microloan", "telecom", "lease", "utility", "tax", "other"]
MONTH = 30.4375


def pandas_features(tables: dict[str, pd.DataFrame], as_of: date) -> pd.DataFrame:
    """Return the features of every debtor in scope, by debtor id.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The contract's tables with every column that the features read.
    """
    t = pd.Timestamp(as_of)
    payments, contacts = _known(tables["payments"], t), _known(tables["contacts"], t)
    flags = _known(tables["flags"], t, "starts_at")
    accounts = tables["accounts"]
    accounts = accounts[accounts["placed_on"] < t]
    payments = payments.merge(accounts[["account_id", "debtor_id", "placed_on"]], on="account_id")
    contacts = _permitted(contacts, t)
    in_scope = _in_scope(accounts, payments, t)
    out = _debt(in_scope, accounts, t)
    _payment_behaviour(out, payments, t)
    _contact_history(out, contacts)
    _promises(out, contacts, payments, t)
    _stated_reason(out, contacts, in_scope)
    _profile(out, tables["debtors"], t)
    _flags(out, flags, t)
    out["day_of_month"] = t.day
    out["days_to_month_end"] = t.days_in_month - t.day
    out["weekday"] = t.dayofweek
    return out.sort_index().copy()


def _known(events: pd.DataFrame, t: pd.Timestamp, at: str = "at") -> pd.DataFrame:
    seen = events[(events[at] < t) & (events["recorded_at"].fillna(events[at]) < t)]
    return seen.assign(age=(t - seen[at].dt.normalize()).dt.days)


def _permitted(contacts: pd.DataFrame, t: pd.Timestamp) -> pd.DataFrame:
    contacts = contacts[~contacts["outcome"].isin(HIDDEN)]
    reason = contacts["stated_reason"].replace({"illness": "other", "disputes_debt": "other"})
    return contacts.assign(
        in_person=contacts["outcome"].isin(IN_PERSON),
        outcome=contacts["outcome"].replace("hardship", "right_party"),
        stated_reason=reason,
        seconds=(t - contacts["at"].dt.floor("s")).dt.total_seconds(),
        ours=contacts["direction"] != "inbound",
        hour=contacts["at"].dt.hour,
    )


def _in_scope(accounts: pd.DataFrame, payments: pd.DataFrame, t: pd.Timestamp) -> pd.DataFrame:
    since_placement = payments[payments["at"] >= payments["placed_on"]]

    def total(kinds: list[str]) -> pd.Series:
        return since_placement[since_placement["kind"].isin(kinds)].groupby("account_id")["amount"].sum()

    current = accounts[accounts["closed_on"].isna() | (accounts["closed_on"] >= t)].set_index("account_id")
    raised, lowered = total(["charge", "reversal"]), total(["payment", "waiver"])
    balance = current["placed_balance"].add(raised.reindex(current.index).fillna(0))
    balance = balance.sub(lowered.reindex(current.index).fillna(0)).round(3)
    charged = total(["charge"]).reindex(current.index).fillna(0)
    current = current.assign(balance=balance, charged=charged)
    current = current[current["balance"] > 0.005].reset_index()
    return current.assign(
        dpd=(t - current["past_due_since"]).dt.days.clip(lower=0),
        collected_for=(t - current["placed_on"]).dt.days,
    )


def _debt(in_scope: pd.DataFrame, accounts: pd.DataFrame, t: pd.Timestamp) -> pd.DataFrame:
    by = in_scope.groupby("debtor_id")
    out = pd.DataFrame({"balance": by["balance"].sum()})
    out["largest_balance"] = by["balance"].max()
    out["n_accounts"] = by.size()
    out["dpd"] = by["dpd"].max()
    out["dpd_newest"] = by["dpd"].min()
    weighted = (in_scope["balance"] * in_scope["dpd"]).groupby(in_scope["debtor_id"]).sum()
    out["dpd_weighted"] = weighted / out["balance"]
    out["days_in_collections"] = by["collected_for"].max()
    out["days_since_newest_placement"] = by["collected_for"].min()
    out["balance_to_placed"] = out["balance"] / by["placed_balance"].sum()
    out["charges_to_balance"] = by["charged"].sum() / out["balance"]
    out["largest_balance_share"] = out["largest_balance"] / out["balance"]
    largest = in_scope.sort_values(["balance", "account_id"], ascending=[False, True])
    largest = largest.drop_duplicates("debtor_id").set_index("debtor_id")
    out["product"] = largest["product"]
    out["n_products"] = by["product"].nunique()
    out["principal"] = by["principal"].sum(min_count=1)
    out["balance_to_principal"] = out["balance"] / out["principal"]
    out["monthly_instalment"] = by["monthly_instalment"].sum(min_count=1)
    out["instalments_owed"] = out["balance"] / out["monthly_instalment"]
    out["annual_rate"] = by["annual_rate"].max()
    opened = in_scope.assign(
        contract_age=(t - in_scope["opened_on"]).dt.days,
        to_arrears=(in_scope["past_due_since"] - in_scope["opened_on"]).dt.days,
    ).groupby("debtor_id")
    out["contract_age_days"] = opened["contract_age"].max()
    out["days_to_arrears"] = opened["to_arrears"].min()
    gone = accounts[accounts["closed_on"] < t]
    out["n_closed_accounts"] = _count(out, gone)
    out["n_accounts_paid_off"] = _count(out, gone[gone["close_reason"] == "paid"])
    overdue = (gone["closed_on"] - gone["past_due_since"]).dt.days
    out["closed_late_share"] = (overdue > 0).groupby(gone["debtor_id"]).mean()
    out["days_overdue_at_closing"] = overdue.groupby(gone["debtor_id"]).mean()
    return out


def _payment_behaviour(out: pd.DataFrame, payments: pd.DataFrame, t: pd.Timestamp) -> None:
    paid = payments[payments["kind"] == "payment"]
    for days in (30, 90, 180, 365):
        recent = paid[paid["age"] <= days]
        out[f"n_payments_{days}d"] = _count(out, recent)
        out[f"paid_{days}d"] = _sum(out, recent, "amount")
        out[f"paid_share_{days}d"] = out[f"paid_{days}d"] / (out[f"paid_{days}d"] + out["balance"])
    out["n_payments_ever"] = _count(out, paid)
    out["paid_ever"] = _sum(out, paid, "amount")
    out["days_since_last_payment"] = paid.groupby("debtor_id")["age"].min()
    out["days_since_first_payment"] = paid.groupby("debtor_id")["age"].max()
    newest = paid.sort_values(["age", "amount"], ascending=[True, False]).drop_duplicates("debtor_id")
    out["last_payment_amount"] = newest.set_index("debtor_id")["amount"]
    out["last_payment_to_balance"] = out["last_payment_amount"] / out["balance"]
    year = paid[paid["age"] <= 365]
    out["largest_payment_365d"] = year.groupby("debtor_id")["amount"].max()
    out["largest_payment_365d"] = out["largest_payment_365d"].fillna(0)
    out["mean_payment_365d"] = out["paid_365d"] / out["n_payments_365d"].replace(0, np.nan)
    out["payments_to_clear"] = out["balance"] / out["mean_payment_365d"].replace(0, np.nan)
    month = np.floor((paid["age"] - 1) / MONTH)
    months = paid.assign(month=month)[month < 12].drop_duplicates(["debtor_id", "month"])
    out["months_paid_6m"] = _count(out, months[months["month"] < 6])
    out["months_paid_12m"] = _count(out, months)
    grid = months.assign(one=1).pivot(index="debtor_id", columns="month", values="one")
    grid = grid.reindex(index=out.index, columns=range(12)).fillna(0)
    out["months_paid_in_a_row"] = grid.cumprod(axis=1).sum(axis=1)
    gaps = (out["n_payments_ever"] - 1).replace(0, np.nan)
    out["days_between_payments"] = (out["days_since_first_payment"] - out["days_since_last_payment"]) / gaps
    rhythm = out["days_between_payments"].replace(0, np.nan)
    out["payment_overdue_ratio"] = out["days_since_last_payment"] / rhythm
    out["paid_trend"] = out["paid_90d"] / out["paid_365d"].replace(0, np.nan)
    out["instalment_cover_90d"] = out["paid_90d"] / (3 * out["monthly_instalment"])
    angle = 2 * np.pi * (year["at"].dt.day - 1) / MONTH
    circle = year.assign(cos=np.cos(angle), sin=np.sin(angle)).groupby("debtor_id")[["cos", "sin"]].sum()
    circle = circle.reindex(out.index)[out["n_payments_365d"] >= 2]
    out["payday_regularity"] = np.hypot(circle["cos"], circle["sin"]) / out["n_payments_365d"]
    turn = np.arctan2(circle["sin"], circle["cos"]) / (2 * np.pi)
    out["usual_payday"] = (turn % 1) * MONTH + 1
    out["days_to_usual_payday"] = (out["usual_payday"] - t.day) % MONTH
    year = payments[payments["age"] <= 365]
    out["n_reversals_365d"] = _count(out, year[year["kind"] == "reversal"])
    out["charged_365d"] = _sum(out, year[year["kind"] == "charge"], "amount")
    out["waived_365d"] = _sum(out, year[year["kind"] == "waiver"], "amount")


def _contact_history(out: pd.DataFrame, contacts: pd.DataFrame) -> None:
    ours = contacts[contacts["ours"]]
    live = ours[ours["channel"].isin(LIVE)]
    for days in (7, 30, 90, 365):
        recent = ours[ours["age"] <= days]
        out[f"attempts_{days}d"] = _count(out, recent)
        for channel in CHANNELS:
            out[f"{channel}_attempts_{days}d"] = _count(out, recent[recent["channel"] == channel])
        if days > 7:
            out[f"reached_{days}d"] = _count(out, recent[recent["in_person"]])
        if days >= 90:
            for channel in TWO_WAY:
                reached = recent[(recent["channel"] == channel) & recent["in_person"]]
                tried = out[f"{channel}_attempts_{days}d"].replace(0, np.nan)
                out[f"{channel}_reached_share_{days}d"] = _count(out, reached) / tried
            tried = _count(out, live[live["age"] <= days]).replace(0, np.nan)
            out[f"rpc_rate_{days}d"] = _count(out, live[(live["age"] <= days) & live["in_person"]]) / tried
    for channel in CHANNELS:
        out[f"days_since_{channel}"] = ours[ours["channel"] == channel].groupby("debtor_id")["age"].min()
    out["days_since_last_contact"] = ours.groupby("debtor_id")["age"].min()
    out["days_since_reached"] = ours[ours["in_person"]].groupby("debtor_id")["age"].min()
    out["last_outcome"] = _last(ours, "outcome", OUTCOME_ORDER)
    out["last_channel"] = _last(ours, "channel", CHANNELS)
    for channel in LIVE:
        out[f"{channel}_last_outcome"] = _last(ours[ours["channel"] == channel], "outcome", OUTCOME_ORDER)
    out["n_channels_365d"] = sum((out[f"{c}_attempts_365d"] > 0).astype(int) for c in CHANNELS)
    inbound = contacts[contacts["direction"] == "inbound"]
    for days in (30, 365):
        out[f"inbound_{days}d"] = _count(out, inbound[inbound["age"] <= days])
    out["days_since_inbound"] = inbound.groupby("debtor_id")["age"].min()
    year = contacts[contacts["age"] <= 365]
    out["refusals_365d"] = _count(out, year[year["outcome"] == "refusal"])
    out["no_answer_90d"] = _count(out, ours[(ours["age"] <= 90) & (ours["outcome"] == "no_answer")])
    astray = ours[(ours["age"] <= 365) & ours["outcome"].isin(["wrong_party", "bounced"])]
    out["wrong_or_bounced_365d"] = _count(out, astray)
    spoken = year[year["in_person"] & year["channel"].isin(LIVE)]
    out["talk_seconds_365d"] = spoken.groupby("debtor_id")["duration_s"].sum(min_count=1)
    live = live[live["age"] <= 365]
    for daypart, (first, end) in DAYPARTS.items():
        then = live[(live["hour"] >= first) & (live["hour"] < end)]
        tried = _count(out, then).replace(0, np.nan)
        out[f"answered_{daypart}_share_365d"] = _count(out, then[then["in_person"]]) / tried


def _promises(out: pd.DataFrame, contacts: pd.DataFrame, payments: pd.DataFrame, t: pd.Timestamp) -> None:
    named = (contacts["promise_amount"] > 0) | contacts["promise_due_on"].notna()
    made = contacts[(contacts["outcome"] == "promise") | named]
    made_on = made["at"].dt.normalize()
    due = made["promise_due_on"].fillna(made_on + pd.Timedelta(days=7))
    due = due.where(due > made_on, made_on)
    made = made.assign(made_on=made_on, due=due, deadline=due + pd.Timedelta(days=2))
    made = made[(made["age"] <= 365) | (made["deadline"] >= t)]
    money = payments[payments["kind"].isin(["payment", "reversal"]) & (payments["age"] <= 730)]
    signed = money["amount"].where(money["kind"] == "payment", -money["amount"])
    money = money.assign(signed=signed, day=money["at"].dt.normalize(), paying=money["account_id"])
    pairs = made[["contact_id", "debtor_id", "account_id", "made_on", "deadline"]].merge(
        money[["debtor_id", "paying", "signed", "day"]], on="debtor_id"
    )
    pairs = pairs[pairs["account_id"].isna() | (pairs["account_id"] == pairs["paying"])]
    pairs = pairs[(pairs["day"] >= pairs["made_on"]) & (pairs["day"] <= pairs["deadline"])]
    paid = pairs.groupby("contact_id")["signed"].sum().reindex(made["contact_id"]).fillna(0).to_numpy()
    kept = (paid > 0) & (paid >= 0.9 * made["promise_amount"].fillna(0) - 1e-9)
    broken = ~kept & (made["deadline"] < t)
    made = made.assign(
        paid=paid,
        status=np.select([kept, broken], ["kept", "broken"], "open"),
        overdue=(t - made["due"]).dt.days,
        term=(made["due"] - made["made_on"]).dt.days,
    )
    for days in (30, 90, 365):
        out[f"promises_made_{days}d"] = _count(out, made[made["age"] <= days])
    year = made[made["age"] <= 365]
    ended = year[year["status"] != "open"]
    out["promises_due_365d"] = _count(out, ended)
    out["promises_kept_365d"] = _count(out, ended[ended["status"] == "kept"])
    out["promises_broken_365d"] = _count(out, ended[ended["status"] == "broken"])
    out["promise_kept_share_365d"] = out["promises_kept_365d"] / out["promises_due_365d"].replace(0, np.nan)
    known = ended[ended["promise_amount"].notna()]
    came = np.minimum(known["paid"], known["promise_amount"]).groupby(known["debtor_id"]).sum()
    out["promise_money_share_365d"] = came / known.groupby("debtor_id")["promise_amount"].sum()
    out["days_since_promise"] = made.groupby("debtor_id")["age"].min()
    broken_ones = made[made["status"] == "broken"]
    out["days_since_broken_promise"] = broken_ones.groupby("debtor_id")["overdue"].min()
    out["last_promise"] = _last(made, "status", ["open", "kept", "broken"])
    still = made[made["status"] == "open"]
    out["promises_open"] = _count(out, still)
    out["open_promise_amount"] = still.groupby("debtor_id")["promise_amount"].sum(min_count=1)
    out["open_promise_to_balance"] = out["open_promise_amount"] / out["balance"]
    out["open_promise_days_to_due"] = -still.groupby("debtor_id")["overdue"].max()
    out["promise_term_days"] = made.groupby("debtor_id")["term"].mean()


def _stated_reason(out: pd.DataFrame, contacts: pd.DataFrame, in_scope: pd.DataFrame) -> None:
    said = contacts[contacts["stated_reason"].notna()]
    out["last_stated_reason"] = _last(said, "stated_reason", REASON_ORDER)
    out["days_since_stated_reason"] = said.groupby("debtor_id")["age"].min()
    year = said[said["age"] <= 365]
    for reason in ("no_money", "lost_job", "forgot", "will_not"):
        out[f"said_{reason}_365d"] = _count(out, year[year["stated_reason"] == reason])
    met = contacts[contacts["attitude"].isin(ATTITUDE_ORDER)]
    out["last_attitude"] = _last(met, "attitude", ATTITUDE_ORDER)
    year = met[met["age"] <= 365]
    cooperative = _count(out, year[year["attitude"] == "cooperative"])
    out["cooperative_share_365d"] = cooperative / _count(out, year).replace(0, np.nan)
    known = in_scope[in_scope["overdue_reason"].notna()]
    largest = known.sort_values(["balance", "account_id"], ascending=[False, True])
    reason = largest.drop_duplicates("debtor_id").set_index("debtor_id")["overdue_reason"]
    out["overdue_reason"] = reason.replace({"illness": "other", "disputes_debt": "other"})


def _profile(out: pd.DataFrame, debtors: pd.DataFrame, t: pd.Timestamp) -> None:
    people = debtors.set_index("debtor_id").reindex(out.index)
    for column in ("employment", "monthly_income", "dependants", "region"):
        out[column] = people[column]
    out["balance_to_income"] = out["balance"] / people["monthly_income"]
    out["instalment_to_income"] = out["monthly_instalment"] / people["monthly_income"]
    out["income_per_head"] = people["monthly_income"] / (people["dependants"].fillna(0) + 1)
    for point in ("phone", "email", "app", "address"):
        out[f"has_{point}"] = people[f"has_{point}"].astype(float)
    out["tenure_days"] = (t - people["registered_at"].dt.normalize()).dt.days


def _flags(out: pd.DataFrame, flags: pd.DataFrame, t: pd.Timestamp) -> None:
    stand = flags[flags["ends_at"].isna() | (flags["ends_at"] >= t)]
    notices = stand[stand["flag"].str.startswith("notice:")]
    out["notices_served"] = _count(out, notices)
    out["days_since_notice"] = notices.groupby("debtor_id")["age"].min()
    out["evidence_items"] = _count(out, stand[stand["flag"].str.startswith("evidence:")])


def _count(out: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("debtor_id").size().reindex(out.index).fillna(0)


def _sum(out: pd.DataFrame, rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby("debtor_id")[column].sum().reindex(out.index).fillna(0)


def _last(rows: pd.DataFrame, column: str, order: Iterable[str]) -> pd.Series:
    """Return the newest value by debtor; of values at one second the first in `order`."""
    rank = rows[column].map({word: i for i, word in enumerate(order)})
    newest = rows.assign(rank=rank).sort_values(["seconds", "rank"]).drop_duplicates("debtor_id")
    return newest.set_index("debtor_id")[column]
