"""Stored bytes and events changed behind our back: said, never used, and put right where that can be."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

Folder = Any


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def changed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def test_an_artifact_cut_short_is_made_again_by_the_next_run(folder: Folder) -> None:
    kept = folder.output("fit high", "model")
    whole = kept.read_bytes()
    kept.write_bytes(cut(whole))
    folder.goes_on("fit high")
    assert kept.read_bytes() == whole


def test_an_artifact_changed_in_place_is_never_read_as_if_it_were_not(folder: Folder) -> None:
    kept = folder.output("split high", "train")
    whole = kept.read_bytes()
    kept.write_bytes(changed(whole))
    folder.edit("LogisticRegression()", "LogisticRegression(C=0.5)")
    said = folder.refused("run")
    assert str(kept) in said
    assert "not what was written" in said
    assert "delete it and run again" in said
    kept.unlink()
    folder.goes_on("split high")
    assert kept.read_bytes() == whole, "the same question has the same answer"


def test_a_released_model_changed_in_place_takes_no_traffic(folder: Folder) -> None:
    assert folder.say("release", "high/1").code == 0
    kept = folder.output("fit high", "model")
    whole = kept.read_bytes()
    kept.write_bytes(changed(whole))
    server = folder.start("serve", "--port", "0", PYTHONUNBUFFERED="1")
    line = server.stderr.readline() + server.stderr.readline()
    server.terminate()
    folder.ended(server)
    assert "high: the new release cannot be served" in line
    assert str(kept) in line
    # Built again step by step, it is put right: these bytes are the ones that were asked for. That they were
    # others is told once.
    mended = folder.say("reproduce", "high/1")
    assert mended.code == 3
    assert "the stored bytes of model" in mended.out
    assert kept.read_bytes() == whole
    assert folder.say("reproduce", "high/1").code == 0


def test_a_feature_table_cut_short_is_made_again_by_the_next_run(folder: Folder) -> None:
    kept = folder.output("features high", "table")
    whole = kept.read_bytes()
    kept.write_bytes(cut(whole))
    folder.goes_on("features high")
    assert kept.read_bytes() == whole


@pytest.mark.soak
def test_a_damaged_fragment_is_named_by_who_reads_it_and_by_the_audit_and_mended_by_a_run(
    folder: Folder,
) -> None:
    [kept] = (folder.root / ".comporta/store/data/points/objects").rglob("*.parquet")
    whole = kept.read_bytes()
    shorter = f"has {len(whole) // 2:,} bytes, expected {len(whole):,}"
    for harm, says in ((cut, shorter), (changed, "other bytes")):
        kept.write_bytes(harm(whole))
        said = folder.refused("data", "show", "points")
        assert kept.name in said and says in said and "Run again" in said
        said = folder.say("audit", "verify")
        assert said.code == 3 and kept.name in said.out, str(said)
        assert folder.say("audit", "verify", "--ledger-only").code == 0
        folder.goes_on()
        assert kept.read_bytes() == whole
        assert folder.say("audit", "verify").code == 0


def test_a_dataset_whose_log_was_replaced_is_not_taken_for_the_one_before(folder: Folder) -> None:
    for file in (folder.root / ".comporta/store/data/points/log").iterdir():
        file.unlink()
    said = folder.refused("run")
    assert "points: found no version 1 as the ledger recorded it" in said
    assert "Restore" in said


def test_a_damaged_manifest_or_log_of_a_dataset_is_named(folder: Folder) -> None:
    for kind in ("manifests", "log"):
        [file] = [
            path for path in (folder.root / ".comporta/store/data/points" / kind).rglob("*") if path.is_file()
        ]
        whole = file.read_bytes()
        file.write_bytes(cut(whole))
        said = folder.refused("run")
        assert said.startswith("data points: ")
        assert file.name.partition(".")[0] in said, said
        file.write_bytes(whole)
    folder.goes_on()


def test_a_changed_event_is_found_by_the_audit_and_by_its_exit_code(folder: Folder) -> None:
    head = folder.say("audit", "verify", "--json").json["head"]
    with sqlite3.connect(folder.root / ".comporta/ledger.db") as ledger:
        ledger.execute("DROP TRIGGER ledger_events_no_update")
        ledger.execute("DROP TRIGGER ledger_events_no_delete")
        [(body,)] = ledger.execute("SELECT body FROM ledger_events WHERE seq = 9")
        ledger.execute("UPDATE ledger_events SET body = ? WHERE seq = 9", (body.replace(b"high", b"low!"),))
    ledger.close()
    said = folder.say("audit", "verify")
    assert said.code == 3, str(said)
    assert "event 9" in said.out
    with sqlite3.connect(folder.root / ".comporta/ledger.db") as ledger:
        ledger.execute("UPDATE ledger_events SET body = ? WHERE seq = 9", (body,))
        ledger.execute("DELETE FROM ledger_events WHERE seq = ?", (head["seq"],))
    ledger.close()
    said = folder.say("audit", "verify", "--head", f"{head['seq']}:{head['hash']}")
    assert said.code == 3, str(said)
    assert "cut off" in said.out


def test_a_ledger_file_that_is_half_a_file_is_told(folder: Folder) -> None:
    file = folder.root / ".comporta/ledger.db"
    for other in file.parent.glob("ledger.db-*"):
        other.unlink()
    file.write_bytes(cut(file.read_bytes()))
    said = folder.refused("run")
    assert "not a sound SQLite file" in said
    assert "Restore it from a backup" in said
