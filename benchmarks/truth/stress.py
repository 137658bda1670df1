"""Whether answers to rubbish that are none, growing memory and slow answers are found, and weather is not.

Rubbish goes through the request path without a socket; times and sizes are made up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import stress
from comporta.checks.shared.measuring.v2_requests import as_json
from comporta.checks.stress.load import Round
from comporta.checks.stress.malformed import Bad, damage, far, malformed_requests
from comporta.checks.stress.measure import findings
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.testing.serving import MemorySink, MemorySource, ask

CODE = (
    "checks/stress/measure.py",
    "checks/stress/malformed.py",
    "checks/stress/load.py",
    "checks/stress/check.py",
)
FIELDS = (
    *(Field(name=f"x{n}", type="Float64") for n in range(3)),
    Field(name="count", type="Int64"),
    Field(name="word", type="String", values=("a", "b")),
    Field(name="flag", type="Boolean"),
)
TAKES = Signature(
    raw=FIELDS, features=FIELDS, output="both", task="binary", classes=("false", "true"), label="Boolean"
)
ROW = pl.DataFrame({"x0": [0.5], "x1": [1.5], "x2": [None], "count": [3], "word": ["a"], "flag": [True]})
PATH = "/v2/models/candidate/infer"
MB = 2**20
Score = Callable[[pl.DataFrame], np.ndarray]


def sound(frame: pl.DataFrame) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(frame["x0"].fill_null(0.0).to_numpy(), -50, 50)))


def raises(frame: pl.DataFrame) -> np.ndarray:
    if frame["x0"].abs().max() > 1e6:
        raise ValueError("too far")
    return sound(frame)


def unseen(frame: pl.DataFrame) -> np.ndarray:
    return sound(frame) + np.array([{"a": 0.0, "b": 0.1}[each] for each in frame["word"]])


def times(draw: np.random.Generator, scale: float) -> list[Round]:
    """Six rounds of times like those of a server: most alike, a few long."""
    return [Round(draw.lognormal(np.log(scale), 0.5, 1_500), 0, 5_000.0) for _ in range(6)]


def said(score: Score, scale: float, sizes: Sequence[int], seed: int) -> str:
    def answer(frame: pl.DataFrame) -> ModelScores:
        chance = score(frame)
        return ModelScores(chance > 0.5, np.column_stack([1 - chance, chance]))

    def load(model: str, number: int) -> LoadedVersion:
        return LoadedVersion(model=model, number=number, signature=TAKES, predict=answer)

    draw = np.random.default_rng(seed)
    good = as_json(ROW, FIELDS)
    bad = [*malformed_requests(good, FIELDS, 10_001), *far(good, FIELDS), *damage(good, draw, 50)]

    async def asked() -> list[tuple[Bad, int, bytes]]:
        source = MemorySource(load, {"candidate": (Share(version=1, weight=1.0),)})
        app, found = App(source, MemorySink(), key=b"r" * 32, say=lambda line: None), []
        async with app:
            for each in bad:
                headers = {"content-type": "application/json"} | {n.lower(): v for n, v in each.headers}
                kind = headers.pop("content-type")
                path = each.path or PATH
                status, _, body = await ask(
                    app, each.method, path, each.body, kind=kind, headers=tuple(headers.items())
                )
                found.append((each, status, body))
        return found

    answers = asyncio.run(asked())
    return outcome(stress(p99_ms=20), findings(times(draw, scale), sizes, answers, True, 64, 1_000, 8))


def study(seeds: int = 15) -> list[dict[str, object]]:
    draw = np.random.default_rng(0)

    def calm() -> list[int]:
        """What an allocator does by itself."""
        return [int(size) for size in 100 * MB + np.cumsum(draw.integers(-MB, MB, 7)).clip(-2 * MB, 2 * MB)]

    def cached() -> list[int]:
        return [100 * MB, *[int(130 * MB + each) for each in draw.integers(-MB // 2, MB // 2, 6)]]

    def leak(kb: float) -> list[int]:
        return [int(100 * MB + kb * 1024 * 1_500 * n + draw.integers(0, MB // 4)) for n in range(7)]

    return [
        row("stress", fault, size, [said(score, scale, sizes(), seed) for seed in range(seeds)])
        for fault, size, score, scale, sizes in (
            ("none", "p50 2 ms", sound, 0.002, calm),
            ("none", "p50 2 ms, a cache fills", sound, 0.002, cached),
            ("slow: p50 30 ms", "limit 20 ms", sound, 0.03, calm),
            ("keeps 2 KB of each request", "9,000 requests", sound, 0.002, lambda: leak(2)),
            ("keeps 20 KB of each request", "9,000 requests", sound, 0.002, lambda: leak(20)),
            ("raises far from what it learned", "a hundred bad requests", raises, 0.002, calm),
            ("raises on a word it never saw", "a hundred bad requests", unseen, 0.002, calm),
        )
    ]
