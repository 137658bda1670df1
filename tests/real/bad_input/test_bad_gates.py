"""Words that the commands of the gates cannot follow: one clear sentence, exit code 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.real.test_cli import PROJECT, comporta, small

NO_VERSION = "expected tiny/1 to tiny/1."
NO_FOLDER = "cannot be written: a part of its path is no folder. Name another file."


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Path:
    """A project with one version that a gate refused; `taken` is a file, `there.md` a folder."""
    text = PROJECT.replace('at_least("roc_auc", 0.8)', 'at_least("roc_auc", 0.8), at_least("roc_auc", 1.5)')
    text = text.replace("models=(model,)", 'models=(model,), people=(Person("rui", "validator"),)')
    folder = small(
        tmp_path_factory.mktemp("judged"), text.replace("import Dataset", "import Dataset, Person")
    )
    assert comporta(folder, "run").returncode == 3
    (folder / "taken").touch()
    (folder / "there.md").mkdir()
    return folder


WAIVE = ("waive", "tiny/1", "roc_auc at least 1.5", "--by", "rui")
ANYWAY = ("--unreleased", "--reason", "to try")
RUBBISH = [
    (("gate", "tiny/9"), NO_VERSION),
    (("gate", "tiny/"), NO_VERSION),
    (("gate", "other"), "found no version of 'other', expected a model of: tiny."),
    (
        ("gate", "tiny", "--level", "deep"),
        'Invalid value "deep" for --level. Choose from: "release", "audit".',
    ),
    (
        ("gate", "tiny", "--level", "commit"),
        'Invalid value "commit" for --level. Choose from: "release", "audit".',
    ),
    (("report", "tiny/x"), NO_VERSION),
    (("report", "tiny@"), "expected @champion, or @ and at least 7 digits of the commit"),
    (("report", "tiny@champion"), "nothing was released yet"),
    (("report", "tiny", "--out", "page.pdf"), "expected a name ending in .html, .md or .xml."),
    (("report", "tiny", "--out", ""), "expected a name ending in .html, .md or .xml."),
    (("report", "tiny", "--out", "there.md"), "--out: found the folder there.md"),
    (("report", "tiny", "--out", "taken/page.md"), NO_FOLDER),
    (("report", "tiny", "--out", "right.md", "--out", "taken/page.md"), NO_FOLDER),
    (("report", "tiny", "--out", f"{'a' * 300}.md"), "cannot be written: File name too long."),
    (("compare", "tiny/1", "tiny/2"), NO_VERSION),
    (("compare", "tiny/1"), "compare: found 1 versions, expected two or more"),
    (("fetch", "tiny/2", "model"), NO_VERSION),
    (("fetch", "tiny", "taken", *ANYWAY), "taken: found a file, expected a folder"),
    (("fetch", "tiny", "taken/model", *ANYWAY), "cannot be written: Not a directory. Name another folder."),
    (("fetch", "tiny", "a" * 300, *ANYWAY), "cannot be written: File name too long. Name another folder."),
    (("run", "--out", "taken/said.md"), NO_FOLDER),
    (("run", "--out", "said.html"), "expected a name ending in .md or .xml."),
    (("check", "--level", "release"), 'Invalid value "release" for --level. Choose from: "commit".'),
    (("check", "--level", "commit", "--out", "said"), "expected a name ending in .md or .xml."),
    (("check", "--level", "commit", "--out", "taken/said.xml"), NO_FOLDER),
    ((*WAIVE, "--reason", "why", "--until", "soon"), "--until: found 'soon', expected a day"),
    ((*WAIVE, "--reason", "why", "--until", "2020-01-01"), "found the end 2020-01-01"),
    ((*WAIVE, "--reason", " ", "--until", "2099-01-01"), "a waiver without a reason"),
    ((*WAIVE, "--reason", "why"), "--until requires an argument"),
    (("waive", "tiny/2", *WAIVE[2:], "--reason", "why", "--until", "2099-01-01"), NO_VERSION),
    (
        ("waive", "tiny/1", "recall", *WAIVE[3:], "--reason", "why", "--until", "2099-01-01"),
        "no check 'recall'",
    ),
    ((*WAIVE[:4], "ana", "--reason", "why", "--until", "2099-01-01"), "'ana' may not waive a check"),
]


@pytest.mark.parametrize(("words", "said"), RUBBISH, ids=lambda each: " ".join(each)[:60])
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(judged, words, said):
    done = comporta(judged, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2 and "Traceback" not in done.stderr
    assert "fault in Comporta" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "project.py: found none, expected one value"),
        ("def (", "project.py:1: invalid syntax"),
        ("import nowhere_to_be_had", "project.py:1: ModuleNotFoundError"),
        ("\0", "project.py:1: source code string cannot contain null bytes"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [("gate", "tiny"), ("report", "tiny"), ("compare", "a", "b"), ("check", "--level", "commit")],
    ids=lambda words: words[0],
)
def test_a_project_that_is_none_is_one_sentence_too(tmp_path, words, text, said):
    small(tmp_path)
    (tmp_path / "project.py").write_text(text)
    done = comporta(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1
