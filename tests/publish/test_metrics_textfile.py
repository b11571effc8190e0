import pytest

from duewise.errors import DuewiseError
from duewise.publish.metrics import write_metrics

MANIFEST = {
    "as_of": "2026-06-01",
    "portfolio": {"portfolio": {"name": "cards"}},
    "seconds": {"check": 1.5, "publish": 0.25},
    "peak_memory_mib": 2,
    "totals": {
        "debtors": 1_234_567,
        "actions": {"call": 3},
        "rows_read": 20,
        "rows_quarantined": 1,
    },
    "warnings": [{"code": "feed_stale", "text": "a"}, {"code": "feed_stale", "text": "b"}],
}


def test_every_figure_is_a_sample_with_its_labels(tmp_path):
    write_metrics(tmp_path / "deep" / "duewise.prom", MANIFEST)
    lines = (tmp_path / "deep" / "duewise.prom").read_text().splitlines()
    assert 'duewise_night_seconds{portfolio="cards",stage="check"} 1.5' in lines
    assert 'duewise_night_debtors{portfolio="cards"} 1234567' in lines
    assert 'duewise_night_actions{portfolio="cards",action="call"} 3' in lines
    assert 'duewise_night_warnings{portfolio="cards",code="feed_stale"} 2' in lines
    assert 'duewise_night_as_of_timestamp_seconds{portfolio="cards"} 1780272000' in lines
    names = {line.partition("{")[0] for line in lines if not line.startswith("#")}
    assert {f"# TYPE {name} gauge" for name in names} <= set(lines)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["duewise.prom"]
    assert (tmp_path / "deep" / "duewise.prom").stat().st_mode & 0o777 == 0o644


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DuewiseError, match=r"the run stands.*publish\.metrics"):
        write_metrics(tmp_path / "file" / "duewise.prom", MANIFEST)


def test_a_link_that_another_user_has_put_there_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".duewise.prom.partial").symlink_to(victim)
    write_metrics(tmp_path / "duewise.prom", MANIFEST)
    assert victim.read_text() == "precious"
    assert "duewise_night_debtors" in (tmp_path / "duewise.prom").read_text()
