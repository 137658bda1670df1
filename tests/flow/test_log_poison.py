"""Whatever a request holds: it is refused at the door with a reason, or what was answered can be sealed."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comporta.data import (
    log_blocks,
    log_rows,
    scan_feedback,
    scan_predictions,
    seal_feedback,
    seal_predictions,
)
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.store import MemoryStore, derive
from comporta.testing.serving import MemorySource, ask

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {
    "whole": "Int64",
    "tiny": "Int8",
    "huge": "UInt64",
    "number": "Float64",
    "word": "String",
    "kind": "Categorical",
    "sure": "Boolean",
    "day": "Date",
    "local": "Datetime(time_unit='us', time_zone=None)",
    "moment": "Datetime(time_unit='us', time_zone='UTC')",
    "fine": "Datetime(time_unit='ns', time_zone='Europe/Lisbon')",
    "coarse": "Datetime(time_unit='ms', time_zone='Asia/Tokyo')",
    'odd "name"': "Float32",
}
RAW = tuple(Field(name=name, type=kind) for name, kind in TYPES.items())
SIGNATURE = Signature(raw=RAW, features=RAW, output="label", task="regression", label="Float64")
GOOD: dict[str, Any] = {
    "whole": 1,
    "tiny": 1,
    "huge": 1,
    "number": 1.5,
    "word": "a",
    "kind": "b",
    "sure": True,
    "day": "2026-01-01",
    "local": "2026-01-01T00:00:00",
    "moment": "2026-01-01T00:00:00Z",
    "fine": "2026-01-01T00:00:00Z",
    "coarse": "2026-01-01T00:00:00Z",
    'odd "name"': 2.5,
}
ENDS = ("0001-01-01", "9999-12-31", "1677-09-21", "2262-04-12", "1969-12-31")
TIMES = tuple(f"{day}T{at}" for day in ENDS for at in ("00:00:00", "23:59:59", "23:59:59.999999"))
COLUMNS: dict[str, tuple[Any, ...]] = {
    "whole": (2**63 - 1, -(2**63), 2**63, 2**64, 10**30, 1e300, 0.5, True, "1", None, [1], {}),
    "tiny": (127, -128, 128, None),
    "huge": (2**64 - 1, 2**64, -1, None),
    "number": (1e308, -1e308, 5e-324, 10**400, 2**63, "NaN", None, [1.5]),
    "word": (
        "",
        "\x00",
        "a\x00b",
        "x" * 1_000_000,
        "\u2028\U0001f600",
        "\ufffd never seen",
        5,
        None,
        ["a"],
        {},
    ),
    "kind": ("\x00", "never seen", "y" * 100_000, None),
    "sure": (0, 1, "true", None),
    "day": (*ENDS, "10000-01-01", "0000-01-01", "2026-02-30", None),
    "local": (*TIMES, "2026-01-01T00:00:00Z", "2026-06-30T23:59:60", None),
    **{
        name: (*(f"{at}{zone}" for at in TIMES for zone in ("Z", "+14:00", "-14:00")), None)
        for name in ("moment", "fine", "coarse")
    },
    'odd "name"': (3.4e38, 1e39, None),
}
PARAMS: dict[str, tuple[Any, ...]] = {
    "time": tuple(f"{at}{zone}" for at in TIMES for zone in ("Z", "+14:00", "-14:00")),
    "subject": ("\x00", "é" * 512, "x" * 513, 2**63, 10**30, True, 1.5, "\u2028"),
    "key": ("\x00", '["a",7]', '["', "x" * 512, -1),
    "unit": ("\x00", " ", 0),
}
CASES = [
    (f"{name}={str(value)[:30]!r}", {**GOOD, name: value}, {})
    for name, all_of in COLUMNS.items()
    for value in all_of
]
CASES += [
    (f"{name}: {str(value)[:30]!r}", GOOD, {name: value})
    for name, all_of in PARAMS.items()
    for value in all_of
]
BODIES = {
    "half a surrogate": b'{"dataframe_records": [{"word": "\\ud800"}]}',
    "half a surrogate as subject": b'{"dataframe_records": [], "params": {"subject": "\\udfff"}}',
    "not a number": b'{"dataframe_records": [{"number": NaN}]}',
    "without end": b'{"dataframe_records": [{"number": Infinity}]}',
    "deep": b'{"dataframe_records": ' + b"[" * 100_000,
    "a number of many digits": b'{"dataframe_records": [{"whole": ' + b"9" * 10_000 + b"}]}",
    "a subject of many digits": b'{"dataframe_records": [], "params": {"subject": ' + b"9" * 10_000 + b"}}",
}  # fmt: skip


class Lines:
    """Keeps the blocks and lines of the log as they would be written."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def write(self, model: str, observations: Any) -> None:
        self.lines += observations

    def feedback(self, told: Any) -> None:
        self.lines += told

    def signatures(self, ids: Any) -> dict[str, Any]:
        return {}


