"""A gate is not passed by another name, by a clock set back, nor by an edited table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from comporta.acts.judge.waive import waive
from comporta.acts.release.fetch import fetch
from comporta.acts.release.release import release, rollback, version_of
from comporta.acts.serve.serving import ReleasedVersions
from comporta.cli.exposed import tell_exposed
from comporta.errors import Refused, Tampered
from comporta.opened.project import OpenProject, open_project
from comporta.opened.removals import text_of
from comporta.records import Version, decode
from comporta.records.facts import RunStarted, VersionFetched, VersionJudged, VersionRegistered
from comporta.records.verdict import Outcome
from comporta.registry import VERSIONS, version_key
from comporta.testing import Clock


@pytest.fixture
def folder(tmp_path: Path, unpack_house: Callable[[Path], Path]) -> Path:
    """The golden house: `leaving/3` is refused, `leaving/2` serves."""
    return unpack_house(tmp_path / "shop")


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenProject]:
    with open_project(folder) as opened:
        yield opened


def stored(opened: OpenProject, number: int) -> Version:
    """A version of `leaving` as the ledger holds it."""
    version = opened.ledger.get(VERSIONS, version_key("leaving", number))
    assert version is not None
    return version


def renamed(opened: OpenProject, version: Version, outcome: Outcome = "pass") -> Version:
    """The same model under another name, whose gates all have this outcome."""
    judged = tuple(replace(each, outcome=outcome) for each in version.verdicts)
    other = replace(
        version, model="easier", number=1, state="candidate", verdicts=(), waivers=(), approvals=(), needed=0
    )

    def add(tx) -> None:  # type: ignore[no-untyped-def]
        tx.append(VersionRegistered(version=other))
        tx.append(VersionJudged(model="easier", number=1, verdicts=judged, policy="p", level="release"))

    opened.ledger.transact(add)
    (found,) = (each for _, each in opened.ledger.scan(VERSIONS, "easier/"))
    assert (found.state == "passed") == (outcome == "pass")
    return found


def test_a_refused_model_stays_refused_under_another_name(opened: OpenProject) -> None:
    refused = version_of(opened, "leaving/3")
    assert refused.blocking_verdicts(opened.now())
    other = renamed(opened, stored(opened, 3))
    with pytest.raises(Refused, match="easier/1: it is byte for byte leaving/3, which required checks block"):
        release(opened, other.id, by="ana")
    until = opened.now() + timedelta(days=1)
    for verdict in refused.blocking_verdicts(opened.now()):
        waive(opened, "leaving/3", verdict.check, by="ana", reason="both are one model", until=until)
    assert release(opened, other.id, by="ana").champion == 1


def test_no_rollback_leads_to_a_model_that_is_refused_under_another_name(opened: OpenProject) -> None:
    other = renamed(opened, stored(opened, 1), outcome="fail")
    with pytest.raises(Refused, match="leaving/1: it is byte for byte easier/1, which required checks block"):
        rollback(opened, "leaving", by="ana")
    until = opened.now() + timedelta(days=1)
    for verdict in other.blocking_verdicts(opened.now()):
        waive(opened, other.id, verdict.check, by="ana", reason="both are one model", until=until)
    assert rollback(opened, "leaving", by="ana").champion == 1


def test_a_clock_set_back_does_not_revive_a_waiver_that_ended(folder: Path) -> None:
    with open_project(folder) as opened:
        opened.clock = clock = Clock(opened.now() + timedelta(days=1))
        for verdict in version_of(opened, "leaving/3").blocking_verdicts(opened.now()):
            waive(
                opened,
                "leaving/3",
                verdict.check,
                by="ana",
                reason="short",
                until=clock() + timedelta(hours=2),
            )
        assert not version_of(opened, "leaving/3").blocking_verdicts(opened.now())
    with open_project(folder) as opened:
        opened.ledger._clock = Clock(clock() + timedelta(hours=3))  # type: ignore[attr-defined]
        opened.ledger.transact(lambda tx: tx.append(RunStarted(run="r", project="shop", command="run")))
        opened.clock = Clock(clock() + timedelta(hours=1))
        assert opened.now() == clock() + timedelta(hours=3)
        with pytest.raises(Refused, match="required checks block it"):
            release(opened, "leaving/3", by="ana")


def test_what_could_not_be_released_is_fetched_only_on_purpose_and_each_fetch_is_recorded(
    opened: OpenProject, tmp_path: Path
) -> None:
    before = opened.ledger.head().seq
    with pytest.raises(Refused, match=r"(?s)required checks block it.*add --unreleased --reason WHY"):
        fetch(opened, "leaving/3", tmp_path / "out", by="ana")
    with pytest.raises(Refused, match="add a reason: --reason WHY"):
        fetch(opened, "leaving/3", tmp_path / "out", by="ana", unreleased=True, reason=" ")
    assert opened.ledger.head().seq == before
    assert not (tmp_path / "out").exists()
    fetch(opened, "leaving/3", tmp_path / "out", by="ana", unreleased=True, reason="to see why it fails")
    assert (tmp_path / "out/model.onnx").exists()
    fetch(opened, "leaving@champion", tmp_path / "live", by="ana")
    facts = [
        decode(each.body or b"", VersionFetched)
        for each in opened.ledger.events(before)
        if each.kind == VersionFetched.kind
    ]
    assert [(each.number, each.releasable) for each in facts] == [(3, False), (2, True)]
    assert text_of(opened.context, opened.ledger, facts[0].reason) == "to see why it fails"


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_key_that_others_can_read_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: int, told: bool
) -> None:
    (folder / "comporta.key").chmod(mode)
    with open_project(folder) as opened:
        tell_exposed(opened)
    assert (f"its mode is {mode:o}" in capsys.readouterr().err) is told


def edited(folder: Path, reading: str, key: str, old: str, new: str) -> None:
    """Changes one state in the database, as somebody could who may write its file and has no key."""
    with sqlite3.connect(folder / ".comporta/ledger.db") as database:
        (text,) = database.execute(
            "SELECT state FROM ledger_readings WHERE reading = ? AND key = ?", (reading, key)
        ).fetchone()
        assert old in text
        database.execute(
            "UPDATE ledger_readings SET state = ? WHERE reading = ? AND key = ?",
            (text.replace(old, new), reading, key),
        )


def test_a_server_follows_no_route_that_no_release_made(folder: Path) -> None:
    with open_project(folder) as opened:
        released = ReleasedVersions(opened)
        champion = released.routes()["leaving"].champion
        edited(folder, "route", "leaving", f'"version":{champion},', '"version":3,')
        with pytest.raises(Tampered, match="the route of leaving is not as its signed events made it"):
            released.routes()
        with pytest.raises(Tampered, match="the route of leaving is not as its signed events made it"):
            ReleasedVersions(opened).routes()


def test_a_server_loads_no_version_whose_parts_were_exchanged(folder: Path) -> None:
    with open_project(folder) as opened:
        released = ReleasedVersions(opened)
        champion = released.routes()["leaving"].champion
        mine, other = version_of(opened, f"leaving/{champion}"), version_of(opened, "leaving/3")
        digests = mine.parts["model"].digest, other.parts["model"].digest
        edited(folder, "version", f"leaving/{champion:08d}", *digests)
        with pytest.raises(Tampered, match=f"leaving/{champion} is not as its signed events made it"):
            released.load("leaving", champion)


@pytest.mark.parametrize("change", ["body", "kind", "deleted", "emptied"])
def test_a_server_follows_nothing_where_an_event_was_changed(folder: Path, change: str) -> None:
    statements = {
        "body": "UPDATE ledger_events SET body = CAST(replace(body, 'fail', 'pass') AS BLOB)",
        "kind": "UPDATE ledger_events SET kind = 'run.ended'",
        "deleted": "DELETE FROM ledger_events",
        "emptied": "UPDATE ledger_events SET body = NULL, salt = NULL",
    }
    last = " WHERE seq = (SELECT max(seq) FROM ledger_events)"
    with open_project(folder) as opened:
        opened.ledger.transact(lambda tx: renamed_judged(tx, opened))
    with sqlite3.connect(folder / ".comporta/ledger.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        assert database.execute(statements[change] + last).rowcount == 1
    with open_project(folder) as opened, pytest.raises(Tampered, match="is not what this project signed"):
        ReleasedVersions(opened).routes()


def renamed_judged(tx, opened: OpenProject) -> None:  # type: ignore[no-untyped-def]
    """A verdict in the signed chain, behind the keyed one."""
    verdicts = stored(opened, 3).verdicts
    tx.append(VersionJudged(model="leaving", number=3, verdicts=verdicts, policy="p", level="release"))
