"""The pictures of the report: six at most, each with one sentence that says what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duewise.contracts.labels import code_label
from duewise.contracts.vocabulary import NONE, Bucket, Segment, Stage
from duewise.publish.numbers import count_text, money_text, share_text
from duewise.publish.pictures import bars, curve, frontier_lines, planned_against_limit, stacked_bars

MOST = 6
"""More pictures than this are not looked at."""


@dataclass(frozen=True)
class Picture:
    """A picture with its title and the sentence that says what it means.

    Attributes
    ----------
    svg : str
    details : list of str
        Lines below the picture, where figures matter that it cannot show.
    """

    title: str
    sentence: str
    svg: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What the pictures are drawn from: nothing but what the night publishes."""

    strategies: pa.Table
    manifest: dict[str, Any]
    text: dict[str, str]

    @property
    def language(self) -> str:
        """Language of the portfolio."""
        return str(self.manifest["portfolio"]["portfolio"]["language"])

    def money(self, amount: float | None) -> str:
        """Return an amount in the portfolio's currency and language."""
        return money_text(amount, self.manifest["portfolio"]["portfolio"]["currency"], self.language)

    def label(self, kind: str, code: str) -> str:
        """Return what people read for a code."""
        return code_label(kind, code, self.language)

    def debtor_of_rank(self, rank: int) -> str | None:
        """Return who stands at a place of the worklist; None where somebody was erased from it."""
        row = pc.index(self.strategies["rank"], rank).as_py()
        return None if row < 0 else str(self.strategies["debtor_id"][row].as_py())

    def limit(self, name: str) -> str:
        """Return what people read for a limit, which an action or a resource sets."""
        action = self.label("action", name)
        return action if action != name else self.label("resource", name)


def report_pictures(strategies: pa.Table, manifest: dict[str, Any], text: dict[str, str]) -> list[Picture]:
    """Return the pictures for which the night has something to show, in reading order."""
    subject = Subject(strategies, manifest, text)
    drawn = (draw(subject) for draw in _DRAWN)
    return [picture for picture in drawn if picture is not None]


def _where(subject: Subject) -> Picture | None:
    """What is owed by bucket and stage."""
    rows = subject.strategies.select(["bucket", "stage", "balance"]).to_pandas()
    owed = rows.pivot_table(
        index="bucket", columns="stage", values="balance", aggfunc="sum", observed=True, fill_value=0.0
    ).reindex(index=[str(b) for b in Bucket], columns=[str(s) for s in Stage], fill_value=0.0)
    owed = owed[owed.sum(axis=1) > 0]
    total = float(owed.to_numpy().sum())
    if total == 0:
        return None
    stage, bucket = str(owed.sum().idxmax()), str(owed.sum(axis=1).idxmax())
    svg = stacked_bars(
        owed.index.tolist(),
        {subject.label("stage", name): owed[name].tolist() for name in owed.columns},
        x_label=subject.text["bucket_axis"],
        description=subject.text["where_title"],
    )
    sentence = subject.text["where_text"].format(
        share=share_text(float(owed[stage].sum()) / total), stage=subject.label("stage", stage), bucket=bucket
    )
    return Picture(subject.text["where_title"], sentence, svg)


def _segments(subject: Subject) -> Picture | None:
    """What is owed by ability and willingness."""
    rows = subject.strategies.select(["segment", "balance"]).to_pandas()
    owed = rows.groupby("segment", observed=True)["balance"].sum()
    owed = owed.reindex([str(segment) for segment in Segment], fill_value=0.0)
    total = float(owed.sum())
    if total == 0:
        return None
    largest = str(owed.idxmax())
    svg = bars(
        [subject.label("segment", name) for name in owed.index],
        owed.tolist(),
        [f"{subject.money(amount)} · {share_text(amount / total)}" for amount in owed],
        description=subject.text["segments_title"],
    )
    sentence = subject.text["segments_text"].format(
        share=share_text(float(owed[largest]) / total), segment=subject.label("segment", largest)
    )
    return Picture(subject.text["segments_title"], sentence, svg)


def _expected(subject: Subject) -> Picture | None:
    """What is expected to come in over the horizons."""
    totals = subject.manifest["totals"]
    horizons = sorted(subject.manifest["portfolio"]["horizons"])
    known = [(days, totals[f"expected_recovery_{days}d"]) for days in horizons]
    known = [(days, amount) for days, amount in known if amount is not None]
    if not known:
        return None
    svg = curve(
        [days for days, _ in known],
        [amount for _, amount in known],
        x_label=subject.text["days_axis"],
        description=subject.text["curve_title"],
    )
    sentence = subject.text["curve_text"].format(
        owed=subject.money(totals["balance"]),
        days=known[0][0],
        first=subject.money(known[0][1]),
        last_days=known[-1][0],
        last=subject.money(known[-1][1]),
    )
    return Picture(subject.text["curve_title"], sentence, svg)


