"""The catalogue: every feature of every family, and which of them a portfolio may and can use."""

from collections.abc import Iterable

import ibis

from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError
from duewise.features import (  # importing a family declares its features
    calendar,
    contact_history,
    debt,
    flags,
    payment_behaviour,
    profile,
    promises,
    stated_reason,
)
from duewise.features.registry import DEFINITIONS, Definition, Family, Feature, Tag, Unit
from duewise.features.settings import FeatureSettings
from duewise.sources.tables import Tables

FAMILIES = (debt, payment_behaviour, contact_history, promises, stated_reason, profile, flags, calendar)
EXTRA_PREFIX = "extra_"
CONTEXT = ("balance", "dpd", "bucket", "product", "region", "n_accounts")
"""Columns that strategies need, computed whatever the models may see."""

__all__ = [
    "FAMILIES",
    "Family",
    "Feature",
    "Tag",
    "Unit",
    "available",
    "catalogue",
    "definitions",
    "permitted",
]


def catalogue() -> tuple[Feature, ...]:
    """Return every feature, family by family."""
    declared = [d.feature for d in DEFINITIONS if d.feature is not None]
    return tuple(sorted(declared, key=lambda feature: list(Family).index(feature.family)))


def definitions(settings: FeatureSettings) -> tuple[Definition, ...]:
    """Return what a snapshot computes: every measure, the permitted features and the context."""
    return tuple(
        d for d in DEFINITIONS if d.feature is None or d.name in CONTEXT or _permits(settings, d.feature)
    )


def permitted(settings: FeatureSettings) -> tuple[Feature, ...]:
    """Return the features that read no protected column."""
    return tuple(f for f in catalogue() if _permits(settings, f))


def available(tables: Tables, settings: FeatureSettings) -> tuple[Feature, ...]:
    """Return the permitted features whose columns the sources have, and the declared extra columns."""
    told = [f for f in permitted(settings) if all(tables.has(*column) for column in f.needs)]
    return (*told, *extra_features(tables, settings))


def extra_features(tables: Tables, settings: FeatureSettings) -> tuple[Feature, ...]:
    """Return the columns declared under ``features.extra`` as features; an account's is the largest's."""
    return (
        *_extras(Table.DEBTORS, tables.debtors.schema(), tables.extra_debtors, settings),
        *_extras(Table.ACCOUNTS, tables.accounts.schema(), tables.extra_accounts, settings),
    )


def _permits(settings: FeatureSettings, feature: Feature) -> bool:
    return not any(column in settings.protected for _, column in feature.needs)


def extra_name(column: str) -> str:
    """Return the feature name of a declared extra column; the prefix keeps it apart from the catalogue."""
    return f"{EXTRA_PREFIX}{column}"


def _extras(
    table: Table, schema: ibis.Schema, columns: Iterable[str], settings: FeatureSettings
) -> list[Feature]:
    features = []
    for column in columns:
        if column in settings.protected:
            continue
        kind = schema[column]
        if not (kind.is_numeric() or kind.is_boolean() or kind.is_string()):
            raise ConfigError(
                f"features.extra.{table}: column {column} holds {kind}, and a feature is a number, a yes or "
                "no, or a word. Turn it into one of these in the export (a date into days before a date)."
            )
        name = extra_name(column)
        features.append(
            Feature(
                name=name,
                family=Family.PROFILE if table is Table.DEBTORS else Family.DEBT,
                tag=Tag.CONTEXT,
                unit=Unit.CATEGORY if kind.is_string() else Unit.NUMBER,
                description=f"Column `{column}` of the {table} table, declared in the portfolio file.",
                en=column,
                zh=column,
                fact_en=f"{column}: {{{name}}}",
                fact_zh=f"{column}：{{{name}}}",
                topic=name,
                needs=((table, column),),
            )
        )
    return features
