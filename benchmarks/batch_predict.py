"""Answers to many rows, in a file and in a dataset: beside the model's own speed in memory, and what memory
it takes.

    python benchmarks/batch_predict.py [MILLIONS]     of the larger of the two files; default: 4

A boosted model of 20 columns, released, answers Parquet files of a million rows and of several. The floor is
the same model's `predict_proba` of a million of these rows as one numpy array, before and after the larger
batch, whose seconds have the start of Comporta in them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

COLUMNS, ROWS = 20, 1_000_000
PROJECT = """
import numpy as np
import polars as pl

from comporta import Dataset, Features, Model, Project, at_least, at_random


def rows():
    draw = np.random.default_rng(0)
    table = draw.normal(size=(20_000, {columns}))
    columns = {{f"n{{each}}": table[:, each] for each in range({columns})}}
    return pl.DataFrame({{"id": range(20_000), **columns, "y": table[:, 0] + draw.normal(size=20_000) > 0}})


def fit(X, y):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(X, y)


model = Model(
    "model",
    features=Features("all", of=Dataset("rows", rows, key="id"), known=tuple(f"n{{i}}" for i in range(20))),
    target="y", fit=fit, split=at_random(0.2), gates=(at_least("roc_auc", 0.6),),
)
project = Project("batch", models=(model,))
"""
ASKED = """
import resource, sys, time
from comporta.cli import main
began = time.perf_counter()
assert main(["predict", "model/1", "--input", sys.argv[1], "--output", sys.argv[2], "--json"]) == 0
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


def main() -> None:
    millions = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "project.py").write_text(PROJECT.format(columns=COLUMNS))
        for words in (("init", "."), ("run",), ("release", "model/1", "--by", "bench")):
            comporta = [sys.executable, "-m", "comporta", *words]
            subprocess.run(comporta, cwd=folder, check=True, capture_output=True)
        few, many = (file_of(folder, count) for count in (1, millions))
        for where in ("a file", "a dataset"):
            measure(folder, few, many, millions, where)


def measure(folder: Path, few: Path, many: Path, millions: int, where: str) -> None:
    """Both promises of answers that go to `where`."""
    outputs = [f"{each.stem}-out.parquet" if where == "a file" else each.stem for each in (few, many)]
    first, small = seconds_and_memory(folder, few, outputs[0])
    own = seconds_in_memory(few)
    took, large = seconds_and_memory(folder, many, outputs[1])
    own = (own + seconds_in_memory(few)) / 2
    detail = {
        "rows a second": round(millions * ROWS / took), "the model's own": round(ROWS / own),
        "columns": COLUMNS, "millions": millions, "seconds of a million, start and all": round(first, 1),
        "seconds": round(took, 1),
    }  # fmt: skip
    say(
        f"a batch into {where}, of the model's own speed in memory",
        millions * own / took,
        0.8,
        "share",
        detail,
    )
    more = {"MB of a million rows": round(small), "MB of the larger": round(large), "millions": millions}
    say(
        f"memory of a larger batch into {where}, over that of a million rows",
        large / small,
        1.2,
        "times",
        more,
    )


def say(promise: str, measured: float, limit: float, unit: str, detail: dict[str, object]) -> None:
    holds = measured >= limit if unit == "share" else measured <= limit
    line = {"promise": promise, "measured": round(measured, 3), "limit": limit, "unit": unit, "holds": holds}
    print(json.dumps({**line, "detail": detail}), flush=True)


def file_of(folder: Path, millions: int) -> Path:
    draw, path = np.random.default_rng(1), folder / f"rows-{millions}.parquet"
    part = pl.DataFrame({f"n{each}": draw.normal(size=ROWS) for each in range(COLUMNS)})
    pl.concat([part.lazy()] * millions).with_row_index("id").sink_parquet(path)
    return path


def seconds_in_memory(file: Path) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier

    draw = np.random.default_rng(0)
    learn = draw.normal(size=(20_000, COLUMNS))
    model = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    model.fit(learn, learn[:, 0] + draw.normal(size=20_000) > 0)
    rows = pl.read_parquet(file).drop("id").to_numpy()
    began = time.perf_counter()
    model.predict_proba(rows)
    return time.perf_counter() - began


def seconds_and_memory(folder: Path, file: Path, output: str) -> tuple[float, float]:
    """Seconds, and megabytes at most."""
    words = [sys.executable, "-c", ASKED, str(file), output]
    done = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True)
    took, memory = done.stderr.split()[-2:]
    return float(took), float(memory)


if __name__ == "__main__":
    main()
