"""Whether answers that are not those of research are found, through the request path without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import parity
from comporta.checks.parity.measure import findings
from comporta.checks.shared.measuring.raw_requests import ask_raw, sample_places
from comporta.checks.shared.measuring.server_answers import Research, gaps, research_of
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.testing.serving import MemorySink, MemorySource, ask

CODE = (
    "checks/parity/measure.py",
    "checks/shared/measuring/server_answers.py",
    "checks/shared/measuring/raw_requests.py",
    "checks/shared/measuring/v2_requests.py",
    "checks/parity/check.py",
)
FIELDS = (
    *(Field(name=f"x{n}", type="Float64") for n in range(4)),
    Field(name="count", type="Int64"),
    Field(name="word", type="String", values=("a", "b", "c")),
)
TAKES = Signature(
    raw=FIELDS, features=FIELDS, output="both", task="multiclass", classes=("p", "q", "r"), label="String"
)
WEIGHTS = np.random.default_rng(0).normal(size=(6, 3))
ROWS = 4_000
Change = Callable[[np.ndarray], np.ndarray]


def numbers(rows: pl.DataFrame) -> np.ndarray:
    place = rows["word"].replace_strict({"a": 0.0, "b": 1.0, "c": 2.0}, default=None, return_dtype=pl.Float64)
    columns = [rows[field.name].cast(pl.Float64).fill_null(float("nan")) for field in FIELDS[:5]]
    return np.nan_to_num(np.column_stack([*columns, place.fill_null(-1.0)]), nan=-1.0)


def said(X: np.ndarray) -> np.ndarray:
    score = np.exp(X @ WEIGHTS / 3)
    return score / score.sum(axis=1, keepdims=True)


def table(seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pl.DataFrame({f"x{n}": draw.normal(size=ROWS) for n in range(4)})
    frame = frame.with_columns(
        count=pl.Series(draw.integers(0, 9, ROWS)), word=pl.Series(draw.choice(list("abc"), ROWS))
    )
    return frame.with_columns(x1=pl.when(pl.int_range(ROWS) % 19 == 0).then(None).otherwise(pl.col("x1")))


async def one(app: App, body: bytes, head: int) -> tuple[int, bytes, int | None]:
    headers = [("Inference-Header-Content-Length", str(head))]
    path = "/v2/models/candidate/infer"
    status, named, answer = await ask(
        app, "POST", path, body, kind="application/octet-stream", headers=headers
    )
    size = named.get("inference-header-content-length")
    return status, answer, None if size is None else int(size)


def served(predict: Callable[[pl.DataFrame], np.ndarray], rows: pl.DataFrame, tolerance: float) -> str:
    def answer(frame: pl.DataFrame) -> ModelScores:
        chances = predict(frame)
        return ModelScores(np.array(TAKES.classes)[chances.argmax(axis=1)], chances)

    def load(model: str, number: int) -> LoadedVersion:
        return LoadedVersion(model=model, number=number, signature=TAKES, predict=answer)

    source = MemorySource(load, {"candidate": (Share(version=1, weight=1.0),)})

    async def asked() -> list[tuple[int, bytes, int | None]]:
        app = App(source, MemorySink(), key=b"r" * 32, say=lambda line: None)
        async with app:
            return [await one(app, body, head) for body, head in requests]

    requests: list[tuple[bytes, int]] = []

    def now(body: bytes, head: int) -> tuple[int, bytes, int | None]:
        requests[:] = [(body, head)]
        return asyncio.run(asked())[0]

    chances = said(numbers(rows))
    top = np.sort(chances, axis=1)[:, -2:]
    names = tuple(f"probability of {each}" for each in TAKES.classes)
    research = Research(names, chances, chances.argmax(axis=1), (top[:, 1] - top[:, 0]) / 2)
    found = findings(TAKES, research, {"native": gaps(TAKES, research, rows, now)}, {})
    return outcome(parity(tolerance=tolerance), found)


MADE = Signature(
    raw=FIELDS,
    features=(*FIELDS, Field(name="gap", type="Float64"), Field(name="far", type="Boolean")),
    output="both",
    task="regression",
    label="Float64",
)
FEW = 60


def made(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(gap=pl.col("x0") - pl.col("x2"), far=pl.col("x0") > 1)


def from_raw(make: Callable[[pl.DataFrame], pl.DataFrame], seed: int) -> str:
    """Raw requests, answered from features that `make` gives; research made its own of the whole table."""
    rows = table(seed)[:FEW]
    features = made(rows)
    kept = features.with_columns(
        __key=pl.Series([f"[{n}]" for n in range(FEW)]), __prediction=pl.col("gap") + pl.col("x3")
    )
    research = research_of(kept, MADE)
    seen: list[pl.DataFrame] = []

    def online(frame: pl.DataFrame, at: pl.Series) -> tuple[pl.DataFrame, None]:
        seen.append(make(frame))
        return seen[-1], None

    def load(model: str, number: int) -> LoadedVersion:
        def predict(frame: pl.DataFrame) -> ModelScores:
            return ModelScores((frame["gap"] + frame["x3"]).to_numpy(), None)

        return LoadedVersion(model=model, number=number, signature=MADE, predict=predict, features=online)

    def since() -> list[pl.DataFrame]:
        found = seen[:]
        seen.clear()
        return found

    source = MemorySource(load, {"candidate": (Share(version=1, weight=1.0),)})
    with asyncio.Runner() as loop:
        app = App(source, None, key=b"r" * 32, say=lambda line: None)
        loop.run(app.__aenter__())

        def now(body: bytes, head: int) -> tuple[int, bytes, int | None]:
            return loop.run(one(app, body, head))

        wanted, requests = sample_places(FEW, seed), rows.with_columns(__row=kept["__key"])
        found = ask_raw(MADE, kept, research, wanted, requests, now, since)
        loop.run(app.close())
    return outcome(parity(), findings(MADE, research, {}, {}, found, plain=False))


def study(seeds: int = 10) -> list[dict[str, object]]:
    def sound(frame: pl.DataFrame) -> np.ndarray:
        return said(numbers(frame))

    def floats(frame: pl.DataFrame) -> np.ndarray:
        return said(numbers(frame).astype(np.float32).astype(np.float64))

    def swapped(frame: pl.DataFrame) -> np.ndarray:
        return said(numbers(frame)[:, [1, 0, 2, 3, 4, 5]])

    def zeros(frame: pl.DataFrame) -> np.ndarray:
        X = numbers(frame)
        return said(np.where(np.arange(6) == 1, np.where(X == -1, 0.0, X), X))

    def turned(frame: pl.DataFrame) -> np.ndarray:
        return said(numbers(frame))[:, [1, 0, 2]]

    def one_row(frame: pl.DataFrame) -> np.ndarray:
        chances = said(numbers(frame))
        chances[len(chances) // 2] = chances[len(chances) // 2][[1, 2, 0]]
        return chances

    def shifted(frame: pl.DataFrame) -> np.ndarray:
        chances = said(numbers(frame))
        return np.roll(chances, 1, axis=0)

    def coarse(frame: pl.DataFrame) -> np.ndarray:
        return np.round(said(numbers(frame)), 3)

    def without(frame: pl.DataFrame) -> np.ndarray:
        return said(np.nan_to_num(numbers(frame.with_columns(word=pl.lit("a")))))

    def ranked(frame: pl.DataFrame) -> pl.DataFrame:
        return made(frame).with_columns(gap=pl.col("gap") - pl.col("gap").mean())

    def far(frame: pl.DataFrame) -> pl.DataFrame:
        return made(frame).with_columns(far=pl.col("x0") >= 0.9)

    def filled(frame: pl.DataFrame) -> pl.DataFrame:
        return made(frame).with_columns(pl.col("x1").fill_null(0.0))

    return [
        row(
            "parity",
            fault,
            f"{ROWS:,} rows{', 32-bit floats' * (way is floats)}",
            [served(way, table(seed), 1e-4) for seed in range(seeds)],
        )
        for fault, way in (
            ("none", sound),
            ("none", floats),
            ("one row is another", one_row),
            ("rows shifted by one", shifted),
            ("two columns swapped", swapped),
            ("missing taken for 0", zeros),
            ("two classes swapped", turned),
            ("rounded to three digits", coarse),
            ("a category always the first", without),
        )
    ] + [
        row("parity", fault, f"{FEW} raw requests", [from_raw(make, seed) for seed in range(seeds)])
        for fault, make in (
            ("none", made),
            ("a computed feature less the mean of the rows beside it", ranked),
            ("a computed feature with another limit", far),
            ("a missing feature filled on the way", filled),
        )
    ]
