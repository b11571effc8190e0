"""How a feature is declared: one decorator puts its formula and all that is said about it in one place.

The name of the function is the name of the column, its docstring the description, and the name of its
first parameter says where it is computed:

========================  ===========================================================================
``accounts``              aggregate over the accounts in scope of one debtor
``closed_accounts``       aggregate over the debtor's accounts that left collections before
``payments``              aggregate over the debtor's known payments, charges, reversals and waivers
``contacts``              aggregate over the debtor's known contacts
``promises``              aggregate over the debtor's promises with what became of them
``flags``                 aggregate over the debtor's known flags
``debtor``                formula over one debtor's profile and the aggregates above
========================  ===========================================================================
"""

import functools
import inspect
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duewise.contracts.vocabulary import Table


class Family(StrEnum):
    """The eight families; each is one module."""

    DEBT = "debt"
    PAYMENT_BEHAVIOUR = "payment_behaviour"
    CONTACT_HISTORY = "contact_history"
    PROMISES = "promises"
    STATED_REASON = "stated_reason"
    PROFILE = "profile"
    FLAGS = "flags"
    CALENDAR = "calendar"


class Tag(StrEnum):
    """What a feature speaks of; the ability and willingness scores are sums by tag."""

    ABILITY = "ability"
    WILLINGNESS = "willingness"
    REACHABILITY = "reachability"
    DEBT = "debt"
    CONTEXT = "context"


class Unit(StrEnum):
    """How a value is read and written."""

    COUNT = "count"
    DAYS = "days"
    MONTHS = "months"
    SECONDS = "seconds"
    MONEY = "money"
    SHARE = "share"
    RATIO = "ratio"
    YES_NO = "yes_no"
    DAY_OF_MONTH = "day_of_month"
    NUMBER = "number"
    CATEGORY = "category"


Column = tuple[Table, str]

WORDS: dict[str, tuple[str, str]] = {
    "sms": ("text message", "短信"),
    "email": ("e-mail", "电子邮件"),
    "app_push": ("app message", "应用推送"),
    "ai_call": ("AI call", "智能语音外呼"),
    "call": ("call", "人工电话"),
    "letter": ("letter", "信函"),
    "visit": ("visit", "上门"),
    "legal_letter": ("legal letter", "律师函"),
    "litigation": ("litigation step", "诉讼"),
    "no_money": ("no money", "没钱"),
    "lost_job": ("lost job", "失业"),
    "forgot": ("forgot", "忘记"),
    "will_not": ("does not want to pay", "不愿还"),
    "morning": ("in the morning", "上午"),
    "afternoon": ("in the afternoon", "下午"),
    "evening": ("in the evening", "晚间"),
}
"""English and Chinese words for codes that stand in short names."""


