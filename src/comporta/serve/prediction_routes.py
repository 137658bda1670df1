"""The routes that predict: rows in by either protocol, through the model that is released, and logged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from comporta.errors import BadRequest
from comporta.http.replies import Reply
from comporta.serve import invocations
from comporta.serve.live_version import LiveVersion
from comporta.serve.prediction_ids import Ids
from comporta.serve.recorder import Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request, ServeLimits, json_size
from comporta.serve.request_rows import RequestRows
from comporta.serve.serving_state import ServedModel
from comporta.serve.v2_request import read_v2_request, v2_rows
from comporta.serve.v2_response import write_v2_response
from comporta.serve.version_parts import VersionPart, encode_observations, rows_by_version, split_by_version

# A call above this many seconds leaves the event loop, so that others and the health checks go on.
_LONG = 0.002
Write = Callable[[list[VersionPart], list[str]], Reply]


class PredictionRoutes:
    """Answers with what `follower` serves now. key: 32 bytes, by which units are split among versions."""

    def __init__(
        self, follower: ReleaseFollower, recorder: Recorder, *, key: bytes, limits: ServeLimits
    ) -> None:
        self.key, self.limits = key, limits
        self._follower, self._recorder = follower, recorder
        self._ids = Ids()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="comporta-long")
        self._long = 0

    @property
    def routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`: one for each protocol."""
        return {"infer": self.infer, "invoke": self.invoke}

    def close(self) -> None:
        """No more long calls."""
        self._pool.shutdown(wait=False)

    def infer(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer by the Open Inference Protocol. Raises BadRequest."""
        size = json_size(request)
        served = self.model_of(request)
        pinned = None if request.path.version is None else served.version(request.path.version)
        reader = pinned or served.champion
        call = read_v2_request(request.body, size)
        incoming = v2_rows(call, reader.schema, self.limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, *write_v2_response(call, served.model, parts, ids))

        return self._answer(request, served, pinned, reader, incoming, write)

    def invoke(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer as MLflow's server gives it. Raises BadRequest."""
        served = self.model_of(request)
        kind, _, options = request.headers.get(b"content-type", b"").partition(b";")
        kind = kind.strip().lower()
        charset = options.strip().lower().removeprefix(b"charset=").strip(b'"')
        if kind not in (b"application/json", b"text/csv") or charset not in (b"", b"utf-8"):
            raise BadRequest(
                "content type: expected application/json or text/csv, in UTF-8, without other parameters.",
                415,
            )
        read = invocations.read_invocation_csv if kind == b"text/csv" else invocations.read_invocation_json
        incoming = read(request.body, served.champion.schema, self.limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, invocations.write_invocation_response(parts, ids))

        return self._answer(request, served, None, served.champion, incoming, write)

    def model_of(self, request: Request) -> ServedModel:
        """The model a path names, or the only one. Raises BadRequest with 404 or 503."""
        serving, model = self._follower.serving, request.path.model
        if model is None:
            if len(serving.models) == 1:
                return next(iter(serving.models.values()))
            if serving.models:
                raise BadRequest("found several models here; send to /models/NAME/invocations.", 404)
            raise BadRequest("no model answers yet: nothing is released, or it is being loaded.", 503)
        served = serving.models.get(model)
        if served is None:
            if model in serving.failed:
                raise BadRequest(
                    f"model {model!r} is released but could not be loaded; see the server's log.", 503
                )
            names = ", ".join(sorted(serving.models)) or "none yet"
            raise BadRequest(f"found no model {model[:60]!r}, expected one that is released: {names}.", 404)
        return served

    def _answer(
        self,
        request: Request,
        served: ServedModel,
        pinned: LiveVersion | None,
        reader: LiveVersion,
        incoming: RequestRows,
        write: Write,
    ) -> Reply | Awaitable[Reply]:
        at = request.at
        ids = [self._ids.new(at)] if incoming.n == 1 else self._ids.many(at, incoming.n)
        parts = split_by_version(served, self.key, pinned, incoming, reader, ids[0])
        seconds = 0.0
        for part in parts:
            seconds += part.live.seconds(part.incoming.n)
        if seconds > _LONG:
            return self._answer_in_thread(request, served.model, parts, ids, incoming, write)
        began = time.perf_counter_ns()
        for part in parts:
            part.answer = part.live.answer(part.incoming, at)
        took = time.perf_counter_ns() - began
        return self._record(request, served.model, parts, ids, incoming, took, write(parts, ids))

    async def _answer_in_thread(
        self,
        request: Request,
        model: str,
        parts: list[VersionPart],
        ids: list[str],
        incoming: RequestRows,
        write: Write,
    ) -> Reply:
        """The same in a thread, so that a long call keeps nobody waiting who asks for little."""
        if self._long >= self.limits.queue:
            raise BadRequest(f"{self._long} long requests are waiting. Ask again later.", 503)

        def work() -> tuple[Reply, int]:
            began = time.perf_counter_ns()
            for part in parts:
                part.answer = part.live.answer(part.incoming, request.at)
            took = time.perf_counter_ns() - began
            return write(parts, ids), took

        self._long += 1
        try:
            reply, took = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._long -= 1
        recorded = self._record(request, model, parts, ids, incoming, took, reply)
        return recorded if isinstance(recorded, Reply) else await recorded

    def _record(
        self,
        request: Request,
        model: str,
        parts: list[VersionPart],
        ids: list[str],
        incoming: RequestRows,
        took: int,
        reply: Reply,
    ) -> Reply | Awaitable[Reply]:
        """The reply, its observations queued; in durable mode once they are written."""
        make = partial(encode_observations, parts, ids, incoming.about, request.at, took)
        size = 2 * len(request.body) + 400 * incoming.n
        written = self._recorder.put(model, rows_by_version(parts), size, make)
        return reply if written is None else _after(written, reply)


async def _after(written: Awaitable[None], reply: Reply) -> Reply:
    await written
    return reply
