"""The catalogues: every message of the page is in both, whole, current and with the same blanks."""

import re
from importlib import resources
from pathlib import Path

import pytest
import yaml
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import duewise.web
from duewise.contracts.labels import code_label
from duewise.contracts.vocabulary import LANGUAGES, Outcome, PaymentKind
from duewise.policy.rules.listing import FORCES, MARKS
from duewise.publish.feedback import KINDS
from duewise.web.debtor import KIND_NAMES
from duewise.web.i18n import catalogue, gettext_noop
from duewise.web.overview import RULE_WORDS

ROOT = Path(duewise.web.__file__).parent
BLANK = re.compile(r"%\(\w+\)s")


def said_by_the_page() -> set[str]:
    found = extract_from_dir(
        ROOT, [("**.py", "python"), ("**/templates/**.j2", "jinja2.ext:babel_extract")], keywords={"_": None}
    )
    return {str(message) for _, _, message, _, _ in found if message}


@pytest.fixture(params=[str(language) for language in LANGUAGES])
def language(request):
    return request.param


def test_the_catalogue_holds_exactly_what_the_page_says(language):
    said = said_by_the_page()
    assert len(said) > 200
    kept = set(catalogue(language))
    assert said - kept == set(), "missing: docs/web.md says how to add them"
    assert kept - said == set(), "no page says these any more"


def test_nothing_is_fuzzy_or_lost_and_blanks_agree(language):
    path = resources.files("duewise.web").joinpath("locales", language, "LC_MESSAGES", "duewise.po")
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=language, abort_invalid=True) if message.id]
    assert [message.id for message in messages if message.fuzzy or not message.string] == []
    for message in messages:
        assert sorted(BLANK.findall(message.id)) == sorted(BLANK.findall(message.string)), message.id
        assert "%" not in BLANK.sub("", message.string)


def test_english_says_what_the_source_says():
    assert {message for message, said in catalogue("en").items() if message != said} == set()


def test_chinese_is_chinese():
    kept = {
        said
        for message, said in catalogue("zh").items()
        if not re.search(r"[\u4e00-\u9fff]", BLANK.sub("", said))
    }
    assert kept <= {"Excel"}


def test_every_label_has_one_name_per_language():
    text = resources.files("duewise.contracts").joinpath("labels.yaml").read_text(encoding="utf-8")
    for kind, labels in yaml.safe_load(text).items():
        for code, names in labels.items():
            assert len(names) == len(LANGUAGES), f"{kind}.{code}: {names}"


def test_words_that_come_from_elsewhere_are_all_known():
    assert set(RULE_WORDS) == {*FORCES.values(), *MARKS.values()}
    assert set(KIND_NAMES) == set(KINDS)
    assert gettext_noop("as it is") == "as it is"
    for kind, codes in (("outcome", Outcome), ("event", [*PaymentKind, "contact"])):
        for code in codes:
            assert code_label(kind, str(code), "zh") != str(code)
