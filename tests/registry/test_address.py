"""Addresses that can be used, a remedy for those that cannot, and never a password."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.errors import RegistryError
from her2path.registry.address import default_url, hide_passwords, read_url, show


@pytest.mark.parametrize("name", ["out", "50 % off?", "a#b", "Präparate", "x;y&z=1"])
def test_the_default_is_a_file_in_the_output_folder(tmp_path: Path, name: str) -> None:
    assert read_url(default_url(tmp_path / name)).database == str(tmp_path / name / "registry.sqlite")


def test_the_default_is_absolute() -> None:
    assert read_url(default_url(Path("out"))).database == str(Path.cwd() / "out" / "registry.sqlite")


@pytest.mark.parametrize("kind", ["postgresql", "postgresql+psycopg"])
def test_postgresql_means_psycopg(kind: str) -> None:
    url = read_url(f"{kind}://me:secret@host:5433/lab?sslmode=require")
    assert (url.drivername, url.port, url.query["sslmode"]) == ("postgresql+psycopg", 5433, "require")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "registry.sqlite",
            "'registry.sqlite' is no address of a database; give sqlite:///FILE or postgresql",
        ),
        ("", "no address"),
        ("postgresql://me:secret@host:port/lab", "'postgresql://me:***@host:port/lab' is no address"),
        ("mysql+pymysql://me:secret@host/lab", "cannot be kept in 'mysql.pymysql'"),
        ("postgresql+psycopg2://me:secret@host/lab", "cannot be kept in 'postgresql.psycopg2'"),
        ("postgresql://me:my@secret@host/lab", "write it as %40"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.sqlite?mode=ro", "no option"),
        ("sqlite://host/x.sqlite", "names no file"),
    ],
)
def test_another_address_is_refused_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(RegistryError, match=said.replace("***", r"\*\*\*")) as refusal:
        read_url(text)
    assert "secret" not in str(refusal.value)


def test_an_address_is_shown_without_its_passwords() -> None:
    url = read_url("postgresql://me:secret@host/lab?sslpassword=secret&sslmode=require")
    assert show(url) == "postgresql+psycopg://me:***@host/lab?sslmode=require&sslpassword=***"


PASSWORDS = st.text(st.characters(exclude_categories=("Z", "C"), exclude_characters="*"), min_size=1)


@given(PASSWORDS, st.sampled_from(["", "+psycopg"]))
def test_a_password_in_a_text_is_hidden_however_it_was_escaped(password: str, driver: str) -> None:
    text = f"lost postgresql{driver}://me:{password}@host:5432/lab, trying again"
    assert hide_passwords(text) == f"lost postgresql{driver}://me:***@host:5432/lab, trying again"


@pytest.mark.parametrize(
    "text", ["see http://host:8080/x", "me@host.org", "/data/a:b@c.svs", "sqlite:///a/b"]
)
def test_other_text_stays(text: str) -> None:
    assert hide_passwords(text) == text
