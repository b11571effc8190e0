"""Why a debtor stands in a stage, and what the legal route still lacks: a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.contracts.labels import code_label
from duewise.explain.locale import Locale, load_locale
from duewise.explain.templates import fill, texts_of

Codes = NDArray[Any]
Flags = NDArray[np.bool_]


def stage_sentences(
    stage: Codes,
    due: Codes,
    begins: NDArray[np.int64],
    dpd: NDArray[np.int64],
    waits_for: Codes,
    frozen: Flags,
    language: str,
) -> pa.Array:
    """Return why each debtor stands in a stage.

    Parameters
    ----------
    stage, due : ndarray of str, shape (n,)
        Stage, and the one that days past due alone would give.
    begins, dpd : ndarray of int, shape (n,)
        First day past due of the stage, and days past due tonight.
    waits_for : ndarray of str, shape (n,)
        What `due` still waits for, parts joined by a comma; empty where nothing is lacking.
    frozen : ndarray of bool, shape (n,)
        Whether the ladder stands still.
    """
    locale = load_locale(language)
    values = {
        "stage": texts_of(stage, lambda code: code_label("stage", str(code), language)),
        "due": texts_of(due, lambda code: code_label("stage", str(code), language)),
        "begins": texts_of(begins, str),
        "dpd": texts_of(dpd, str),
        "waits_for": texts_of(waits_for, lambda parts: _listed(str(parts).split(", "), locale)),
    }
    said = fill(locale.actions["stage_reached"], values)
    said = pc.if_else(pa.array(frozen), fill(locale.actions["stage_frozen"], values), said)
    return pc.if_else(pa.array(waits_for != ""), fill(locale.actions["stage_waits"], values), said)


def missing_sentences(missing: Mapping[str, Flags], concerned: Flags, language: str) -> pa.Array:
    """Return what a suit against each of the `concerned` still lacks; an empty text for all others.

    Parameters
    ----------
    missing : mapping of str to ndarray of bool, shape (n,)
        Who lacks each ``notice:<kind>`` or ``evidence:<item>``.
    """
    locale = load_locale(language)
    names = list(missing)
    lacks = np.zeros((len(concerned), 1), dtype=np.int64)
    for bit, name in enumerate(names):
        lacks[:, 0] |= (missing[name] & concerned).astype(np.int64) << bit

    def sentence(pattern: int) -> str:
        found = [name for bit, name in enumerate(names) if pattern >> bit & 1]
        if not found:
            return ""
        return locale.actions["missing_for_suit"].format(missing=_listed(found, locale))

    return texts_of(lacks[:, 0], lambda pattern: sentence(int(pattern)))


def _listed(parts: list[str], locale: Locale) -> str:
    return locale.actions["listing"].join(_part(part, locale) for part in parts)


def _part(part: str, locale: Locale) -> str:
    """Return one lacking step in words: ``contacts 1/3``, or a flag as it is called on file."""
    if part.startswith("contacts "):
        made, _, needed = part.removeprefix("contacts ").partition("/")
        return locale.actions["contacts_made"].format(made=made, needed=needed)
    return code_label("on_file", part.partition(":")[2], locale.language)
