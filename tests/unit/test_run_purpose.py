"""What a run was for, in facts of before that was told by its command alone."""

from __future__ import annotations

import pytest

from comporta.ledger.upcasts import UPCASTS


@pytest.mark.parametrize(
    ("command", "purpose"),
    [
        ("run", "build"),
        ("run late churn", "build"),
        ("check --level commit", "check"),
        ("gate late/3", "judge"),
        ("reproduce late/3", "reproduce"),
        ("", "other"),
        ("runs", "other"),
    ],
)
def test_the_purpose_of_an_older_run_is_that_of_its_command(command: str, purpose: str) -> None:
    body = {"run": "r1", "project": "p", "command": command}
    assert UPCASTS["run.started", 1](body) == {**body, "purpose": purpose}
