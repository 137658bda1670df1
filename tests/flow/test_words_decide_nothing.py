"""With nonsense for every sentence each verdict, state, exit code and stored digest is what it was, and no
English is left."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from comporta.acts.build.run import run
from comporta.acts.judge.gate import gate
from comporta.acts.judge.report import compare, report
from comporta.acts.judge.waive import waive
from comporta.acts.release.release import version_of
from comporta.cli import languages, main
from comporta.cli.init import make
from comporta.cli.words import english_words
from comporta.opened import sentences
from comporta.opened.as_json import as_json
from comporta.opened.project import open_project
from comporta.records import Verdict, decode, encode
from comporta.records.metric import METRICS
from comporta.registry import VERSIONS, version_key

PROCESSES = True
"""Each scenario runs as a user's does, in workers."""

UNTIL = datetime.now(UTC) + timedelta(days=30)
GATES = (
    'at_least("roc_auc", 0.5)',
    'at_most("brier", 0.0001)',
    'at_least("roc_auc", {doubt}, required=False)',
    "accept(unmeasurable, required=False)",
    "learning_curve(required=False)",
    "noise(required=False)",
)
MISSING = """

def unmeasurable(predictions):
    raise ValueError("no")

"""
TEXTS = {
    "title",
    "headings",
    "section_title",
    "power",
    "reason",
    "said",
    "name",
    "why",
    "notes",
    "slice",
    "metrics",
    "added",
    "standing",
    "causes",
}
"""Fields that hold what people read."""


def write(root: Path, text: str, gates: list[str]) -> None:
    start, end = text.index("    gates=("), text.index("project = Project(")
    made = f"{text[:start]}    gates=({', '.join(gates)},),\n)\n\n{text[end:]}"
    made = made.replace("models=(leaving,)", 'models=(leaving,), people=(Person("rui", "validator"),)')
    made = made.replace(
        "from comporta import ",
        "from comporta.checks import accept, learning_curve, noise\nfrom comporta import Person, ",
        1,
    )
    made = made.replace("\nleaving = Model(", f"{MISSING}\nleaving = Model(", 1)
    (root / "project.py").write_text(made)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, float]:
    """A project with one version, and its area under the ROC curve."""
    root = tmp_path_factory.mktemp("words")
    make(root, "churn")
    text = (root / "project.py").read_text()
    write(root, text, ['at_least("roc_auc", 0.5)'])
    with open_project(root, works=True) as opened:
        (version,) = run(opened).versions
    (verdict,) = (each for each in version.verdicts if each.figure is not None)
    assert verdict.figure is not None
    return root, text, verdict.figure.value


def scenarios(root: Path, text: str, doubt: float, capsys: Any) -> Iterator[tuple[str, Any]]:
    """What is decided, shown and stored in six scenarios: a pass, a failure, a doubt, missing evidence, a
    check of a deeper level, and a waiver with changed gates."""
    gates = [each.format(doubt=f"{doubt:.4f}") for each in GATES]
    write(root, text, gates)
    for level in ("release", "audit"):
        code = main(["gate", "leaving/1", "--level", level, "--project", str(root), "--json"])
        yield f"{level} exit", code
        printed = capsys.readouterr()
        assert printed.out, printed.err
        yield f"{level} json", decode(printed.out, Any)
        yield f"{level} stored", stored(root)
    with open_project(root, works=True) as opened:
        shut = version_of(opened, "leaving/1").blocking_verdicts(datetime.now(UTC))
        yield "shut", [each.check for each in shut]
        for each in shut:
            waive(opened, "leaving/1", each.check, by="rui", reason="Known.", until=UNTIL)
    write(root, text, [gates[0], gates[1].replace("0.0001", "0.0002"), *gates[2:4]])
    with open_project(root, works=True) as opened:
        judged = gate(opened, "leaving/1")
        yield "changed", [(each.check, each.outcome, each.changed) for each in judged.version.verdicts]
        yield "state", judged.version.state
        yield "report", as_json(report(opened, "leaving/1", sentences.sentence))
        yield "comparison", as_json(compare(opened, "leaving/1", "leaving/1", sentences.sentence))
    yield "changed stored", stored(root)