@dataclass(frozen=True)
class Feature:
    """One column that models may see.

    Attributes
    ----------
    name : str
        Column name; windows and units are suffixes.
    family, tag, unit : Family, Tag, Unit
        Where it belongs, what it speaks of, how it is written.
    description : str
        One line.
    en, zh : str
        Short names for reasons.
    fact_en, fact_zh : str
        Fact behind a reason; ``{name}`` stands for a feature's value, written by that feature's unit.
    monotone : int
        +1 when a higher value never lowers the chance of repayment, -1 when it never raises it, 0 when
        the field does not know.
    topic : str
        Features of one topic differ by window only and speak once in reasons.
    needs : tuple of (table, column)
        Columns without which the feature says nothing.
    levels : tuple of str
        Values of a category where the vocabulary closes the list; empty when the data decide.
    """

    name: str
    family: Family
    tag: Tag
    unit: Unit
    description: str
    en: str
    zh: str
    fact_en: str
    fact_zh: str
    monotone: int = 0
    topic: str = ""
    needs: tuple[Column, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether the values are words rather than numbers."""
        return self.unit is Unit.CATEGORY


@dataclass(frozen=True)
class Definition:
    """A column to compute: a feature, or a measure that only other features read.

    Attributes
    ----------
    source : str
        Name of the first parameter of the formula, see the module's docstring.
    formula : callable
        Takes the source table, returns an ibis value: an aggregate, or a column for ``debtor``.
    nothing : float or None
        Value of a debtor without any such row.
    packed : bool
        Whether the value holds several numbers that later formulas take apart: it must keep every bit.
    feature : Feature or None
        None for a measure.
    """

    name: str
    source: str
    formula: Callable[[Any], Any]
    nothing: float | None
    packed: bool
    feature: Feature | None


DEFINITIONS: list[Definition] = []
"""Everything declared so far, in order of declaration; filled by importing the families."""

Formula = Callable[..., Any]


def feature(
    family: Family,
    tag: Tag,
    unit: Unit,
    en: str,
    zh: str,
    *,
    higher_repays: bool | None = None,
    fact_en: str = "",
    fact_zh: str = "",
    nothing: float | None = None,
    name: str = "",
    each: Mapping[str, Sequence[Any]] | None = None,
    topic: str = "",
    needs: Sequence[Column] = (),
    levels: Sequence[str] = (),
) -> Callable[[Formula], Formula]:
    """Declare the decorated formula as one feature, or as one for each combination in `each`.

    Parameters
    ----------
    higher_repays : bool, optional
        Whether a higher value never lowers (True) or never raises (False) the chance of repayment.
    fact_en, fact_zh : str, optional
        Default: the short name and the value.
    nothing : float, optional
        Value of a debtor without any row of the source; a count of nothing is 0, all else null.
    name : str, optional
        Template of the names when `each` is given, such as ``"{channel}_attempts_{days}d"``.
    each : mapping of parameter to values, optional
        Further parameters of the formula and the values they take; every combination is a feature. The
        texts and the docstring name them in braces, ``{channel:en}`` and ``{channel:zh}`` in words.
    """

    def declare(formula: Formula) -> Formula:
        for values in itertools.product(*(each or {}).values()):
            given = dict(zip(each or {}, values, strict=True))
            column = _fill(name or formula.__name__, given)
            short_en, short_zh = _fill(en, given), _fill(zh, given)
            spec = Feature(
                name=column,
                family=family,
                tag=tag,
                unit=unit,
                description=_fill(inspect.getdoc(formula) or "", given),
                en=short_en,
                zh=short_zh,
                fact_en=_fill(fact_en, given) or f"{short_en}: {{{column}}}",
                fact_zh=_fill(fact_zh, given) or f"{short_zh}：{{{column}}}",
                monotone=0 if higher_repays is None else (1 if higher_repays else -1),
                topic=topic or re.sub(r"_\d+[dm]$", "", column),
                needs=tuple(needs),
                levels=tuple(map(str, levels)),
            )
            _declare(column, formula, given, 0.0 if unit is Unit.COUNT else nothing, False, spec)
        return formula

    return declare


def features_of(family: Family) -> Callable[..., Callable[[Formula], Formula]]:
    """Return the decorator :func:`feature` for one family."""
    return functools.partial(feature, family)


def measure(
    *,
    nothing: float | None = None,
    packed: bool = False,
    name: str = "",
    each: Mapping[str, Sequence[Any]] | None = None,
) -> Callable[[Formula], Formula]:
    """Declare the decorated aggregate as a column that other formulas read and no model sees.

    Parameters are those of :func:`feature` and :class:`Definition`.
    """

    def declare(formula: Formula) -> Formula:
        for values in itertools.product(*(each or {}).values()):
            given = dict(zip(each or {}, values, strict=True))
            _declare(_fill(name or formula.__name__, given), formula, given, nothing, packed, None)
        return formula

    return declare


def _declare(
    name: str,
    formula: Formula,
    given: dict[str, Any],
    nothing: float | None,
    packed: bool,
    spec: Feature | None,
) -> None:
    source = next(iter(inspect.signature(formula).parameters))
    if any(known.name == name for known in DEFINITIONS):
        raise ValueError(f"the feature {name} is declared twice")
    bound = functools.partial(formula, **given)
    DEFINITIONS.append(Definition(name, source, bound, nothing, packed, spec))


def _fill(text: str, given: Mapping[str, Any]) -> str:
    """Return `text` with the placeholders of `given` filled; other placeholders stay."""
    for parameter, value in given.items():
        english, chinese = WORDS.get(str(value), (str(value), str(value)))
        text = text.replace(f"{{{parameter}}}", str(value))
        text = text.replace(f"{{{parameter}:en}}", english).replace(f"{{{parameter}:zh}}", chinese)
    return text
