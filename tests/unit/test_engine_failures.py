"""One error for several failures: each in a line of its own, whatever words stand in it."""

from __future__ import annotations

from comporta.engine.failures import NodeFailure, combined_error
from comporta.errors import StepFailed


def failed(summary: str, where: str = "") -> NodeFailure:
    error = StepFailed(summary + where)
    error.reason = summary
    return NodeFailure(error, "raised", summary, summary=summary)


def test_the_first_says_where_its_log_lies_and_the_others_do_not() -> None:
    error = combined_error([failed("a: broke.", " Log: file:///a"), failed("b: broke.", " Log: file:///b")])
    assert str(error) == "a: broke. Log: file:///a\nb: broke."


def test_a_users_own_words_are_never_taken_for_where_a_log_lies() -> None:
    text = "b: ValueError: cannot parse Log: 12 in column x."
    assert str(combined_error([failed("a: broke."), failed(text, " Log: file:///b")])) == f"a: broke.\n{text}"


def test_a_long_or_many_lined_failure_takes_one_line_beside_others() -> None:
    lines = str(combined_error([failed("a"), failed("b: " + "x" * 500), failed("c: one\ntwo")])).splitlines()
    assert [len(lines[1]), lines[1][-1], lines[2]] == [300, "…", "c: one"]
