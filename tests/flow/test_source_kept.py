"""What a released version answers after every helper that its code reaches was edited, wherever it lies."""

from __future__ import annotations

import asyncio
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.acts.reproduce.reproduce import reproduce
from comporta.acts.serve.serving import ReleasedVersions
from comporta.api.model import trained_version
from comporta.cli.init import make
from comporta.errors import BadProject
from comporta.opened.isolated import IsolatedSource
from comporta.opened.project import open_project
from comporta.opened.source import files, lay_out
from comporta.project.sources import BESIDE
from comporta.serve.app import App
from comporta.testing.serving import MemorySink, ask

PROCESSES = True
"""A version is made again from its kept source by processes that have loaded nothing."""

PROJECT = """
import sys
import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin
from comporta import Dataset, Features, Model, Project, at_random
from env.factors import FACTOR
from linked.factors import LINKED
from besides.factors import BESIDE
from table import TABLE
from build.rule import Rule

def read_people():
    chance = np.random.default_rng(3)
    x = np.round(chance.normal(size=600), 2)
    return pl.DataFrame({"id": np.arange(600), "x": x, "y": (x + chance.normal(size=600) > 0)})

people = Dataset("people", source=read_people, key="id")

def made(rows: pl.DataFrame) -> pl.DataFrame:
    from env import late
    from besides import later
    return rows.select(
        z=pl.col("x") * FACTOR + LINKED + BESIDE + TABLE["a"] + late.LATE + later.LATER
    )

def fit(train, target):
    return Rule().fit(train, target)

answers = Model(
    "answers", features=Features("f", of=people, known=("id", "x"), compute=(made,), use=("z",)),
    target="y", split=at_random(test=0.3), fit=fit, gates=(), metrics=("log_loss",), output="probability",
)
project = Project("kept", models=(answers,))
"""
RULE = '''
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from build.slope import SLOPE

class Rule(ClassifierMixin, BaseEstimator):
    """Its class and what it reads lie in a folder called `build`."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        from build.slope import shift
        p = 1 / (1 + np.exp(-SLOPE * np.asarray(X, dtype=float)[:, 0] - shift()))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]
'''
HELPERS = {
    "env/__init__.py": "",
    "env/factors.py": "FACTOR = 2.0\n",
    "env/late.py": "LATE = 0.5\n",
    "build/__init__.py": "",
    "build/rule.py": RULE,
    "build/slope.py": "SLOPE = 1.0\ndef shift():\n    return 0.25\n",
    "table.py": f"TABLE = {{'a': 0.125, 'b': '{'b' * 1_500_000}'}}\n",
    "../elsewhere/linked/__init__.py": "",
    "../elsewhere/linked/factors.py": "LINKED = 1.0\n",
    "../library/besides/__init__.py": "",
    "../library/besides/factors.py": "BESIDE = 0.0625\n",
    "../library/besides/later.py": "LATER = 0.03125\n",
}
EDITS = {
    "env/factors.py": "FACTOR = 9.0\n",
    "env/late.py": "LATE = 9.0\n",
    "build/slope.py": "SLOPE = -9.0\ndef shift():\n    return 9.0\n",
    "table.py": "TABLE = {'a': 9.0}\n",
    "../elsewhere/linked/factors.py": "LINKED = 9.0\n",
    "../library/besides/factors.py": "BESIDE = 9.0\n",
    "../library/besides/later.py": "LATER = 9.0\n",
}
ROWS = [{"id": n, "x": x} for n, x in enumerate((-1.0, 0.0, 0.5, 2.0))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Released in a process of its own; then every helper was edited, with the live project loaded here."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "project"
    make(folder, "kept")
    for name, text in HELPERS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "linked").symlink_to(home / "elsewhere" / "linked")
    (folder / "project.py").write_text(PROJECT)
    assert (folder / "table.py").stat().st_size > 1_000_000
    first = (
        f"import sys; sys.path.append({str(home / 'library')!r})\n"
        "from pathlib import Path\n"
        "from comporta.acts.build.run import run\n"
        "from comporta.acts.release.release import release\n"
        "from comporta.opened.project import open_project\n"
        "with open_project(Path('project.py').resolve(), works=True) as opened:\n"
        "    run(opened); release(opened, 'answers/1', by='ana', reason='first')\n"
    )
    # As an editable install does it: a `.pth` in site-packages would be every test's.
    done = subprocess.run(
        [sys.executable, "-c", first], cwd=folder, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(home / "library"), "PATH": "/usr/bin:/bin", "HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name, text in EDITS.items():
        (folder / name).write_text(text)
    sys.path.append(str(home / "library"))
    yield folder
    sys.path.remove(str(home / "library"))


def expected() -> list[float]:
    z = [2.0 * row["x"] + 1.0 + 0.0625 + 0.125 + 0.5 + 0.03125 for row in ROWS]
    return [1 / (1 + 2.718281828459045 ** -(value + 0.25)) for value in z]


def test_a_version_answers_in_python_as_it_did_whatever_was_edited_since(folder: Path) -> None:
    with open_project(folder, works=True) as opened:
        opened.project  # noqa: B018  the live project is imported, and is another than then
        first = trained_version(opened, "answers/1", lambda: nullcontext(opened))
        for _ in range(2):
            found = first.predict(pl.DataFrame(ROWS))["probability"].to_list()
            assert found == pytest.approx(expected(), abs=1e-6)


def test_it_answers_over_http_as_it_did(folder: Path) -> None:
    async def asked() -> tuple[int, bytes]:
        with open_project(folder) as opened:
            async with App(ReleasedVersions(opened), MemorySink(), key=opened.keys.unit, flush=0.02) as app:
                body = {"dataframe_records": ROWS}
                status, _, data = await ask(app, "POST", "/models/answers/invocations", body)
                return status, data

    status, data = asyncio.run(asked())
    assert status == 200, data
    said = [row if isinstance(row, float) else row["probability"] for row in json.loads(data)["predictions"]]
    assert said == pytest.approx(expected(), abs=1e-6)


def test_it_is_built_again_bit_for_bit_from_its_kept_source(folder: Path) -> None:
    with open_project(folder, works=True) as opened:
        done = reproduce(opened, "answers/1")
    assert done.equal, done.reason


def test_a_new_version_of_the_edited_source_answers_by_the_edits_and_the_first_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(folder.parent / "library"))
    with open_project(folder, works=True) as opened:
        first, second = trained_version(opened, "answers/1", lambda: nullcontext(opened)), None
        run(opened)
        release(opened, "answers/2", by="ana", reason="second")
        second = trained_version(opened, "answers/2", lambda: nullcontext(opened))
        rows = pl.DataFrame(ROWS)
        assert second.predict(rows)["probability"].to_list() != pytest.approx(expected(), abs=1e-2)
        assert first.predict(rows)["probability"].to_list() == pytest.approx(expected(), abs=1e-6)


