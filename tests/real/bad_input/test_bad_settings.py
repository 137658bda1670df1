"""A wrong key, settings that mean nothing, places that cannot be reached: told, and nothing is written."""

from __future__ import annotations

from typing import Any

Folder = Any


def test_a_wrong_key_is_one_clear_error_for_every_command(folder: Folder) -> None:
    key = folder.root / "comporta.key"
    right = key.read_text()
    before = folder.recorded()
    key.write_text("ab" * 32 + "\n")
    for words in (("run",), ("serve",)):
        said = folder.refused(*words)
        assert "written with another key" in said, said
        assert "comporta key import" in said
        assert "abab" not in said
    assert folder.recorded() == before
    key.write_text(right)
    folder.goes_on()


def test_a_missing_or_mutilated_key_says_how_to_bring_it_back(folder: Folder) -> None:
    key = folder.root / "comporta.key"
    right = key.read_text()
    key.unlink()
    said = folder.refused("run")
    assert "no such file" in said
    assert "comporta key import" in said
    key.write_text(right[:30])
    assert "found 30 characters, expected 64 hex digits" in folder.refused("run")
    key.write_text("z" * 64)
    assert "64 of them no hex digits" in folder.refused("run")
    said = folder.refused("run", COMPORTA_KEY="env://NOT_THERE")
    assert "NOT_THERE is not set" in said
    key.unlink()
    (folder.root / "kept").write_text(right)
    assert folder.say("key", "import", "kept").code == 0
    folder.goes_on()


def test_settings_that_mean_nothing_are_told_by_name(folder: Folder) -> None:
    file = folder.root / "comporta.toml"
    right = file.read_text()
    before = folder.recorded()
    for text, *told in (
        ("ledger = \n", "comporta.toml", "no readable TOML"),
        ('ledgr = "sqlite:///x"\n', "'ledgr'", "expected only ledger, store, key, executor"),
        ("ledger = 3\n", "ledger: found a number", "expected text in quotes"),
        ('ledger = "mysql://x"\n', "'mysql://x'", "expected sqlite:///PATH"),
        ('store = "ftp://x"\n', "'ftp://x'", "expected file://PATH"),
        ('executor = "local://?workers=many"\n', "workers=many", "whole number"),
        ('executor = "moon://"\n', "'moon://'", "expected local://"),
    ):
        file.write_text(text)
        said = folder.refused("run")
        for each in told:
            assert each in said, said
    assert folder.recorded() == before
    file.write_text(right)
    folder.goes_on()


def test_a_database_that_cannot_be_reached_is_told_with_its_address(folder: Folder) -> None:
    for url in (
        "postgresql://me:s3cret@127.0.0.1:9/none",
        "postgresql://me:s3cret@no.such.host.invalid/none",
    ):
        said = folder.refused("run", COMPORTA_LEDGER=url)
        assert "cannot be reached" in said
        assert "Check the URL and the server" in said
        assert "s3cret" not in said, "a password is not printed"
    folder.goes_on()


def test_a_place_that_is_something_else_is_told(folder: Folder) -> None:
    said = folder.refused("run", COMPORTA_LEDGER="sqlite:///project.py")
    assert "not a sound SQLite file" in said
    assert "project.py" in folder.refused("run", COMPORTA_STORE="file://project.py")
    said = folder.refused("run", COMPORTA_LEDGER="sqlite:////proc/nowhere/ledger.db")
    assert "cannot be opened for writing" in said
    folder.goes_on()