def make(model: str, number: int) -> LoadedVersion:
    return LoadedVersion(
        model=model, number=number, signature=SIGNATURE,
        predict=lambda frame: ModelScores(np.arange(float(frame.height)), None),
    )  # fmt: skip


def answered(bodies: list[bytes]) -> tuple[list[tuple[int, str]], Lines, list[str]]:
    """What came of each body, the lines of the log, and what the server said."""
    sink, said = Lines(), list[str]()

    async def turn() -> list[tuple[int, str]]:
        source = MemorySource(make, {"m": (Share(version=1, weight=1.0),)})
        async with App(source, sink, key=b"r" * 32, flush=0.01, say=said.append) as app:
            replies = [await ask(app, "POST", "/invocations", body) for body in bodies]
            return [(status, data.decode()) for status, _, data in replies]

    return asyncio.run(turn()), sink, said


def test_all_that_is_answered_is_sealed_and_all_else_is_refused_with_a_reason(tmp_path: Path) -> None:
    bodies = [json.dumps({"dataframe_records": [row], "params": params}).encode() for _, row, params in CASES]
    replies, sink, said = answered(bodies)
    wrong = {
        name: reply for (name, _, _), reply in zip(CASES, replies, strict=True) if reply[0] not in (200, 400)
    }
    assert wrong == {}, said
    assert not [line for line in said if "500" in line or "lost" in line]
    ids = [json.loads(data)["prediction_ids"][0] for status, data in replies if status == 200]
    assert 100 < len(ids) < len(CASES)
    store = MemoryStore()
    log_blocks(store, "p", "one", 0, sink.lines)
    open_then = scan_predictions(store, KEYS, "p", {1: SIGNATURE}.get).collect().sort("id")
    done = seal_predictions(store, KEYS, "p", {1: SIGNATURE}.get, now=NOW, scratch=tmp_path)
    assert done is not None and done.rejected == {} and done.rows == len(ids)
    sealed = scan_predictions(store, KEYS, "p", {1: SIGNATURE}.get).collect().sort("id")
    assert sealed["id"].to_list() == sorted(ids)
    assert sealed.equals(open_then)


LABELS: tuple[Any, ...] = (
    0, -1, 1.5, True, 2**63, -(2**63), 10**30, 1e308, "", "\x00", "é\u2028" * 5000, '"', "null", "NaN",
)  # fmt: skip
AT = tuple(f"{day}T{time}{zone}" for day in ENDS for time in ("00:00:00", "23:59:59.999999")
           for zone in ("Z", "+14:00", "-14:00"))  # fmt: skip


def test_every_label_that_is_accepted_is_sealed(tmp_path: Path) -> None:
    given = [{"id": f"{number:032x}", "label": label, "at": at} for number, (label, at) in enumerate(
        [*((label, None) for label in LABELS), *((0, at) for at in AT)])]  # fmt: skip
    sink = Lines()

    async def turn() -> list[int]:
        # A second model that cannot be loaded: so labels of every kind are taken.
        routes = {model: (Share(version=1, weight=1.0),) for model in ("m", "gone")}
        source = MemorySource(lambda model, number: make(model, number) if model == "m" else None, routes)
        async with App(source, sink, key=b"r" * 32, flush=0.01, say=lambda line: None) as app:
            return [(await ask(app, "POST", "/feedback", each))[0] for each in given]

    statuses = asyncio.run(turn())
    assert set(statuses) == {200, 400}
    taken = [each["id"] for each, status in zip(given, statuses, strict=True) if status == 200]
    assert len(taken) > len(LABELS) + len(AT) // 2
    store = MemoryStore()
    log_rows(store, "feedback", "one", 0, sink.lines)
    then = scan_feedback(store, KEYS, "feedback").collect().sort("id")
    done = seal_feedback(store, KEYS, "feedback", now=NOW, scratch=tmp_path)
    assert done is not None and done.rejected == {} and done.rows == len(taken)
    sealed = scan_feedback(store, KEYS, "feedback").collect().sort("id")
    assert sealed["id"].to_list() == sorted(taken)
    assert sealed.equals(then.select(sealed.columns))


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_request_is_refused(name: str) -> None:
    ((status, data),), sink, said = answered([BODIES[name]])
    assert status == 400, (data, said)
    assert sink.lines == []
