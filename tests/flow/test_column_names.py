"""Columns whose names polars, LightGBM or JSON take for something else, through the whole turn."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from comporta.acts.build.project_check import find_faults
from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.serve.serving_log import PredictionLog, scan_all_predictions
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.cli.init import make
from comporta.opened.project import open_project
from comporta.serve.app import App
from comporta.testing.serving import ask

ROWS = 500
KNOWN = ("^area$", "*", "^x.*$", "xy", "a.b", "x[0]", "")
PROJECT = f"""
from lightgbm import LGBMClassifier
from msgspec.structs import replace
from comporta import AsOf, Dataset, Features, Model, Project, at_random
from comporta.checks import (
    at_least, attribute_inference, demographic_parity, duplicates, explained, feature_drift, feature_quality,
    identifiers, importance_change, monotone, never, no_personal_data, noise, replayed, scenario,
    single_feature, weak_slices,
)

rows = Dataset("rows", source="rows.parquet", key="^id$", subject="^who$", time="^at$")
areas = Dataset("areas", source="areas.parquet", key="^area$")


def shifted(rows):
    return rows.with_columns(rows["^x.*$"] + 1)


def large(rows):
    return rows["^x.*$"] > 1


def fit(X, y, *, sample_weight=None):
    X = X.with_columns(X["^x.*$"].fill_null(0.0))
    trees = LGBMClassifier(n_estimators=8, num_leaves=5, n_jobs=1, verbose=-1)
    return trees.fit(X, y, sample_weight=sample_weight)


model = Model(
    "m",
    features=Features(
        "f", of=rows, known={KNOWN!r}, joins=(AsOf(areas, on="^area$", columns={{"^size$": "^size$"}}),)
    ),
    target="^y$",
    fit=fit,
    split=at_random(0.4),
    weight="^w$",
    gates=tuple(replace(each, required=False) for each in (
        at_least("roc_auc", 0.5, by="^area$"), attribute_inference(of="^area$", level="release"),
        duplicates(), demographic_parity(by=("^area$", "a.b"), at_most=0.9), explained(),
        feature_drift(), feature_quality(), identifiers(), importance_change(), monotone("^x.*$"),
        never(True, when=large, owner="me"), no_personal_data(), noise(),
        replayed("roc_auc", at_least=0.1), scenario("s", shifted, at_most=0.9),
        single_feature(), weak_slices(),
    )),
)
project = Project("p", models=(model,))
"""


def lay_tables(folder: Path) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=ROWS)
    pl.DataFrame(
        {
            "^id$": np.arange(ROWS),
            "^who$": [f"p{row}" for row in range(ROWS)],
            "^at$": [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=row) for row in range(ROWS)],
            "^area$": draw.choice(["e", "n", "w"], ROWS),
            "*": draw.normal(size=ROWS),
            "^x.*$": x,
            "xy": draw.normal(size=ROWS),
            "a.b": draw.integers(0, 3, ROWS),
            "x[0]": draw.normal(size=ROWS),
            "": draw.normal(size=ROWS),
            "^w$": draw.integers(1, 4, ROWS),
            "^y$": draw.random(ROWS) < 1 / (1 + np.exp(-2 * x)),
        }
    ).write_parquet(folder / "rows.parquet")
    pl.DataFrame({"^area$": ["e", "n", "w"], "^size$": [1.0, 2.0, 3.0]}).write_parquet(
        folder / "areas.parquet"
    )


def test_names_are_names_from_the_source_to_the_trace(tmp_path: Path) -> None:
    make(tmp_path, "p")
    lay_tables(tmp_path)
    (tmp_path / "project.py").write_text(PROJECT)
    request = {"^area$": "e", "*": 0.5, "^x.*$": -1.5, "xy": 2.5, "a.b": 1, "x[0]": 3.5, "": 4.5}

    rows: list[object] = []

    async def answered(app: App) -> list[str]:
        async with app:
            ids = []
            for number in range(40):
                body = {"dataframe_records": [{**request, "^x.*$": number / 10 - 2}]}
                status, _, said = await ask(app, "POST", "/invocations", body)
                assert status == 200, said
                ids += msgspec.json.decode(said)["prediction_ids"]
            status, _, said = await ask(app, "GET", "/features/m?%5Earea%24=e&%2A=0.5")
            assert status == 200, said
            row = msgspec.json.decode(said)
            assert (row["features"]["^size$"], row["features"]["*"]) == (1.0, 0.5)
            assert row["key"] == {"^area$": "e", "*": 0.5}
            assert row["needs"] == ["^x.*$", "xy", "a.b", "x[0]", ""]
            rows.extend(row["sources"])
            labels = [{"id": each, "label": place % 2 == 0} for place, each in enumerate(ids)]
            status, _, said = await ask(app, "POST", "/feedback", labels)
            assert status == 200, said
            return ids

    with open_project(tmp_path, works=True) as opened:
        assert find_faults(opened) == ()
        run(opened)
        release(opened, "m/1", by="ana", reason="first")
        with PredictionLog(opened) as log:
            ids = asyncio.run(answered(App(ReleasedVersions(opened), log, key=bytes(32), flush=0.01)))
        with PredictionLog(opened) as log:
            assert log.signatures(ids) == {each: ("m", log.signatures(ids[:1])[ids[0]][1]) for each in ids}
        logged = scan_all_predictions(opened, "m").sort("id").collect()
        assert msgspec.json.decode(logged["joined"][0]) == rows, "a key reads what a request about it read"
        names = [f"in.{name}" for name in request]
        assert set(names) <= set(logged.columns)
        assert logged.rows(named=True)[0]["in.x[0]"] == 3.5
        told = "\n".join(tree_lines(trace(opened, ids[0])))
        assert "read areas row" in told and "m/1" in told
        assert "rows row 7" in "\n".join(tree_lines(trace(opened, "rows:7")))

    (tmp_path / "project.py").write_text(PROJECT.replace("num_leaves=5", "num_leaves=6"))
    with open_project(tmp_path, works=True) as opened:
        run(opened)
        for verdict in version_of(opened, "m/2").verdicts:
            assert verdict.figure is not None or verdict.kind == "weak_slices", verdict
