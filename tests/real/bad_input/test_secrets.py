"""Secrets planted in each place, by each scheme, and found nowhere again: a whole turn, and its failures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from comporta.cli import boundary
from comporta.records.credential import hide
from comporta.testing import running_postgres
from comporta.testing.s3 import running_s3

Folder = Any

KEY = "5eedf00d" * 8
PASSWORD = "pl4nted-p@ssw/rd"
ACCESS, SECRET = "PL4NTEDACCESSKEYID", "pl4nted-s3cret-access-key"
WRONG = "pl4nted-wr0ng-password"
PLANTED = [KEY, PASSWORD, "pl4nted-p%40ssw%2Frd", ACCESS, SECRET, WRONG]


class Places(NamedTuple):
    """A ledger that asks for a password, and a store that asks for signed requests. held: what that keeps."""

    ledger: str
    endpoint: str
    held: dict[str, tuple[bytes, Any]]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with running_postgres(PASSWORD) as ledger, running_s3(ACCESS) as (endpoint, held):
        yield Places(ledger, endpoint, held)


def references(
    scheme: str, root: Path, outside: Path, endpoint: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that refer to the secrets by this scheme, and the environment that they need."""
    config = {
        "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    secrets = {"key": KEY, "ledger_password": PASSWORD, "store_credentials": json.dumps(config)}
    if scheme.startswith("env"):
        return {name: f"env://THE_{name}" for name in secrets}, {f"THE_{n}": v for n, v in secrets.items()}
    for name, value in secrets.items():
        (outside / name).write_text(value)
    if scheme == "file":
        return {name: f"file://{os.path.relpath(outside / name, root)}" for name in secrets}, {}
    return {name: f"command://cat {outside / name}" for name in secrets}, {}


def served(folder: Folder, env: dict[str, str]) -> str:
    """What a server of this project says: an answer's status and `/metrics`, and all that it printed."""
    server = folder.start("serve", "--port", "0", **env)
    try:
        said = ""
        until = time.monotonic() + 60
        while "http://" not in said and server.poll() is None and time.monotonic() < until:
            said += server.stderr.readline()
        address = re.search(r"http://[0-9.]+:[0-9]+", said)
        assert address is not None, said
        with urllib.request.urlopen(f"{address[0]}/metrics") as answer:
            metrics = answer.read().decode()
        assert "comporta_" in metrics
    finally:
        server.terminate()
    out, err = server.communicate(timeout=30)
    return said + metrics + out + err


def dumped(ledger: str) -> str:
    """Every row of every table of a ledger, and what its server logged, as text."""
    import psycopg

    host = ledger.rpartition("host=")[2]
    text = (Path(host) / "log").read_text(errors="replace")
    with psycopg.connect(ledger, password=PASSWORD) as connection:
        found = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, name in found:
            for row in connection.execute(f'SELECT * FROM "{schema}"."{name}"'):  # type: ignore[arg-type]
                text += "\n" + " ".join(
                    each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in row
                )
    return text


def _fails(does: Any, places: Places, said: list[str]) -> None:
    """What is wrong with a credential is told; the credential is not."""
    wrong = {"COMPORTA_LEDGER_PASSWORD": "env://WRONG", "WRONG": WRONG, "COMPORTA_DEBUG": "1"}
    does("runs", code=2, **wrong)
    assert "password authentication failed" in said[-1]
    url = places.ledger.replace("postgres@", f"postgres:{WRONG}@")
    does("runs", code=2, COMPORTA_LEDGER=url, COMPORTA_LEDGER_PASSWORD="env://WRONG", WRONG="x")
    assert "found a password in its URL and ledger_password too" in said[-1]
    does("runs", code=2, COMPORTA_KEY=KEY)
    assert "found 64 characters that are no reference" in said[-1]
    does("runs", code=2, COMPORTA_KEY="env://WRONG", WRONG=WRONG, COMPORTA_DEBUG="1")
    assert "expected 64 hex digits" in said[-1]
    for endpoint in (places.endpoint, "http://127.0.0.1:1"):
        config = {
            "AWS_ACCESS_KEY_ID": WRONG, "AWS_SECRET_ACCESS_KEY": WRONG, "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
        other = {"COMPORTA_STORE_CREDENTIALS": "env://SHUT", "SHUT": json.dumps(config)}
        does("models", "high/1", code=2, COMPORTA_DEBUG="1", **other)
        assert "Check its URL, the credentials and the network" in said[-1]


@pytest.mark.parametrize(
    "scheme",
    [
        "env",
        pytest.param("env_all", marks=pytest.mark.soak),
        pytest.param("file", marks=pytest.mark.soak),
        pytest.param("command", marks=pytest.mark.soak),
    ],
)
def test_no_planted_secret_comes_to_light_in_a_turn_and_its_failures(
    scheme: str, folder: Folder, places: Places, tmp_path: Path
) -> None:
    root, outside = tmp_path / "project", tmp_path / "secrets"
    root.mkdir(), outside.mkdir()
    project = type(folder)(root)
    project.write()
    named, env = references(scheme, root, outside, places.endpoint)
    lines = {
        "ledger": f"{places.ledger}&options=-csearch_path%3D{scheme}",
        "store": f"s3://bucket/{scheme}",
        **named,
    }
    (root / "comporta.toml").write_text("".join(f"{name} = {json.dumps(v)}\n" for name, v in lines.items()))
    import psycopg

    with psycopg.connect(places.ledger, password=PASSWORD, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {scheme}")

    said: list[str] = []

    def does(*words: str, code: int = 0, **other: str) -> str:
        done = project.say(*words, **{**env, "TMPDIR": str(outside.parent / "told"), **other})
        said.append(str(done))
        assert done.code == code, str(done)
        return done.out

    (outside.parent / "told").mkdir()
    run = json.loads(does("run", "--json"))["run"]["id"]
    does("show", run)
    does("check")
    does("approve", "high", "--by", "Ana", "--reason", "looked at it", "--json")
    does("release", "high", "--by", "Ana", "--json")
    does("report", "high", "-o", str(root / "page.html"))
    if scheme == "env_all":  # what follows reads the same places, however the secrets came there
        does("show", run, "--json")
        does("models", "--json")
        does("people", "list", "--json")
        does("trace", "high/1", "--json")
        does("reproduce", "high/1", "--json")
        does("audit", "verify", "--json")
        does("store", "du")

    if scheme.startswith("env"):
        said.append(served(project, env))
        _fails(does, places, said)

    places_ = [*said, dumped(places.ledger), *(data.decode("latin-1") for data, _ in places.held.values())]
    files = [file for file in (*root.rglob("*"), *(outside.parent / "told").rglob("*")) if file.is_file()]
    places_ += [file.read_bytes().decode("latin-1") for file in files]
    assert any("page.html" in file.name for file in files)
    assert any("person-" in text for text in places_), "the ledger was looked through"
    for planted in PLANTED:
        for text in places_:
            assert planted not in text, text[max(0, text.find(planted) - 200) : text.find(planted) + 100]


def test_the_report_of_an_internal_fault_holds_no_secret_that_was_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("pl4nted-in-a-fault")

    def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("driver said: user=me password=pl4nted-in-a-fault")

    monkeypatch.setattr("comporta.acts.build.run_views.runs", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("COMPORTA_DEBUG", "1")
    made = subprocess.run(
        [sys.executable, "-m", "comporta", "init", str(tmp_path / "p")], check=True, capture_output=True
    )
    assert made.returncode == 0
    assert boundary.call(["runs", "--project", str(tmp_path / "p")]) == 1
    out, err = capsys.readouterr()
    (report,) = tmp_path.glob("comporta-*.log")
    assert "driver said: user=me password=***" in report.read_text()
    assert "password=***" in err
    assert "pl4nted" not in out + err + report.read_text()
