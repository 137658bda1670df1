"""Promise: a token adds less than 10 microseconds to a request.

The short way of the server, from a request's headers and body to the bytes of its answer, with and without a
token that has quotas; interleaved rounds, the median of their differences. Single rows of 40 floats, a model
that costs nothing.

    python benchmarks/token_request.py
"""

from __future__ import annotations

import asyncio
import json
import secrets
import statistics
import time
from datetime import UTC, datetime, timedelta

import numpy as np

from comporta.http.bearer import new_token
from comporta.records import Field, Share, Signature
from comporta.records.token import Quota, Token
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.testing.serving import MemorySink, MemorySource, ask

COLUMNS, ROUNDS, REQUESTS, LIMIT = 40, 21, 2_000, 10.0
PATH = "/v2/models/late/infer"
TENSOR = {"name": "m", "shape": [1, COLUMNS], "datatype": "FP64", "data": [0.5] * COLUMNS}
BODY = json.dumps({"inputs": [TENSOR]}).encode()


def late(model: str, number: int) -> LoadedVersion:
    fields = tuple(Field(name=f"x{i}", type="Float64") for i in range(COLUMNS))
    scores = ModelScores(np.array([True]), np.array([[0.25, 0.75]]))
    answer = {1: scores}

    def fast(rows: np.ndarray) -> ModelScores:
        return answer.get(len(rows)) or ModelScores(
            np.full(len(rows), True), np.tile([[0.25, 0.75]], (len(rows), 1))
        )

    signature = Signature(
        raw=fields, features=fields, output="both", task="binary", classes=("no", "yes"), label="String"
    )
    return LoadedVersion(
        model=model,
        number=number,
        fast=fast,
        predict=lambda frame: fast(frame.to_numpy()),
        signature=signature,
    )


def app_of(token: Token | None) -> App:
    source = MemorySource(late, {"late": (Share(version=1, weight=1.0),)})
    tokens = None if token is None else lambda: (token,)
    return App(source, MemorySink(), key=b"k" * 32, tokens=tokens, say=lambda line: None)


async def main() -> None:
    new, now = new_token(secrets.token_bytes), datetime.now(UTC)
    quota = Quota(requests_a_minute=10**9, rows_a_minute=10**9, requests_a_day=10**9, rows_a_day=10**9)
    token = Token(
        id=new.id, name="bench", digest=new.digest, models=("late",), at=now, quota=quota,
        ends=now + timedelta(days=1),
    )  # fmt: skip
    shown = f"Bearer {new.text}".encode()
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    took: dict[str, list[float]] = {"without": [], "with": []}
    async with app_of(None) as plain, app_of(token) as guarded:
        turns = (("without", plain, headers), ("with", guarded, [*headers, (b"authorization", shown)]))
        for _, app, sent in turns:
            text = [(name.decode(), value.decode()) for name, value in sent if name == b"authorization"]
            assert (await ask(app, "POST", PATH, BODY, headers=text))[0] == 200
        for turn in range(ROUNDS):
            for name, app, sent in turns if turn % 2 else reversed(turns):
                matched = app.hot[PATH.encode()]
                began = time.process_time()
                for _ in range(REQUESTS):
                    reply = app.answer_directly(matched, sent, BODY)
                    assert reply is not None
                took[name].append((time.process_time() - began) / REQUESTS * 1e6)
                await asyncio.sleep(0.7)  # what was queued is written: it is in neither figure
    added = statistics.median(b - a for a, b in zip(took["without"], took["with"], strict=True))
    print(
        json.dumps(
            {
                "promise": "a token, beyond the same request without one",
                "measured": round(added, 2),
                "limit": LIMIT,
                "unit": "us of CPU",
                "holds": added < LIMIT,
                "detail": {name: round(statistics.median(each), 1) for name, each in took.items()},
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
