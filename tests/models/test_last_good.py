"""A night without a registry scores with what the last night scored with, if nobody touched it."""

import json
import sqlite3

import pytest

from duewise.errors import DataError
from duewise.models import last_good, registry
from duewise.models.bundle_files import BundleFiles, file_hashes
from duewise.models.last_good import find_champion, keep_copy
from duewise.models.registry import RegistryUnreachable


@pytest.fixture
def registered(tmp_path, monkeypatch):
    """A registry that answers with version 3 until it is told to be silent."""
    folder = tmp_path / "store" / "bundle"
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")
    answers = {"champion": BundleFiles(folder, "m/3", file_hashes(folder))}

    def find(store, name, alias):
        if alias not in answers:
            raise RegistryUnreachable("silent")
        return answers[alias]

    monkeypatch.setattr(last_good, "find_bundle", find)
    return answers


def test_without_a_registry_the_kept_version_stands_in(registered, tmp_path):
    copies = tmp_path / "copies"
    keep_copy(find_champion(tmp_path, "m", copies), "m", copies)
    registered.clear()
    found = find_champion(tmp_path, "m", copies)
    assert (found.is_copy, found.files.version) == (True, "m/3")
    assert file_hashes(found.files.folder) == found.files.hashes


def test_a_copy_that_somebody_changed_is_refused(registered, tmp_path):
    keep_copy(find_champion(tmp_path, "m", tmp_path), "m", tmp_path)
    registered.clear()
    found = find_champion(tmp_path, "m", tmp_path)
    (found.files.folder / "bundle.json").write_text('{"x": 1}')
    with pytest.raises(DataError, match=r"bundle\.json"):
        found.files.load()


def test_the_copy_follows_the_champion_and_other_names_have_their_own(registered, tmp_path):
    keep_copy(find_champion(tmp_path, "../m", tmp_path / "c"), "../m", tmp_path / "c")
    folder = registered["champion"].folder
    (folder / "more.json").write_text("{}")
    registered["champion"] = BundleFiles(folder, "m/4", file_hashes(folder))
    keep_copy(find_champion(tmp_path, "../m", tmp_path / "c"), "../m", tmp_path / "c")
    registered.clear()
    assert find_champion(tmp_path, "../m", tmp_path / "c").files.version == "m/4"
    with pytest.raises(RegistryUnreachable):
        find_champion(tmp_path, "m", tmp_path / "c")
    assert len(list((tmp_path / "c").iterdir())) == 1


def test_a_copy_half_written_is_none(registered, tmp_path):
    (tmp_path / "m.model").mkdir()
    (tmp_path / "m.model" / "registered.json").write_text(json.dumps({"version": "m/2"}))
    registered.clear()
    with pytest.raises(RegistryUnreachable):
        find_champion(tmp_path, "m", tmp_path)


def test_a_registry_whose_database_is_held_or_damaged_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_PATIENCE", 0.1)
    database = tmp_path / "mlflow.db"
    with sqlite3.connect(database) as con:
        con.execute("CREATE TABLE registered_models (name TEXT)")
    con.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        registry.find_bundle(tmp_path, "m", "champion")
    con.close()
    database.write_bytes(b"not a database at all" * 100)
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        registry.find_bundle(tmp_path, "m", "champion")
