"""What a list tells of a run and of a version, at the command line and from Python alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from comporta.api.listing import Listing
from comporta.cli.table_words import COLUMNS
from comporta.opened.sentences import sentence
from comporta.records import PlainText, Run, Verdict, Version, Waiver
from comporta.report.lists import RUN_COLUMNS, VERSION_COLUMNS, commit_text, gates_text, steps_text

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)


def run(**more: Any) -> Run:
    return Run(id="r", project="p", command="run", started=AT, **{"outcome": "done", "total": 3, **more})


def version(*outcomes: str, **more: Any) -> Version:
    verdicts = tuple(
        Verdict(check=f"c{nth}", outcome=outcome, required=True, reason=PlainText(""), what="scores")  # type: ignore[arg-type]
        for nth, outcome in enumerate(outcomes)
    )
    fixed = {"steps": {}, "parts": {}, "read": (), "policy": "", "verdicts": verdicts}
    return Version(model="late", number=1, run="r", at=AT, **{**fixed, **more})


def test_every_column_of_a_list_has_a_text() -> None:
    assert {*RUN_COLUMNS, *VERSION_COLUMNS} <= COLUMNS.keys()


def test_the_steps_of_a_run_are_those_answered_reused_and_failed() -> None:
    nodes = {"a": "1", "b": "2", "c": "3"}
    assert sentence(steps_text(run(nodes=nodes, reused=("a", "b")))) == "3, 2 reused"
    assert sentence(steps_text(run(nodes={"a": "1"}))) == "3, 0 reused, 2 failed"
    assert sentence(steps_text(run(nodes={"a": "1"}, outcome="stopped"))) == "1/3, 0 reused"
    assert sentence(steps_text(run(purpose="reproduce"))) == "3, 0 reused"


def test_the_gates_of_a_version_are_counted_or_the_first_that_blocks_is_named() -> None:
    assert sentence(gates_text(version(), AT)) == "none declared"
    assert sentence(gates_text(version("pass"), AT)) == "1/1 required passed"
    assert sentence(gates_text(version("pass", "fail"), AT)).startswith("fail: ")
    assert sentence(gates_text(version("inconclusive", "fail", "fail"), AT)).endswith("; 2 more")
    waived = Waiver(check="c0", by="ana", role="validator", reason="", at=AT, until=LATER, outcome="fail")
    assert sentence(gates_text(version("fail", waivers=(waived,)), AT)).startswith("waived: ")


def test_the_commit_of_a_version_is_short_and_empty_where_there_is_none() -> None:
    assert commit_text(version(commit="0f3a91c2aa", dirty=True)) == "0f3a91c2+"
    assert commit_text(version()) == "" and commit_text(version(dirty=True)) == ""


def test_a_span_of_time_is_a_duration_in_a_frame_and_seconds_where_it_is_read() -> None:
    found = Listing(
        [1], title="runs", columns=("took", "of"), row=lambda each: (LATER - LATER.replace(day=1), each)
    )
    assert str(found.to_frame()["took"].dtype).startswith("Duration") and "0.0 s" in repr(found)
