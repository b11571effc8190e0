import time

import pandas as pd
import pytest

from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError
from duewise.simulate import sample as sample_module
from duewise.simulate.sample import write_sample


def files(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name in ("a", "b"):
        write_sample(tmp_path / name, debtors=120, months=3, seed=5)
    write_sample(tmp_path / "c", debtors=120, months=3, seed=6)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a-truth") == files(tmp_path / "b-truth")
    assert files(tmp_path / "a") != files(tmp_path / "c")


def test_a_debtor_does_not_depend_on_how_many_others_there_are_nor_on_blocks(tmp_path, monkeypatch):
    write_sample(tmp_path / "many", debtors=200, months=3)
    monkeypatch.setattr(sample_module, "BLOCK", 37)
    write_sample(tmp_path / "few", debtors=100, months=3)
    few_ids = set(pd.read_parquet(tmp_path / "few" / "debtors.parquet")["debtor_id"])
    for table in (Table.DEBTORS, Table.ACCOUNTS, Table.CONTACTS, Table.FLAGS):
        few = pd.read_parquet(tmp_path / "few" / f"{table}.parquet")
        many = pd.read_parquet(tmp_path / "many" / f"{table}.parquet")
        many = many[many["debtor_id"].isin(few_ids)]
        key = [c for c in ("debtor_id", "account_id", "contact_id", "flag", "starts_at") if c in few]
        pd.testing.assert_frame_equal(
            few.sort_values(key, ignore_index=True), many.sort_values(key, ignore_index=True)
        )


def test_the_default_sample_takes_less_than_twenty_seconds(tmp_path):
    start = time.process_time()
    summary = write_sample(tmp_path / "data")
    assert time.process_time() - start < 20
    assert summary.rows[Table.DEBTORS] == 5000
    assert summary.truth_path == tmp_path / "data-truth"


def test_an_unknown_world_names_those_that_exist(tmp_path):
    with pytest.raises(ConfigError, match="no_effect"):
        write_sample(tmp_path / "data", world="nonsense")


@pytest.mark.parametrize("size", [{"debtors": 0}, {"months": 0}])
def test_an_impossible_size_is_refused(tmp_path, size):
    with pytest.raises(ConfigError, match="at least one month"):
        write_sample(tmp_path / "data", **size)
