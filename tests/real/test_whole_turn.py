"""One whole turn of a project, every process of it watched: bytes lie only where a place is declared, and no
value that tells of somebody lies in a fact or a reading."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest

from comporta.records.facts import FACTS
from comporta.records.places import PLACES, Base, place_of

HERE = Path(__file__).parent / "whole_turn"
OWN = ("raises", "broken", "chosen")  # what the turn itself puts beside the project
SYSTEM = ("/dev/", "/proc/")

PLANTED = {
    "a subject": "zenobia.3@exemplo.pt",
    "any subject": "exemplo.pt",
    "a key": "Vizit-",
    "a slice": "Xylofonia Quaresma",
    "a value that is reported": "Offendina Xulophage",
    "a value that stops a version": "Brokenina Wrongvalue",
    "a value in an exception": "Raisina Valuerror",
    "a sentence of the team's own check": "Ownina Checkname",
    "the key of a request": "Requestina",
    "the unit of a request": "Unitina",
    "a label": "Labelina Told",
    "who waived": "Waiverina",
    "who approved": "Approvina",
    "who grants": "Adminina",
    "who got a role": "Newina",
    "whose jobs are believed": "Jobina",
    "why it was asked for": "Reasonina Requested",
    "why it was waived": "Reasonina Waived",
    "why it was approved": "Reasonina Approved",
    "why it was released": "Reasonina Released",
    "why it was rolled back": "Reasonina Rollback",
    "who exported": "Exportina",
    "why it was exported": "Reasonina Exported",
}
"""What is planted → as it is written in the project, in requests and on the command line."""

ELSEWHERE = {
    "event chain.continued",
    "event event.removed",
    "event store.swept",
    "event run.cancelled",
    *(f"event {each.kind}" for each in FACTS if each.kind.startswith("plan.")),
}
"""Of a ledger that an older Comporta began, of an event whose body was taken away, of bytes that nothing
reached for an hour, of a run that somebody ended, and of release plans: ids, digests, codes and counts."""


class Turn(NamedTuple):
    """written: (whether a folder, path) that any process made. output: what was printed."""

    root: Path
    temp: Path
    home: Path
    written: frozenset[tuple[bool, str]]
    output: str


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Turn:
    base = tmp_path_factory.mktemp("turn").resolve()
    root, temp, home = (base / name for name in ("clinic", "temp", "home"))
    for folder in (root, temp, home):
        folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    watched = base / "watched"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "COMPORTA"))
    }
    environment |= {"TMPDIR": str(temp), "HOME": str(home), "WATCHED": str(watched)}
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    environment |= {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    # Files that no Python opens, polars' and SQLite's, are seen by looking.
    seen: set[tuple[bool, str]] = set()
    ended = threading.Event()
    looking = threading.Thread(target=_look, args=((root, temp, home), seen, ended))
    looking.start()
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / "turn.py"), str(root), str(port)],
            cwd=root, env=environment, capture_output=True, text=True, timeout=500,
        )  # fmt: skip
    finally:
        ended.set()
        looking.join()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = (line.partition("\t") for line in watched.read_text().splitlines())
    written = {(kind == "folder", path) for kind, _, path in told}
    return Turn(root, temp, home, frozenset(written | seen), done.stdout + done.stderr)


def _look(folders: tuple[Path, ...], seen: set[tuple[bool, str]], ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(0.05)
        for folder in folders:
            for at, below, files in os.walk(folder):
                seen.update((True, f"{at}/{name}") for name in below)
                seen.update((False, f"{at}/{name}") for name in files)


def places(turn: Turn) -> Iterator[tuple[Base, str, bool]]:
    """Each path that was written, relative to what it lies below."""
    ledger = str(turn.root / ".comporta/ledger.db")
    below: tuple[tuple[Path, Base], ...] = (
        (turn.root / ".comporta/store", "store"),
        (turn.root / "chosen", "chosen"),
        (turn.temp, "temporary"),
        (turn.home / ".cache", "cache"),
        (turn.home / ".config", "config"),
        (turn.root, "project"),
    )
    for folder, path in sorted(turn.written):
        if path.startswith(SYSTEM) or (folder and any(str(each).startswith(path) for each, _ in below)):
            continue
        if path.startswith(ledger):
            yield "ledger", path.replace(ledger, "ledger", 1), folder
            continue
        base = next(((name, each) for each, name in below if path.startswith(f"{each}/")), None)
        if base is None:
            yield "chosen", "", folder  # nowhere that is known: no place covers it
            continue
        rest = path.removeprefix(f"{base[1]}/")
        if not (base[0] == "project" and rest.split("/")[0] in OWN):
            yield base[0], rest, folder


def test_bytes_are_written_only_where_a_place_is_declared(turn: Turn) -> None:
    lost = [
        f"{base}: {path}"
        for base, path, folder in places(turn)
        if place_of(base, path, folder=folder) is None
    ]
    assert not lost, "\n".join(
        ("these were written, and no place in records/places.py covers them. Declare what may lie there and "
         "how a person is erased from it:", *sorted(set(lost)))
    )  # fmt: skip


def test_a_place_that_nobody_declared_is_found() -> None:
    for base, path in (
        ("store", "outbox/1.json"),
        ("store", "data/visits/exports/x.csv"),
        ("store", "artifacts"),
        ("project", ".comporta/cache/x"),
        ("temporary", "spill-1/part"),
        ("cache", "comporta/models/x"),
        ("chosen", ""),
    ):
        assert path == "" or place_of(base, path) is None, path
    assert place_of("store", "data/visits", folder=True) is not None
    assert place_of("store", "data/visits/exports", folder=True) is None


def test_each_declared_place_was_written_or_is_one_of_these(turn: Turn) -> None:
    """A place that nothing writes any more is no place."""
    seen = {place.name for base, path, _ in places(turn) if (place := place_of(base, path))}
    # Written only where a server ends before it could write all that it answered.
    assert {each.name for each in PLACES} - seen - {"counts of lost answers"} == {
        "reports of faults",  # after an error of Comporta's own
        "rejected rows",  # where something that was answered cannot be sealed
        "a check without a key",  # in a clone that has none
        "a model of CatBoost's, being read",  # in an environment that has CatBoost
        "answers of a batch",  # until the file or the dataset has them
        "environments of versions",  # where one is built that a version was made with
        "what is up",  # where `comporta up` runs everything
        "the log of what is up",
        "commits of the branch",  # where it follows a branch
    }


def spellings(text: str) -> set[bytes]:
    escaped = json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]
    return {each.encode() for each in (text, *escaped, quote(text), quote_plus(text), quote(text, safe="@"))}


def kept(turn: Turn) -> dict[str, list[bytes]]:
    """Every event's body by its kind, and every reading's keys and states by its name."""
    found: dict[str, list[bytes]] = defaultdict(list)
    with sqlite3.connect(turn.root / ".comporta/ledger.db") as ledger:
        for kind, body in ledger.execute("SELECT kind, body FROM ledger_events"):
            found[f"event {kind}"].append(body if isinstance(body, bytes) else body.encode())
        for name, key, state in ledger.execute("SELECT reading, key, state FROM ledger_readings"):
            found[f"reading {name}"].append(f"{key}\n{state}".encode())
    ledger.close()
    return found


def test_no_planted_value_lies_in_a_fact_or_a_reading(turn: Turn) -> None:
    held = kept(turn)
    expected = {f"event {fact.kind}" for fact in FACTS} - ELSEWHERE
    assert expected <= held.keys(), "each kind of fact must occur in the turn"
    leaks = defaultdict(set)
    for where, bodies in held.items():
        for what, text in PLANTED.items():
            if any(each in body for each in spellings(text) for body in bodies):
                leaks[where].add(what)
    assert leaks == {}


def test_what_is_planted_is_really_there_to_be_found(turn: Turn) -> None:
    """Else the search above would find nothing in any case."""
    shown = {"a slice", "a sentence of the team's own check", "a value in an exception"}
    for what in shown | {"a value that stops a version", "who waived", "why it was waived"}:
        assert PLANTED[what] in turn.output, what
    assert turn.output.count("Xylofonia") > 3


def test_no_planted_value_lies_where_no_personal_one_may(turn: Turn) -> None:
    """Manifests and logs of datasets are never changed; caches and locks outlive what they are of."""
    above: dict[Base, Path] = {"store": turn.root / ".comporta/store", "cache": turn.home / ".cache"}
    looked, leaks = set(), set()
    for base, folder in above.items():
        for file in (each for each in folder.rglob("*") if each.is_file()):
            place = place_of(base, str(file.relative_to(folder)))
            assert place is not None
            if place.holds == "personal values":
                continue
            looked.add(place.name)
            data = file.read_bytes()
            leaks |= {
                (place.name, what)
                for what, text in PLANTED.items()
                if any(each in data for each in spellings(text))
            }
    assert {"versions of datasets", "logs of datasets"} <= looked
    assert leaks == set()
