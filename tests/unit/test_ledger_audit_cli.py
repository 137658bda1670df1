"""`comporta audit verify-export`: what was handed to it wrongly is said in one sentence, with exit code 2."""

import json
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.ledger import MemoryLedger
from comporta.ledger.bundle import export
from comporta.ledger.signing import public_key
from comporta.testing import Clock
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, NoteWritten, put


@pytest.fixture
def file(tmp_path: Path) -> Path:
    ledger = MemoryLedger([BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS)
    put(ledger, NoteWritten(text="x"))
    with (tmp_path / "bundle").open("w") as out:
        export(ledger, public_key(KEY), (), lambda line: out.write(line + "\n"))
    return tmp_path / "bundle"


def refusal(capsys: pytest.CaptureFixture[str], *asked: str) -> str:
    assert main(["audit", "verify-export", *asked]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_a_key_that_is_given_but_empty_is_refused_and_not_the_files_own(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify-export", str(file)]) == 0
    capsys.readouterr()
    empty = file.with_name("comporta.pub")
    empty.touch()
    for key in ("", str(empty), " "):
        assert "no Ed25519 public key" in refusal(capsys, str(file), "--key", key)


@pytest.mark.parametrize("head", ["9" * 5000 + ":ab", "²:ab", ":ab", "5:", "x", "-1:ab"])
def test_a_head_that_is_none_is_said(file: Path, capsys: pytest.CaptureFixture[str], head: str) -> None:
    assert "expected SEQ:HASH" in refusal(capsys, str(file), f"--head={head}")


@pytest.mark.parametrize("after", ["null", "[]", '"x"', "Infinity", "1e400", "9" * 5000, "[" * 100_000])
def test_a_first_line_that_is_none_is_said(
    file: Path, capsys: pytest.CaptureFixture[str], after: str
) -> None:
    text = file.read_text()
    assert json.loads(text.splitlines()[0])["after"] == 0
    file.write_text(text.replace('"after": 0', f'"after": {after}', 1))
    assert "no bundle" in refusal(capsys, str(file))


def test_a_carriage_return_and_another_key_in_the_first_line_are_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert main(["audit", "verify-export", str(file)]) == 2
    file.write_bytes(whole[:-1] + b"\r\n")
    assert main(["audit", "verify-export", str(file)]) == 3
    capsys.readouterr()
    other = public_key(b"o" * 32)
    file.write_bytes(whole.replace(public_key(KEY).encode(), other.encode(), 1))
    assert main(["audit", "verify-export", str(file), "--key", public_key(KEY)]) == 3
    assert f"the file names the key {other}" in " ".join(capsys.readouterr().out.split())
