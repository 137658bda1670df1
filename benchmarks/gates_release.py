"""All checks of the release level: 100,000 training and 100,000 test rows of 40 features, gradient boosting.

Wall time and memory of judging a version that is there already (`comporta gate`, nothing measured before),
the time of it that is not the model's own fits and predictions, and the size of the report's page. Then:
judged again with other limits, and the quick gates of each push. Everything runs as a user would run it; the
model's own time is taken in a second judging within one process, where its calls can be timed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PROJECT = """
import numpy as np
import polars as pl

from comporta import Dataset, Features, Model, Project, at_least, at_most, at_random, no_worse, standard
from comporta.gates import *

ROWS, NUMBERS, WORDS = {rows}, 34, 5


def rows():
    rng = np.random.default_rng(7)
    numbers = rng.normal(size=(ROWS, NUMBERS)).astype(np.float32)
    words = rng.integers(0, 8, size=(ROWS, WORDS))
    score = numbers[:, :6] @ np.array([1.0, -0.8, 0.6, 0.5, -0.4, 0.3]) + 0.6 * numbers[:, 6] * numbers[:, 7]
    score += 0.3 * (words[:, 0] - 3.5) + rng.logistic(size=ROWS)
    columns = {{f"n{{i}}": numbers[:, i] for i in range(NUMBERS)}}
    kinds = pl.Series([f"w{{j}}" for j in range(8)])
    columns |= {{f"w{{i}}": kinds.gather(words[:, i]) for i in range(WORDS)}}
    columns["band"] = pl.Series(["a", "b", "c"]).gather(rng.integers(0, 3, ROWS))
    return pl.DataFrame({{"id": np.arange(ROWS), **columns, "y": score > 0.5}})


table = Dataset("table", source=rows, key="id")
known = (*(f"n{{i}}" for i in range(NUMBERS)), *(f"w{{i}}" for i in range(WORDS)), "band")


def fit(X, y, *, seed=0):
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = [name for name in X.columns if X[name].dtype == pl.Enum]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    trees = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
    return make_pipeline(make_column_transformer((codes, words), remainder="passthrough"), trees).fit(X, y)


def doubled(rows):
    return rows.with_columns(pl.col("n0") * 2)


everything = (
    *standard(),
    at_least("roc_auc", {limit}),
    at_least("roc_auc", 0.6, by="band"),
    no_worse("roc_auc", margin=0.01),
    demographic_parity(by="band"),
    equalised_odds(by="band"),
    scenario("n0 doubles", doubled, metric="roc_auc", at_least=0.6),
    {more}
)
model = Model(
    "model",
    features=Features("features", of=table, known=known),
    target="y",
    fit=fit,
    split=at_random(0.5),
    slices=("band",),
    gates={gates},
)
project = Project("bench", models=(model,))
"""
ROWS = 200_000


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for line in measured(folder, rows):
            print(json.dumps(line), flush=True)


def measured(folder: Path, rows: int) -> Iterator[dict[str, object]]:
    from comporta.cli.init import make
    from comporta.loop.gate import gate
    from comporta.loop.house import open_house
    from comporta.loop.report import report
    from comporta.loop.runs import run_of
    from comporta.loop.train import run
    from comporta.report import page

    make(folder, "bench")
    project = folder / "project.py"

    def declare(gates: str, limit: float = 0.7, more: str = "") -> None:
        project.write_text(PROJECT.format(rows=rows, gates=gates, limit=limit, more=more))

    declare("()")
    with open_house(folder, works=True) as house:
        began = time.perf_counter()
        run(house)
        built = time.perf_counter() - began
    declare("everything")
    with open_house(folder, works=True) as house, peak() as memory:
        began = time.perf_counter()
        judged = gate(house, "model/1")
        took = time.perf_counter() - began
        view = run_of(house, judged.run.id)
        text = page(report(house, "model/1"))
        began = time.perf_counter()
    steps = {
        node: {"wall": round(step.cost.wall_seconds, 2), "cpu": round(step.cost.cpu_seconds, 2)}
        for node, step in sorted(view.steps.items(), key=lambda each: -each[1].cost.cpu_seconds)
        if node not in view.run.reused
    }
    verdicts = {each.check: each.outcome for each in judged.version.verdicts}
    detail = {
        "rows": rows, "building it took": round(built, 1), "checks": len(verdicts), "failed": view.failed,
        "steps": steps, "not passed": {name: said for name, said in verdicts.items() if said != "pass"},
        "cores": os.cpu_count(),
    }  # fmt: skip
    yield line("release level, all checks", took, 60, "s", detail)
    yield line("release level, all checks: memory", memory[0] / 2**30, 2, "GiB", {"of": "all processes"})
    yield line("release level: the report's page", len(text.encode()) / 1e6, 3, "MB", {})
    yield beyond(folder)
    declare("everything", limit=0.71)
    with open_house(folder, works=True) as house:
        began = time.perf_counter()
        again = gate(house, "model/1")
        took = time.perf_counter() - began
    assert again.fresh, "another limit is another verdict"
    yield line("judged again with other limits", took, 1, "s", {"steps": len(again.run.nodes)})
    with open_house(folder, works=True) as house:
        from comporta.loop.commit import commit

        began = time.perf_counter()
        commit(house)
        took = time.perf_counter() - began
    yield line("commit level", took, 10, "s", {"rows of the source": rows})


def beyond(folder: Path) -> dict[str, object]:
    """The seconds of judging that are not the model's fits and predictions: all in one process, timed."""
    import shutil

    from comporta.loop.gate import gate
    from comporta.loop.house import open_house
    from comporta.train import asking

    spent = [0.0]

    def timed(work):  # type: ignore[no-untyped-def]
        def doing(*given, **named):  # type: ignore[no-untyped-def]
            began = time.perf_counter()
            try:
                return work(*given, **named)
            finally:
                spent[0] += time.perf_counter() - began

        return doing

    copy = folder.parent / f"{folder.name}-copy"
    shutil.copytree(folder, copy)
    os.environ["COMPORTA_EXECUTOR"] = "inline://"
    ask, refitted = asking.Opened.__call__, asking.refitted
    try:
        asking.Opened.__call__ = timed(ask)  # type: ignore[method-assign]
        asking.refitted = timed(refitted)
        text = (copy / "project.py").read_text()
        # Another seed is another question: nothing is remembered but the model.
        (copy / "project.py").write_text(text.replace("    slices=", "    seed=1,\n    slices="))
        with open_house(copy, works=True) as house:
            began = time.perf_counter()
            gate(house, "model/1")
            took = time.perf_counter() - began
    finally:
        del os.environ["COMPORTA_EXECUTOR"]
        asking.Opened.__call__ = ask  # type: ignore[method-assign]
        asking.refitted = refitted
        shutil.rmtree(copy, ignore_errors=True)
    detail = {"all in one process": round(took, 1), "fits and predictions": round(spent[0], 1)}
    return line("release level, beyond fits and predictions", took - spent[0], 10, "s", detail)


@contextmanager
def peak() -> Iterator[list[float]]:
    """The largest resident memory of this process and those it started, in bytes."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not done.wait(0.05):
            held = 0.0
            for each in (me, *me.children(recursive=True)):
                try:
                    held += each.memory_info().rss
                except psutil.Error:
                    continue
            seen[0] = max(seen[0], held)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def line(promise: str, measured: float, limit: float, unit: str, detail: object) -> dict[str, object]:
    return {
        "promise": promise, "measured": round(measured, 3), "limit": limit, "unit": unit,
        "holds": measured < limit, "detail": detail,
    }  # fmt: skip


if __name__ == "__main__":
    main()
