"""Where an extra's package is not installed, whoever needs it is told which extra brings it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest
import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.real.test_cli import comporta, small

from comporta.engine.step_call import failure_of
from comporta.errors import BadProject, MissingExtra
from comporta.ledger import open_ledger
from comporta.project.load import load_project
from comporta.records.extras import extra_of, install_advice, require
from comporta.testing import Clock
from comporta.train.call import call_fit
from comporta.train.families import prepare
from comporta.train.families.catboost.codec import CatBoostBinary
from comporta.train.families.lightgbm.codec import LightGBMText
from comporta.train.families.scikit_learn.codec import SkopsArchive
from comporta.train.families.xgboost.codec import XGBoostJson
from comporta.train.frames import to_pandas

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS = {
    (extra, re.split(r"[^A-Za-z0-9._-]", each)[0])
    for extra, required in PROJECT["optional-dependencies"].items()
    for each in required
}


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch):
    """Makes Python find no such package."""

    class Finder:
        absent: set[str] = set()

        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in self.absent:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    finder = Finder()

    def lack(package: str) -> None:
        finder.absent = {package}
        for name in [each for each in sys.modules if each.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)

    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    return lack


@pytest.mark.parametrize(("extra", "package"), sorted(EXTRAS))
def test_each_package_of_an_extra_leads_to_an_extra_that_brings_it(extra: str, package: str) -> None:
    assert (extra_of(package), package) in EXTRAS
    assert extra_of(f"{package}.part", by=extra) == extra


def test_what_no_extra_brings_has_no_advice() -> None:
    assert extra_of("numpy") == extra_of("no_such_package") == extra_of("") == ""
    assert install_advice(ModuleNotFoundError("No module named 'x'", name="x")) == ""
    assert install_advice(ValueError("No module named 'xgboost'")) == ""
    with pytest.raises(MissingExtra, match=r"It needs no_such_package, .* pip install 'no_such_package'"):
        require("no_such_package", "It")


@pytest.mark.parametrize(
    ("package", "codec"), [("lightgbm", LightGBMText), ("xgboost", XGBoostJson), ("catboost", CatBoostBinary)]
)
def test_a_model_of_a_family_that_is_not_installed_names_the_extra(lacking, package, codec) -> None:
    lacking(package)
    with pytest.raises(MissingExtra, match=rf"needs {package}.*'comporta\[{package}\]'"):
        codec().decode(b"{}\n")


def test_an_archive_around_a_family_that_is_not_installed_names_the_extra(lacking) -> None:
    rows = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}).to_numpy()
    model = make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=1)).fit(rows, [0, 0, 1, 1])
    data = SkopsArchive().encode(model)
    lacking("xgboost")
    with pytest.raises(MissingExtra, match=r"'comporta\[xgboost\]'"):
        SkopsArchive().decode(data)


def test_xgboost_without_what_it_reads_polars_by_names_its_own_extra(lacking) -> None:
    def fit(X, y):
        return xgboost.XGBRegressor(n_estimators=1).fit(X, y)

    frame, target = pl.DataFrame({"x": [0.0, 1.0]}), pl.Series([0.0, 1.0])
    prepare()
    lacking("pyarrow")
    with pytest.raises(MissingExtra, match=r"pyarrow.*'comporta\[xgboost\]'"):
        call_fit(fit, frame, target, "regression", {}, 0)


def test_a_training_function_that_asks_for_pandas_names_its_extra(lacking) -> None:
    lacking("pandas")
    with pytest.raises(MissingExtra, match=r"needs pandas.*'comporta\[pandas\]'"):
        to_pandas(pl.DataFrame({"x": [1]}))


def test_a_ledger_on_postgresql_names_its_extra_and_no_password(lacking, tmp_path) -> None:
    lacking("psycopg")
    with pytest.raises(MissingExtra, match=r"needs psycopg.*'comporta\[postgres\]'") as caught:
        open_ledger("postgresql://me:secret@nowhere/db", [], key=b"k" * 32, clock=Clock(), root=tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("package", sorted({package.partition("-")[0] for _, package in EXTRAS}))
def test_a_project_file_that_imports_it_names_the_extra(lacking, tmp_path: Path, package: str) -> None:
    (tmp_path / "project.py").write_text(f"import {package}\n")
    lacking(package)
    with pytest.raises(BadProject, match=rf"project\.py:1: .*{package}.*Install it: pip install 'comporta\["):
        load_project(tmp_path / "project.py")


def test_a_step_that_imports_it_names_the_extra() -> None:
    done = failure_of(ModuleNotFoundError("No module named 'catboost'", name="catboost"), Path())
    assert done.message.endswith(". Install it: pip install 'comporta[catboost]'.")
    assert done.reason == "ModuleNotFoundError"


def test_the_command_line_names_the_extra_and_exits_with_2(tmp_path: Path) -> None:
    folder = small(tmp_path / "p")
    text = (folder / "project.py").read_text()
    (folder / "project.py").write_text(text.replace("def fit(X, y):", "def fit(X, y):\n    import catboost"))
    done = comporta(folder, "run")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "Install it: pip install 'comporta[catboost]'." in done.stderr