def _actions(subject: Subject) -> Picture | None:
    """How many of each action are planned, beside what the team can do."""
    own = subject.manifest["portfolio"]["actions"]
    rows = [row for row in subject.manifest["capacities"] if row["name"] in own]
    rows = [row for row in rows if row["planned"] or row["limit"] is not None]
    if not rows:
        return None
    svg = planned_against_limit(
        [subject.label("action", row["name"]) for row in rows],
        [row["planned"] for row in rows],
        [row["limit"] for row in rows],
        description=subject.text["actions_title"],
    )
    totals = subject.manifest["totals"]
    sentence = subject.text["actions_text"].format(
        planned=count_text(totals["planned"]), cost=subject.money(totals["cost"])
    )
    return Picture(subject.text["actions_title"], sentence, svg)


def _limits(subject: Subject) -> Picture | None:
    """What more or less of staff, of messages and of the limits that bind would bring.

    Where the portfolio limits neither, the picture is how much of each other limit is used.
    """
    rows = [row for row in subject.manifest["capacities"] if row["limit"]]
    if not rows and not subject.manifest["frontiers"]:
        return None
    priced = sorted(
        (row for row in subject.manifest["capacities"] if row["price"] > 0), key=lambda row: -row["price"]
    )
    sentence = subject.text["limits_text"].format(count=len(priced)) if priced else subject.text["no_prices"]
    free = tuple(subject.text[f"unlimited_{group}"] for group in subject.manifest["unlimited"])
    if not subject.manifest["frontiers"]:
        svg = bars(
            [subject.limit(row["name"]) for row in rows],
            [row["planned"] / row["limit"] for row in rows],
            [f"{row['planned']:,.0f} / {row['limit']:,.0f}" for row in rows],
            description=subject.text["limits_title"],
        )
        return Picture(subject.text["limits_title"], sentence, svg, free)
    svg = frontier_lines(
        {
            subject.limit(one["limit"]): (
                [point["factor"] for point in one["points"]],
                [point["value"] for point in one["points"]],
            )
            for one in subject.manifest["frontiers"]
        },
        x_label=subject.text["frontier_axis"],
        description=subject.text["limits_title"],
    )
    following = {one["limit"]: one for one in subject.manifest["next_units"]}
    return Picture(
        subject.text["limits_title"],
        sentence,
        svg,
        (*(_worth(subject, row, following.get(row["name"])) for row in priced), *free),
    )


def _worth(subject: Subject, row: dict[str, Any], following: dict[str, Any] | None) -> str:
    """Return what one more unit of a limit is worth, and to whom it would go."""
    worth = subject.text["unit"].format(name=subject.limit(row["name"]), value=subject.money(row["price"]))
    debtor = None if following is None else subject.debtor_of_rank(following["rank"])
    if following is None or debtor is None:
        return worth
    return f"{worth}. " + subject.text["next_text"].format(
        debtor=debtor,
        stage=subject.label("stage", following["stage"]),
        action=subject.label("action", following["action"]),
        instead=subject.label("action", following["instead_of"]),
    )


def _denied(subject: Subject) -> Picture | None:
    """Which share of the debtors the rules keep from each action."""
    denied = subject.strategies["denied"]
    total = subject.strategies.num_rows
    some = pc.sum(pc.greater(pc.list_value_length(denied), 0)).as_py() or 0
    if not some:
        return None
    # A debtor whom three rules keep from calls is one debtor.
    pairs = pa.table(
        {
            "debtor": pc.list_parent_indices(denied.combine_chunks()),
            "action": pc.struct_field(pc.list_flatten(denied.combine_chunks()), "action"),
        }
    )
    per_action = pairs.group_by(["debtor", "action"]).aggregate([]).group_by("action")
    counts = {
        row["action"]: row["action_count"] for row in per_action.aggregate([("action", "count")]).to_pylist()
    }
    actions = [name for name in subject.manifest["portfolio"]["actions"] if name != NONE]
    svg = bars(
        [subject.label("action", name) for name in actions],
        [counts.get(name, 0) / total for name in actions],
        [
            f"{count_text(counts.get(name, 0))} · {share_text(counts.get(name, 0) / total)}"
            for name in actions
        ],
        description=subject.text["denied_picture_title"],
    )
    sentence = subject.text["denied_text"].format(
        denied=count_text(some),
        total=count_text(total),
        never=count_text(subject.manifest["totals"]["uncontactable"]),
    )
    return Picture(subject.text["denied_picture_title"], sentence, svg)


_DRAWN: tuple[Callable[[Subject], Picture | None], ...] = (
    _where,
    _segments,
    _expected,
    _actions,
    _limits,
    _denied,
)
