import multiprocessing
import sqlite3
import stat
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duewise.contracts.vocabulary import CHANNELS
from duewise.errors import DuewiseError
from duewise.publish.feedback import KINDS, Feedback, FeedbackStore, time_of_remark

NIGHT = date(2024, 6, 1)
MORNING = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)


def remark(**said) -> Feedback:
    base = {"at": MORNING, "author": "li", "as_of": NIGHT, "debtor_id": "D1", "kind": "disagree"}
    return Feedback(**{**base, **said})


def promise(**said) -> Feedback:
    return remark(**{"kind": "promised", "amount": 500.0, "due_on": date(2024, 6, 10), **said})


@pytest.fixture
def store(tmp_path) -> FeedbackStore:
    return FeedbackStore(tmp_path / "runs" / "feedback.sqlite")


def test_a_store_without_remarks_reads_as_empty_and_leaves_no_file(store):
    assert store.all() == []
    assert store.of("D1") == []
    assert not store.path.exists()


def test_what_was_said_comes_back_as_it_was_said(store):
    said = promise(note="每月15日; '); DROP TABLE feedback; --", channel="call")
    assert store.add(said) == 1
    assert store.add(remark(debtor_id="D2")) == 2
    assert store.of("D1") == [said]
    assert store.all() == [said, remark(debtor_id="D2")]


def test_remarks_are_read_in_the_order_of_time_whatever_the_zone(store):
    later = remark(at=MORNING + timedelta(microseconds=1), note="later")
    in_shanghai = remark(at=MORNING.astimezone(timezone(timedelta(hours=8))), note="first")
    store.add(later)
    store.add(in_shanghai)
    assert [said.note for said in store.all()] == ["first", "later"]
    assert [said.note for said in store.all(since=later.at)] == ["later"]


def test_only_the_owner_may_read_the_file(store):
    store.add(remark())
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert [path.name for path in store.path.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (remark(kind="angry"), "Unknown kind of feedback 'angry'"),
        (promise(amount=None), "needs the amount"),
        (promise(due_on=None), "needs the date"),
        (promise(due_on=date(2024, 5, 31)), "before the night"),
        (promise(amount=0.0), "above zero"),
        (promise(amount=float("nan")), "above zero"),
        (remark(channel="fax"), "Unknown channel 'fax'"),
        (remark(debtor_id=" "), "debtor"),
        (remark(author=""), "author"),
        (remark(at=datetime(2024, 6, 1, 9)), "no zone"),
        (remark(note="x" * 2001), "2,001 characters"),
        (remark(note="\ud83d"), "half a character"),
    ],
)
def test_a_remark_that_cannot_be_kept_is_refused_in_one_sentence(store, said, sentence):
    with pytest.raises(ValueError, match=sentence):
        store.add(said)
    assert store.all() == []


def test_the_same_remarks_are_kept_once(store):
    both = [promise(), remark(debtor_id="D2")]
    assert store.add_new(both) == 2
    tomorrow = [
        promise(at=MORNING + timedelta(days=1), author="wang"),
        remark(debtor_id="D2"),
        remark(debtor_id="D3"),
    ]
    assert store.add_new(tomorrow) == 1
    assert [said.debtor_id for said in store.all()] == ["D1", "D2", "D3"]


def test_either_all_remarks_of_a_batch_are_kept_or_none(store):
    with pytest.raises(ValueError, match="Unknown kind"):
        store.add_new([remark(), remark(kind="angry")])
    assert store.all() == []


def test_a_debtor_who_is_forgotten_leaves_no_trace_in_the_files(store):
    assert store.forget("D1") == 0
    store.add(remark(note="a very private remark"))
    store.add(remark(debtor_id="D2"))
    assert store.forget("D1") == 1
    assert [said.debtor_id for said in store.all()] == ["D2"]
    files = [path.read_bytes() for path in store.path.parent.iterdir()]
    assert not [content for content in files if b"a very private remark" in content]


def _write(path: Path, author: str, remarks: int) -> None:
    for number in range(remarks):
        FeedbackStore(path).add(remark(author=author, debtor_id=f"D{number}"))


def test_several_processes_write_at_once_and_lose_nothing(store):
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=_write, args=(store.path, f"p{n}", 25)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    assert len({(said.author, said.debtor_id) for said in store.all()}) == 100
    with sqlite3.connect(store.path) as con:
        assert con.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_store_is_named(store):
    store.path.parent.mkdir()
    store.path.write_text("not a database, but long enough to be looked at " * 10)
    with pytest.raises(DuewiseError, match=r"feedback\.sqlite.*cannot be read"):
        store.all()


def test_a_remark_on_a_replayed_night_is_given_on_its_day(tmp_path):
    years_later = datetime(2026, 1, 1, tzinfo=UTC)
    assert time_of_remark(tmp_path, years_later) == years_later
    (tmp_path / "2024-06-01").mkdir()
    (tmp_path / "latest").symlink_to("2024-06-01")
    assert time_of_remark(tmp_path, years_later) == datetime(2024, 6, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert time_of_remark(tmp_path, MORNING) == MORNING


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(deadline=None, max_examples=15)  # each example waits for the disk, and disks differ
@given(
    at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),
    kind=st.sampled_from([kind for kind in KINDS if kind != "promised"]),
    debtor_id=texts.filter(str.strip),
    note=texts,
    amount=st.none() | st.floats(0.01, 1e9),
    channel=st.none() | st.sampled_from(CHANNELS),
)
def test_any_remark_survives_the_store(tmp_path_factory, **said):
    store = FeedbackStore(tmp_path_factory.mktemp("store") / "feedback.sqlite")
    store.add(remark(**said))
    assert store.of(said["debtor_id"]) == [remark(**said)]
