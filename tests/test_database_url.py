from pathlib import Path

import pytest

from duewise.config import load_portfolio, parse_portfolio
from duewise.database_url import parse_database_url
from duewise.errors import ConfigError

SECRET = "hunter2"


def test_a_server_is_given_patience_but_not_for_ever():
    server = parse_database_url("postgresql://me@db.example:5433/books?sslmode=require").server
    assert server.startswith("postgresql://me@db.example:5433/books?")
    assert "sslmode=require" in server
    assert "connect_timeout=15" in server
    assert "connect_timeout=99" in parse_database_url("postgres://h/d?connect_timeout=99").server


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///books.db", "books.db"),
        ("sqlite:////srv/books.db", "/srv/books.db"),
        ("duckdb:////srv/%E8%B4%A6.duckdb", "/srv/账.duckdb"),
    ],
)
def test_a_file_is_relative_after_three_slashes_and_absolute_after_four(text, path):
    assert parse_database_url(text).path == Path(path)


WITH_SECRET = (
    f"postgresql://me:{SECRET}@host/books",
    f"postgresql://me:{SECRET}/x@host/books",
    f"postgresql://me:{SECRET}#x@host/books",
    f"postgresql://me:{SECRET}?x@host/books",
    f"postgresql://me:{SECRET}?x=1@host/books",
    f"postgresql://host/books?password={SECRET}",
    f"postgresql://host/books?user=me&PASSWORD={SECRET}",
    f"postgresql://host/books?pasword={SECRET}",
    f"postgresql://host:{SECRET}/books",
    f"{SECRET}://host/books",
    f"mysql://me:{SECRET}@host/books",
    SECRET,
)


@pytest.mark.parametrize("url", WITH_SECRET)
@pytest.mark.parametrize("key", ["sources.url", "publish.database"])
def test_a_secret_in_an_address_is_refused_and_never_repeated(tmp_path, url, key):
    section, name = key.split(".")
    content = {"portfolio": {"name": "x"}, "sources": {"path": "data"}}
    content[section] = {name: url}
    with pytest.raises(ConfigError) as refused:
        parse_portfolio(content, origin="test")
    assert key in str(refused.value)
    assert SECRET not in str(refused.value)
    file = tmp_path / "portfolio.yaml"
    file.write_text("portfolio: {name: x}\nsources: {path: data}\n")
    with pytest.raises(ConfigError) as overridden:
        load_portfolio(file, [f"{key}={url}"])
    assert SECRET not in str(overridden.value)


def test_where_a_password_belongs_is_said():
    with pytest.raises(ValueError, match=r"PGPASSWORD.*pgpass.*PGSERVICEFILE"):
        parse_database_url(WITH_SECRET[0])


@pytest.mark.parametrize("text", [f"a: [postgresql://me:{SECRET}@h/d", f"a: b: {SECRET}", f"'{SECRET}"])
def test_a_file_that_is_not_yaml_is_told_by_its_line_without_the_line(tmp_path, text):
    (tmp_path / "portfolio.yaml").write_text(f"portfolio:\n  {text}\n")
    with pytest.raises(ConfigError, match=r"not valid YAML.*line") as refused:
        load_portfolio(tmp_path / "portfolio.yaml")
    assert SECRET not in str(refused.value)
