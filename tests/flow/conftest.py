"""A project in a folder of its own that ran once, and what its gates said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from tests.flow.rollouts import make_rollout_project

from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.cli.init import make
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.fragments import ROW, write_fragment
from comporta.data.keys import subject_hash
from comporta.data.manifests import list_versions
from comporta.data.names import object_name
from comporta.opened.project import OpenProject, open_project
from comporta.records import Findings, Verdict


@pytest.fixture(scope="module", autouse=True)
def steps_in_this_process(request: pytest.FixtureRequest) -> Iterator[None]:
    """These tests look at what steps make, not at the processes that they run in (those are in tests/real):
    a worker would import every library again for each project that is opened. A module in which they are
    looked at says `PROCESSES = True`."""
    with pytest.MonkeyPatch.context() as patch:
        if not getattr(request.module, "PROCESSES", False):
            patch.setenv("COMPORTA_EXECUTOR", "inline://")
        yield


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of whoever runs the tests; and a name to be logged in with."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LOGNAME", "zoe")


@pytest.fixture
def worker_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test whose step must not take this process with it."""
    monkeypatch.setenv("COMPORTA_EXECUTOR", "local://?workers=1")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """(the project's text, what lays its tables into its folder) → the folder."""

    def build(text: str, tables: Callable[[Path], None]) -> Path:
        folder = tmp_path_factory.mktemp("ran")
        make(folder, "loans")
        tables(folder)
        (folder / "project.py").write_text(text)
        with open_project(folder, works=True) as opened:
            run(opened)
        return folder

    return build


WARD = """
from sklearn.linear_model import LogisticRegression

from comporta import Column, Dataset, Features, Model, Project, at_least, at_random
from comporta.records import Subject

visits = Dataset(
    "visits", "rows.csv", key="id", subject="who", columns=(Column("mail", personal=True),)
)
whose = Subject("who", "folded", kind="guest")


def fit(X, y):
    return LogisticRegression().fit(X, y)


def model(name, gates, known):
    return Model(
        name, features=Features(name, of=visits, known=known), target="ill", fit=fit,
        split=at_random(0.25), gates=gates,
    )


project = Project(
    "ward",
    models=(
        model("ill", (at_least("accuracy", 0.5, on="value"),), ("pulse", "weight")),
        model("bad", (at_least("accuracy", 1.0),), ("weight",)),
    ),
    datasets=(
        Dataset("arrivals", "rows.csv", key="id", subject=whose, columns=(Column("mail", personal=True),)),
        Dataset("other", "rows.csv", key="weight", change="append"),
        Dataset("all", "rows.csv", key=("id", "prediction_id"), subject=whose, time="predicted_at"),
    ),
)
"""
"""Two models, of which one cannot be released, and datasets for and of their answers."""


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that project, which ran once on 400 rows; `ill/1` is released."""
    folder = tmp_path_factory.mktemp("ward")
    make(folder, "loans")
    rows = [
        {
            "id": each, "who": f"p{each % 50}", "mail": f"m{each}@x", "pulse": 60 + each % 37,
            "weight": 50 + each % 41, "ill": (60 + each % 37) > 78,
        }
        for each in range(400)
    ]  # fmt: skip
    pl.DataFrame(rows).write_csv(folder / "rows.csv")
    (folder / "project.py").write_text(WARD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPORTA_EXECUTOR", "inline://")
        with open_project(folder, works=True) as opened:
            run(opened, ("ill", "bad"))
            release(opened, "ill/1", by="ana")
    return folder


@pytest.fixture(scope="session")
def rollout_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with two versions and a release plan; `ill/1` is released. To be copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPORTA_EXECUTOR", "inline://")
        return make_rollout_project(tmp_path_factory.mktemp("rollout"))


@pytest.fixture(scope="session")
def judged() -> Callable[[Path, str], tuple[Verdict, Findings]]:
    """(the folder, a model with one gate) → the verdict on its first version, and what was measured."""

    def said(folder: Path, model: str) -> tuple[Verdict, Findings]:
        with open_project(folder) as opened:
            (verdict,) = version_of(opened, f"{model}/1").verdicts
            assert verdict.evidence is not None
            return verdict, opened.context.get_json(verdict.evidence, Findings)

    return said


@pytest.fixture(scope="session")
def forget() -> Callable[..., None]:
    """(the house, a dataset, the column of its subjects, one of them) → nothing: what an erasure writes,
    fragments without the subject and one entry of the log. canonical: the subject in the dataset's form."""

    def erase(opened: OpenProject, dataset: str, column: str, who: Any, canonical: str = "") -> None:
        store, keys = opened.store, opened.keys
        history = read_log(store, keys, dataset)
        moved = {}
        for manifest in list_versions(store, dataset):
            for fragment in (each for segment in manifest.segments for each in segment.fragments):
                now = history.resolve(fragment)
                if now is None or now.id in moved:
                    continue
                rows = pl.read_parquet(store.get(object_name(dataset, now.id)))
                rows = rows if ROW in rows.columns else rows.with_row_index(ROW)
                left = rows.filter(pl.col(column).ne_missing(who))
                if len(left) < len(rows):
                    bins = (now.low >> 48, (now.high >> 48) + 1)
                    made = write_fragment(store, keys, manifest.shape, left, bins, opened.below)
                    moved[now.id] = msgspec.structs.replace(made, numbered=True)
        gone = (f"{subject_hash(canonical or str(who), keys):016x}",)
        assert moved
        assert append_entry(
            store, keys, dataset, history, opened.clock(), RedactEntry, moved=moved, subjects=gone
        )
        for id in moved:
            store.delete(object_name(dataset, id))

    return erase
