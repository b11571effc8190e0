"""Everything that explanations say in one language, read from ``locales/<language>.yaml``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import yaml

from duewise.contracts.labels import code_labels
from duewise.features.registry import Feature

_WINDOW = re.compile(r"_(\d+)(d|m)$")


@dataclass(frozen=True)
class Locale:
    """The texts of one language.

    Attributes
    ----------
    words : mapping
        Single words: yes, no, units of time.
    codes : mapping
        Words for the values of categories.
    units : mapping of Unit to template
        How a bare ``{value}`` is followed by its unit.
    windows : mapping
        ``d`` and ``m`` to a template of ``{n}`` days or months.
    plurals : tuple of str
        Nouns whose plural ends in s, to be cut after a lone 1; empty where the language has no plural.
    fact : str
        A fact from ``{label}`` and ``{value}``.
    facts : mapping of feature or topic to sentence
        Better facts from ``{value}``, for features to which the catalogue gives no sentence.
    missing, zero : mapping of feature or topic to sentence
        What a missing value or a zero means; the key ``any`` stands for every other feature. In these and in
        `facts`, ``{window}`` is the window of the feature.
    actions : mapping
        Sentences about tonight's action.
    """

    language: str
    words: Mapping[str, str]
    codes: Mapping[str, str]
    units: Mapping[str, str]
    windows: Mapping[str, str]
    plurals: tuple[str, ...]
    fact: str
    facts: Mapping[str, str]
    missing: Mapping[str, str]
    zero: Mapping[str, str]
    actions: Mapping[str, str]

    def word(self, name: str) -> str:
        """Return a single word."""
        return self.words[name]

    def code(self, code: str) -> str:
        """Return the words for the value of a category; the value itself where none are known."""
        return self.codes.get(code, code)

    def label(self, feature: Feature) -> str:
        """Return the short name of a feature."""
        return {"en": feature.en, "zh": feature.zh}[self.language]

    def fact_of(self, feature: Feature) -> str:
        """Return the fact of a feature as the catalogue writes it."""
        return {"en": feature.fact_en, "zh": feature.fact_zh}[self.language]

    def has_own_fact(self, feature: Feature) -> bool:
        """Whether the catalogue wrote a sentence, rather than the short name and the value."""
        bare = re.sub(r"\s", "", self.fact_of(feature))
        return bare != re.sub(
            r"\s", "", self.fact.format(label=self.label(feature), value=f"{{{feature.name}}}")
        )

    def plain_fact(self, feature: Feature) -> str:
        """Return the template of a fact that names the feature's own ``{value}`` alone."""
        better = self._of(self.facts, feature)
        if better is not None:
            return better.replace("{window}", self._window(feature))
        # A client's own column may hold braces.
        label = self.label(feature).replace("{", "{{").replace("}", "}}")
        value = self.units.get(feature.unit, "{value}")
        return self.fact.replace("{value}", value).replace("{label}", label)

    def missing_text(self, feature: Feature) -> str:
        """Return what it means that the value of a feature is missing."""
        text = self._of(self.missing, feature) or self.missing["any"]
        return text.format(label=self.label(feature), window=self._window(feature))

    def zero_text(self, feature: Feature) -> str | None:
        """Return what a zero means; None where the ordinary fact says it."""
        text = self._of(self.zero, feature)
        return None if text is None else text.format(window=self._window(feature))

    def _window(self, feature: Feature) -> str:
        found = _WINDOW.search(feature.name)
        return self.windows[found[2]].format(n=found[1]) if found else ""

    @staticmethod
    def _of(texts: Mapping[str, str], feature: Feature) -> str | None:
        return texts.get(feature.name, texts.get(feature.topic))


@functools.cache
def load_locale(language: str) -> Locale:
    """Return the texts of a language, ``en`` or ``zh``."""
    file = resources.files("duewise.explain").joinpath(f"locales/{language}.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    shared = {kind: code_labels(kind, language) for kind in ("action", "product")}
    return Locale(
        language=language,
        words=content["words"],
        codes={**shared["action"], **shared["product"], **content["codes"]},
        units=content["units"],
        windows=content["windows"],
        plurals=tuple(content["plurals"]),
        fact=content["fact"],
        facts=content["facts"],
        missing=content["missing"],
        zero=content["zero"],
        actions=content["actions"],
    )