def stored(root: Path) -> list[bytes]:
    """The verdicts as facts hold them, digests of their words included."""
    with open_project(root) as opened:
        version = opened.ledger.get(VERSIONS, version_key("leaving", 1))
        assert version is not None
        return [encode(each) for each in version.verdicts]


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if name not in TEXTS and not moving(name)}
        return {name: without_texts(each) for name, each in kept.items()}
    if isinstance(value, list | tuple):
        return [without_texts(each) for each in value]
    return value.hex() if isinstance(value, bytes) else value


def moving(name: str) -> bool:
    """Fields that differ between any two runs."""
    return name in {"run", "at", "until", "waived", "seconds", "took", "tables", "judged_in"}


def test_nonsense_for_every_sentence_changes_no_verdict_state_exit_code_or_digest(
    base: tuple[Path, str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    root, text, doubt = base
    plain, nonsense = (
        shutil.copytree(root, tmp_path / name, symlinks=True) for name in ("plain", "nonsense")
    )
    first = dict(scenarios(plain, text, doubt, capsys))
    english = sentences.english()
    monkeypatch.setattr(sentences, "english", lambda: dict.fromkeys(english, "⟦ ⟧"))
    second = dict(scenarios(nonsense, text, doubt, capsys))
    assert second["report"] != first["report"], "the sentences were replaced"
    for name, value in first.items():
        assert without_texts(second[name]) == without_texts(value), name
    verdicts = [decode(each, Verdict) for each in first["release stored"]]
    outcomes = {each.check: each.outcome for each in verdicts}
    assert {"pass", "fail", "inconclusive"} <= set(outcomes.values())
    assert any(each.not_run == "audit" for each in verdicts), "a check of a deeper level was not run"
    assert first["release exit"] == 3 and first["shut"], "a failure closes the way"
    missing = [outcome for check, outcome in outcomes.items() if "unmeasurable" in check]
    assert missing == ["inconclusive"]


# What no template says, and no language changes: names that the project declares, and ids.
IDENTIFIERS = """
    release audit commit leaving churn customers usage project sample py main fit predict score features data
    split train test model signature predictions evidence bundle onnx parity trial scores rui run
    export reference replace
"""
FACES = (
    ("trace", "leaving/1"),
    ("trace", "usage@1"),
    ("compare", "leaving/1", "leaving/1", "--verbose"),
    ("models",),
    ("models", "leaving/1", "--verbose"),
    ("runs",),
)


def words_in(text: str) -> set[str]:
    """The words that a reader sees: no markup, no style, no ids of several parts."""
    text = re.sub(r"(?s)<style>.*?</style>|<[^>]*>", " ", text)
    return {each.lower() for each in re.findall(r"(?<![\w./:@?=&-])[A-Za-z]{3,}(?![\w./:@?=&-])", text)}


def test_a_language_replaces_every_text_of_the_report_the_trace_and_the_tables(
    base: tuple[Path, str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    root, _, _ = base
    nonsense = dict.fromkeys((*sentences.english(), *english_words()), "⟦ ⟧")
    (tmp_path / "xx.json").write_text(json.dumps(nonsense))
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    monkeypatch.setenv(languages.VARIABLE, "xx")
    files = [tmp_path / f"report.{kind}" for kind in ("html", "md", "xml")]
    outs = [word for file in files for word in ("--out", str(file))]
    shown = {}
    with open_project(root) as opened:
        (run_id,) = {version_of(opened, "leaving/1").run}
    for face in (*FACES, ("show", run_id), ("report", "leaving/1", *outs)):
        main([*face, "--project", str(root)])
        printed = capsys.readouterr().out
        # What steps printed stands indented below them, as it was printed.
        shown[" ".join(face[:2])] = re.sub(r"(?m)^  .*$", "", printed) if face[0] == "show" else printed
    shown |= {file.name: file.read_text() for file in files}
    known = (
        words_in(IDENTIFIERS)
        | words_in(" ".join(METRICS))
        | words_in(re.sub(r"[^A-Za-z]", " ", (root / "project.py").read_text()))
    )
    left = {face: words_in(text) - known for face, text in shown.items()}
    assert all("⟦ ⟧" in text for text in shown.values()), "the language is read"
    assert {face: words for face, words in left.items() if words} == {}
