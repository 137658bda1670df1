"""Names that cannot be seen, passwords in what is no URL, numbers out of range, a disk without room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.errors import BadProject
from comporta.ledger.signing import published_key
from comporta.records.credential import shown_url
from comporta.records.identity import clean_name
from comporta.serve.tally import Tally


@pytest.mark.parametrize(
    "name", ["\u3164", "\u2800", "\u115f\u1160", "\ufe0f", "\U000e0041", "\u200b\u3164 "]
)
def test_a_name_that_shows_nothing_is_blank(name: str) -> None:
    with pytest.raises(BadProject, match="found a blank name"):
        clean_name(name)
    assert clean_name(f"Ana{name}") == "Ana"


def test_a_name_cannot_pretend_to_be_an_id() -> None:
    with pytest.raises(BadProject, match="found an id of a person"):
        clean_name("a person forgotten (person-8ac6dd41751e7a56)")


@pytest.mark.parametrize("url", ["postgresql:/u:SEKRETPW1@127.0.0.1/db", "AKIA:SEKRETPW1@bucket"])
def test_what_is_no_url_is_not_shown(url: str) -> None:
    assert shown_url(url) == f"{len(url)} characters without ://"


def test_a_url_is_shown_without_its_password() -> None:
    assert shown_url("odd://u:SEKRETPW1@h/db") == "'odd://u:***@h/db'"


@pytest.mark.parametrize("setting", ["LEDGER", "STORE"])
def test_a_slip_in_a_setting_shows_no_password(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "first")]) == 0
    monkeypatch.chdir(tmp_path / "first")
    monkeypatch.setenv(f"COMPORTA_{setting}", "s3:/AKIA:SEKRETPW1@bucket")
    assert main(["models"]) == 2
    assert "SEKRETPW1" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--limit", "99999999999999999999999"),
        ("runs", "--limit", "0"),
        ("audit", "remove", "99999999999999999999999", "--reason", "erasure"),
        ("audit", "export", "x.jsonl", "--withhold", "99999999999999999999999"),
        ("data", "diff", "orders", "1", "-5"),
        ("serve", "--port", "70000"),
    ],
)
def test_a_number_out_of_range_is_named(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == 2
    assert "expected a whole number from" in capsys.readouterr().err


def test_a_public_key_that_is_a_folder_is_told(tmp_path: Path) -> None:
    assert published_key(tmp_path) == ""
    (tmp_path / "comporta.pub").mkdir()
    with pytest.raises(BadProject, match=r"comporta.pub cannot be read \(Is a directory\)"):
        published_key(tmp_path)


def test_a_file_of_counters_that_finds_no_room_is_refused_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from comporta.serve.tally import Tally\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "path = Path(sys.argv[1])\n"
        "try: Tally(path)\n"
        "except OSError as error: print(type(error).__name__, path.exists())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.tally")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "OSError False\n"


def test_a_file_of_counters_has_no_holes(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "a.tally")
    found = (tmp_path / "a.tally").stat()
    assert found.st_blocks * 512 >= found.st_size
    tally.close()
