"""A project that asks all that every model should pass: what it keeps of that are codes, and no sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from comporta.acts.build.run import run
from comporta.acts.judge.report import report
from comporta.acts.release.release import version_of
from comporta.cli.init import make
from comporta.opened.project import OpenProject, open_project
from comporta.records import Findings, Message, Scores, Text
from comporta.report import page
from comporta.train.codes import TOO_FEW_ROWS

GATES = """    gates=(
        *standard(),
        at_least("roc_auc", 0.5, by="plan"),
        replayed("roc_auc", at_least=0.5),
        monotone("tenure"),
        within(0.0, 1.0),
        evasion("minutes", cost=0.5),
        no_proxy(of="plan", owner="rui"),
    ),
)

"""
NAMES = "evasion, monotone, no_proxy, replayed, standard, within"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    folder = tmp_path_factory.mktemp("kept")
    make(folder, "churn")
    text = (folder / "project.py").read_text().replace('"business")', '"business", "trial")')
    start, end = text.index("    gates=("), text.index("project = Project(")
    text = f"{text[:start]}{GATES}{text[end:]}"
    imported = f"from comporta.checks import {NAMES}\nimport sample"
    (folder / "project.py").write_text(text.replace("import sample", imported, 1))
    # Two customers on trial: a slice of a few rows, which is not measured.
    sample = (folder / "sample.py").read_text()
    drawn = next(line for line in sample.splitlines() if "plan = chance.choice(" in line)
    sample = sample.replace(drawn, f'{drawn}\n    plan[:2] = "trial"')
    (folder / "sample.py").write_text(sample)
    with open_project(folder, works=True) as opened:
        run(opened)
        yield opened


def found(opened: OpenProject) -> dict[str, Findings | Scores]:
    """What was measured of the version, by what its checks asked for."""
    made: dict[str, Findings | Scores] = {}
    for each in version_of(opened, "leaving/1").verdicts:
        if each.evidence is not None:
            made[each.what] = opened.context.get_json(
                each.evidence, Scores if each.what == "scores" else Findings
            )
    return made


def texts(measured: Findings | Scores) -> list[Text]:
    """Everything that is said of it."""
    said: list[Text] = [each.why for each in measured.unmeasured]
    if isinstance(measured, Findings):
        said += [*measured.notes, *([measured.without] if measured.without else [])]
        cells = (cell for table in measured.tables for row in table.rows for cell in row)
        said += [cell for cell in cells if isinstance(cell, Message)]
    return said


def test_what_is_kept_of_measurings_is_codes_and_no_sentence(opened):
    measured = found(opened)
    assert len(measured) > 20
    said = {what: texts(each) for what, each in measured.items()}
    assert sum(len(each) for each in said.values()) > 15
    assert {each.code for each in said["scores"]} == {TOO_FEW_ROWS.id}
    sentences = [each for some in said.values() for each in some if isinstance(each, str) and " " in each]
    assert sentences == []
    assert all(each.missing == {} for each in measured.values())


def test_a_reader_is_shown_sentences_and_no_codes(opened):
    full = report(opened, "leaving/1")
    text = page(full)
    assert "there is no earlier version to compare with" in text
    assert "evidence." not in text and "train." not in text and "Message(" not in text
    notes = [note for each in full.verdicts if each.findings is not None for note in each.findings.notes]
    assert notes and not any(isinstance(note, Message) for note in notes)
