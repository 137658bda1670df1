"""A ledger that was emptied does not pass for a new one, and what no digest covers yet is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from comporta.acts.serve.serving_log import log_of, log_seals
from comporta.cli import main
from comporta.data import log_rows
from comporta.opened.project import open_project
from comporta.records import FEEDBACK, Feedback


def audit(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["audit", "verify", "--project", str(folder), *more])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("touched", [False, True])
def test_a_ledger_that_is_gone_is_found_by_what_the_store_holds(
    folder: Path, capsys: pytest.CaptureFixture[str], touched: bool
) -> None:
    assert audit(folder, capsys)[0] == 0
    for each in (folder / ".comporta").glob("ledger.db*"):
        each.unlink()
    if touched:  # every file looks as if it were written after the new ledger's beginning
        for each in (folder / ".comporta" / "store").rglob("*"):
            os.utime(each)
    code, said = audit(folder, capsys, "--json")
    faults = json.loads(said)["store"]
    assert code == 3
    assert any(
        "of 'customers', older than the first event of the ledger sqlite:///" in each for each in faults
    )
    assert any("artifacts, older than" in each for each in faults) is not touched
    assert audit(folder, capsys, "--ledger-only")[0] == 3


def test_answers_that_are_not_sealed_yet_are_told_as_not_verified(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = json.loads(audit(folder, capsys, "--json")[1])["data"]["open"]
    with open_project(folder) as opened:
        for number, dataset in enumerate((log_of("leaving"), FEEDBACK)):
            rows = [Feedback(id=f"p{each}", label=True, arrived=opened.now()) for each in range(2 + number)]
            log_rows(opened.store, dataset, "process", 0, rows)
    code, said = audit(folder, capsys)
    assert (code, f"not verified: {before + 5} answers and labels not sealed yet" in said) == (0, True)
    with open_project(folder) as opened:
        for _, seal in log_seals(opened):
            seal()
    code, said = audit(folder, capsys)
    assert (code, "not sealed" in said) == (0, False)
