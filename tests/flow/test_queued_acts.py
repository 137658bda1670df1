"""Acts that take long, asked for as jobs: by each command's `--queue`, and what each gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comporta.acts.jobs.queued_acts import QUEUED_ACTS, arguments_of
from comporta.cli import main
from comporta.errors import Tampered
from comporta.opened.project import open_project
from comporta.registry import VERSIONS
from comporta.store import artifact_name

pytestmark = pytest.mark.usefixtures("own_folder")
PREDICT = ["predict", "leaving/2", "--input", "customers", "--output"]


def perform(folder: Path, act: str, **arguments: Any) -> Any:
    with open_project(folder, works=True) as opened:
        return QUEUED_ACTS[act].perform(opened, arguments_of(act, arguments))


@pytest.mark.soak
def test_what_takes_long_is_asked_for_as_a_job_by_its_own_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        (["reproduce", "leaving/2"], "reproduce", {"version": "leaving/2"}),
        (["data", "compact", "customers"], "compact", {"dataset": "customers"}),
        (["audit", "verify"], "verify", {"head": ""}),
        (["store", "gc", "--dry-run"], "gc", {"dry": True}),
        ([*PREDICT, "scores", "--keep", "plan"], "predict", {"output": "scores", "keep": ["plan"]}),
    )
    for command, act, arguments in asked:
        assert main([*command, "--queue", "--json", "--project", str(folder)]) == 0, command
        request = json.loads(capsys.readouterr().out)["request"]
        assert request["act"] == act
        assert request["arguments"].items() >= arguments.items()
    for wrong in (
        [*PREDICT, "scores.csv"],
        ["audit", "verify", "--ledger-only"],
    ):
        assert main([*wrong, "--queue", "--project", str(folder)]) == 2, wrong


def test_a_job_verifies_every_byte_and_fails_with_each_fault_in_its_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = perform(folder, "verify")
    assert done.failure is None and done.result["sound"] is True
    with open_project(folder) as opened:
        version = opened.ledger.scan(VERSIONS)[-1][1]
        opened.store.delete(artifact_name(version.parts["model"].digest))
    damaged = perform(folder, "verify")
    assert isinstance(damaged.failure, Tampered) and damaged.result["sound"] is False
    assert version.parts["model"].digest[:12] in capsys.readouterr().out


def test_a_job_that_counts_what_would_be_freed_deletes_nothing(folder: Path) -> None:
    with open_project(folder) as opened:
        before = list(opened.store.list("artifacts/"))
        assert perform(folder, "gc", dry=True).result.keys() == {"objects", "size", "environments"}
        assert list(opened.store.list("artifacts/")) == before


def test_a_job_answers_the_rows_of_a_dataset_into_another(folder: Path) -> None:
    first = perform(folder, "predict", version="leaving/2", input="customers", output="scores")
    assert first.result["dataset"] == "scores@1" and first.result["rows"] > 0
    again = perform(folder, "predict", version="leaving/2", input="customers", output="scores")
    assert again.result["rows"] == 0, "each row is answered once"
