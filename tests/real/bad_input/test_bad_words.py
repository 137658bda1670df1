"""Versions, ids and addresses that are not there, not allowed or not free."""

from __future__ import annotations

import socket
from typing import Any

Folder = Any


def test_only_a_version_that_passed_its_gates_is_released(folder: Folder) -> None:
    assert "expected high/1 to high/1" in folder.refused("release", "high/9")
    assert "found no earlier release" in folder.refused("rollback", "high")
    folder.edit('at_least("roc_auc", 0.5)', 'at_least("roc_auc", 1.1)')
    shut = folder.say("run")
    assert shut.code == 3, str(shut)
    assert "high/1 cannot be released" in shut.err
    said = folder.refused("release", "high/1")
    assert "required checks block it" in said
    assert "roc_auc at least 1.1" in said
    folder.edit('at_least("roc_auc", 1.1)', 'at_least("roc_auc", 0.5)')
    folder.edit("0.5),)", "0.5),), approvals=1")
    assert folder.say("run").code == 0
    said = folder.refused("release", "high/2")
    assert "approv" in said


def test_an_id_that_leads_nowhere_is_answered_with_what_there_is(folder: Folder) -> None:
    for words, *told in (
        (("trace", "nonsense"), "'nonsense'", "subject:VALUE"),
        (("trace", "high/9"), "'high/9'", "high/1"),
        (("trace", "points:99999"), "99999"),
        (("trace", "points:abc"), "'abc'", "Int64"),
        (("reproduce", "high/9"), "'high/9'", "high/1"),
        (("show", "nope"), "'nope'", "comporta runs"),
        (("data", "show", "nope"), "nope"),
        (("data", "diff", "points", "1", "9"), "version 9", "1"),
    ):
        said = folder.refused(*words)
        for each in told:
            assert each in said, said


def test_serving_nothing_or_where_another_listens_is_told(folder: Folder) -> None:
    said = folder.refused("serve", "--port", "0")
    assert "found nothing released" in said
    assert "comporta release VERSION" in said
    assert folder.say("release", "high/1").code == 0
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = folder.refused("serve", "--port", str(port))
    assert f"127.0.0.1:{port}: cannot listen there" in said
    assert "--port" in said