def test_what_is_not_in_the_kept_source_is_refused_and_not_taken_from_the_live_project(
    folder: Path, tmp_path: Path
) -> None:
    with open_project(folder) as opened:
        laid = lay_out(opened.context, version_of(opened, "answers/1").parts["code"], tmp_path)
    (laid / "asks.py").write_text("import live\ndef f():\n    return live.ONE\n")
    (laid / "asks_later.py").write_text("def f():\n    import live\n    return live.ONE\n")
    (folder / "live.py").write_text("ONE = 1\n")
    sys.path.append(str(folder))
    try:
        with pytest.raises(BadProject, match="live is not in the source that was kept with this version"):
            IsolatedSource(laid).functions(("asks.py:f",))
        (later,) = IsolatedSource(laid).functions(("asks_later.py:f",))
        with pytest.raises(ModuleNotFoundError, match=r"only in .*live\.py, which may have changed since"):
            later()
    finally:
        sys.path.remove(str(folder))


def test_a_module_that_was_put_beside_the_kept_source_is_gone_when_it_is_loaded(
    folder: Path, tmp_path: Path
) -> None:
    with open_project(folder) as opened:
        code = version_of(opened, "answers/1").parts["code"]
        laid = lay_out(opened.context, code, tmp_path)
        before = {path: path.read_text() for path in laid.rglob("*") if path.is_file()}
        (laid / "local_settings.py").write_text("FACTOR = 9.0\n")
        (laid / "env" / "late2.py").write_text("")
        lay_out(opened.context, code, tmp_path)
    assert {path: path.read_text() for path in laid.rglob("*") if path.is_file()} == before


