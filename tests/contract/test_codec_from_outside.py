"""A codec of a package outside Comporta: the shipped suite, and a project whose model it keeps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.release.release import release
from comporta.acts.reproduce.reproduce import reproduce
from comporta.acts.serve.serving import ReleasedVersions
from comporta.cli.init import make
from comporta.errors import ComportaError
from comporta.opened.project import open_project
from comporta.project.faults import project_faults
from comporta.testing.codecs import CodecContract
from comporta.train.codecs import header_of

sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "scorecard"))

from scorecard import Points

PACKAGE = Path(__file__).parents[1] / "packages" / "scorecard"


class TestPoints(CodecContract):
    fits = Path(__file__).parent / "train_fits_scorecard.py"
    names = ("plans",)
    codec = staticmethod(Points)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE))
    make(tmp_path, "churn")
    text = (tmp_path / "project.py").read_text()
    start, end = text.index("def fit("), text.index("leaving = Model(")
    fit = "def fit(X, y, *, strength=1.0):\n    return scorecard.fitted(X, y, 'plan')\n\n\n"
    text = f"import scorecard\n{text[:start]}{fit}{text[end:]}"
    text = text.replace("    fit=fit,\n", "    fit=fit,\n    codecs=(scorecard.Points(),),\n")
    start, end = text.index("    gates=("), text.index("project = Project(")
    (tmp_path / "project.py").write_text(f"{text[:start]}    gates=GATES,\n)\n\n{text[end:]}")
    text = (tmp_path / "project.py").read_text()
    gates = "GATES = (at_least('roc_auc', 0.3), parity(), noise(required=False))\n\nleaving = Model("
    text = text.replace("leaving = Model(", gates)
    text = text.replace("import sample\n", "import sample\nfrom comporta.checks import noise, parity\n")
    (tmp_path / "project.py").write_text(text)
    return tmp_path


def test_a_model_kept_by_a_codec_from_outside_is_judged_served_and_reproduced(project: Path) -> None:
    with open_project(project, works=True) as opened:
        (version,) = run(opened).versions
        assert header_of(opened.context.get(version.parts["model"])).codec == "points"
        outcomes = {each.check.partition("?")[0]: each.outcome for each in version.verdicts}
        assert outcomes["parity"] == "pass", "a server in a fresh process opened it"
        assert outcomes["noise"] in ("pass", "fail"), "a measuring step opened it"
        release(opened, version.id)
        assert ReleasedVersions(opened).load("leaving", 1).number == 1
        assert reproduce(opened, version.id).equal


def test_without_the_codec_the_model_is_refused_by_name(project: Path) -> None:
    text = (project / "project.py").read_text()
    (project / "project.py").write_text(text.replace("    codecs=(scorecard.Points(),),\n", ""))
    with open_project(project, works=True) as opened, pytest.raises(ComportaError, match="ScoreCard"):
        run(opened)


@pytest.mark.parametrize(
    ("codec", "said"),
    [("object()", "expected an object with name, accepts"), ("Needy(3)", "made without: a worker process")],
)
def test_a_codec_that_a_worker_could_not_make_is_a_fault(project: Path, codec: str, said: str) -> None:
    text = (project / "project.py").read_text()
    needy = "class Needy(scorecard.Points):\n    def __init__(self, n):\n        self.n = n\n\n\n"
    text = text.replace("def fit(", f"{needy}def fit(", 1).replace("scorecard.Points()", codec)
    (project / "project.py").write_text(text)
    with open_project(project, works=True) as opened:
        (fault,) = project_faults(opened.project, opened.root)
    assert said in fault.message
