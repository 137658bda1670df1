"""The routes that predict: rows in by either protocol, through the model that is released, and logged."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

from comporta.errors import BadRequest
from comporta.http.body import SMALL, MostValues
from comporta.http.replies import Reply
from comporta.serve import invocations
from comporta.serve.bad_row import BadRow
from comporta.serve.live_version import LiveVersion
from comporta.serve.long_calls import LongCalls
from comporta.serve.paths import MatchedPath
from comporta.serve.prediction_ids import Ids
from comporta.serve.recent_predictions import RecentPredictions
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
ReadRequest = tuple[ServedModel, LiveVersion | None, LiveVersion, RequestRows, Write]
"""The model asked, the version that the path names, whose columns the rows are read by, the rows, and how the
answer is written."""
Read = Callable[[Request], ReadRequest]


class PredictionRoutes:
    """Answers with what `follower` serves now. key: 32 bytes, by which units are split among versions."""

    def __init__(
        self,
        follower: ReleaseFollower,
        recorder: Recorder,
        recent: RecentPredictions,
        *,
        key: bytes,
        limits: ServeLimits,
    ) -> None:
        self.key, self.limits = key, limits
        self._follower, self._recorder, self._recent = follower, recorder, recent
        self._ids = Ids()
        # Apart: to read what is large takes time that small requests to a slow model need not wait for.
        self._slow = LongCalls("comporta-slow", limits.queue)
        self._large = LongCalls("comporta-large", limits.queue)

    @property
    def routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`: one for each protocol."""
        return {"infer": self.infer, "invoke": self.invoke}

    def close(self) -> None:
        """No more long calls."""
        self._slow.close()
        self._large.close()

    def infer(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer by the Open Inference Protocol. Raises BadRequest."""
        return self._answer(request, self._read_infer)

    def invoke(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer as MLflow's server gives it. Raises BadRequest."""
        return self._answer(request, self._read_invocation)

    def most_values(self, path: MatchedPath, headers: dict[bytes, bytes]) -> MostValues:
        """What a request on this path may hold. Raises BadRequest where no such model answers."""
        served, rows = self.model_of(path), self.limits.rows
        columns = max(len(live.schema.names) for live in served.versions.values())
        # Beside the columns a row may say whom it is about; a list or an object may be made of each row, and
        # texts have commas and braces too.
        values, objects = rows * (columns + 8) + 1024, 4 * rows + columns + 1024
        text = f"{rows} rows of {columns} columns"
        if path.route.name != "infer":
            in_csv = headers.get(b"content-type", b"").lower().startswith(b"text/csv")
            return MostValues(values, objects, text, quoted=not in_csv)
        size = headers.get(b"inference-header-content-length", b"")
        until = int(size) if size.isdigit() and len(size) <= 12 else None
        return MostValues(values, objects, text, ((b'"shape"', columns + 64),), until)

    def _read_infer(self, request: Request) -> ReadRequest:
        size = json_size(request)
        served = self.model_of(request.path)
        pinned = None if request.path.version is None else served.version(request.path.version)
        reader = pinned or served.champion
        call = read_v2_request(request.body, size)
        incoming = v2_rows(call, reader.schema, self.limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, *write_v2_response(call, served.model, parts, ids))

        return served, pinned, reader, incoming, write

    def _read_invocation(self, request: Request) -> ReadRequest:
        served = self.model_of(request.path)
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

        return served, None, served.champion, incoming, write

    def model_of(self, path: MatchedPath) -> ServedModel:
        """The model a path names, or the only one. Raises BadRequest with 404 or 503."""
        serving, model = self._follower.serving, path.model
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
            if self._follower.is_loading(model):
                raise BadRequest(f"model {model[:60]!r} does not answer yet: it is being loaded.", 503)
            names = ", ".join(sorted(serving.models)) or "none yet"
            raise BadRequest(f"found no model {model[:60]!r}, expected one that is released: {names}.", 404)
        return served

    def _answer(self, request: Request, read: Read) -> Reply | Awaitable[Reply]:
        if len(request.body) > SMALL:
            return self._answer_in_thread(request, read, self._large)
        served, pinned, reader, incoming, write = read(request)
        at = request.at
        ids = [self._ids.new(at)] if incoming.n == 1 else self._ids.many(at, incoming.n)
        parts = split_by_version(served, self.key, pinned, incoming, reader, ids[0])
        seconds = 0.0
        for part in parts:
            seconds += part.live.seconds(part.incoming.n)
        if seconds > _LONG:
            return self._answer_in_thread(request, read, self._slow)
        began = time.perf_counter_ns()
        try:
            for part in parts:
                part.answer = part.live.answer(part.incoming, at)
        except BadRow as error:
            raise error.in_request(part.places) from None
        took = time.perf_counter_ns() - began
        return self._record(request, served.model, parts, ids, incoming, took, write(parts, ids))

    async def _answer_in_thread(self, request: Request, read: Read, calls: LongCalls) -> Reply:
        """The same in a thread, so that a long call keeps nobody waiting who asks for little."""

        def work(new: Ids) -> Callable[[], Reply | Awaitable[Reply]]:
            served, pinned, reader, incoming, write = read(request)
            ids = new.many(request.at, incoming.n)
            parts = split_by_version(served, self.key, pinned, incoming, reader, ids[0])
            began = time.perf_counter_ns()
            try:
                for part in parts:
                    part.answer = part.live.answer(part.incoming, request.at)
            except BadRow as error:
                raise error.in_request(part.places) from None
            took = time.perf_counter_ns() - began
            return partial(self._record, request, served.model, parts, ids, incoming, took, write(parts, ids))

        recorded = (await calls.run(work))()
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
        if self._follower.labels_differ:
            for part in parts:
                own = ids if part.places is None else [ids[row] for row in part.places]
                self._recent.put(own, model, part.live.loaded.signature)
        make = partial(encode_observations, parts, ids, incoming.about, request.at, took)
        size = 2 * len(request.body) + 400 * incoming.n
        written = self._recorder.put(model, rows_by_version(parts), size, make)
        return reply if written is None else _after(written, reply)


async def _after(written: Awaitable[None], reply: Reply) -> Reply:
    await written
    return reply
