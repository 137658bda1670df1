"""A chain in one file: verified by Comporta and, alike, by a script that knows nothing of it."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comporta.errors import BadProject, Refused
from comporta.ledger import MemoryLedger
from comporta.ledger.bundle import BundleAudit, check, export
from comporta.ledger.chain import leaf
from comporta.ledger.keyed import keyed_seal
from comporta.ledger.signing import parse_public, pem, public_key
from comporta.records import Head
from comporta.testing import Clock
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, AmountDeposited, NoteWritten, put

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"
PUBLIC = public_key(KEY)


@pytest.fixture
def ledger() -> MemoryLedger:
    clock = Clock()
    made = MemoryLedger([BALANCES], key=KEY, clock=clock, project="shop", facts=TEST_FACTS)
    for number in range(4):
        put(made, AmountDeposited(account="anna", amount=number), NoteWritten(text=f"é {number}\u2028\n"))
        clock.forward(timedelta(seconds=1))
    return made


def lines(ledger: MemoryLedger, *withhold: int) -> list[str]:
    out: list[str] = []
    export(ledger, PUBLIC, withhold, out.append)
    return out


def ended(lines: list[str]) -> list[str]:
    return [line + "\n" for line in lines]


def stranger(lines: list[str], file: Path, *given: str) -> subprocess.CompletedProcess[str]:
    """What the script says of it. -I: nothing from this folder or environment is imported."""
    file.write_text("".join(line + "\n" for line in lines))
    return asked_of(file, *given)


def asked_of(file: Path, *given: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-I", str(SCRIPT), str(file), *given]
    return subprocess.run(asked, capture_output=True, text=True, check=False)


def both(lines: list[str], tmp_path: Path, head: Head | None = None) -> BundleAudit:
    """What Comporta says of it; the script must agree whether it is sound."""
    audit = check(ended(lines), PUBLIC, head)
    kept = [] if head is None else [f"{head.seq}:{head.hash}"]
    done = stranger(lines, tmp_path / "bundle", PUBLIC, *kept)
    assert (done.returncode == 0) == (audit.fault is None), (done, audit.fault)
    if audit.fault is None:
        assert done.stdout == f"OK, head {audit.head.seq}:{audit.head.hash}\n"
    return audit


def test_the_script_is_short_and_imports_only_hashing_and_a_verifier_of_signatures() -> None:
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 50
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(f"{node.module}")
    ed25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
    assert imported == {"base64", "hashlib", "json", "sys", "pathlib", ed25519}


def test_a_whole_chain_verifies(ledger: MemoryLedger, tmp_path: Path) -> None:
    audit = both(lines(ledger), tmp_path, ledger.head())
    assert audit.fault is None
    assert (audit.project, audit.events, audit.withheld, audit.head) == ("shop", 8, 0, ledger.head())
    assert not audit.own


def test_bodies_that_are_withheld_leave_the_rest_verified(ledger: MemoryLedger, tmp_path: Path) -> None:
    told = lines(ledger, 1, 4, 8)
    assert not [line for line in told if "anna" in line and '"seq": 1,' in line]
    audit = both(told, tmp_path, ledger.head())
    assert (audit.fault, audit.withheld, audit.head) == (None, 3, ledger.head())
    assert [json.loads(line).keys() for line in told[1:2]] == [{"seq", "leaf"}]


def test_a_removed_body_is_shown_as_its_leaf(ledger: MemoryLedger, tmp_path: Path) -> None:
    ledger.remove_body(2, reason="erasure", by="p-1")
    audit = both(lines(ledger), tmp_path, ledger.head())
    assert (audit.fault, audit.withheld, audit.events) == (None, 1, 9)


def changed(line: str, **values: Any) -> str:
    return json.dumps({**json.loads(line), **values})


def _body(told: list[str]) -> None:
    told[1] = told[1].replace('\\"amount\\":0', '\\"amount\\":1')


def _header(told: list[str]) -> None:
    told[1] = told[1].replace("test.deposited", "test.deposited2")


def _salt(told: list[str]) -> None:
    told[1] = changed(told[1], salt="00" * 32)


def _leaf(told: list[str]) -> None:
    told[1] = json.dumps({"seq": 1, "leaf": "0" * 64})


def _swapped(told: list[str]) -> None:
    told[1], told[2] = told[2], told[1]


def _swapped_bodies(told: list[str]) -> None:
    one, two = json.loads(told[1]), json.loads(told[2])
    told[1], told[2] = changed(told[1], body=two["body"]), changed(told[2], body=one["body"])


def _left_out(told: list[str]) -> None:
    del told[4]


def _twice(told: list[str]) -> None:
    told.insert(2, told[1])


def _signature(told: list[str]) -> None:
    told[3] = changed(told[3], signature="00" * 64)


def _head(told: list[str]) -> None:
    told[3] = changed(told[3], link="0" * 64)


def _head_moved(told: list[str]) -> None:
    told[2], told[3] = told[3], told[2]


def _no_head(told: list[str]) -> None:
    told.pop()


def _other_project(told: list[str]) -> None:
    told[0] = changed(told[0], project="other")


def _begun_later(told: list[str]) -> None:
    told[0] = changed(told[0], after=1, prev="0" * 64)


def _beginning_cut(told: list[str]) -> None:
    head = json.loads(told[3])
    told[:4] = [changed(told[0], after=head["head"], prev=head["link"])]


def _all_cut_but_the_last_head(told: list[str]) -> None:
    head = json.loads(told[-1])
    told[:] = [changed(told[0], after=head["head"], prev=head["link"]), told[-1]]


def _all_cut(told: list[str]) -> None:
    del told[1:]


def _body_beside_leaf(told: list[str]) -> None:
    event = json.loads(told[1])
    its = leaf(bytes.fromhex(event["salt"]), event["header"].encode(), event["body"].encode())
    told[1] = json.dumps({"seq": 1, "leaf": its, "header": "{}", "salt": "00", "body": '{"forged":1}'})


def _leaf_beside_body(told: list[str]) -> None:
    told[1] = changed(told[1], leaf="0" * 64)


def _one_more_name(told: list[str]) -> None:
    told[1] = changed(told[1], comment="x")


def _body_told_twice(told: list[str]) -> None:
    told[1] = told[1].replace('"body":', '"body": "forged", "body":')


def _blank_line(told: list[str]) -> None:
    told.append("")


def _deep(told: list[str]) -> None:
    told[2] = "[" * 100_000


def _deep_header(told: list[str]) -> None:
    told[1] = changed(told[1], header="[" * 100_000)


def _key_named(told: list[str]) -> None:
    told[0] = changed(told[0], key=public_key(b"o" * 32))


def _return_at_a_line_end(told: list[str]) -> None:
    told[2] += "\r"


def _capitals(told: list[str]) -> None:
    told[1] = changed(told[1], salt=json.loads(told[1])["salt"].upper())


def _spaces(told: list[str]) -> None:
    signature = json.loads(told[3])["signature"]
    told[3] = changed(told[3], signature=f"{signature[:2]} {signature[2:]}")


def _number_by_another_type(told: list[str]) -> None:
    told[1] = changed(told[1], seq=True)


def _head_number_by_another_type(told: list[str]) -> None:
    told[3] = changed(told[3], head=2.0)


TAMPERED: list[Callable[[list[str]], None]] = [
    _body, _header, _salt, _leaf, _swapped, _swapped_bodies, _left_out, _twice, _signature, _head,
    _head_moved, _no_head, _other_project, _begun_later, _beginning_cut, _all_cut_but_the_last_head, _all_cut,
    _body_beside_leaf,
    _leaf_beside_body, _one_more_name, _body_told_twice, _blank_line, _deep, _deep_header,
    _key_named, _return_at_a_line_end, _capitals, _spaces, _number_by_another_type,
    _head_number_by_another_type,
]  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_whatever_is_changed_is_found(
    ledger: MemoryLedger, tmp_path: Path, tamper: Callable[[list[str]], None]
) -> None:
    told = lines(ledger)
    before = list(told)
    tamper(told)
    assert told != before
    assert both(told, tmp_path).fault is not None


def test_every_single_byte_of_it_counts(ledger: MemoryLedger) -> None:
    told = lines(ledger)
    for at in (1, 3):  # an event, a head
        for place in range(len(told[at])):
            wrong = "0" if told[at][place] != "0" else "1"
            one = told[at][:place] + wrong + told[at][place + 1 :]
            if json_or_none(one) == json.loads(told[at]):
                continue  # a space between two values is no part of it
            assert check(ended([*told[:at], one, *told[at + 1 :]]), PUBLIC).fault is not None, one


def json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def test_a_cut_end_is_told_by_a_head_kept_elsewhere_alone(ledger: MemoryLedger, tmp_path: Path) -> None:
    told = lines(ledger)[:-3]
    assert both(told, tmp_path).fault is None
    fault = both(told, tmp_path, ledger.head()).fault
    assert fault is not None
    assert fault.code == "bundle.cut"


def test_a_head_kept_elsewhere_of_another_chain_is_told(ledger: MemoryLedger, tmp_path: Path) -> None:
    fault = both(lines(ledger), tmp_path, Head(seq=4, hash="0" * 64)).fault
    assert fault is not None
    assert fault.code == "bundle.other_head"


def test_a_chain_signed_by_another_is_told_by_the_key_and_not_by_the_file_alone(tmp_path: Path) -> None:
    forger = MemoryLedger([BALANCES], key=b"o" * 32, clock=Clock(), project="shop", facts=TEST_FACTS)
    put(forger, NoteWritten(text="x"))
    told: list[str] = []
    export(forger, public_key(b"o" * 32), (), told.append)
    assert check(ended(told)).fault is None
    assert check(ended(told)).own
    assert both(told, tmp_path).fault is not None


def test_the_script_takes_the_file_that_is_committed(ledger: MemoryLedger, tmp_path: Path) -> None:
    file = tmp_path / "comporta.pub"
    file.write_text(pem(PUBLIC))
    assert stranger(lines(ledger), tmp_path / "bundle", str(file)).returncode == 0
    file.write_text(pem(public_key(b"o" * 32)))
    assert stranger(lines(ledger), tmp_path / "bundle", str(file)).returncode != 0


def test_a_public_key_is_read_from_its_file_and_from_its_digits() -> None:
    assert parse_public(pem(PUBLIC), "x") == parse_public(f" {PUBLIC}\n", "x") == PUBLIC
    for wrong in ("", "ab", PUBLIC[:-1], pem(PUBLIC).replace("MCow", "MCox"), "-----BEGIN PUBLIC KEY-----"):
        with pytest.raises(BadProject, match="no Ed25519 public key"):
            parse_public(wrong, "x")


def test_the_key_file_is_what_other_software_reads() -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem(PUBLIC).encode())
    assert key.public_bytes_raw().hex() == PUBLIC  # type: ignore[union-attr]


def test_a_number_that_is_not_there_and_an_empty_chain_are_said(ledger: MemoryLedger) -> None:
    with pytest.raises(BadProject, match="99"):
        lines(ledger, 99)
    empty = MemoryLedger([BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS)
    with pytest.raises(Refused, match="no event yet"):
        lines(empty)


@pytest.mark.parametrize("text", ["", "x", "[]", '{"bundle":"comporta chain","format":2}', "[" * 100_000])
def test_a_file_that_is_no_bundle_is_said(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="no bundle"):
        check([text + "\n"])
    assert stranger([text], tmp_path / "bundle", PUBLIC).returncode != 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bundle", "another"), ("format", 2), ("format", 1.0), ("format", True),
        ("after", None), ("after", []), ("after", "x"), ("after", -1), ("after", True),
        ("after", float("inf")), ("after", 1e300), ("prev", "x"), ("more", 1),
    ],
)  # fmt: skip
def test_a_first_line_that_is_none_is_said(
    ledger: MemoryLedger, tmp_path: Path, name: str, value: Any
) -> None:
    told = lines(ledger)
    told[0] = changed(told[0], **{name: value})
    with pytest.raises(BadProject, match="no bundle"):
        check(ended(told), PUBLIC)
    assert stranger(told, tmp_path / "bundle", PUBLIC).returncode != 0


def test_a_number_that_no_number_holds_is_said(ledger: MemoryLedger, tmp_path: Path) -> None:
    told = lines(ledger)
    for number in ("1e400", "9" * 5000):
        first = told[0].replace('"after": 0', f'"after": {number}')
        with pytest.raises(BadProject, match="no bundle"):
            check(ended([first, *told[1:]]), PUBLIC)
        assert stranger([first, *told[1:]], tmp_path / "bundle", PUBLIC).returncode != 0


def test_a_last_line_that_is_cut_is_not_verified(ledger: MemoryLedger, tmp_path: Path) -> None:
    whole = "".join(ended(lines(ledger)))
    file = tmp_path / "bundle"
    for text in (whole[:-1], whole[:-9], whole + "\n", whole + " "):
        file.write_text(text)
        with file.open(encoding="utf-8") as read:
            assert check(read, PUBLIC).fault is not None
        assert asked_of(file, PUBLIC).returncode != 0


def test_a_chain_after_a_keyed_one_begins_with_the_event_that_says_so(tmp_path: Path) -> None:
    ledger = MemoryLedger([BALANCES], key=KEY, clock=Clock(), project="shop", facts=TEST_FACTS)
    at = Clock()()
    sealed = keyed_seal(KEY, prev="", seq=1, at=at, kind="test.noted", schema=1, body=b'{"text":"x"}')
    ledger._rows.events.append(msgspec.structs.replace(sealed, project="shop"))
    put(ledger, NoteWritten(text="y"))
    told = lines(ledger)
    assert json.loads(told[0])["after"] == 1
    assert both(told, tmp_path, ledger.head()).fault is None
    assert both(told, tmp_path, Head(seq=1, hash="0" * 64)).fault is not None
    with pytest.raises(BadProject, match="must be shown"):
        lines(ledger, 2)
    event = json.loads(told[1])
    its = leaf(bytes.fromhex(event["salt"]), event["header"].encode(), event["body"].encode())
    fault = both([told[0], json.dumps({"seq": 2, "leaf": its}), *told[2:]], tmp_path).fault
    assert fault is not None
    assert fault.code == "bundle.beginning"
    # Nor can it stand for another chain than the one that it names.
    assert both([changed(told[0], after=7), *told[1:]], tmp_path).fault is not None


def test_a_key_that_is_given_empty_is_not_the_files_own(ledger: MemoryLedger, tmp_path: Path) -> None:
    assert stranger(lines(ledger), tmp_path / "bundle", "").returncode != 0
    assert stranger(lines(ledger), tmp_path / "bundle").returncode == 0