ASKS = """
import importlib
from importlib import import_module

def by_module():
    return importlib.import_module("inside").ONE

def by_name():
    return import_module(".inside", "pack").ONE

def live():
    return import_module("live").ONE
"""


def test_what_is_imported_by_a_name_at_request_time_is_the_version_s_too(tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "project"
    for folder, one in ((kept, 1), (elsewhere, 9)):
        (folder / "pack").mkdir(parents=True)
        (folder / "inside.py").write_text(f"ONE = {one}\n")
        (folder / "pack" / "__init__.py").write_text("")
        (folder / "pack" / "inside.py").write_text(f"ONE = {10 * one}\n")
    (kept / BESIDE).mkdir()
    (kept / "asks.py").write_text(ASKS)
    (elsewhere / "live.py").write_text("ONE = 9\n")
    sys.path.insert(0, str(elsewhere))
    try:
        import_module("inside"), import_module("pack.inside"), import_module("live")
        by_module, by_name, live = IsolatedSource(kept).functions(
            ("asks.py:by_module", "asks.py:by_name", "asks.py:live")
        )
        assert (by_module(), by_name()) == (1, 10)
        assert import_module("inside").ONE == 9, "the live project has its own"
        with pytest.raises(ModuleNotFoundError, match="live is not in the source that was kept"):
            live()
    finally:
        sys.path.remove(str(elsewhere))
        for name in ("inside", "pack", "pack.inside", "live"):
            sys.modules.pop(name, None)


READS = """
import importlib.util, runpy
from pathlib import Path

def by_spec(path):
    spec = importlib.util.spec_from_file_location("given", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ONE

def by_runpy(path):
    return runpy.run_path(path)["ONE"]

def by_text(path):
    names = {}
    exec(Path(path).read_text(), names)
    return names["ONE"]
"""


@pytest.mark.parametrize("way", ["by_spec", "by_runpy", "by_text"])
def test_code_read_by_its_path_is_the_version_s_own_or_refused(tmp_path: Path, way: str) -> None:
    kept = tmp_path / "kept"
    (kept / BESIDE).mkdir(parents=True)
    (kept / "asks.py").write_text(READS)
    for file, one in ((kept / "inside.py", 1), (tmp_path / "live.py", 9)):
        file.write_text(f"ONE = {one}\n")
    (ask_it,) = IsolatedSource(kept).functions((f"asks.py:{way}",))
    assert ask_it(str(kept / "inside.py")) == 1
    with pytest.raises(
        PermissionError, match=r"live\.py is read as code and not in the source that was kept"
    ):
        ask_it(str(tmp_path / "live.py"))
    assert (tmp_path / "live.py").read_text() == "ONE = 9\n", "whoever else reads it may"


def test_a_file_in_another_encoding_is_kept_as_what_it_says(tmp_path: Path) -> None:
    text = '"""Of coding."""\nWORD = "é"\n'
    written = {
        "plain": text.encode(),
        "marked": b"\xef\xbb\xbf" + text.encode(),
        "old": f"# -*- coding: latin-1 -*-\n{text}".encode("latin-1"),
        "second": f"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\r\n{text}".encode("cp1252"),
    }
    (tmp_path / "live").mkdir()
    for name, data in written.items():
        (tmp_path / "live" / f"{name}.py").write_bytes(data)
    found = files(tmp_path / "live", {})
    assert [*found] == sorted(f"{name}.py" for name in written)
    for kept in found.values():
        (tmp_path / "kept.py").write_text(kept, encoding="utf-8")
        assert runpy.run_path(str(tmp_path / "kept.py"))["WORD"] == "é", kept
