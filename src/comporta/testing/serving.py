"""A source and a sink in memory, and requests without a socket: for tests of whatever serves or is served."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from comporta.errors import NotFound
from comporta.records import Feedback, Observation, Release, Route, Share, Signature
from comporta.records.observed_rows import decode_block, observations_in
from comporta.serve.version_source import LoadedVersion, ObservationBlock


class MemorySource:
    """Routes that a test moves by hand: shares alone, or whole routes. make: the version of a model."""

    def __init__(
        self, make: Callable[[str, int], LoadedVersion], routes: Mapping[str, tuple[Share, ...] | Route]
    ) -> None:
        self.make, self.now = make, dict(routes)
        self.loaded: list[tuple[str, int]] = []

    def mark(self) -> object:
        return dict(self.now)

    def routes(self) -> Mapping[str, Route]:
        return {
            model: to if isinstance(to, Route) else Route(model=model, shares=to, history=())
            for model, to in self.now.items()
        }

    def load(self, model: str, number: int) -> LoadedVersion:
        self.loaded.append((model, number))
        found = self.make(model, number)
        if found is None:
            raise NotFound(f"found no version {model}/{number}.")
        return found


def plan_route(model: str, shares: tuple[Share, ...], plan: str, number: int = 1) -> Route:
    """A route whose newest release is a change of arms by this plan."""
    release = Release(
        model=model, number=number, kind="arms", shares=shares, previous=None, by="", reason="", plan=plan,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return Route(model=model, shares=shares, history=(release,))


class MemorySink:
    """Keeps what it is given; raises `fault` instead while there is one. versions: signatures by model and
    number, of versions whose labels it can read."""

    def __init__(self, versions: Mapping[tuple[str, int], Signature] | None = None) -> None:
        self.versions = versions or {}
        self.observations: list[Observation] = []
        self.told: list[Feedback] = []
        self.fault: Exception | None = None

    def write(self, model: str, observations: Sequence[ObservationBlock]) -> None:
        if self.fault is not None:
            raise self.fault
        for block in observations:
            self.observations.extend(observations_in(decode_block(block)))

    def feedback(self, told: Sequence[Feedback]) -> None:
        if self.fault is not None:
            raise self.fault
        self.told.extend(told)

    def signatures(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        if self.fault is not None:
            raise self.fault
        given = {each.id: (each.model, each.version) for each in self.observations}
        return {
            id: (given[id][0], self.versions[given[id]])
            for id in ids
            if id in given and given[id] in self.versions
        }


async def ask(
    app: Any,
    method: str,
    path: str,
    body: Any = b"",
    *,
    host: str = "localhost:8080",
    kind: str | None = "application/json",
    headers: Sequence[tuple[str, str]] = (),
    pieces: int = 1,
) -> tuple[int, dict[str, str], bytes]:
    """One request to an ASGI application: status, headers, body. path: perhaps with a query. A body that is
    not bytes goes as JSON; pieces: how many messages it comes in."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = [("host", host), *headers] + ([("content-type", kind)] if kind is not None else [])
    size = -(-len(data) // pieces) or 1
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent],
    }
    await app(scope, receive, send)
    said = {name.decode(): value.decode() for name, value in answers[0]["headers"]}
    return answers[0]["status"], said, b"".join(each.get("body", b"") for each in answers[1:])
